"""The one door to jobs: what is checked before there is a job, and who may do what to one."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import BaseModel, Field

from headway.context import Context, DatasetName, FileId, ModelName
from headway.errors import (
    AlreadyFinished,
    Gone,
    InvalidInput,
    KeyReused,
    NotAuthorized,
    NotFinished,
    NotFound,
    UnknownArtifact,
    UnknownOperation,
)
from headway.job import Status
from headway.job_request import JobRequest
from headway.operation import operation
from headway.queue import Queue
from headway.registry import Registry
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.store.values.history import JobQuery
from tests.contract.acts import claim, complete, join, publication, told
from tests.sqlite import migrate


class Size(BaseModel):
    width: int = Field(ge=1)


class Resize(BaseModel):
    images: list[str] = []
    size: Size = Size(width=1)
    since: str = Field(default="", alias="from")
    limits: dict[str, int] = {}


class Train(BaseModel):
    data: DatasetName
    base: ModelName | None = None
    upload: FileId | None = None


@operation("resize", max_attempts=4, timeout=30)
def resize(request: Resize, ctx: Context) -> None: ...


@operation("train")
def train(request: Train, ctx: Context) -> None: ...


class Compare(BaseModel):
    against: ModelName = Field(alias="with")


@operation("compare")
def compare(request: Compare, ctx: Context) -> None: ...


class Offers:
    """An engine that only remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[set[str]] = []

    def start(self) -> None: ...

    def drain(self) -> None: ...

    def stop(self) -> None: ...

    def offer(self, operations: Collection[str]) -> None:
        self.heard.append(set(operations))


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    migrate(data_dir)
    store = open_sqlite(data_dir)
    yield store
    store.close()


@pytest.fixture
def offers() -> Offers:
    return Offers()


@pytest.fixture
def queue(store: Store, offers: Offers) -> Queue:
    return Queue(store, Registry([resize, train, compare]), offers)


def wish(**fields: Any) -> JobRequest:
    return JobRequest(**{"operation": "resize", "owner": "ann", **fields})


def pointers(queue: Queue, **fields: Any) -> list[str]:
    """Where in the request the queue finds mistakes."""
    with pytest.raises(InvalidInput) as caught:
        queue.prepare(wish(**fields))
    assert all(sentence for _, sentence in caught.value.errors)
    return [pointer for pointer, _ in caught.value.errors]


def test_a_submitted_job_is_durable_and_offered(queue: Queue, store: Store, offers: Offers) -> None:
    job = queue.submit(wish(input={"images": ["a.png"]}, metadata={"k": 1}))
    assert store.jobs.get(job.id) == job
    assert (job.status, job.metadata) == (Status.PENDING, {"k": 1})
    assert offers.heard == [{"resize"}]


def test_the_operations_own_bounds_hold_where_the_request_names_none(queue: Queue) -> None:
    job = queue.submit(wish())
    assert (job.max_attempts, job.timeout) == (4, 30)
    job = queue.submit(wish(max_attempts=2, timeout=5.5))
    assert (job.max_attempts, job.timeout) == (2, 5.5)


def test_a_jobs_id_cannot_be_guessed(queue: Queue) -> None:
    ids = [queue.submit(wish()).id for _ in range(5)]
    assert len({one[:8] for one in ids}) == 5
    assert all(one[14] == "4" for one in ids)


def test_the_input_is_stored_as_the_model_understands_it(queue: Queue, store: Store) -> None:
    job = queue.submit(wish(input={"size": {"width": "7"}, "from": "monday"}))
    body = store.jobs.input(job.id)
    assert body is not None
    assert orjson.loads(body)["size"] == {"width": 7}


def test_a_stored_input_is_valid_input_again(queue: Queue, store: Store) -> None:
    """Also where a field has an alias, as one named like a word of Python needs: the child
    reads it by the same model."""
    job = queue.submit(wish(input={"from": "monday"}))
    body = store.jobs.input(job.id)
    assert body is not None
    assert Resize.model_validate_json(body).since == "monday"


def test_an_unknown_operation_is_refused(queue: Queue) -> None:
    with pytest.raises(
        UnknownOperation, match="expected one of compare, resize, train, got: 'nope'"
    ):
        queue.prepare(wish(operation="nope"))


@pytest.mark.parametrize("priority", [-1, 10, 999])
def test_a_priority_outside_of_0_to_9_is_refused(queue: Queue, priority: int) -> None:
    assert pointers(queue, priority=priority) == ["/priority"]


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), float("inf")])
def test_a_timeout_that_is_no_time_is_refused(queue: Queue, timeout: float) -> None:
    assert pointers(queue, timeout=timeout) == ["/timeout"]


