"""The doctor's look at the place: the secret, the data directory, its disk, the port."""

import errno
import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from headway.cli.diagnosis import Diagnosis, note, well, wrong
from headway.errors import StoreUnusable
from headway.settings import Settings
from headway.store.file_systems import mounts, refuse_network

_MIB: Final = 2**20
_LOW: Final = 1024 * _MIB
_EMPTY: Final = 100 * _MIB
_DAY: Final = 86_400.0


def examine(settings: Settings, port: int) -> Iterator[Diagnosis]:
    """Everything that can be seen without opening the database."""
    yield from _mode(settings)
    directory = settings.data_dir.absolute()
    yield from _directory(directory)
    yield from _disk(directory)
    yield from _port(port)
    yield from _leftovers(directory)


def _mode(settings: Settings) -> Iterator[Diagnosis]:
    if settings.mode == "production":
        yield well("production mode, with a signing secret of its own")
    elif settings.allow_remote:
        yield wrong(
            "development mode answers other hosts, and the demo users' passwords are published",
            "set HEADWAY_MODE=production and HEADWAY_SECRET_KEY, or unset HEADWAY_ALLOW_REMOTE",
        )
    else:
        yield well("development mode: only this host is answered")
    if settings.secret_key is None:
        yield from _kept_secret(settings.data_dir / "development-secret")


def _kept_secret(file: Path) -> Iterator[Diagnosis]:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return  # made at the first start
    if mode & 0o077:
        yield wrong(
            f"others than its owner can read the signing secret {file} ({mode:o})",
            f"chmod 600 {file}",
        )


def _directory(directory: Path) -> Iterator[Diagnosis]:
    try:
        refuse_network(directory, mounts())
    except StoreUnusable as error:
        yield wrong(str(error), "move it, and set HEADWAY_DATA_DIR")
    if not directory.exists():
        yield from _missing(directory)
        return
    if not directory.is_dir():
        yield wrong(
            f"expected a directory at {directory}, got a file", "set HEADWAY_DATA_DIR to another"
        )
        return
    lacking = [path for path in (directory, *directory.glob("headway.db*")) if not _usable(path)]
    if lacking:
        yield wrong(
            f"this user may not read and write {', '.join(map(str, lacking))}",
            f"run as its owner, user {directory.stat().st_uid}, or chown it",
        )
    else:
        yield well(f"the data directory is {directory}, readable and writable")
    if stat.S_IMODE(directory.stat().st_mode) & 0o007:
        yield note(
            f"everybody on this machine can look into {directory}: passwords' hashes and all"
            " inputs are there",
            f"chmod 700 {directory}",
        )


def _missing(directory: Path) -> Iterator[Diagnosis]:
    above = next(one for one in directory.parents if one.exists())
    if _usable(above):
        yield well(f"the data directory {directory} is made at the first start")
    else:
        yield wrong(
            f"this user cannot make the data directory {directory}",
            f"give him rights in {above}, or set HEADWAY_DATA_DIR",
        )


def _usable(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0))


def _disk(directory: Path) -> Iterator[Diagnosis]:
    place = next(one for one in (directory, *directory.parents) if one.exists())
    free = shutil.disk_usage(place).free
    told = f"{free // _MIB:,} MiB are free on the disk of {place}"
    if free < _EMPTY:
        yield wrong(f"only {told}", "make room; until then jobs cannot be accepted")
    elif free < _LOW:
        yield note(f"only {told}", "make room before it is full")
    else:
        yield well(told)
    nodes = os.statvfs(place)
    if nodes.f_files and nodes.f_favail < 1_000:
        yield wrong(
            f"only {nodes.f_favail} more files can be made on the disk of {place}",
            "remove small files nobody needs",
        )


def _port(port: int) -> Iterator[Diagnosis]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                yield note(
                    f"somebody listens on port {port} already",
                    "if that is not this service: headway serve --port, with another",
                )
            else:
                yield wrong(
                    f"port {port} cannot be used: {error.strerror}", "headway serve --port 8000"
                )
        else:
            yield well(f"port {port} is free")


def _leftovers(directory: Path) -> Iterator[Diagnosis]:
    """What a killed process could not take away. Workers do so by themselves a day later."""
    old = time.time() - 2 * _DAY
    left = [
        file
        for pattern in ("artifacts/incoming/*", "artifacts/**/*.part", ".probe-*")
        for file in directory.glob(pattern)
        if _older(file, old)
    ]
    if left:
        yield note(
            f"{len(left)} unfinished files are older than two days, such as {left[0]}",
            "a running worker removes them; if one runs, remove them by hand",
        )


def _older(file: Path, than: float) -> bool:
    try:
        return file.is_file() and file.stat().st_mtime < than
    except OSError:
        return False
