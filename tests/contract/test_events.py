"""What happened, in order: numbers without gaps per job, positions that grow with commits."""

import gc
import json
import threading

from headway.events import LogLine, MetricRecorded, StatusChanged
from headway.store.contract import Store
from tests.contract.acts import (
    add,
    add_all,
    claim,
    claims,
    complete,
    fail,
    join,
    report,
    start_python,
    submission,
    told,
)


def test_events_of_a_job_are_numbered_from_1_without_gaps(store: Store) -> None:
    """Through its whole life: two attempts, metrics, a cancel and a retry by hand."""
    job = add(store, max_attempts=2)
    held = claim(store)
    report(store, held, facts=[MetricRecorded(step, {"loss": 1 / step}) for step in range(1, 30)])
    fail(store, held)
    held = claim(store)
    report(store, held, facts=[LogLine("info", "again")], progress=3.0)
    store.jobs.cancel(job.id)
    store.jobs.retry(job.id)
    complete(store, claim(store))
    events = told(store, job)
    assert [one.number for one in events] == list(range(1, len(events) + 1))
    found = store.jobs.get(job.id)
    assert found is not None
    assert found.last_event == len(events)
    assert [one.position for one in events] == sorted({one.position for one in events})


def test_positions_grow_over_all_jobs(store: Store) -> None:
    jobs = add_all(store, [submission() for _ in range(5)])
    for held in claims(store, join(store)):
        complete(store, held)
    events = store.events.after(0)
    assert len(events) == 15
    positions = [one.position for one in events]
    assert positions == sorted(set(positions))
    assert store.events.last_position() == positions[-1]
    assert {one.job_id for one in events} == {job.id for job in jobs}


def test_nothing_has_happened_in_an_empty_store(store: Store) -> None:
    assert store.events.last_position() == 0
    assert store.events.after(0) == []


def test_a_cursor_reads_every_event_once(store: Store) -> None:
    add_all(store, [submission() for _ in range(25)])
    seen: list[int] = []
    position = 0
    while page := store.events.after(position, limit=7):
        seen += [one.position for one in page]
        position = page[-1].position
    assert seen == [one.position for one in store.events.after(0)]
    assert len(seen) == 25
    assert store.events.after(store.events.last_position()) == []
    assert store.events.after(10**12) == []


def test_events_can_be_read_by_owner(store: Store) -> None:
    ann, _bob = add(store, owner="ann"), add(store, owner="bob")
    assert {one.job_id for one in store.events.after(0, owner="ann")} == {ann.id}
    assert store.events.after(0, owner="eve") == []


def test_a_jobs_events_can_be_read_by_kind_and_from_a_number_on(store: Store) -> None:
    job, other = add(store), add(store)
    held = claim(store)
    report(store, held, facts=[MetricRecorded(1, {"x": 1.0}), LogLine("info", "a"),
                               MetricRecorded(2, {"x": 2.0})])  # fmt: skip
    metrics = store.events.of_job(job.id, kinds=["metric"])
    assert [one.number for one in metrics] == [3, 5]
    assert [one.data for one in metrics] == [{"step": 1, "values": {"x": 1.0}},
                                             {"step": 2, "values": {"x": 2.0}}]  # fmt: skip
    assert [one.number for one in store.events.of_job(job.id, after=3)] == [4, 5]
    assert [one.number for one in store.events.of_job(job.id, after=3, kinds=["metric", "log"])] == [
        4, 5,
    ]  # fmt: skip
    assert [one.number for one in store.events.of_job(job.id, limit=2)] == [1, 2]
    assert store.events.of_job(job.id, after=5) == []
    assert len(told(store, other)) == 1
    assert store.events.of_job("no-such-id") == []


def test_the_events_of_many_jobs_are_read_at_once_each_from_a_number_on(store: Store) -> None:
    """Job by job and in order, and none of the others'."""
    one, other, third = add(store), add(store), add(store)
    for held in claims(store, join(store), 3):
        report(store, held, facts=[LogLine("info", "a"), LogLine("info", "b")])
    found = store.events.of_jobs({third.id: 0, one.id: 3, other.id: 4, "no-such-id": 0})
    assert found == store.events.of_job(one.id, after=3) + store.events.of_job(third.id)
    assert [event.number for event in found] == [4, 1, 2, 3, 4]
    assert store.events.of_jobs({}) == []


def test_equal_facts_of_different_kinds_do_not_get_mixed_up(store: Store) -> None:
    """Texts of facts are kept for reuse; the kind belongs to what they are kept by."""
    job = add(store)
    held = claim(store)
    report(store, held, facts=[LogLine("info", "x"), LogLine("info", "x"), LogLine("x", "info")])
    data = [one.data for one in told(store, job)[2:]]
    assert data == [
        {"level": "info", "message": "x"},
        {"level": "info", "message": "x"},
        {"level": "x", "message": "info"},
    ]


WRITER = """
import json, sys
from tests.contract.acts import add, claims, join, report
from headway.events import LogLine
from tests.contract.opening import open_at

store = open_at(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
worker = join(store)
mine = []
for n in range(25):
    add(store, owner=sys.argv[2])
    for held in claims(store, worker, 2):
        assert report(store, held, facts=[LogLine("info", str(n))])
        mine.append(held.job.id)
print(json.dumps(mine), flush=True)
store.close()
"""


def test_writers_in_several_processes_leave_neither_gap_nor_double(
    store: Store, address: str
) -> None:
    """A reader who follows by cursor meanwhile sees every event, in order, none of them late."""
    writers = [start_python(WRITER, address, f"owner-{n}") for n in range(3)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"

    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while True:
            last = done.is_set()
            while page := store.events.after(seen[-1] if seen else 0, limit=50):
                seen.extend(one.position for one in page)
            if last:
                return

    reader = threading.Thread(target=follow)
    reader.start()
    answers = [writer.communicate("go\n")[0] for writer in writers]
    done.set()
    reader.join()

    claimed = [job_id for answer in answers for job_id in json.loads(answer)]
    assert len(claimed) == len(set(claimed)) == 75
    everything = store.events.after(0, limit=10_000)
    assert [one.position for one in everything] == seen
    assert len(everything) == 3 * 75
    for job_id in claimed:
        events = store.events.of_job(job_id)
        assert [one.number for one in events] == [1, 2, 3]


def test_what_was_written_of_a_job_alone_is_not_kept_in_memory(store: Store) -> None:
    """Its log lines and its sentences may be long, and no other job tells the same."""
    job = add(store)
    held = claim(store)
    report(store, held, facts=[LogLine("info", "line " * 1_000 + job.id)])
    fail(store, held, "sentence " * 1_000 + job.id)
    gc.collect()
    kept = [one for one in gc.get_objects() if isinstance(one, (LogLine, StatusChanged))]
    assert not [one for one in kept if job.id in repr(one)]
