"""The store as a whole: who commits is noticed, what cannot be written is said, and it closes."""

import threading
from collections.abc import Callable

from headway.job import Status
from headway.store.contract import Store
from headway.store.values.history import JobQuery
from tests.contract.acts import add, claim, complete, join, lapse, start_python, told
from tests.contract.opening import kind_of
from tests.waiting import eventually


def test_health_says_which_store_it_is_and_who_works(store: Store, address: str) -> None:
    health = store.health()
    assert health.engine == kind_of(address)
    assert health.version
    assert health.writable
    assert health.workers == 0
    join(store)
    lapse(store, join(store))
    assert store.health().workers == 1


def test_health_leaves_no_trace_that_a_user_can_see(store: Store) -> None:
    job = add(store)
    before = told(store, job)
    store.health()
    assert told(store, job) == before
    assert store.jobs.find(JobQuery()) == [job]
    assert claim(store).job.id == job.id


def test_a_commit_of_anybody_else_is_noticed(store: Store, open_store: Callable[[], Store]) -> None:
    other = open_store()
    until_quiet(store)
    add(other)
    assert store.changed()
    until_quiet(store)


def until_quiet(store: Store) -> None:
    """Until it sees no change. PostgreSQL counts what others commit elsewhere on the server too, such
    as the tests that run beside this one."""
    eventually(lambda: not store.changed())


def test_each_thread_is_told_of_a_change_by_itself(store: Store) -> None:
    store.changed()
    told_other: list[bool] = []

    def ask() -> None:
        store.changed()
        add(store)
        told_other.append(store.changed())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert told_other == [True]
    assert store.changed()


def test_reading_is_not_a_change(store: Store, open_store: Callable[[], Store]) -> None:
    other = open_store()
    add(store)

    def seen_none() -> bool:
        store.changed()
        other.jobs.find(JobQuery())
        other.events.last_position()
        return not store.changed()

    assert eventually(seen_none)  # see `until_quiet`


def test_what_was_written_is_there_when_the_store_is_opened_again(
    open_store: Callable[[], Store],
) -> None:
    first = open_store()
    job = add(first)
    complete(first, claim(first), {"ok": True})
    kept = first.jobs.get(job.id)
    first.close()
    again = open_store()
    assert again.jobs.get(job.id) == kept
    assert kept is not None
    assert kept.status is Status.COMPLETED
    assert add(again).seq > job.seq


def test_closing_twice_is_fine(store: Store) -> None:
    store.close()
    store.close()


def test_a_store_is_refused_in_a_fork_of_the_process_that_opened_it(address: str) -> None:
    """A connection that two processes share loses data; the mistake must not go unnoticed."""
    child = start_python(FORKER, address)
    child.communicate()
    assert child.returncode == 0


FORKER = """
import os, sys
from tests.contract.acts import add
from tests.contract.opening import open_at

store = open_at(sys.argv[1])
job = add(store)
pid = os.fork()
if pid == 0:
    asked = 0
    for act in (lambda: store.jobs.get(job.id), lambda: add(store), store.changed, store.health):
        try:
            act()
        except RuntimeError as error:
            asked += "open a store of its own there" in str(error)
    os._exit(asked)
refused = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert refused == 4, refused
assert store.jobs.get(job.id) == job
add(store)
store.close()
"""