@pytest.mark.parametrize("max_attempts", [0, -1, 101])
def test_attempts_outside_of_1_to_100_are_refused(queue: Queue, max_attempts: int) -> None:
    assert pointers(queue, max_attempts=max_attempts) == ["/max_attempts"]


@pytest.mark.parametrize("run_at", [float("nan"), float("inf"), -1.0, 1e12])
def test_a_moment_that_no_calendar_has_is_refused(queue: Queue, run_at: float) -> None:
    """It would be stored, and then break every list it is shown in."""
    assert pointers(queue, run_at=run_at) == ["/run_at"]


@pytest.mark.parametrize("value", [{"a": 10**30}, {"a": "\ud800"}, {"a": {1, 2}}, {"a": object()}])
def test_metadata_that_is_no_json_is_refused(queue: Queue, value: dict[str, Any]) -> None:
    """Here, not in the store, where it would fail the strangers in its group too."""
    assert pointers(queue, metadata=value) == ["/metadata"]
    assert pointers(queue, metadata=value, idempotency_key="k") == ["/metadata"]


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        ({"images": "a.png"}, ["/images"]),
        ({"images": ["a", 2]}, ["/images/1"]),
        ({"size": {"width": 0}}, ["/size/width"]),
        ({"size": {}, "images": 3}, ["/images", "/size/width"]),
        ({"limits": {"a/b~c": "x"}}, ["/limits/a~1b~0c"]),
        ([], [""]),
        ("text", [""]),
        (None, [""]),
    ],
)
def test_each_mistake_of_the_input_is_pointed_at(queue: Queue, value: Any, ends: list[str]) -> None:
    found = sorted(pointer.removeprefix("/input") for pointer in pointers(queue, input=value))
    assert found == ends


def test_mistakes_are_also_told_in_one_sentence_without_the_values(queue: Queue) -> None:
    with pytest.raises(InvalidInput, match="the input does not fit resize: /images: ") as caught:
        queue.prepare(wish(input={"images": "s3cret"}))
    assert "s3cret" not in str(caught.value)


def test_nothing_is_stored_of_a_request_that_was_refused(queue: Queue, store: Store) -> None:
    with pytest.raises(InvalidInput):
        queue.submit_many([wish(), wish(priority=77)])
    assert store.jobs.find(JobQuery()) == []


def test_artefacts_are_pinned_by_what_they_are_at_submission(queue: Queue, store: Store) -> None:
    data = store.artifacts.add("ann", publication("mails", "dataset"))
    model = store.artifacts.add("ann", publication("intents", alias="production"))
    file = store.artifacts.add("ann", publication("x.csv", "file"))
    sent = {"data": "mails", "base": "intents@production", "upload": file.id}
    assert queue.prepare(wish(operation="train", input=sent)).uses == {
        "data": data.id, "base": model.id, "upload": file.id,
    }  # fmt: skip
    queue.submit(wish(operation="train", input=sent))
    store.artifacts.add("ann", publication("mails", "dataset"))
    store.artifacts.add("ann", publication("intents", alias="production"))
    pinned = claim(store, None, "train").uses
    assert pinned == {"data": data, "base": model, "upload": file}


def test_a_field_left_out_pins_nothing(queue: Queue) -> None:
    prepared = queue.prepare(wish(operation="train", input={"data": "sample", "base": None}))
    assert prepared.uses == {"data": "bundled:sample"}


def test_a_reference_with_an_alias_is_pinned_by_its_fields_name(queue: Queue) -> None:
    """The request says it by the alias, and the operation asks for it by the field."""
    prepared = queue.prepare(wish(operation="compare", input={"with": "default"}))
    assert prepared.uses == {"against": "bundled:default"}
    found = pointers(queue, operation="compare", input={"with": "nope"})
    assert [pointer.removeprefix("/input") for pointer in found] == ["/with"]


@pytest.mark.parametrize("name", ["anns", "anns@1", "nope", "default", "x" * 190])
def test_what_another_owner_has_is_unknown(queue: Queue, store: Store, name: str) -> None:
    """In the very words for what does not exist at all."""
    store.artifacts.add("ann", publication("anns", "dataset"))
    with pytest.raises(UnknownArtifact, match="expected the name of a dataset of yours") as caught:
        queue.prepare(wish(operation="train", owner="bob", input={"data": name}))
    ((pointer, sentence),) = caught.value.errors
    assert pointer.endswith("/data")
    assert sentence.endswith(f"got: {name[:80]!r}")


def test_the_same_key_and_request_give_the_same_job(queue: Queue, offers: Offers) -> None:
    first = queue.submit(wish(idempotency_key="k", input={"images": ["a"], "size": {"width": 2}}))
    again = queue.submit(wish(idempotency_key="k", input={"size": {"width": 2}, "images": ["a"]}))
    assert again == first
    assert offers.heard == [{"resize"}]  # a replay is no new work


