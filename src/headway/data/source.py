"""The bytes of a file, unpacked if it is gzip or zstd, and in an encoding whose line ends are bytes.

What unpacks without end is refused while it is read, so neither memory nor time is lost to it.
"""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Literal, Protocol

import pyarrow as pa

from headway.errors import NotRetryable

Packing = Literal["gzip", "zstd"]

MOST_UNPACKED: Final = 64 << 30
"""No file may unpack to more bytes than these."""
HIGHEST_RATIO: Final = 500
"""Nor to more than this times its size, once it is past `RATIO_FROM`."""
RATIO_FROM: Final = 64 << 20

_MAGIC: Final[tuple[tuple[bytes, Packing], ...]] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_SKIPPABLE: Final = b"\x2a\x4d\x18"
"""Behind a byte from 50 to 5F: a frame of zstd without content, which some tools put first."""
_FOREIGN: Final = (
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"\xd0\xcf\x11\xe0", "an Excel file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
)
_BLOCK: Final = 1 << 20
_DAMAGED: Final = "headway.damaged"


class _Bytes(Protocol):
    def read(self, size: int = ..., /) -> bytes:
        """Up to so many bytes; none at the end."""


class Source:
    """An open file: read it from the front, and ask how far it has been read."""

    def __init__(self, raw: IO[bytes], size: int, packing: Packing | None) -> None:
        self.size = size
        self.packing = packing
        self.position = 0
        """Unpacked bytes given out."""
        self._end: int | None = None
        self._raw = raw
        self._bytes: _Bytes = _unpacker(raw, packing)
        self._transcoder: _Transcoder | None = None

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, in its own (maybe packed) bytes."""
        return self._raw.tell()

    def transcode(self, encoding: str) -> None:
        """Give out UTF-8 from here on: for encodings in which a line end is not one byte."""
        self._transcoder = _Transcoder(self._bytes, encoding)
        self._bytes = self._transcoder

    def end_at(self, offset: int | None) -> None:
        """Give out nothing behind so many bytes; None for all there is."""
        self._end = offset

    def read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end."""
        pieces, missing = [], self._within(size)
        while missing:
            with blaming_file(self.packing or "plain"):
                piece = self._bytes.read(missing)
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        data = b"".join(pieces)
        self.position += len(data)
        self._check_bounds()
        return data

    def skip(self, size: int) -> None:
        """Go so many bytes on; at once where the file is what it looks like."""
        if self.packing is None and self._transcoder is None:
            self._raw.seek(size, 1)
            self.position += size
            return
        while size:
            piece = self.read(min(size, _BLOCK))
            if not piece:
                return
            size -= len(piece)

    def _within(self, size: int) -> int:
        return size if self._end is None else min(size, max(0, self._end - self.position))

    def _check_bounds(self) -> None:
        if self.packing is None or self.position <= RATIO_FROM:
            return
        if self.position > min(MOST_UNPACKED, HIGHEST_RATIO * self.size):
            raise NotRetryable(
                f"expected a {self.packing} file that unpacks to at most {HIGHEST_RATIO} times its"
                f" size and {MOST_UNPACKED >> 30} GiB, got more; send it unpacked, or in parts"
            )


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file, packed or not, whatever its name. `NotRetryable` when its packing is broken."""
    with path.open("rb") as raw:
        head = raw.read(8)
        packing = packing_of(head)
        _check_kind(head)
        raw.seek(0)
        with blaming_file(packing or "plain"):
            source = Source(raw, path.stat().st_size, packing)
        yield source


@contextmanager
def blaming_file(kind: str) -> Iterator[None]:
    """Around what reads a file and nothing else: errors of the content are the file's. Those of the
    machine, its memory and its disks, pass as they are."""
    try:
        yield
    except MemoryError:  # Arrow's too
        raise
    except (EOFError, zlib.error, pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        told = f"expected a whole {kind} file, got a broken one ({str(error)[:200]})"
        raise NotRetryable(told) from error


def packing_of(head: bytes) -> Packing | None:
    """How a file that begins so is packed."""
    if head[1:4] == _SKIPPABLE and 0x50 <= head[0] <= 0x5F:
        return "zstd"
    return next((packing for magic, packing in _MAGIC if head.startswith(magic)), None)


def _check_kind(head: bytes) -> None:
    for magic, kind in _FOREIGN:
        if head.startswith(magic):
            raise NotRetryable(
                f"expected text, plain or packed with gzip or zstd, got {kind};"
                " send the file that is in it, or export it as CSV"
            )


def _unpacker(raw: IO[bytes], packing: Packing | None) -> _Bytes:
    match packing:
        case "gzip":
            return gzip.GzipFile(fileobj=raw)
        case "zstd":
            unpacked: _Bytes = pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")
            return unpacked
        case None:
            return raw


class _Transcoder:
    """Bytes in some encoding as UTF-8; what cannot be decoded stays a byte that is none, and will be
    found there."""

    def __init__(self, inner: _Bytes, encoding: str) -> None:
        self._inner = inner
        self._decoder = codecs.getincrementaldecoder(encoding)(_DAMAGED)
        self._ready = b""
        self._ended = False

    def read(self, size: int = _BLOCK) -> bytes:
        while not self._ready and not self._ended:
            piece = self._inner.read(_BLOCK)
            self._ended = not piece
            text = self._decoder.decode(piece, final=self._ended)
            self._ready = text.encode("utf-8", "surrogateescape")
        given, self._ready = self._ready[:size], self._ready[size:]
        return given


def _damaged(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    raise error


codecs.register_error(_DAMAGED, _damaged)
