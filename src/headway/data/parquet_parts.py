"""A Parquet file written in parts, each a Parquet file itself, and put together without reading a row.

What a part holds between its marks is copied as it is; only the description at the end is made anew,
with every place moved on. So the whole has the same bytes wherever its parts happened to end.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from headway.data.thrift import Struct, read_struct, write_struct
from headway.durable import sync_file
from headway.errors import CorruptArtifact
from headway.job import Json

_MARK: Final = b"PAR1"
_TAIL: Final = 8
_BLOCK: Final = 1 << 20

# The fields of Parquet's own description that are used here, by their numbers in its definition.
_ROWS, _ROW_GROUPS = 3, 4
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_CHUNK_OFFSET, _CHUNK_META = 2, 3
_META_OFFSETS: Final = (9, 10, 11)
_HIGHEST_ORDINAL: Final = 32_767


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part: the name of its file, and what must be found there."""

    name: str
    checksum: int
    size: int
    rows: int

    def as_json(self) -> dict[str, Json]:
        """The fields under their own names."""
        return {"name": self.name, "checksum": self.checksum, "size": self.size, "rows": self.rows}

    def check(self, folder: Path) -> None:
        """`CorruptArtifact` unless the file is there as it was written."""
        path = folder / self.name
        try:
            found = _checksum(path), path.stat().st_size
        except OSError as error:
            raise CorruptArtifact(f"expected the part {self.name}, got: {error.strerror}") from None
        if found != (self.checksum, self.size):
            raise CorruptArtifact(f"expected the part {self.name} as it was written, got another")


def finished_part(path: Path, rows: int) -> Part:
    """The part in a file that was just closed, synced to the disk."""
    sync_file(path)
    return Part(path.name, _checksum(path), path.stat().st_size, rows)


def _checksum(path: Path) -> int:
    """Enough to notice what is torn or was changed by accident; cheaper than a hash."""
    found = 0
    with path.open("rb") as file:
        while piece := file.read(_BLOCK):
            found = zlib.crc32(piece, found)
    return found


def assemble(parts: Sequence[Path], target: Path) -> str:
    """Write the parts as one Parquet file; its SHA-256."""
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for piece in _pieces(parts):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _pieces(parts: Sequence[Path]) -> Iterator[bytes]:
    yield _MARK
    at = len(_MARK)
    whole: Struct | None = None
    groups: list[Any] = []
    for path in parts:
        with path.open("rb") as file:
            footer, end = _footer(file)
            groups += _moved(footer, at - len(_MARK), len(groups))
            at += end - len(_MARK)
            yield from _copied(file, len(_MARK), end)
        if whole is None:
            whole = footer
        else:
            whole[_ROWS] = (whole[_ROWS][0], whole[_ROWS][1] + footer[_ROWS][1])
    assert whole is not None, "a data set has at least one part"
    kind, (element, _) = whole[_ROW_GROUPS]
    whole[_ROW_GROUPS] = (kind, (element, groups))
    described = write_struct(whole)
    yield described + len(described).to_bytes(4, "little") + _MARK


def _footer(file: IO[bytes]) -> tuple[Struct, int]:
    """The description at the end of a Parquet file, and where it begins."""
    size = file.seek(0, os.SEEK_END)
    file.seek(size - _TAIL)
    length = int.from_bytes(file.read(4), "little")
    file.seek(size - _TAIL - length)
    return read_struct(file.read(length)), size - _TAIL - length


def _moved(footer: Struct, by: int, first: int) -> list[Struct]:
    """The row groups of a part, as they are when so many bytes and groups stand before them."""
    _, (_, groups) = footer[_ROW_GROUPS]
    for number, group in enumerate(groups, start=first):
        _move(group, _GROUP_OFFSET, by)
        if _ORDINAL in group:
            group[_ORDINAL] = (group[_ORDINAL][0], number)
        if number > _HIGHEST_ORDINAL:  # a 16-bit field, and one that may be left out
            group.pop(_ORDINAL, None)
        for chunk in group[_COLUMNS][1][1]:
            _move(chunk, _CHUNK_OFFSET, by)
            for field in _META_OFFSETS:
                _move(chunk[_CHUNK_META][1], field, by)
    return list(groups)


def _move(struct: Struct, field: int, by: int) -> None:
    kind, value = struct.get(field, (0, 0))
    if value:  # 0 stands for "nowhere"
        struct[field] = (kind, value + by)


def _copied(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end:
        piece = file.read(min(_BLOCK, end - start))
        start += len(piece)
        yield piece
