"""One look at the store tells all who ask within a second, and none of them can see that."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from headway import shared_outlook
from headway.estimate import NO_ESTIMATE
from headway.job import Job
from headway.shared_outlook import SharedOutlook
from headway.store.contract import Store
from headway.store.line import LINE
from headway.store.sqlite import open_sqlite
from headway.store.values.outlook import Outlook
from tests.contract.acts import add, add_all, claim, now_of, submission
from tests.sqlite import migrate
from tests.waiting import AT_ONCE, eventually


class Looks:
    """Looks at a store and counts; `held` says that the next one waits with what it found."""

    def __init__(self, store: Store) -> None:
        self.count = 0
        self.held = False
        self.found = threading.Event()
        self.let_go = threading.Event()
        self._store = store

    def __call__(self) -> Outlook:
        held, self.held = self.held, False
        self.count += 1
        outlook = self._store.overview.outlook(())
        if held:
            self.found.set()
            assert self.let_go.wait(AT_ONCE)
        return outlook


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    migrate(data_dir)
    with closing(open_sqlite(data_dir)) as store:
        yield store


@pytest.fixture
def looks(store: Store) -> Looks:
    return Looks(store)


@pytest.fixture
def outlook(looks: Looks) -> SharedOutlook:
    return SharedOutlook(looks)


@pytest.fixture
def long_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look is good for as long as a test takes on the slowest machine."""
    monkeypatch.setattr(shared_outlook, "FRESH_SECONDS", 600.0)
    monkeypatch.setattr(shared_outlook, "STALE_SECONDS", 600.0)


@pytest.fixture
def never_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look is good only for those who ask while another looks."""
    monkeypatch.setattr(shared_outlook, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(shared_outlook, "STALE_SECONDS", 600.0)


def place(outlook: SharedOutlook, job: Job) -> int | None:
    return outlook.estimates([job]).get(job.id, NO_ESTIMATE).position


@pytest.mark.usefixtures("long_fresh")
def test_all_who_ask_are_told_from_one_look(
    store: Store, looks: Looks, outlook: SharedOutlook
) -> None:
    jobs = add_all(store, [submission() for _ in range(20)])
    assert [place(outlook, job) for job in jobs] == list(range(1, 21))
    assert looks.count == 1


@pytest.mark.usefixtures("long_fresh")
def test_a_job_that_has_become_due_since_is_told_its_place_at_once(
    store: Store, looks: Looks, outlook: SharedOutlook
) -> None:
    """For it alone there is another look, from which the others are told too."""
    first = add(store)
    assert place(outlook, first) == 1
    urgent = add(store, priority=0)
    assert place(outlook, urgent) == 1
    assert place(outlook, first) == 2
    assert looks.count == 2


@pytest.mark.usefixtures("long_fresh")
def test_a_job_too_far_behind_is_no_reason_to_look_again(
    store: Store, looks: Looks, outlook: SharedOutlook
) -> None:
    last = add_all(store, [submission() for _ in range(LINE + 1)])[-1]
    assert [place(outlook, last) for _ in range(3)] == [None, None, None]
    assert looks.count == 1


def test_what_has_moved_is_told_within_a_moment(store: Store, outlook: SharedOutlook) -> None:
    _, second = add(store), add(store)
    assert place(outlook, second) == 2
    claim(store)
    assert eventually(lambda: place(outlook, second) == 1)


@pytest.mark.usefixtures("long_fresh")
def test_a_running_job_is_told_nothing_of_its_wait(
    store: Store, looks: Looks, outlook: SharedOutlook
) -> None:
    """Though the last look still had it in the line."""
    job = add(store)
    assert place(outlook, job) == 1
    claim(store)
    assert outlook.estimates([now_of(store, job)]) == {}
    assert looks.count == 1


@pytest.mark.usefixtures("never_fresh")
def test_whoever_asks_while_another_looks_is_told_by_the_look_before(
    store: Store, looks: Looks, outlook: SharedOutlook
) -> None:
    """He waits for nobody, and asks the store nothing."""
    _, second = add(store), add(store)
    assert place(outlook, second) == 2
    claim(store)
    looks.held = True
    other = threading.Thread(target=place, args=(outlook, second))
    other.start()
    assert looks.found.wait(AT_ONCE)
    assert place(outlook, second) == 2
    assert looks.count == 2
    looks.let_go.set()
    other.join()
    assert place(outlook, second) == 1


@pytest.mark.usefixtures("long_fresh")
def test_what_was_found_before_it_was_forgotten_is_told_to_nobody_else(
    store: Store, looks: Looks, outlook: SharedOutlook
) -> None:
    """The pause of an operation is told at once, also when somebody was looking just then."""
    job = add(store)
    place(outlook, job)
    outlook.forget()
    looks.held = True
    other = threading.Thread(target=place, args=(outlook, job))
    other.start()
    assert looks.found.wait(AT_ONCE)
    store.pauses.pause(job.operation)
    outlook.forget()
    looks.let_go.set()
    other.join()
    assert outlook.estimates([job])[job.id].paused
