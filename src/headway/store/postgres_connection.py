"""A connection to PostgreSQL on which nothing hangs: a silent server is given up, and so is a client."""

import select
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen

SILENT_SECONDS: Final = 9.0
"""How long the next word of the server is waited for: it ends statements that take 8 s, and says so.
Keepalives find a server that is gone, but not one that hangs, nor a proxy that forwards nothing."""

SUSPECT_SECONDS: Final = 2.0
"""The same for a server that was silent the last time: a request may need it more than once."""

IDLE_SECONDS: Final = 6.0
"""A client that says nothing for so long in the middle of a transaction loses it."""

# Nothing hangs: a server that says nothing is given up (see `BoundedConnection`), a client that has
# gone silent within a transaction loses it, and with it the locks that others may be waiting for.
CONNECT: Final[Mapping[str, Any]] = {
    "connect_timeout": 4,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
    "application_name": "headway",
    "options": (
        "-c lock_timeout=4000 -c statement_timeout=8000"
        " -c synchronous_commit=on"
        f" -c idle_in_transaction_session_timeout={IDLE_SECONDS * 1000:.0f}"
    ),
}

R = TypeVar("R")


class Patience:
    """How long a server is waited for, over all connections of a process."""

    def __init__(self) -> None:
        self._suspect = False

    @property
    def seconds(self) -> float:
        """For the next word of it."""
        return SUSPECT_SECONDS if self._suspect else SILENT_SECONDS

    def heard(self) -> None:
        """It has said something."""
        self._suspect = False

    def lost(self) -> None:
        """It was waited for in vain."""
        self._suspect = True


class BoundedConnection(psycopg.Connection[Any]):
    """Each wait for the server ends: with its answer, or with `OperationalError` and the connection."""

    patience = Patience()
    server_began: object = None
    """When the server was started that it is connected to."""

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        """See `psycopg.Connection.wait`, which comes back every `interval` to look."""
        return super().wait(self._bounded(gen), interval, timeout)

    def _bounded(self, gen: PQGen[R]) -> PQGen[R]:
        heard = time.monotonic()
        try:
            state = next(gen)
            while True:
                ready = yield state
                waited = time.monotonic() - heard
                if ready:
                    heard += waited
                elif waited > self.patience.seconds:
                    self.close()  # the answer may still come, and must not be taken for another's
                    self.patience.lost()
                    raise psycopg.OperationalError(
                        f"expected the server to say something, got nothing for {waited:.0f} s"
                    )
                state = gen.send(ready)
        except StopIteration as end:
            self.patience.heard()
            answer: R = end.value
            return answer


def connected(
    arguments: Sequence[Any], options: Mapping[str, Any], patience: Patience
) -> BoundedConnection:
    """A new connection to where these lead, without a transaction."""
    connection = BoundedConnection.connect(
        *arguments, **(dict(options) | dict(CONNECT)), autocommit=True
    )
    connection.patience = patience
    try:
        row = connection.execute("SELECT pg_postmaster_start_time()").fetchone()
    except BaseException:
        connection.close()
        raise
    connection.server_began = None if row is None else row[0]
    return connection


def said_something(descriptor: int) -> bool:
    """Whether an idle connection can be read: the server speaks unasked only to say goodbye."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
