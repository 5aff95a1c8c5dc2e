"""Transactions that meet on a server: who comes second waits, and sees what the first has done."""

import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from headway.errors import Conflict, NotFinished
from headway.job import Status
from headway.store import postgres_connection
from headway.store.contract import Store
from headway.store.postgres import open_postgres
from headway.store.values.artifacts import AliasName
from headway.store.values.submission import Added, IdempotencyKey
from tests.contract.acts import add, now_of, publication
from tests.postgres import fresh_database, waiting_for_locks
from tests.waiting import eventually

pytestmark = pytest.mark.service("postgres")


@pytest.fixture
def url() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture
def store(patient: None, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """One on a server that never looks who waits for whom."""
    told = postgres_connection.CONNECT["options"] + " -c deadlock_timeout=1h"
    monkeypatch.setattr(postgres_connection, "CONNECT", {"options": told})
    with closing(open_postgres(url)) as store:
        yield store


def test_what_an_alias_is_rolled_back_to_cannot_be_deleted_meanwhile(
    store: Store, url: str
) -> None:
    """Whoever deletes it waits until the alias has moved, and is refused then."""
    best = AliasName(owner="ann", kind="model", name="intents", alias="best")
    one, two = (store.artifacts.add("ann", publication("intents")) for _ in range(2))
    for version in (one, two):
        store.aliases.move(best, version.id)
    refused: list[Conflict] = []

    def delete() -> None:
        try:
            store.artifacts.delete(one.id)
        except Conflict as error:
            refused.append(error)

    rolling = threading.Thread(target=store.aliases.roll_back, args=(best,))
    deleting = threading.Thread(target=delete)
    with psycopg.connect(url) as gate:
        gate.execute("LOCK TABLE aliases IN SHARE MODE")  # they may be read, not moved
        rolling.start()
        eventually(lambda: waiting_for_locks(url) == 1, within=30)
        deleting.start()
        eventually(lambda: waiting_for_locks(url) == 2, within=30)
    rolling.join(30)
    deleting.join(30)
    assert [move.version for move in store.aliases.moves(best)] == [1, 2, 1]
    assert ["'best'" in str(error) for error in refused] == [True]
    assert store.artifacts.get(one.id) == one


def test_two_that_retry_one_job_do_not_wait_for_each_other(store: Store, url: str) -> None:
    """Each wants its names before its row."""
    key = IdempotencyKey(scope="POST /retry", key="again", fingerprint="whole job")
    retried: list[Added] = []
    refused: list[NotFinished] = []
    job = add(store)
    store.jobs.cancel(job.id)

    def retry() -> None:
        try:
            store.jobs.retry(job.id)
        except NotFinished as error:
            refused.append(error)

    once = threading.Thread(target=lambda: retried.append(store.jobs.retry_once(job.id, key)))
    other = threading.Thread(target=retry)
    with psycopg.connect(url) as gate:
        gate.execute("SELECT 1 FROM jobs WHERE id = %s FOR UPDATE", [job.id])
        once.start()
        eventually(lambda: waiting_for_locks(url) == 1, within=30)
        other.start()
        eventually(lambda: waiting_for_locks(url) == 2, within=30)
    once.join(60)
    other.join(60)
    assert [one.made for one in retried] == [True]
    assert len(refused) == 1
    assert now_of(store, job).status is Status.PENDING
