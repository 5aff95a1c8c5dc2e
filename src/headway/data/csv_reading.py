"""CSV files row by row: what is a row comes out as one, what is none as an error with its line.

Memory does not grow with the file: a record may have at most 16 million characters.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from headway.data.csv_format import (
    SAMPLE_BYTES,
    column_names,
    detect_delimiter,
    detect_encoding,
    is_gzip,
    looks_like_header,
    unpacked,
)
from headway.errors import NotRetryable
from headway.job import Json

LONGEST_FIELD: Final = 1 << 24
MOST_COLUMNS: Final = 2_000
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """What the user knows about the file; None means find out."""

    delimiter: str | None = None
    encoding: str | None = None
    has_header: bool | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """A record that is no row of the table."""

    line: int
    """The line it begins on, from 1."""
    reason: str
    text: str
    """Its first 200 characters."""

    def as_json(self) -> dict[str, Json]:
        """The fields under their own names."""
        return {"line": self.line, "reason": self.reason, "text": self.text}


class CsvTable:
    """An open CSV file: how it is written, its column names, and its rows, to be taken once."""

    def __init__(
        self,
        raw: IO[bytes],
        lines: Iterator[str],
        options: CsvOptions,
        encoding: str,
        delimiter: str,
    ) -> None:
        self.encoding = encoding
        self.delimiter = delimiter
        self._raw = raw
        self._reader = csv.reader(lines, delimiter=delimiter)
        self._line = 1
        first = self._first_record()
        self.has_header = (
            looks_like_header(first) if options.has_header is None else options.has_header
        )
        self.names = column_names(first if self.has_header else [""] * len(first))
        self._pending = None if self.has_header else (1, first)

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, in its own (maybe compressed) bytes."""
        return self._raw.tell()

    @property
    def detected(self) -> dict[str, Json]:
        """How the file turned out to be written."""
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "has_header": self.has_header,
        }

    def rows(self) -> Iterator[list[str] | RowError]:
        """Yield each record as a row with one value per column, or as the error it is. Blank lines
        are neither."""
        if self._pending is not None:
            yield self._checked(*self._pending)
        for line, record in self._records():
            if isinstance(record, RowError):
                yield record
            elif record:
                yield self._checked(line, record)

    def _records(self) -> Iterator[tuple[int, list[str] | RowError]]:
        while True:
            line = self._line
            try:
                record: list[str] | RowError = next(self._reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeError) as error:
                record = RowError(line, f"cannot be read: {error}", "")
            self._line = self._reader.line_num + 1
            yield line, record

    def _checked(self, line: int, record: list[str]) -> list[str] | RowError:
        if len(record) != len(self.names):
            return self._error(
                line, record, f"expected {len(self.names)} fields, got {len(record)}"
            )
        if "\0" in "".join(record):
            return self._error(line, record, "expected text, got a NUL character")
        return record

    def _error(self, line: int, record: Sequence[str], reason: str) -> RowError:
        shown = self.delimiter.join(value[:_SHOWN] for value in record[:20])
        return RowError(line, reason, shown[:_SHOWN].replace("\0", "\N{SYMBOL FOR NULL}"))

    def _first_record(self) -> list[str]:
        for _, record in self._records():
            if isinstance(record, RowError):
                raise NotRetryable(
                    f"expected a first row with names or values, got: {record.reason}"
                )
            if len(record) > MOST_COLUMNS:
                raise NotRetryable(
                    f"expected at most {MOST_COLUMNS} columns, got: {len(record)};"
                    f" is {self.delimiter!r} the right delimiter?"
                )
            if record:
                return record
        raise NotRetryable("expected a CSV file with rows, got an empty file; choose another file")


@contextmanager
def open_csv(path: Path, options: CsvOptions = CsvOptions()) -> Iterator[CsvTable]:
    """Open a CSV file, gzipped or not, and find out how it is written. `NotRetryable` when it is
    empty, or not in the encoding that the user named."""
    csv.field_size_limit(LONGEST_FIELD)  # process-wide; the default of 128 KB is too low for texts
    zipped = is_gzip(path)
    try:
        encoding = options.encoding or _detected(path, zipped)
        delimiter = options.delimiter or detect_delimiter(_sample(path, zipped, encoding))
        with path.open("rb") as raw, _text(raw, zipped, encoding) as text:
            yield CsvTable(raw, _lines(text), options, encoding, delimiter)
    except UnicodeError as error:
        raise NotRetryable(
            f"expected text in {options.encoding}, got other bytes ({error});"
            " leave the encoding out to have it detected"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise NotRetryable(f"expected a whole gzip file, got a broken one ({error})") from error


def _lines(text: IO[str]) -> Iterator[str]:
    """The lines, an endless one cut where a field would be refused anyway."""
    while line := text.readline(LONGEST_FIELD + 1):
        yield line
        while len(line) > LONGEST_FIELD and not line.endswith(("\n", "\r")):
            line = text.readline(LONGEST_FIELD + 1)


def _detected(path: Path, zipped: bool) -> str:
    with path.open("rb") as raw:
        return detect_encoding(unpacked(raw, zipped))


def _sample(path: Path, zipped: bool, encoding: str) -> str:
    with path.open("rb") as raw, _text(raw, zipped, encoding) as text:
        return text.read(SAMPLE_BYTES)


def _text(raw: IO[bytes], zipped: bool, encoding: str) -> IO[str]:
    return io.TextIOWrapper(unpacked(raw, zipped), encoding=encoding, newline="")
