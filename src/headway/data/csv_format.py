"""How a CSV file is written, found out from its first records and, for the encoding, all of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from headway.data.csv_records import decoded_lines, shown
from headway.data.dialects import Dialect, Sampled, detect_dialect, sampled
from headway.data.encodings import Encoding, detect_encoding, named_encoding
from headway.data.layouts import Layout, find_layout
from headway.data.source import Packing, Source, open_source
from headway.data.tables import MOST_COLUMNS, Cursor, too_wide
from headway.errors import NotRetryable
from headway.job import Json

SAMPLE_BYTES: Final = 256 * 1024
_LONGEST_SAMPLE: Final = 1 << 24
_ENOUGH_LINES: Final = 5


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """What the user knows about the file; None means find out."""

    delimiter: str | None = None
    encoding: str | None = None
    has_header: bool | None = None
    quote: str | None = None
    escape: str | None = None
    skip_space: bool | None = None
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is written, and where its rows begin."""

    packing: Packing | None
    encoding: Encoding
    dialect: Dialect
    dialect_confidence: float
    layout: Layout
    start: Cursor

    def as_json(self) -> dict[str, Json]:
        """What was found out, and how sure each part is: 1 is certain, or was asked for."""
        return {
            "format": "csv",
            "packing": self.packing,
            "encoding": self.encoding.name,
            "delimiter": self.dialect.delimiter,
            "quote": self.dialect.quote,
            "escape": self.dialect.escape,
            "skip_space": self.dialect.skip_space,
            "has_header": self.layout.has_header,
            "header_records": self.layout.header_records,
            "preamble_lines": list(self.layout.preamble),
            "confidence": {
                "encoding": self.encoding.confidence,
                "dialect": self.dialect_confidence,
                "header": self.layout.confidence,
            },
        }


def as_opening(format: Format) -> dict[str, Json]:
    """A format as JSON; see `of_opening`."""
    return asdict(format)


def of_opening(saved: Mapping[str, Json]) -> Format:
    """The format that `as_opening` was given."""
    layout = saved["layout"]
    return Format(
        saved["packing"],
        Encoding(**saved["encoding"]),
        Dialect(**saved["dialect"]),
        saved["dialect_confidence"],
        Layout(
            **{**layout, "names": tuple(layout["names"]), "preamble": tuple(layout["preamble"])}
        ),
        Cursor(**saved["start"]),
    )


def detect_format(path: Path, options: CsvOptions) -> Format:
    """The format of a file; what the options name is believed. `NotRetryable` when it is empty."""
    with open_source(path) as source:
        named = options.encoding
        encoding = named_encoding(named, source) if named else detect_encoding(source)
    with open_source(path) as source:
        lines, ends = _sample(source, encoding, named=options.encoding is not None)
    dialect, confidence = detect_dialect(
        "".join(lines), options.delimiter, options.quote, options.escape, options.skip_space
    )
    _check_width(lines, dialect)
    records = list(sampled(lines, dialect))
    _check_first(records, lines)
    layout = find_layout(records, options.has_header)
    if layout is None:
        raise NotRetryable(_no_rows(lines))
    _check_columns(layout, dialect, options)
    start = Cursor(ends[layout.first_line - 1], layout.first_line)
    return Format(source.packing, encoding, dialect, confidence, layout, start)


def _sample(source: Source, encoding: Encoding, *, named: bool) -> tuple[list[str], list[int]]:
    """The first whole lines, and before how many bytes each begins: the mark in front counts."""
    if encoding.wide:
        source.transcode(encoding.name)
    source.skip(encoding.mark)
    block = source.read(SAMPLE_BYTES)
    while True:
        encoded = block.splitlines(keepends=True)
        more = source.read(len(block)) if len(encoded) < _ENOUGH_LINES else b""
        if not more or len(block) > _LONGEST_SAMPLE:
            break
        block += more
    if more or source.read(1):
        encoded = encoded[:-1] or encoded
    lines, damaged = decoded_lines(encoded, b"".join(encoded), encoding.codec)
    if damaged and named and _mostly_damaged(lines):
        raise NotRetryable(
            f"expected text in {encoding.name}, got other bytes;"
            " leave the encoding out to have it detected"
        )
    ends = [encoding.mark]
    for line in encoded:
        ends.append(ends[-1] + len(line))
    return lines, ends


def _mostly_damaged(lines: list[str]) -> bool:
    """True when most lines beyond ASCII hold bytes that are no text in this encoding."""
    upper = [line for line in lines if not line.isascii()]
    damaged = sum(any("\udc80" <= one <= "\udcff" for one in line) for line in upper)
    return damaged > len(upper) / 2


def _check_first(records: list[Sampled], lines: list[str]) -> None:
    """A file whose records are all damaged has no columns."""
    if records and all(record.row is None for record in records):
        raise NotRetryable(
            "expected records with fields, got none that can be read; the first:"
            f" {shown(lines[0].rstrip())!r}"
        )


def _check_width(lines: list[str], dialect: Dialect) -> None:
    """A line of millions of cells is not even taken apart."""
    widest = max((line.count(dialect.delimiter) for line in lines), default=0)
    if widest > 50 * MOST_COLUMNS:
        raise too_wide(widest, _other_delimiter(dialect))


def _check_columns(layout: Layout, dialect: Dialect, options: CsvOptions) -> None:
    if len(layout.names) > MOST_COLUMNS:
        raise too_wide(len(layout.names), _other_delimiter(dialect))
    if options.columns is not None and len(options.columns) != len(layout.names):
        raise NotRetryable(
            f"expected a name for each of {len(layout.names)} columns, got: {len(options.columns)}"
        )


def _other_delimiter(dialect: Dialect) -> str:
    return f"is {dialect.delimiter!r} the right delimiter?"


def _no_rows(lines: list[str]) -> str:
    if any(line.strip("\r\n") for line in lines):
        return (
            "expected a CSV file with rows, got one whose cells are all blank; choose another file"
        )
    return "expected a CSV file with rows, got an empty file; choose another file"
