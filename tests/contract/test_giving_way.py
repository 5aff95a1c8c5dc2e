"""Transactions that wait for each other: the server ends one, which is done again from the start."""

import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from headway.errors import GaveWay, StoreUnavailable
from headway.store.contract import Store
from headway.store.postgres import open_postgres
from headway.store.postgres_errors import mapped
from headway.store.repeat import TIMES, repeating
from tests.postgres import fresh_database, waiting_for_locks
from tests.waiting import eventually


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture
def store(patient: None, url: str) -> Iterator[Store]:
    with closing(open_postgres(url)) as store:
        yield store


@pytest.mark.service("postgres")
def test_what_a_deadlock_ended_is_done_again_and_once(store: Store, url: str) -> None:
    """The store has ann's row and wants bob's; another has bob's and wants ann's.

    The store comes to wait for bob last, and so it is the store that the server ends: it waits for
    bea's row until the other waits for ann's, and the other would look for a deadlock in an hour.
    """
    store.users.count_requests({"ann": 1, "bea": 1, "bob": 1})
    touch = "UPDATE requests SET at = at WHERE owner = %s"
    with (
        psycopg.connect(url, autocommit=True) as watcher,
        psycopg.connect(url) as gate,
        psycopg.connect(url, options="-c deadlock_timeout=1h") as other,
    ):
        gate.execute(touch, ["bea"])
        other.execute(touch, ["bob"])
        counting = threading.Thread(
            target=store.users.count_requests, args=({"ann": 1, "bea": 1, "bob": 1},)
        )
        counting.start()
        eventually(lambda: waiting_for_locks(url) == 1, within=30)
        crossing = threading.Thread(target=other.execute, args=(touch, ["ann"]))
        crossing.start()
        eventually(lambda: waiting_for_locks(url) == 2, within=30)
        gate.rollback()
        crossing.join(30)  # it has ann's row, for the store's transaction was ended
        assert not crossing.is_alive()
        assert watcher.execute("SELECT sum(count) FROM requests").fetchone() == (3,)
        other.rollback()
        counting.join(30)
        assert watcher.execute("SELECT min(count), max(count) FROM requests").fetchone() == (2, 2)


@pytest.mark.parametrize(
    "error", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure]
)
def test_a_transaction_that_was_ended_for_another_is_told_apart(
    error: type[psycopg.OperationalError],
) -> None:
    assert isinstance(mapped(error("deadlock detected\nDETAIL: who waits for whom")), GaveWay)


@repeating
class Unlucky:
    """Fails so many times."""

    def __init__(self, times: int, error: StoreUnavailable | None = None) -> None:
        self.left = times
        self.calls = 0
        self._error = error or GaveWay("others came first")

    def write(self, text: str, *, loud: bool = False) -> str:
        """What it was given, when at last it can."""
        self.calls += 1
        if self.calls <= self.left:
            raise self._error
        return text.upper() if loud else text


def test_what_gives_way_again_and_again_is_done_as_soon_as_it_can_be() -> None:
    unlucky = Unlucky(times=TIMES)
    assert unlucky.write("hello", loud=True) == "HELLO"
    assert unlucky.calls == TIMES + 1


def test_what_gives_way_each_time_is_given_up() -> None:
    unlucky = Unlucky(times=1000)
    with pytest.raises(GaveWay, match="others came first"):
        unlucky.write("hello")
    assert unlucky.calls == TIMES + 1


def test_other_errors_are_told_at_once() -> None:
    unlucky = Unlucky(1, StoreUnavailable("the disk is full"))
    with pytest.raises(StoreUnavailable, match="full"):
        unlucky.write("hello")
    assert unlucky.calls == 1
