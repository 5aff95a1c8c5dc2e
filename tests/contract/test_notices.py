"""A job that ends has its deliveries from that moment on: both are one transaction."""

import json
from typing import Any

from headway.job import Status
from headway.notices import OPERATION, Target
from headway.store.contract import Store
from headway.store.values.attempts import Want
from headway.store.values.history import JobQuery
from headway.store.values.notices import Delivery
from tests.contract.acts import add, claim, complete, fail, join, lapse

HOOK = Target("webhook", "https://example.org/x")
MAIL = Target("email", "ann@example.org", frozenset({Status.FAILED}))


def told(store: Store) -> list[dict[str, Any]]:
    """The inputs of the deliveries that can be claimed."""
    found = store.attempts.claim(join(store), [Want((OPERATION,), 100)])
    return [json.loads(one.input) for one in found]


def targets(deliveries: list[Delivery]) -> list[str]:
    return [one.target.to for one in deliveries]


def test_the_end_of_a_job_makes_a_delivery_for_each_of_its_targets(store: Store) -> None:
    store.notices.settings("ann", "whsec_first")
    job = add(store, notify=[HOOK, MAIL])
    assert store.notices.deliveries(job.id) == []
    assert fail(store, claim(store), "it broke", retryable=False)
    deliveries = store.notices.deliveries(job.id)
    assert targets(deliveries) == [HOOK.to, MAIL.to]
    assert {one.status for one in deliveries} == {Status.PENDING}
    first, second = told(store)
    assert first["target"] == {"webhook": HOOK.to}
    assert second["target"] == {"email": MAIL.to}
    for one in (first, second):
        assert (one["job_id"], one["status"], one["error"]) == (job.id, "failed", "it broke")
        assert (one["owner"], one["secrets"]) == ("ann", ["whsec_first"])


def test_a_target_hears_of_the_ends_it_wants(store: Store) -> None:
    job = add(store, notify=[HOOK, MAIL])
    complete(store, claim(store))
    assert targets(store.notices.deliveries(job.id)) == [HOOK.to]


def test_cancelling_is_an_end(store: Store) -> None:
    job = add(store, notify=[HOOK])
    store.jobs.cancel(job.id)
    assert [one["status"] for one in told(store)] == ["cancelled"]


def test_an_attempt_that_is_tried_again_is_no_end(store: Store) -> None:
    job = add(store, notify=[HOOK], max_attempts=2)
    fail(store, claim(store))
    assert store.notices.deliveries(job.id) == []


def test_an_attempt_that_lost_its_claim_tells_nobody(store: Store) -> None:
    """Also if it was done before the other one: only what is written is told."""
    job = add(store, notify=[HOOK])
    worker = join(store)
    zombie = claim(store, worker)
    lapse(store, worker)
    store.workers.reap([worker], 100)
    assert not complete(store, zombie)
    assert store.notices.deliveries(job.id) == []
    assert complete(store, claim(store))
    assert len(store.notices.deliveries(job.id)) == 1


def test_an_owner_chooses_for_all_jobs_that_do_not_say(store: Store) -> None:
    assert store.notices.settings("ann", "whsec_a").targets == []
    store.notices.choose("ann", [HOOK])
    silent, other, own, nobody = (
        add(store), add(store, owner="bob"), add(store, notify=[MAIL]), add(store, notify=[]),
    )  # fmt: skip
    for _ in range(4):
        fail(store, claim(store), retryable=False)
    assert targets(store.notices.deliveries(silent.id)) == [HOOK.to]
    assert targets(store.notices.deliveries(other.id)) == []
    assert targets(store.notices.deliveries(own.id)) == [MAIL.to]
    assert targets(store.notices.deliveries(nobody.id)) == []
    store.notices.choose("ann", [])
    assert store.notices.settings("ann", "whsec_b").targets == []


def test_a_secret_stays_until_it_is_changed_and_a_day_longer(store: Store) -> None:
    assert store.notices.settings("ann", "whsec_a").secret == "whsec_a"
    assert store.notices.settings("ann", "whsec_b").secret == "whsec_a"
    store.notices.change_secret("ann", "whsec_c")
    assert store.notices.settings("ann", "whsec_d").secret == "whsec_c"
    add(store, notify=[HOOK])
    complete(store, claim(store))
    (one,) = told(store)
    assert one["secrets"] == ["whsec_c", "whsec_a"]


def test_deliveries_are_in_nobodys_list(store: Store) -> None:
    """Nor do they tell of their own end."""
    store.notices.settings("ann", "whsec_a")
    store.notices.choose("ann", [HOOK])
    job = add(store)
    complete(store, claim(store))
    delivery = claim(store, None, OPERATION)
    assert complete(store, delivery)
    assert [one.id for one in store.jobs.find(JobQuery(owner="ann"))] == [job.id]
    assert store.notices.deliveries(delivery.job.id) == []


def test_a_replay_is_the_same_message_once_more(store: Store) -> None:
    job = add(store, notify=[HOOK])
    complete(store, claim(store))
    (first,) = store.notices.deliveries(job.id)
    (sent,) = told(store)
    again = store.notices.replay(first.id)
    (repeated,) = told(store)
    assert repeated == sent | {"message_id": first.id}
    third = store.notices.replay(again)
    assert [one.id for one in store.notices.deliveries(job.id)] == [first.id, again, third]
    (repeated,) = told(store)
    assert repeated["message_id"] == first.id
