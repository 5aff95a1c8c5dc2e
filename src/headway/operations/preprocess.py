"""`preprocess`: a new data set from one, by a list of steps; several where a step splits it."""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from headway.context import Context
from headway.data.dataset_writing import CHUNK_ROWS
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.inputs import open_dataset
from headway.operations.parts_folder import parts_folder
from headway.operations.pipeline import Pipeline
from headway.operations.requests.preprocess import Preprocess, Split
from headway.operations.set_steps import PARTS, Decision
from headway.operations.table import Table
from headway.operations.writing_pass import WritingPass, packed, unpacked

_DECIDED: Final = "decided"


def preprocess(request: Preprocess, ctx: Context) -> dict[str, Json]:
    """Publish what the steps make of a data set, with a report of what each of them did.

    The same rows, steps and seed give the same bytes. What a step decided about all rows is not
    decided again by a later attempt; the last pass, which writes, goes on after its last checkpoint.
    """
    table = Table(open_dataset(ctx), request)
    pipeline = Pipeline(request, labelled=table.labelled)
    passes = _Passes(ctx, table, pipeline)
    decided = _decide(pipeline, passes, ctx)
    parts = _parts(request)
    paths = [ctx.scratch / f"{part or 'all'}.parquet" for part in parts]
    places = {PARTS.index(part) if part else 0: place for place, part in enumerate(parts)}
    with parts_folder(ctx) as folder:
        writing = WritingPass(ctx, pipeline, table, paths, folder)
        writing.run(passes.rows, places, {_DECIDED: decided})
        for part, writer in zip(parts, writing.writers, strict=True):
            _check_rows(part, writer.rows)
    written = [
        _publish(request, ctx, part, path, writer.meta())
        for part, path, writer in zip(parts, paths, writing.writers, strict=True)
    ]
    return {
        "datasets": written,
        "rows_in": table.total,
        "rows_out": sum(one["rows"] for one in written),
        "report": [report.as_json() for report in writing.reports],
    }


class _Passes:
    """Reads the rows once per pass, showing progress."""

    def __init__(self, ctx: Context, table: Table, pipeline: Pipeline) -> None:
        self._ctx = ctx
        self._table = table
        self._pipeline = pipeline
        self._passes = pipeline.undecided + 1

    def rows(
        self, start: int = 0, after_chunk: Callable[[int, int], None] | None = None
    ) -> Iterator[tuple[int, str | None, str | None]]:
        """The rows of one pass, from one on; `after_chunk` hears which row is next, when whoever
        takes them is done with those before, and how many characters the chunk had."""
        done = self._passes - 1 - self._pipeline.undecided
        total = max(1, self._table.total)
        for row in self._table.rows(start):
            yield row
            if (row[0] + 1) % CHUNK_ROWS == 0:
                share = (done + (row[0] + 1) / total) / self._passes
                message = f"pass {done + 1} of {self._passes}: {row[0] + 1:,} of {total:,} rows"
                self._ctx.progress(99 * share, message)
                if after_chunk is not None:
                    after_chunk(row[0] + 1, self._table.characters)


def _decide(pipeline: Pipeline, passes: _Passes, ctx: Context) -> bytes:
    """Let all steps decide that have not in an attempt before; what they decided, as bytes."""
    content = unpacked(ctx.resumed.blob() or b"").get(_DECIDED, b"") if ctx.resumed else b""
    decided = _decisions_of(content)
    pipeline.follow(decided)
    while pipeline.undecided:
        decided += pipeline.decide(passes.rows())
        content = _bytes_of(decided)
        ctx.checkpoint({"decided": len(decided)}, packed({_DECIDED: content}))
    return content


def _bytes_of(decisions: Sequence[Decision]) -> bytes:
    arrays: dict[str, Any] = {}
    for number, decision in enumerate(decisions):
        arrays[f"copies{number}"], arrays[f"parts{number}"] = decision.copies, decision.parts
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _decisions_of(content: bytes) -> list[Decision]:
    if not content:
        return []
    with np.load(io.BytesIO(content), allow_pickle=False) as saved:
        count = len(saved.files) // 2
        return [Decision(saved[f"copies{n}"], saved[f"parts{n}"]) for n in range(count)]


def _parts(request: Preprocess) -> list[str | None]:
    """The names of the parts; one without a name where nothing is split."""
    step = next((step for step in request.steps if isinstance(step, Split)), None)
    if step is None:
        return [None]
    return [part for part in PARTS if getattr(step, part) > 0]


def _check_rows(part: str | None, rows: int) -> None:
    if not rows:
        raise NotRetryable(
            f"expected the steps to leave rows{f' for {part}' if part else ''}, got none;"
            " preview the steps and loosen the one that drops too many"
        )


def _publish(
    request: Preprocess, ctx: Context, part: str | None, path: Path, counted: dict[str, Json]
) -> dict[str, Json]:
    name = request.name or _name_from(ctx)
    if part is not None:
        name = f"{name[: 100 - len(part) - 1]}-{part}"
    recipe = request.model_dump(mode="json", exclude={"data", "name"}, exclude_none=True)
    meta = {**counted, "recipe": recipe, "part": part}
    return {
        "dataset_id": ctx.publish("dataset", name, path, meta=meta),
        "name": name,
        "part": part,
        "rows": counted["rows"],
        "labels": counted["labels"],
        "sha256": counted["sha256"],
    }


def _name_from(ctx: Context) -> str:
    artifact = ctx.artifact("data")
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", artifact.name if artifact else "").strip("-._")
    return f"{cleaned[:90] or 'dataset'}-clean"
