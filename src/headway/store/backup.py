"""A copy of the database as it is at one moment, made while the service goes on."""

import os
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from headway.durable import sync_directory, sync_file
from headway.errors import StoreUnusable
from headway.store.sqlite import FILE_NAME
from headway.store.sqlite_driver import driver
from headway.store.sqlite_file import open_file


def back_up(directory: Path, target: Path, *, overwrite: bool = False) -> int:
    """Copy the database to `target`, whole, checked and synced, or leave no file; its size.

    Raise `StoreUnusable` when there is no database, or a file in the way.
    """
    source = directory / FILE_NAME
    with open_file(source) as database:
        _refuse(source, target, overwrite=overwrite)
        temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            _make(temporary)
            with closing(driver.connect(temporary, isolation_level=None)) as copy:
                _copy(database, copy, source)
            _publish(temporary, target, overwrite=overwrite)
            return target.stat().st_size
        except FileExistsError:
            raise _in_the_way(target) from None
        except OSError as error:
            raise StoreUnusable(
                f"expected to write {target}, got: {error}; choose a place with room, that is yours"
            ) from None
        finally:
            with suppress(OSError):
                temporary.unlink()


def _refuse(source: Path, target: Path, *, overwrite: bool) -> None:
    if not target.exists():
        return
    if target.samefile(source):
        raise StoreUnusable(
            f"expected a place for the copy, got the database itself ({target}); name another file"
        )
    if not overwrite or not target.is_file():
        raise _in_the_way(target)


def _in_the_way(target: Path) -> StoreUnusable:
    return StoreUnusable(f"expected no file at {target}, got one; name another, or say --overwrite")


def _make(temporary: Path) -> None:
    # For its owner alone from the start: password hashes and everybody's inputs will be in it.
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _copy(database: Any, copy: Any, source: Path) -> None:
    copy.execute("PRAGMA journal_mode=off")  # a copy that fails is thrown away
    copy.execute("PRAGMA synchronous=off")  # it is synced once, at its end
    # In one step, which is one snapshot: between steps the service would commit, and SQLite begin
    # anew each time.
    database.backup(copy)
    copy.execute("PRAGMA journal_mode=delete")  # one file, wherever it is carried
    found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreUnusable(
            f"expected a whole copy of {source}, got a damaged one ({found}); run: headway db check"
        )


def _publish(temporary: Path, target: Path, *, overwrite: bool) -> None:
    sync_file(temporary)
    if overwrite:
        os.replace(temporary, target)
    else:
        target.hardlink_to(temporary)  # unlike a rename it never takes a file's place
    sync_directory(target.parent)
