"""Which files are pickles: whoever loads one runs the code that it names.

A pickle is told by its content, as far as its head goes, below its packing and inside archives. The
instructions are followed, not run: `pickletools` reads them, and the first that names something to
import is enough.
"""

import bz2
import io
import lzma
import pickletools
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile, ZipInfo

_NAMES: Final = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt")
_BEGINNING: Final = re.compile(rb"\x80[\x00-\x05]|[}\])]q\x00|\([dlc][\w.\n]")
"""What pickles of data alone begin with: they name nothing yet, but where they do may be far away."""
_IMPORTED: Final = re.compile(r"[\w.]+ [\w.]+")
_HEAD: Final = 65_536
_MOST_MEMBERS: Final = 10_000
_NUMPY: Final = b"\x93NUMPY"
_REFUSED: Final = (
    "expected a model file that is data alone, got {}: pickles, joblib's among them, run whatever"
    " code they name when they are loaded; save the numbers as npz, safetensors, ONNX or JSON"
)


def pickled(path: Path, name: str) -> str | None:
    """Why a file is refused as a pickle, by its content whatever it is called; None if it is none."""
    if name.lower().endswith(_NAMES):
        return _REFUSED.format(f"a file named {name!r}")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    found = _kind_of(head)
    if found is None and head.startswith(b"PK"):
        found = _kind_of_archive(path)
    return None if found is None else _REFUSED.format(found)


def _kind_of(head: bytes) -> str | None:
    """What begins like this is, if it is a pickle or holds one."""
    if any(_begins_pickle(start) for start in (head, *_unpacked(head))):
        return "a file that begins as a pickle does"
    if _holds_objects(head):
        return "an array of Python objects"
    return None


def _begins_pickle(head: bytes) -> bool:
    return _BEGINNING.match(head) is not None or _imports(head)


def _imports(head: bytes) -> bool:
    """Whether instructions that name something to import come before anything that is none.

    Plain text has letters that are instructions, so two names must stand where they belong."""
    strings = 0
    try:
        for code, argument, _ in pickletools.genops(io.BytesIO(head)):
            if code.name in ("GLOBAL", "INST") and _IMPORTED.fullmatch(str(argument)):
                return True
            if code.name == "STACK_GLOBAL" and strings >= 2:
                return True
            strings += isinstance(argument, str)
    except (ValueError, IndexError, Warning):  # the end of the head, or of what is an instruction
        return False
    return False


def _holds_objects(head: bytes) -> bool:
    """Whether this begins an array whose header speaks of objects: they are pickled inside it."""
    if not head.startswith(_NUMPY):
        return False
    wide = head[6:7] != b"\x01"
    start = 12 if wide else 10
    (length,) = struct.unpack("<I" if wide else "<H", head[8:start].ljust(start - 8, b"\0"))
    return b"|O" in head[start : start + length]


def _unpacked(head: bytes) -> Iterator[bytes]:
    """What the file begins with below its compression."""
    unpackers: Mapping[str, Callable[[], Any]] = {
        "zlib or gzip": lambda: zlib.decompressobj(zlib.MAX_WBITS | 32),
        "bz2": bz2.BZ2Decompressor,
        "xz or lzma": lzma.LZMADecompressor,
    }
    for begin in unpackers.values():
        try:
            yield begin().decompress(head, _HEAD)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
            continue


def _kind_of_archive(path: Path) -> str | None:
    """What an archive is refused for; None for one that holds data alone, or is none."""
    try:
        archive = ZipFile(path)
    except BadZipFile:
        return None
    with archive:
        members = archive.infolist()
        if len(members) > _MOST_MEMBERS:
            return f"an archive of {len(members):,} files"
        return next(filter(None, (_kind_of_member(archive, one) for one in members)), None)


def _kind_of_member(archive: ZipFile, member: ZipInfo) -> str | None:
    named = repr(member.filename[:100])
    if member.filename.lower().endswith(_NAMES):
        return f"an archive with a pickle in it ({named})"
    try:
        with archive.open(member) as file:
            head = file.read(_HEAD)
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, lzma.LZMAError):
        # Encrypted, or packed as nobody here can read: what nobody has seen is not let in.
        return f"an archive with a file in it that cannot be read ({named})"
    return None if _kind_of(head) is None else f"an archive with a pickle in it ({named})"
