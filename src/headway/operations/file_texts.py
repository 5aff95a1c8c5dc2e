"""The texts of an uploaded file, as it came: no data set is made of it, and memory stays flat.

Every record is an item, also one that cannot be read: it has an error, and the rest goes on.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from headway.context import Artifact
from headway.data.columns import Column, chosen_column, guess_text_column
from headway.data.csv_format import CsvOptions
from headway.data.dataset_writing import CHUNK_ROWS
from headway.data.importing import FileFormat, detect_kind, open_table
from headway.data.tables import Batch, Cursor, Table
from headway.job import Json
from headway.operations.requests.files import Written
from headway.operations.texts import Texts

_CUSTOM_ID: Final = "custom_id"
_PLAIN: Final = (".txt", ".txt.gz", ".txt.zst")


@dataclass
class FileTexts:
    """See `TextSource`."""

    path: Path
    format: FileFormat
    options: CsvOptions
    text: int
    """The number of the column with the texts."""
    id: int | None
    total: int | None = None
    """Known once all of them were read."""
    _ahead: Iterator[Texts] | None = field(default=None, init=False)
    _held: Texts | None = field(default=None, init=False)

    def chunks(self, start: int, place: Json = None) -> Iterator[Texts]:
        """See `TextSource.chunks`: the place is that of a record, and the records taken after it."""
        before, number = None, 0
        if place is not None:
            offset, line, taken = place
            before, number = Cursor(offset, line), start - taken
        size = max(1, self.path.stat().st_size)
        with _opened(self.path, self.format, self.options) as table:
            for batch in table.batches(before):
                records = _Records(batch, self.text, self.id)
                share = min(1.0, table.bytes_read / size)
                for first in range(max(0, start - number), len(records), CHUNK_ROWS):
                    last = min(first + CHUNK_ROWS, len(records))
                    here = _place(before, batch.after, last, len(records))
                    yield records.texts(first, last, number, share, here)
                number += len(records)
                before = batch.after

    def some(self, start: int, count: int) -> Texts:
        """See `TextSource.some`: reads on from where it was asked last."""
        if self._held is None or self._held.start > start:
            self._ahead, self._held = self.chunks(0), None
        assert self._ahead is not None
        found = [] if self._held is None else [self._held]
        while not found or found[-1].end < start + count:
            self._held = next(self._ahead)
            found.append(self._held)
        return _joined([one for one in found if one.end > start], start, count)


def _place(before: Cursor | None, after: Cursor, taken: int, records: int) -> Json:
    """Where the next record is: behind the batch, or so many records behind what is before it."""
    if taken == records:
        return [after.offset, after.line, 0]
    return None if before is None else [before.offset, before.line, taken]


class _Records:
    """The records of a batch in the order of the file, readable or not."""

    def __init__(self, batch: Batch, text: int, id: int | None) -> None:
        self._texts = batch.columns[text].to_pylist()
        self._ids = None if id is None else batch.columns[id].to_pylist()
        self._lines = [batch.lines[row] for row in range(batch.rows)]
        self._errors: dict[int, str] = {}
        if batch.rejected:
            self._put_in_order(batch)

    def __len__(self) -> int:
        return len(self._texts)

    def texts(self, first: int, last: int, number: int, share: float, place: Json) -> Texts:
        """Some of them as texts."""
        return Texts(
            start=number + first,
            texts=[text or None for text in self._texts[first:last]],
            ids=None if self._ids is None else self._ids[first:last],
            lines=self._lines[first:last],
            errors={at - first: self._errors[at] for at in self._errors if first <= at < last},
            share=share,
            place=place,
        )

    def _put_in_order(self, batch: Batch) -> None:
        rejected = [(error.line, None, None, error.reason) for error in batch.rejected]
        ids = self._ids or [None] * len(self._texts)
        good = [(*one, None) for one in zip(self._lines, self._texts, ids, strict=True)]
        ordered = sorted([*good, *rejected], key=lambda record: record[0])
        self._lines = [line for line, *_ in ordered]
        self._texts = [text for _, text, *_ in ordered]
        self._ids = None if self._ids is None else [id for *_, id, _ in ordered]
        self._errors = {at: reason for at, (*_, reason) in enumerate(ordered) if reason is not None}


def _joined(pieces: list[Texts], start: int, count: int) -> Texts:
    """So many texts of consecutive pieces as one."""
    first = pieces[0].start
    whole = Texts(
        start=start,
        texts=[text for one in pieces for text in one.texts],
        ids=None if pieces[0].ids is None else [id for one in pieces for id in one.ids or ()],
        lines=[line for one in pieces for line in one.lines or ()],
        errors={one.start - first + at: why for one in pieces for at, why in one.errors.items()},
    )
    return whole.only(range(start - first, start - first + count))


def open_file_texts(
    file: Artifact, written: Written, text: str | None, custom_id: str | None
) -> FileTexts:
    """The texts in a file, by the columns asked for or guessed. A column `custom_id` names them
    also when nobody asks for it."""
    options = csv_options(written)
    format = written.format or _kind_of(file)
    with _opened(file.path, format, options) as table:
        number = _numbered(table, text, custom_id)
    return FileTexts(file.path, format, options, *number)


def csv_options(written: Written) -> CsvOptions:
    """What a request says of how its file is written."""
    return CsvOptions(
        delimiter=written.delimiter,
        encoding=written.encoding,
        has_header=written.has_header,
        quote=written.quote,
        escape=written.escape,
    )


def _kind_of(file: Artifact) -> FileFormat:
    """By the content; plain text, which may look like anything, by its name."""
    found = detect_kind(file.path)
    return "text" if found == "csv" and file.name.lower().endswith(_PLAIN) else found


def _opened(path: Path, format: FileFormat, options: CsvOptions) -> AbstractContextManager[Table]:
    return open_table(path, format, options, leave_out=True)


def _numbered(table: Table, text: str | None, custom_id: str | None) -> tuple[int, int | None]:
    """The numbers of the columns with the texts and with their names."""
    names = table.names
    chosen = chosen_column(names, text, None if text else _guessed(table), "text")
    known_as = custom_id or (_CUSTOM_ID if _CUSTOM_ID in names else None)
    if known_as is None:
        return names.index(chosen), None
    return names.index(chosen), names.index(chosen_column(names, known_as, None, _CUSTOM_ID))


def _guessed(table: Table) -> str | None:
    """The column that looks like texts in the first rows."""
    first = next(table.batches(), None)
    columns = [Column(name) for name in table.names]
    for column, values in zip(columns, first.columns if first is not None else (), strict=False):
        column.add(values.slice(0, CHUNK_ROWS))
    return guess_text_column([one for one in columns if one.name != _CUSTOM_ID])
