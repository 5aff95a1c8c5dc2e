"""Checking that values read as the types asked for: a row with one that does not is no row."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow.compute as pc

from headway.data.columns import reads_as
from headway.data.csv_records import RowError, shown
from headway.data.tables import Batch, Lines
from headway.errors import NotRetryable


def check_types(names: list[str], types: Mapping[str, str]) -> dict[int, str]:
    """The types by the number of their column. `NotRetryable` for a column that is none."""
    for name in types:
        if name not in names:
            known = ", ".join(map(repr, names[:20]))
            raise NotRetryable(f"expected types for columns among {known}, got one for: {name!r}")
    return {number: types[name] for number, name in enumerate(names) if name in types}


def typed(batch: Batch, names: list[str], types: Mapping[int, str]) -> Batch:
    """The batch with rows rejected whose values do not read as the types; empty cells may be any."""
    wrong: dict[int, RowError] = {}
    good: Any = None
    for number, type in types.items():
        column = batch.columns[number]
        empty = pc.fill_null(pc.equal(pc.binary_length(column), 0), True)
        fine = pc.or_(empty, pc.fill_null(reads_as(column, type), False))
        if pc.all(fine).as_py():
            continue
        for row in pc.indices_nonzero(pc.invert(fine)).to_pylist():
            value = shown(column[row].as_py())
            reason = f"expected {type} in the column {names[number]!r}, got: {value!r}"
            wrong.setdefault(row, RowError(batch.lines[row], reason, value))
        good = fine if good is None else pc.and_(good, fine)
    if good is None:
        return batch
    kept = [column.filter(good) for column in batch.columns]
    rejected = sorted([*batch.rejected, *wrong.values()], key=lambda error: error.line)
    return replace(batch, columns=kept, lines=_KeptLines(batch.lines, good), rejected=rejected)


class _KeptLines:
    """The lines of the rows that are left of a batch."""

    def __init__(self, lines: Lines, kept: Any) -> None:
        self._lines = lines
        self._kept = pc.indices_nonzero(kept)

    def __getitem__(self, row: int) -> int:
        return self._lines[self._kept[row].as_py()]
