"""What one viewer of a job is shown, page by page."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest

from headway.errors import NotFound
from headway.events import Event, LogLine
from headway.http.cursors import Cursors
from headway.http.feed import Feed
from headway.http.owner_view import OwnerView
from headway.http.viewer import READERS
from headway.http.viewing import View
from headway.job import Job
from headway.store.values.history import JobQuery
from headway.wiring import Service
from tests.contract.acts import add, claims, complete, join, report

PAGE = 200


@pytest.fixture
def feed(service: Service) -> Iterator[Feed]:
    feed = Feed(service.queue, Cursors(b"secret", b"position"))
    yield feed
    feed.close()


async def test_a_long_history_is_held_ready_a_page_at_a_time(service: Service, feed: Feed) -> None:
    """Who does not read on costs no more than that, and who does gets all of it in order, with what
    happens meanwhile, and the end last and once."""
    job, (held,) = add(service.store), claims(service.store, join(service.store), 1)
    report(service.store, held, facts=[LogLine("info", str(n)) for n in range(2 * PAGE)])
    view = View(service.queue, feed, job.id, job.owner)
    try:
        shown = await view.open(0)
        assert [one.number for one in shown] == list(range(1, PAGE + 1))
        report(service.store, held, facts=[LogLine("info", "late")])
        complete(service.store, held)
        while not shown[-1].last:
            page = await asyncio.wait_for(view.next(), 30)
            assert page is not None
            assert len(page) <= PAGE + 2
            shown += page
        numbers = [one.number for one in shown if one.number is not None]
        assert numbers == list(range(1, 2 * PAGE + 5))
        assert [one.event for one in shown if one.last] == ["complete"]
    finally:
        view.close()


async def test_a_job_that_is_removed_while_it_is_read_is_gone(
    service: Service, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end alone would be told as all that ever happened to it."""
    job, (held,) = add(service.store), claims(service.store, join(service.store), 1)
    complete(service.store, held)
    following = service.queue.following
    history = following.history

    def removed_before(job_id: str, *, after: int) -> list[Event]:
        service.store.retention.prune(0.0)
        return history(job_id, after=after)

    monkeypatch.setattr(following, "history", removed_before)
    view = View(service.queue, feed, job.id, job.owner)
    try:
        with pytest.raises(NotFound):
            await view.open(0)
    finally:
        view.close()


async def test_viewers_of_all_their_jobs_are_read_to_in_turn(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred who come at once are a few threads, as those of a single job are."""
    queue, positions = service.queue, Cursors(b"secret", b"position")
    at_once: list[int] = []
    reading = threading.Semaphore(READERS)
    find = queue.find

    def counted(query: JobQuery) -> list[Job]:
        at_once.append(reading.acquire(blocking=False))
        try:
            return find(query)
        finally:
            reading.release()

    monkeypatch.setattr(queue, "find", counted)
    with contextlib.closing(Feed(queue, positions)) as feed:
        views = [OwnerView(queue, feed, positions, "ann") for _ in range(30)]
        await asyncio.gather(*(view.open(None) for view in views))
        for view in views:
            view.close()
    assert at_once == [True] * 30
