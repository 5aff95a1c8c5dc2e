"""How a CSV file is written: its encoding, its delimiter, and whether it begins with a header."""

import codecs
import csv
import gzip
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

SAMPLE_BYTES: Final = 64 * 1024
DELIMITERS: Final = (",", ";", "\t", "|")

_GZIP: Final = b"\x1f\x8b"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_RECORDS: Final = 100
_NUMBER = re.compile(r"\s*[+-]?[\d.,]*\d[\d.,]*%?\s*")
_LONGEST_NAME: Final = 200


def is_gzip(path: Path) -> bool:
    """True when the file begins as gzip does, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def unpacked(raw: IO[bytes], zipped: bool) -> IO[bytes]:
    """The bytes of the CSV itself."""
    return gzip.GzipFile(fileobj=raw) if zipped else raw  # type: ignore[return-value]


def detect_encoding(file: IO[bytes]) -> str:
    """The encoding by its byte order mark, else UTF-16 if every other byte is NUL, else UTF-8 if
    all of it is, else Windows-1252, else Latin-1, which can read anything. Reads to the end."""
    head = file.read(SAMPLE_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    for name, nulls in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if nulls and nulls.count(0) > 0.4 * len(nulls) and head.count(0) < 0.6 * len(head):
            return name
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "cp1252")}
    while head:
        for name in list(decoders):
            try:
                decoders[name].decode(head)
            except UnicodeDecodeError:
                del decoders[name]
        head = file.read(1 << 20)
    return next(iter(decoders), "latin-1")


def detect_delimiter(sample: str) -> str:
    """Which of , ; tab | splits the first records into the same number of fields, most of them;
    a comma when none does."""

    def quality(delimiter: str) -> tuple[float, int]:
        sizes = Counter(len(row) for row in _records(sample, delimiter) if row)
        if not sizes:
            return 0.0, 0
        width, rows = max(sizes.items(), key=lambda item: (item[1], item[0]))
        return (rows / sizes.total(), width) if width > 1 else (0.0, 0)

    return max(DELIMITERS, key=quality)


def looks_like_header(row: Sequence[str]) -> bool:
    """True when the cells of a first row could be names: short, different, none of them a number."""
    cells = [cell.strip() for cell in row]
    named = [cell for cell in cells if cell]
    return (
        bool(named)
        and len(set(named)) == len(named)
        and all(len(cell) <= _LONGEST_NAME and not _NUMBER.fullmatch(cell) for cell in named)
    )


def column_names(header: Sequence[str]) -> list[str]:
    """The header's cells as names: blank ones become `column_N`, repeated ones get `_2`, `_3`."""
    names: list[str] = []
    for number, cell in enumerate(header, start=1):
        name = base = cell.replace("\0", "").strip()[:_LONGEST_NAME] or f"column_{number}"
        copy = 1
        while name in names:
            copy += 1
            name = f"{base}_{copy}"
        names.append(name)
    return names


def _records(sample: str, delimiter: str) -> list[list[str]]:
    """The first whole records of the sample."""
    lines = sample.splitlines(keepends=True)
    whole = lines[:-1] if len(lines) > 1 else lines
    records: list[list[str]] = []
    try:
        for row in csv.reader(whole, delimiter=delimiter):
            records.append(row)
            if len(records) == _RECORDS:
                break
    except csv.Error:
        pass  # judged by the records before the broken one
    return records
