"""Anything in any order: the store against a model of dictionaries that says what must be true."""

import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from headway.errors import AlreadyFinished, KeyReused, NotFinished, NotUnique
from headway.events import LogLine
from headway.job import Status, Waiting
from headway.store.contract import Store
from headway.store.values.attempts import Claim, Part, Report
from headway.store.values.history import JobQuery
from headway.store.values.submission import Added
from headway.verdict import MAX_CRASHES, MAX_INTERRUPTIONS, Completed, Split, Stopped, decide
from tests.contract.acts import (
    AT_ONCE,
    checkpoint,
    claims,
    complete,
    conclude,
    crash,
    fail,
    join,
    key,
    lapse,
    loads,
    report,
    submission,
)
from tests.contract.opening import EVERY_KIND, KINDS, new_address, open_at

EXAMPLES, STEPS = (1000, 50) if os.environ.get("NIGHTLY") else (60, 30)
FEWER = {"postgres": 3}
"""A server takes as many times longer for a life, and gets as many times fewer of them."""

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where a sync costs nothing: no power cut is among the acts."""

FEW = 4
"""Jobs and workers of one life: few enough for most acts to meet what others left behind."""

OWNERS = st.sampled_from(["ann", "bob", "eve"])
OPERATIONS = ("resize", "train")


@dataclass
class Model:
    """What we know of one job."""

    id: str
    seq: int
    owner: str
    operation: str
    priority: int
    max_attempts: int
    status: Status = Status.PENDING
    holder: tuple[str, int] | None = None
    """Worker and token of the claim that holds."""
    token: int = 0
    attempt: int = 0
    crashes: int = 0
    interruptions: int = 0
    crashes_in_a_row: int = 0
    interruptions_in_a_row: int = 0
    progress: float = 0.0
    result: Any = None
    checkpoints: list[int] = field(default_factory=list)
    ended: int = 0
    """Attempts that have a record."""
    events: int = 1
    version: int = 1
    unique: bool = False
    """Whether it was submitted under the one unique key there is."""
    parent: "Model | None" = None
    shards: "list[Model]" = field(default_factory=list)
    waiting: bool = False
    """Whether it is running, and its shards are at work."""
    succeeded: int = 0
    failed: int = 0


class Life(RuleBasedStateMachine):
    """Users, workers, zombies and restarts, all at once."""

    kind = KINDS[0]
    jobs = Bundle("jobs")
    held = Bundle("held")
    """Claims, some of which do not hold any more: their holders are the zombies."""

    @initialize()
    def open(self) -> None:
        """Begin with an empty store and two workers."""
        self.opened = ExitStack()
        folder = self.opened.enter_context(tempfile.TemporaryDirectory(prefix="hw-", dir=MEMORY))
        self.address = self.opened.enter_context(new_address(self.kind, Path(folder) / "data"))
        self.store: Store = open_at(self.address)
        self.model: dict[str, Model] = {}
        self.keys: dict[tuple[str, str], str] = {}
        self.workers = {join(self.store), join(self.store)}
        self.lapsed: set[str] = set()

    def teardown(self) -> None:
        """Close what `open` opened."""
        if hasattr(self, "store"):
            self.store.close()
            self.opened.close()

    # -- users

    @rule(
        target=jobs,
        owner=OWNERS,
        operation=st.sampled_from(OPERATIONS),
        priority=st.sampled_from([0, 5, 9]),
        max_attempts=st.integers(1, 3),
        many=st.integers(1, 2),
    )
    @precondition(lambda self: len([one for one in self.model.values() if not one.parent]) < FEW)
    def submit(
        self, owner: str, operation: str, priority: int, max_attempts: int, many: int
    ) -> Any:
        """Some new jobs of one owner."""
        wishes = [
            submission(operation, owner, priority=priority, max_attempts=max_attempts)
            for _ in range(many)
        ]
        ids = []
        for wish, answer in zip(wishes, self.store.jobs.add(wishes), strict=True):
            assert isinstance(answer, Added)
            assert answer.job.id == wish.id
            assert wish.id not in self.model
            self.model[wish.id] = Model(
                wish.id, answer.job.seq, owner, operation, priority, max_attempts
            )
            ids.append(wish.id)
        return multiple(*ids)

    @rule(
        owner=st.sampled_from(["ann", "bob"]), name=st.just("k"), fingerprint=st.sampled_from("xy")
    )
    def submit_with_a_key(self, owner: str, name: str, fingerprint: str) -> None:
        """The first gives a job, the same again gives it back, another is refused."""
        wish = submission("resize", owner, idempotency=key(name, fingerprint))
        (answer,) = self.store.jobs.add([wish])
        known = self.keys.get((owner, name))
        if known is None:
            assert isinstance(answer, Added)
            assert not answer.replayed
            self.keys[owner, name] = f"{fingerprint}{wish.id}"
            self.model[wish.id] = Model(wish.id, answer.job.seq, owner, "resize", 5, 1)
        elif known[0] == fingerprint:
            assert isinstance(answer, Added)
            assert answer.replayed
            assert answer.job.id == known[1:]
        else:
            assert isinstance(answer, KeyReused)

    @rule(target=jobs, owner=st.sampled_from(["ann", "bob"]))
    def submit_unique(self, owner: str) -> Any:
        """A job where there is none unfinished, and that one where there is."""
        wish = submission("resize", owner, unique_key="u")
        (answer,) = self.store.jobs.add([wish])
        assert isinstance(answer, Added)
        known = self._unfinished_unique(owner)
        assert (answer.existing, answer.job.id) == (known is not None, known or wish.id)
        if known is None:
            self.model[wish.id] = Model(wish.id, answer.job.seq, owner, "resize", 5, 1, unique=True)
            return wish.id
        return multiple()

    def _unfinished_unique(self, owner: str) -> str | None:
        found = [
            one.id
            for one in self.model.values()
            if one.unique and one.owner == owner and not one.status.finished
        ]
        assert len(found) <= 1
        return found[0] if found else None

    @rule(job=jobs)
    def cancel(self, job: str) -> None:
        """Works while the job has not ended."""
        model = self.model[job]
        if model.status.finished:
            with pytest.raises(AlreadyFinished):
                self.store.jobs.cancel(job)
            return
        self.store.jobs.cancel(job)
        model.ended += model.holder is not None
        self._moved(model, Status.CANCELLED)
        self._cancel_shards(model)

    @rule(job=jobs)
    def retry(self, job: str) -> None:
        """Works once the job has failed or was cancelled."""
        model = self.model[job]
        if model.status not in (Status.FAILED, Status.CANCELLED):
            with pytest.raises(NotFinished):
                self.store.jobs.retry(job)
            return
        if model.unique and self._unfinished_unique(model.owner):
            with pytest.raises(NotUnique):
                self.store.jobs.retry(job)
            return
        self.store.jobs.retry(job)
        again = [one for one in model.shards if one.status is not Status.COMPLETED]
        for one in (model, *again):
            one.attempt = one.crashes = one.interruptions = 0
            one.crashes_in_a_row = one.interruptions_in_a_row = 0
            self._moved(one, Status.PENDING)
        if again:
            self._moved(model, Status.RUNNING)
            self._waits(model)

    # -- workers

    @rule()
    @precondition(lambda self: len(self.workers) < FEW)
    def hire(self) -> None:
        """One more worker."""
        self.workers.add(join(self.store))

    @rule(
        target=held,
        data=st.data(),
        limit=st.integers(1, 4),
        operations=st.sampled_from([OPERATIONS, OPERATIONS, ("resize",), ("train",)]),
    )
    def claim(self, data: st.DataObject, limit: int, operations: tuple[str, ...]) -> Any:
        """The most urgent that wait, and only by a worker whose lease holds."""
        worker = data.draw(st.sampled_from(sorted(self.workers)))
        return self._claim(worker, limit, operations)

    @rule(target=held, one=held)
    def hand_over(self, one: Claim) -> Any:
        """The worker is lost and another has the job: from here on this is a zombie's claim."""
        holder = self.model[one.job.id].holder
        if holder is None or not self._holds(one):
            return multiple()
        if holder[0] not in self.lapsed:
            lapse(self.store, holder[0])
            self.lapsed.add(holder[0])
        self.reap(100)
        if self.workers <= self.lapsed:
            self.workers.add(join(self.store))
        return self._claim(min(self.workers - self.lapsed), 100, (one.job.operation,))

    def _claim(self, worker: str, limit: int, operations: tuple[str, ...]) -> Any:
        got = claims(self.store, worker, limit, *operations)
        waiting = [
            one
            for one in self.model.values()
            if one.status is Status.PENDING and one.operation in operations
        ]
        expected = 0 if worker in self.lapsed else min(limit, len(waiting))
        assert len(got) == len({one.job.id for one in got}) == expected
        urgent = sorted(one.priority for one in waiting)[:expected]
        assert [one.job.priority for one in got] == urgent
        for one in got:
            model = self.model[one.job.id]
            assert one.job == self.store.jobs.get(model.id)
            assert one.token == model.token + 1
            assert [saved.number for saved in one.checkpoints] == model.checkpoints[:-3:-1]
            assert one.results == ([shard.result for shard in model.shards] or None)
            model.token = one.token
            self._moved(model, Status.RUNNING)
            model.holder = (worker, one.token)
        return multiple(*got)

    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        """Extends a lease that holds, and no other."""
        worker = data.draw(st.sampled_from(sorted(self.workers)))
        assert self.store.workers.beat(worker, 600.0) is (worker not in self.lapsed)

    @rule(data=st.data(), found=st.booleans())
    def expire(self, data: st.DataObject, found: bool) -> None:
        """A worker is heard of no more; its jobs stay its own until it is reaped."""
        worker = data.draw(st.sampled_from(sorted(self.workers)))
        if worker not in self.lapsed:
            lapse(self.store, worker)
            self.lapsed.add(worker)
        if found:
            self.reap(5)

    @rule(limit=st.integers(1, 5))
    def reap(self, limit: int) -> None:
        """Gives back what the expired hold, and nothing of the living."""
        dead = self.store.workers.expired()
        assert dead <= self.lapsed
        lost = self._held_by(dead)
        given = self.store.workers.reap(self.workers, limit)
        assert given == min(limit, len(lost))
        for model in sorted(lost, key=lambda one: one.seq)[:given]:
            self._interrupted(model)

    @rule(data=st.data())
    @precondition(lambda self: len(self.workers) > 1)
    def leave(self, data: st.DataObject) -> None:
        """Gives back at once what the worker holds."""
        worker = data.draw(st.sampled_from(sorted(self.workers)))
        self.store.workers.leave(worker)
        self.workers.discard(worker)
        self.lapsed.discard(worker)
        for model in self._held_by({worker}):
            self._interrupted(model)
        if self.workers <= self.lapsed:
            self.workers.add(join(self.store))

    # -- attempts, and zombies: a claim that does not hold any more writes nothing

    @rule(one=held, percent=st.floats(-10, 110))
    def progress(self, one: Claim, percent: float) -> None:
        """Latest wins, clamped."""
        if self._held(one, report(self.store, one, progress=percent)):
            model = self.model[one.job.id]
            model.progress = min(100.0, max(0.0, percent))
            model.version += 1
            self._tell_parent(model)

    @rule(one=held, lines=st.integers(0, 3))
    def log(self, one: Claim, lines: int) -> None:
        """Facts become events."""
        facts = [LogLine("info", "hello")] * lines
        if self._held(one, report(self.store, one, facts=facts)):
            self.model[one.job.id].events += lines
            self.model[one.job.id].version += 1
            self._tell_parent(self.model[one.job.id], lines)

    @rule(one=held, count=st.integers(1, 3), failed=st.integers(0, 1))
    def publish_items(self, one: Claim, count: int, failed: int) -> None:
        """Items are counted, and numbered without a gap."""
        model = self.model[one.job.id]
        if model.shards:
            return  # a merge has none of its own
        first = model.succeeded + model.failed
        part = Part(first=first, count=count, failed=failed, path=f"{model.id}/{first}", size=1)
        if self._held(one, report(self.store, one, parts=[part])):
            model.succeeded += count - failed
            model.failed += failed
            model.events += 1
            model.version += 1
            self._tell_parent(model, 1)

    @rule(one=held, shards=st.integers(2, 3))
    def split(self, one: Claim, shards: int) -> None:
        """The job's work is that of its shards from now on."""
        model = self.model[one.job.id]
        if model.parent or model.shards or model.succeeded or model.failed:
            return  # an operation splits its input before anything else, and once
        if self._held(one, conclude(self.store, one, Split(["{}"] * shards))):
            model.ended += 1
            self._moved(model, Status.RUNNING)
            for job in self.store.jobs.shards(model.id):
                shard = Model(
                    job.id, job.seq, model.owner, model.operation, model.priority,
                    model.max_attempts, parent=model,
                )  # fmt: skip
                self.model[job.id] = shard
                model.shards.append(shard)
            assert len(model.shards) == shards
            self._waits(model)

    @rule(one=held)
    def save(self, one: Claim) -> None:
        """A checkpoint that advances forgives crashes and interruptions."""
        model = self.model[one.job.id]
        number = max(model.checkpoints, default=0) + 1
        if self._held(one, report(self.store, one, checkpoint=checkpoint(number))):
            model.checkpoints.append(number)
            model.crashes_in_a_row = model.interruptions_in_a_row = 0
            model.events += 1
            model.version += 1
            self._tell_parent(model)

    @rule(one=held, result=st.sampled_from([None, 1, {"a": [1]}, "text"]))
    def complete(self, one: Claim, result: Any) -> None:
        """The operation returned."""
        if self._held(one, complete(self.store, one, result)):
            model = self.model[one.job.id]
            model.result, model.progress = result, 100.0
            self._ended(model, Status.COMPLETED)

    @rule(one=held, retryable=st.booleans())
    def fail(self, one: Claim, retryable: bool) -> None:
        """The operation raised."""
        if self._held(one, fail(self.store, one, retryable=retryable)):
            model = self.model[one.job.id]
            model.attempt += 1
            again = retryable and model.attempt < model.max_attempts
            self._ended(model, Status.PENDING if again else Status.FAILED)

    @rule(one=held)
    def crash(self, one: Claim) -> None:
        """The child died."""
        if self._held(one, crash(self.store, one)):
            model = self.model[one.job.id]
            model.crashes += 1
            model.crashes_in_a_row += 1
            again = model.crashes_in_a_row < MAX_CRASHES
            self._ended(model, Status.PENDING if again else Status.FAILED)

    @rule(one=held)
    def interrupt(self, one: Claim) -> None:
        """The worker gave it back."""
        if self._held(one, conclude(self.store, one, Stopped("a deploy"))):
            self._interrupted(self.model[one.job.id])

    @rule(
        group=st.lists(
            consumes(held), min_size=2, max_size=5, unique_by=lambda c: (c.job.id, c.token)
        )
    )
    def complete_together(self, group: list[Claim]) -> None:
        """In one commit: exactly those whose claims hold are completed."""
        holding = {(c.job.seq, c.token) for c in group if self._holds(c)}
        written = self.store.attempts.record(
            [
                Report(
                    seq=c.job.seq,
                    token=c.token,
                    parent=c.job.parent,
                    verdict=decide(Completed(1), c.job, AT_ONCE),
                )
                for c in group
            ]
        )
        assert written == holding
        for one in group:
            if (one.job.seq, one.token) in holding:
                model = self.model[one.job.id]
                model.result, model.progress = 1, 100.0
                self._ended(model, Status.COMPLETED)

    # -- restarts

    @rule()
    def reopen(self) -> None:
        """Nothing depends on what a process remembers."""
        self.store.close()
        self.store = open_at(self.address)

    # -- what is always true

    @invariant()
    def every_job_is_as_the_model_says(self) -> None:
        """State, counters, claim, progress, result, version and events."""
        if not hasattr(self, "store"):
            return
        found = {job.id: job for job in self.store.jobs.get_many(list(self.model))}
        assert len(found) == len(self.model)
        for model in self.model.values():
            job = found[model.id]
            assert (
                job.status, job.attempt, job.crashes, job.interruptions, job.crashes_in_a_row,
                job.interruptions_in_a_row, round(job.progress, 6), job.result, job.last_event,
                job.counts.succeeded, job.counts.failed, job.waiting_for is Waiting.SHARDS,
            ) == (
                model.status, model.attempt, model.crashes, model.interruptions,
                model.crashes_in_a_row, model.interruptions_in_a_row,
                round(model.progress, 6), model.result, model.events,
                model.succeeded, model.failed, model.waiting,
            )  # fmt: skip
            assert job.version >= model.version
            assert (job.completed_at is not None) == job.status.finished

    @invariant()
    def every_running_job_has_exactly_one_holder(self) -> None:
        """What the store says a worker holds is what it was given and has not lost."""
        if not hasattr(self, "store"):
            return
        for worker in self.workers:
            mine = {(one.seq, one.holder[1]) for one in self._held_by({worker}) if one.holder}
            assert self.store.attempts.held(worker) == mine

    @invariant()
    def a_job_waits_as_long_as_a_shard_is_unfinished(self) -> None:
        """So that nothing is left that nobody moves on; and its results have no gap."""
        if not hasattr(self, "store"):
            return
        for model in self.model.values():
            left = [one for one in model.shards if not one.status.finished]
            assert model.waiting == bool(left)
            found = self.store.jobs.find(JobQuery(parent=model.id))
            assert [job.id for job in found] == [one.id for one in reversed(model.shards)]
            reached = 0
            for part in self.store.jobs.parts(model.id):
                assert part.first == reached
                reached += part.count
            if model.status is Status.COMPLETED:
                assert reached == model.succeeded + model.failed

    @invariant()
    def events_have_neither_gap_nor_double(self) -> None:
        """1, 2, 3, ... for each job; positions grow."""
        if not hasattr(self, "store"):
            return
        numbers: dict[str, list[int]] = {}
        events = self.store.events.after(0, limit=100_000)
        for event in events:
            numbers.setdefault(event.job_id, []).append(event.number)
        positions = [event.position for event in events]
        assert positions == sorted(set(positions))
        for model in self.model.values():
            assert numbers[model.id] == list(range(1, model.events + 1))
            assert len(self.store.jobs.attempts(model.id)) == model.ended

    @invariant()
    def loads_add_up(self) -> None:
        """What is counted for the limits is what there is: jobs, and not their shards."""
        if not hasattr(self, "store"):
            return
        expected: dict[str, tuple[int, int]] = {}
        for model in self.model.values():
            if not model.status.finished and model.parent is None:
                job = self.store.jobs.get(model.id)
                assert job is not None
                unfinished, active = expected.get(model.owner, (0, 0))
                is_active = job.waiting_for in (None, Waiting.SHARDS)
                expected[model.owner] = (unfinished + 1, active + is_active)
        assert loads(self.store) == expected

    # -- the model's own moves

    def _holds(self, one: Claim) -> bool:
        holder = self.model[one.job.id].holder
        return holder is not None and holder[1] == one.token

    def _held(self, one: Claim, written: bool) -> bool:
        assert written is self._holds(one)
        return written

    def _held_by(self, workers: set[str]) -> list[Model]:
        return [
            one
            for one in self.model.values()
            if one.holder is not None and one.holder[0] in workers
        ]

    def _waits(self, model: Model) -> None:
        model.waiting = True
        model.token += 1
        model.progress = sum(one.progress for one in model.shards) / len(model.shards)

    def _tell_parent(self, shard: Model, facts: int = 0) -> None:
        """A job is the sum of its shards."""
        parent = shard.parent
        if parent is None:
            return
        parent.events += facts
        parent.progress = sum(one.progress for one in parent.shards) / len(parent.shards)
        parent.succeeded = sum(one.succeeded for one in parent.shards)
        parent.failed = sum(one.failed for one in parent.shards)

    def _cancel_shards(self, parent: Model) -> None:
        for one in parent.shards:
            if not one.status.finished:
                one.ended += one.holder is not None
                self._moved(one, Status.CANCELLED)

    def _moved(self, model: Model, status: Status) -> None:
        model.status = status
        model.waiting = False
        model.holder = None
        model.events += 1
        model.version += 1

    def _ended(self, model: Model, status: Status) -> None:
        model.ended += 1
        self._moved(model, status)
        self._tell_parent(model, 1)
        parent = model.parent
        if parent is not None and status is Status.FAILED:
            self._moved(parent, Status.FAILED)
            self._cancel_shards(parent)
        elif parent is not None and all(one.status is Status.COMPLETED for one in parent.shards):
            self._moved(parent, Status.PENDING)

    def _interrupted(self, model: Model) -> None:
        model.interruptions += 1
        model.interruptions_in_a_row += 1
        again = model.interruptions_in_a_row < MAX_INTERRUPTIONS
        self._ended(model, Status.PENDING if again else Status.FAILED)


@pytest.mark.timeout(900)  # a failure is made small before it is shown
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_whatever_happens_the_store_is_as_the_model_says(kind: str) -> None:
    """Sixty lives of thirty steps; a thousand of fifty with NIGHTLY=1 in the environment."""
    machine: type[Life] = type("Life", (Life,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES // FEWER.get(kind, 1),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