def test_a_key_gives_its_job_though_what_it_named_is_gone(queue: Queue, store: Store) -> None:
    data = store.artifacts.add("ann", publication("mails", "dataset"))
    wanted = wish(operation="train", input={"data": "mails"}, idempotency_key="k")
    first = queue.submit(wanted)
    queue.cancel(first.id, "ann")
    store.artifacts.delete(data.id)
    assert queue.submit(wanted).id == first.id
    with pytest.raises(KeyReused):
        queue.submit(replace(wanted, priority=1))
    for key in (None, "another"):
        with pytest.raises(UnknownArtifact):
            queue.submit(replace(wanted, idempotency_key=key))


@pytest.mark.parametrize(
    "other",
    [
        {"input": {"images": ["b"]}}, {"priority": 1}, {"run_at": 4e9}, {"timeout": 9.0},
        {"max_attempts": 9}, {"metadata": {"x": 1}}, {"operation": "train", "input": {"data": "sample"}},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_a_key_with_another_request_is_refused(queue: Queue, other: dict[str, Any]) -> None:
    queue.submit(wish(idempotency_key="k"))
    with pytest.raises(KeyReused, match="use a new key"):
        queue.submit(wish(idempotency_key="k", **other))


def test_a_key_is_its_owners_and_its_routes(queue: Queue) -> None:
    jobs = [
        queue.submit(wish(idempotency_key="k", owner=owner, scope=scope))
        for owner in ("ann", "bob")
        for scope in ("/a", "/b")
    ]
    assert len({job.id for job in jobs}) == 4


def test_many_jobs_keep_the_order_of_their_requests(queue: Queue, offers: Offers) -> None:
    jobs = queue.submit_many([wish(metadata={"n": n}) for n in range(10)])
    assert [job.metadata["n"] for job in jobs] == list(range(10))
    assert offers.heard == [{"resize"}]


def test_only_the_owner_gets_near_a_job(queue: Queue) -> None:
    """And nothing of the job is in the answer."""
    job = queue.submit(wish())
    for act in (
        queue.get, queue.cancel, queue.retry, queue.events, queue.parts, queue.attempts,
    ):  # fmt: skip
        with pytest.raises(NotAuthorized, match=r"^Not authorized$"):
            act(job.id, "bob")
        with pytest.raises(NotFound, match=r"^Job not found$"):
            act("no-such-id", "bob")
    assert queue.get(job.id, "ann") == job


def test_a_job_that_was_pruned_is_gone_and_not_unknown(queue: Queue, store: Store) -> None:
    """Its owner is told what became of it, others no more than before."""
    job = queue.submit(wish())
    complete(store, claim(store, join(store)))
    store.retention.prune(0.0)
    day = datetime.now(UTC).date()
    for act in (
        queue.get, queue.version, queue.cancel, queue.retry, queue.events, queue.parts,
        queue.attempts,
    ):  # fmt: skip
        with pytest.raises(Gone) as caught:
            act(job.id, "ann")
        assert str(caught.value) == (
            f"This job ended as completed on {day} and its history was removed after 0 days"
        )
        with pytest.raises(NotAuthorized, match=r"^Not authorized$"):
            act(job.id, "bob")


def test_cancelling_rings_for_workers_and_viewers(queue: Queue, store: Store) -> None:
    cancels, news = store.bell.listen("cancel"), store.bell.listen("news")
    job = queue.submit(wish())
    assert queue.cancel(job.id, "ann").status is Status.CANCELLED
    assert cancels.wait(5)
    assert news.wait(5)
    cancels.close()
    news.close()
    with pytest.raises(AlreadyFinished, match="Cannot cancel cancelled job"):
        queue.cancel(job.id, "ann")


def test_a_retried_job_is_offered_again(queue: Queue, offers: Offers) -> None:
    job = queue.submit(wish())
    with pytest.raises(NotFinished):
        queue.retry(job.id, "ann")
    queue.cancel(job.id, "ann")
    assert queue.retry(job.id, "ann").status is Status.PENDING
    assert offers.heard == [{"resize"}, {"resize"}]


def test_events_and_attempts_are_those_of_the_job(queue: Queue, store: Store) -> None:
    job = queue.submit(wish())
    complete(store, claim(store, join(store)))
    assert queue.events(job.id, "ann") == told(store, job)
    assert queue.events(job.id, "ann", after=1, kinds=["status"], limit=1)[0].number == 2
    assert [one.reason for one in queue.attempts(job.id, "ann")] == ["completed"]
    assert queue.parts(job.id, "ann") == []
    assert [one.id for one in queue.find(JobQuery(owner="ann"))] == [job.id]
