"""A report over a table that is too long to wait for: group, add up, sort, as one does with pandas, in
one pass over an uploaded CSV and in the memory of the groups alone.

HEADWAY_OPERATIONS=sales_report headway serve
"""

import csv
import io
from collections import defaultdict
from dataclasses import dataclass

from pydantic import BaseModel, Field

from headway import Context, NotRetryable, operation
from headway.context import FileId

EVERY = 10_000


class Report(BaseModel):
    """Which orders to report on, and by which column."""

    orders: FileId
    by: str = "region"
    value: str = "amount"
    most: int = Field(default=20, ge=1, le=1000)


@dataclass
class Group:
    """What the rows of one group add up to."""

    orders: int = 0
    total: float = 0.0
    largest: float = 0.0


@operation("sales_report", timeout=3600)
def sales_report(request: Report, ctx: Context) -> dict[str, float]:
    """orders.groupby(by)[value].agg(["count", "sum", "max"]).sort_values("sum").head(most)"""
    file = ctx.artifact("orders")
    assert file is not None
    groups: dict[str, Group] = defaultdict(Group)
    size = file.path.stat().st_size
    with file.path.open("rb") as raw:
        rows = csv.DictReader(io.TextIOWrapper(raw, "utf-8", newline=""))
        missing = {request.by, request.value} - set(rows.fieldnames or ())
        if missing:
            raise NotRetryable(f"expected the columns {sorted(missing)}, got: {rows.fieldnames}")
        for number, row in enumerate(rows, 1):
            group, amount = groups[row[request.by]], float(row[request.value])
            group.orders += 1
            group.total += amount
            group.largest = max(group.largest, amount)
            if number % EVERY == 0:
                ctx.progress(100 * raw.tell() / size, f"{number:,} rows")
    best = sorted(groups.items(), key=lambda one: -one[1].total)[: request.most]
    ctx.items([{request.by: name, **vars(group)} for name, group in best])
    return {"groups": len(groups), "total": sum(group.total for group in groups.values())}
