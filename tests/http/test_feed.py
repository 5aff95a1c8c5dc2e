"""The one reader of a process tells all its viewers, also of what it could not read at once."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from anyio import to_thread

from headway.errors import StoreUnavailable
from headway.events import LogLine
from headway.events.hub import Listener
from headway.http.apart import DEFECT_SECONDS
from headway.http.cursors import Cursors
from headway.http.feed import Feed
from headway.http.news import News, arrived
from headway.wiring import Service
from tests.contract.acts import add, claims, join, report
from tests.waiting import AT_ONCE, eventually


@pytest.fixture
def feed(service: Service) -> Iterator[Feed]:
    feed = Feed(service.queue, Cursors(b"a secret of thirty-two characters", b"position"))
    yield feed
    feed.close()


async def until_told(listener: Listener[News], event: str) -> None:
    for _ in range(20):
        if event in {frame.event for frame in arrived(await listener.take(1.0))}:
            return
    raise AssertionError(f"expected to hear of {event!r}, but it did not come")


async def test_what_changed_while_nothing_could_be_read_is_told_to_all(
    service: Service, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing changes any more by the time that it can be."""
    job = add(service.store)
    (claim,) = claims(service.store, join(service.store), 1)
    hers, the_job = feed.watch_all(job.owner), feed.watch(job.id)
    await until_told(the_job, "update")
    assert await hers.take(AT_ONCE)  # from where on she is told
    failed = 0

    def unavailable(_known: Any) -> Any:
        nonlocal failed
        failed += 1
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(service.queue.following, "newer", unavailable)
        report(service.store, claim, facts=[LogLine("info", "a")])
        before = failed
        await to_thread.run_sync(lambda: eventually(lambda: failed >= before + 2))
    await until_told(the_job, "update")
    await until_told(hers, "log")
    feed.leave(hers)
    feed.leave(the_job)


async def test_a_defect_is_logged_and_the_same_reader_goes_on_after_a_rest(
    service: Service,
    feed: Feed,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It neither begins anew at once, for as long as somebody watches, nor loses what happened."""
    job = add(service.store)
    (claim,) = claims(service.store, join(service.store), 1)
    hers, the_job = feed.watch_all(job.owner), feed.watch(job.id)
    await until_told(the_job, "update")
    failed: list[tuple[int, float]] = []

    def defective(_known: Any) -> Any:
        failed.append((threading.get_ident(), time.monotonic()))
        raise KeyError("a defect")

    with monkeypatch.context() as broken:
        broken.setattr(service.queue.following, "newer", defective)
        report(service.store, claim, facts=[LogLine("info", "a")])
        await to_thread.run_sync(lambda: eventually(lambda: len(failed) >= 2))
    (first, began), (second, again) = failed[:2]
    assert first == second
    assert again - began >= DEFECT_SECONDS
    assert "a defect" in caplog.text
    await until_told(the_job, "update")
    report(service.store, claim, facts=[LogLine("info", "b")])
    await until_told(hers, "log")
    feed.leave(hers)
    feed.leave(the_job)


async def test_who_could_not_begin_to_listen_is_not_read_for(
    service: Service, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could give his listener back, so the reader would never come to rest."""

    def unavailable() -> Any:
        raise StoreUnavailable("no more sockets")

    with monkeypatch.context() as broken:
        broken.setattr(service.queue.following, "listen", unavailable)
        with pytest.raises(StoreUnavailable):
            feed.watch_all("ann")
    feed.leave(feed.watch("one"))
    assert is_reading()
    await to_thread.run_sync(lambda: eventually(lambda: not is_reading()))


def is_reading() -> bool:
    return any(one.name == "headway-feed" for one in threading.enumerate())
