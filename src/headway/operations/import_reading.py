"""Reading a file for an import: batch by batch to its end, with a checkpoint every so often."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from headway.context import Context
from headway.data.cuts import Span
from headway.data.dataset_writing import WriterState
from headway.data.oddities import Oddities
from headway.data.parquet_parts import Part
from headway.data.tables import Batch, Cursor, Table
from headway.data.typed import check_types, typed
from headway.errors import CorruptArtifact
from headway.job import Json
from headway.operations.import_account import Account, found, refuse
from headway.operations.parts_folder import PartsFolder
from headway.operations.requests.import_csv import ImportCsv

CHECKPOINT_BYTES: Final = 64 << 20
"""An import that was stopped reads at most about so much again."""

Items = Sequence[Mapping[str, Json]]


class Writer(Protocol):
    """Where the rows of an import go."""

    @property
    def folder(self) -> Path:
        """Where its parts are."""

    def add(self, columns: Sequence[Any]) -> None:
        """Take rows, as an Arrow array of text for each column."""

    def save(self) -> WriterState:
        """What a later writer goes on from."""


W = TypeVar("W", bound=Writer)


def open_writer(
    ctx: Context, folder: PartsFolder, make: Callable[[WriterState | None], W]
) -> tuple[W, Mapping[str, Json]]:
    """The writer of the attempt before with what that attempt knew, or a new one with nothing: also
    if what was written is gone, so that all is read again."""
    resumed = ctx.resumed
    rest = resumed.blob() if resumed is not None else None
    if resumed is not None and rest is not None:
        parts = tuple(Part(**part) for part in resumed.state["parts"])
        try:
            folder.take_over(resumed.state["folder"], parts)
            return make(WriterState(parts, rest)), resumed.state
        except CorruptArtifact as error:
            ctx.log(f"starting again from the first row: {error}", level="warning")
    return make(None), {}


def items_before(ctx: Context) -> int:
    """How many records an attempt before has told of, as items that stay."""
    return ctx.resumed.state.get("items", 0) if ctx.resumed is not None else 0


def preflight(table: Table, request: ImportCsv) -> None:
    """Fail, as a `Reading` does, when most of the first records are broken; takes them."""
    account, oddities = Account(request.max_errors), oddities_of(table)
    types = check_types(table.names, request.types or {})
    for batch in islice(table.batches(), 1):
        checked = typed(batch, table.names, types)
        account.add(checked, checked.rejected)
        oddities.add(checked)
        refuse(account.fault_at_first(), lambda: found(account, oddities, table.detected))


def oddities_of(table: Table) -> Oddities:
    """Takes note of what is odd in the table's records."""
    return Oddities(table.names, has_header=bool(table.detected.get("has_header")))


class Reading:
    """A file, or a span of one, on its way to a writer: where it is, and what was counted."""

    def __init__(
        self,
        table: Table,
        request: ImportCsv,
        ctx: Context,
        writer: Writer,
        tell: Callable[[Items], None],
        span: Span | None = None,
    ) -> None:
        """`tell` is given the records that are no rows."""
        self._table = table
        self._ctx = ctx
        self._writer = writer
        self._tell = tell
        self._span = span
        self._types = check_types(table.names, request.types or {})
        self.account = Account(request.max_errors)
        self.oddities = oddities_of(table)
        self.cursor: Cursor | None = None
        self._was_strained = False
        self._told = 0

    @property
    def strained(self) -> bool:
        """See `Table.strained`; also of what attempts before have read."""
        return self._was_strained or self._table.strained

    def restore(self, state: Mapping[str, Json], *, told: int = 0) -> None:
        """Go on from where an attempt before saved this, if it did. The first so many records that
        are no rows have been `told`, and are not again: also when all is read from the start."""
        self._told = told
        if state:
            self.account.restore(state["account"])
            self.oddities.restore(state["oddities"])
            self.cursor = Cursor(state["offset"], state["line"])
            self._was_strained = state.get("strained", False)

    def run(self, path: Path) -> None:
        """Take every record to the end, with a checkpoint every so often."""
        size = path.stat().st_size
        saved = self._table.bytes_read
        first = self.cursor is None and self._span is None
        begin, end = (None, None) if self._span is None else (self._span.start, self._span.end)
        for batch in self._table.batches(self.cursor or begin, end):
            self._take(batch)
            if first:
                refuse(self.account.fault_at_first(), self.found)
                self._tell_counts()
            first = False
            done = self._table.bytes_read
            self._ctx.progress(99 * self._share(done, size), f"read {self.account.seen:,} records")
            if done - saved >= CHECKPOINT_BYTES:
                self._checkpoint()
                saved = done

    def found(self) -> dict[str, Json]:
        """What was found until now."""
        return found(self.account, self.oddities, self._table.detected)

    def _tell_counts(self) -> None:
        """Say how many records of each kind there were until now, for those who look meanwhile."""
        self._ctx.metric(self.account.counts(), step=self.account.seen)

    def _take(self, batch: Batch) -> None:
        before = self.account.rejected
        checked = typed(batch, self._table.names, self._types)
        self.account.add(checked, checked.rejected)
        self.oddities.add(checked)
        self._writer.add(checked.columns)
        untold = checked.rejected[max(0, self._told - before) :]
        self._tell([{"line": e.line, "error": e.reason, "text": e.text} for e in untold])
        self.cursor = checked.after

    def _share(self, done: int, size: int) -> float:
        """How much of it has been read, from 0 to 1."""
        if self._span is None or self.cursor is None:
            return done / max(1, size)
        begin, end = self._span.start.offset, self._span.end or size
        return (self.cursor.offset - begin) / max(1, end - begin)

    def _checkpoint(self) -> None:
        assert self.cursor is not None
        self._tell_counts()
        saved = self._writer.save()
        state = {
            "offset": self.cursor.offset,
            "line": self.cursor.line,
            "strained": self.strained,
            "account": self.account.state(),
            "oddities": self.oddities.state(),
            "items": max(self._told, self.account.rejected),
            "folder": self._writer.folder.name,
            "parts": [part.as_json() for part in saved.parts],
        }
        self._ctx.checkpoint(state, saved.rest)
