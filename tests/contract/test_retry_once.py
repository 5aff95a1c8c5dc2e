"""Retrying under an idempotency key: once, however often it is asked for."""

import pytest

from headway.errors import KeyReused, NotFinished, NotFound
from headway.job import Status
from headway.store.contract import Store
from headway.store.values.submission import IdempotencyKey
from tests.contract.acts import add

KEY = IdempotencyKey(scope="POST /retry", key="again", fingerprint="whole job")


def test_a_key_retries_once(store: Store) -> None:
    """Asked again, the job is given as it is, and nothing happens to it."""
    job = add(store)
    store.jobs.cancel(job.id)
    first = store.jobs.retry_once(job.id, KEY)
    assert (first.made, first.job.status) == (True, Status.PENDING)
    ended = store.jobs.cancel(job.id)
    again = store.jobs.retry_once(job.id, KEY)
    assert (again.replayed, again.job) == (True, ended)


def test_another_request_under_the_key_is_refused(store: Store) -> None:
    job = add(store)
    store.jobs.cancel(job.id)
    store.jobs.retry_once(job.id, KEY)
    other = IdempotencyKey(scope=KEY.scope, key=KEY.key, fingerprint="failed items")
    with pytest.raises(KeyReused):
        store.jobs.retry_once(job.id, other, items=True)


def test_a_retry_that_is_refused_uses_no_key_up(store: Store) -> None:
    job = add(store)
    store.jobs.cancel(job.id)
    store.jobs.retry(job.id)
    with pytest.raises(NotFinished):
        store.jobs.retry_once(job.id, KEY)
    store.jobs.cancel(job.id)
    assert store.jobs.retry_once(job.id, KEY).made


def test_no_job_no_retry(store: Store) -> None:
    with pytest.raises(NotFound):
        store.jobs.retry_once("no-such-id", KEY)
