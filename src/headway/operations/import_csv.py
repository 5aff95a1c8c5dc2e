"""`import_csv`: a CSV, JSON Lines, Parquet or text file as a data set, with an account of every record."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Final

from headway.context import Context
from headway.data.dataset_writing import PartsWriter, WriterState
from headway.data.importing import open_table
from headway.data.oddities import Oddities
from headway.data.parquet_parts import Part
from headway.data.samples import SAMPLE_CSV
from headway.data.tables import Batch, Cursor, Table
from headway.data.typed import check_types, typed
from headway.errors import CorruptArtifact, NotRetryable
from headway.job import Json
from headway.operations.file_texts import csv_options
from headway.operations.import_account import Account
from headway.operations.parts_folder import parts_folder
from headway.operations.requests.import_csv import ImportCsv

CHECKPOINT_BYTES: Final = 64 << 20
"""An import that was stopped reads at most about so much again."""
_SUFFIXES: Final = re.compile(
    r"(\.(csv|tsv|txt|jsonl|ndjson|json|parquet|gz|zst))+$", re.IGNORECASE
)


class Import:
    """An import under way: where it is, what it has counted, and what it has written."""

    def __init__(self, table: Table, folder: Path, request: ImportCsv, ctx: Context) -> None:
        self._table = table
        self._folder = folder
        self._ctx = ctx
        self._types = check_types(table.names, request.types or {})
        self.account = Account(request.max_errors)
        headed = bool(table.detected.get("has_header"))
        self.oddities = Oddities(table.names, has_header=headed)
        self.cursor: Cursor | None = None
        self.writer = self._resumed() or PartsWriter(folder, table.names)

    def run(self, size: int) -> None:
        """Take every record to the end of the file, with a checkpoint every so often."""
        saved = self._table.bytes_read
        first = self.cursor is None
        for batch in self._table.batches(self.cursor):
            self._take(batch)
            if first:
                self.account.check_first()
            first = False
            done = self._table.bytes_read
            self._ctx.progress(99 * done / max(1, size), f"read {self.account.seen:,} records")
            if done - saved >= CHECKPOINT_BYTES:
                self._checkpoint()
                saved = done

    def _take(self, batch: Batch) -> None:
        checked = typed(batch, self._table.names, self._types)
        self.account.add(checked, checked.rejected)
        self.oddities.add(checked)
        self.writer.add(checked.columns)
        self._ctx.items(
            [{"line": e.line, "error": e.reason, "text": e.text} for e in checked.rejected]
        )
        self.cursor = checked.after

    def _checkpoint(self) -> None:
        assert self.cursor is not None
        saved = self.writer.save()
        state = {
            "offset": self.cursor.offset,
            "line": self.cursor.line,
            "account": self.account.state(),
            "oddities": self.oddities.state(),
            "parts": [part.as_json() for part in saved.parts],
        }
        self._ctx.checkpoint(state, saved.rest)

    def _resumed(self) -> PartsWriter | None:
        """The writer of the attempt before, unless what it wrote is gone: then all is read again."""
        resumed = self._ctx.resumed
        rest = resumed.blob() if resumed is not None else None
        if resumed is None or rest is None:
            return None
        state = resumed.state
        parts = tuple(Part(**part) for part in state["parts"])
        try:
            writer = PartsWriter(self._folder, self._table.names, WriterState(parts, rest))
        except CorruptArtifact as error:
            self._ctx.log(f"starting again from the first row: {error}", level="warning")
            return None
        self.account.restore(state["account"])
        self.oddities.restore(state["oddities"])
        self.cursor = Cursor(state["offset"], state["line"])
        return writer


def import_csv(request: ImportCsv, ctx: Context) -> dict[str, Json]:
    """Publish a data set with every good row of the file, and say what was wrong with the others.

    Equal content gives equal bytes. An import that was interrupted goes on at the record after its
    last checkpoint, with the parts that were written before it.
    """
    source = ctx.artifact("file")
    path = source.path if source is not None else SAMPLE_CSV
    name = request.name or _name_from(request.filename, bundled=source is None)
    folder = parts_folder(ctx, "imports")
    target = ctx.scratch / "dataset.parquet"
    columns = None if request.columns is None else tuple(request.columns)
    options = replace(csv_options(request), columns=columns)
    with open_table(path, request.format, options) as table:
        running = Import(table, folder, request, ctx)
        try:
            running.run(path.stat().st_size)
            running.account.check_all()
            meta = running.writer.assemble(target)
        except NotRetryable:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            running.writer.close()
        detected = table.detected
    result = _result(running.account, running.oddities, meta, detected)
    published = ctx.publish(
        "dataset", name, target, meta={**meta, "source": request.filename or path.name}
    )
    shutil.rmtree(folder, ignore_errors=True)
    return {"dataset_id": published, "name": name, **result}


def _result(
    account: Account, oddities: Oddities, meta: Mapping[str, Json], detected: Mapping[str, Json]
) -> dict[str, Json]:
    return {
        "rows": meta["rows"],
        "columns": meta["columns"],
        "row_errors": [error.as_json() for error in account.errors],
        "row_error_count": account.rejected,
        "counts": account.counts(),
        "repairs": [error.as_json() for error in account.repairs],
        "summary": {
            **{key: meta[key] for key in ("text_column", "label_column", "labels", "sample_rows")},
            "warnings": oddities.warnings(),
        },
        "sha256": meta["sha256"],
        "detected": dict(detected),
    }


def _name_from(filename: str | None, *, bundled: bool) -> str:
    """A data set's name from a file's: its stem, with dashes for what a name may not have."""
    if bundled:
        return "sample"
    stem = _SUFFIXES.sub("", PurePath((filename or "").replace("\\", "/")).name)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:100] or "dataset"
