"""`headway work` that signals itself at one point of its first claim or verdict.

python -m tests.crash.stabbed ACT POINT SIGNAL work ...
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

from headway import cli
from headway.store.attempts import SqlAttempts
from headway.store.database import Database, Transaction
from headway.store.postgres import PostgresDatabase
from headway.store.sqlite import SqliteDatabase

ACTS: Final = ("claim", "verdict")
POINTS: Final = ("before", "written", "in the commit", "after")


class Dagger:
    """Waits for its act and its point, and strikes once."""

    def __init__(self, act: str, point: str, number: int) -> None:
        self._act = act
        self._point = point
        self._signal = number
        self._armed = False

    def arm(self, act: str) -> None:
        """This act begins."""
        self._armed = self._armed or act == self._act

    def at(self, point: str) -> None:
        """Strike here, if this is the point."""
        if not self._armed or point != self._point:
            return
        self._armed, self._point = False, ""
        print("stabbed", file=sys.stderr, flush=True)  # noqa: T201 - the test looks for it
        if point == "in the commit":  # which lasts as long as a sync
            threading.Thread(target=self._strike_soon).start()
        else:
            os.kill(os.getpid(), self._signal)

    def _strike_soon(self) -> None:
        time.sleep(0.0003)
        os.kill(os.getpid(), self._signal)


def install(dagger: Dagger) -> None:
    """Show the dagger every claim, verdict and commit of this process."""
    claim, record = SqlAttempts.claim, SqlAttempts.record

    def stabbed_claim(self: SqlAttempts, *arguments: Any) -> Any:
        _, wants, limits = arguments
        if any(want.limit > 0 for want in wants) and self._anything(wants, limits):
            dagger.arm("claim")
        return claim(self, *arguments)

    def stabbed_record(self: SqlAttempts, reports: Any) -> Any:
        if any(one.verdict is not None for one in reports):
            dagger.arm("verdict")
        return record(self, reports)

    for owner, name, replacement in (
        (SqliteDatabase, "write", _stabbed_write(dagger, SqliteDatabase)),
        (PostgresDatabase, "write", _stabbed_write(dagger, PostgresDatabase)),
        (SqlAttempts, "claim", stabbed_claim),
        (SqlAttempts, "record", stabbed_record),
    ):
        type.__setattr__(owner, name, replacement)


def _stabbed_write(dagger: Dagger, database: type[Database]) -> Any:
    write = database.write

    @contextlib.contextmanager
    def stabbed_write(self: Database) -> Iterator[Transaction]:
        dagger.at("before")
        with write(self) as tx:
            yield tx
            dagger.at("written")
            dagger.at("in the commit")
        dagger.at("after")

    return stabbed_write


if __name__ == "__main__":
    install(Dagger(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    del sys.argv[1:4]
    sys.exit(cli.main())
