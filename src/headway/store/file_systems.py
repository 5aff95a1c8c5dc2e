"""On what file system a directory is: SQLite's log and locks want a local one."""

import re
from pathlib import Path
from typing import Final

from headway.errors import StoreUnusable

_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs"}
)


def refuse_network(directory: Path, mounts: str) -> None:
    """WAL needs memory that all processes share; file locks over a network are not to be trusted."""
    kind = file_system(directory.resolve(), mounts)
    if kind in _NETWORK or kind.startswith("fuse.ssh"):
        raise StoreUnusable(
            f"expected {directory} on a local disk, got a network file system ({kind});"
            " set HEADWAY_DATA_DIR to a local directory"
        )


def file_system(path: Path, mounts: str) -> str:
    """The type of the file system a path is on, by a mount table as in `/proc/mounts`."""
    lines = [line.split(" ")[1:3] for line in mounts.splitlines()]
    points = [(_unescaped(point), kind) for point, kind in lines]
    over = [(point, kind) for point, kind in points if path.is_relative_to(point)]
    # Of equals the last: it was mounted over the others, as a share is over its automounter.
    return max(reversed(over), key=lambda one: len(one[0]), default=("", "unknown"))[1]


def mounts() -> str:
    """The mount table of this machine; empty where there is none."""
    try:
        return Path("/proc/mounts").read_text(errors="surrogateescape")
    except OSError:
        return ""


def _unescaped(point: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)
