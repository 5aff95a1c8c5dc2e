"""What a viewer of all his jobs is shown, however late he or the reader is."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from anyio import to_thread

from headway.events import LogLine
from headway.events.hub import Listener
from headway.http.cursors import Cursors
from headway.http.feed import Feed
from headway.http.frames import Frame
from headway.http.news import News, arrived
from headway.http.owner_view import OwnerView
from headway.store.values.attempts import Claim
from headway.wiring import Service
from tests.contract.acts import add, claim, report
from tests.waiting import AT_ONCE

POSITIONS = Cursors(b"a secret of thirty-two characters", b"position")


@pytest.fixture
def feed(service: Service) -> Iterator[Feed]:
    feed = Feed(service.queue, POSITIONS)
    yield feed
    feed.close()


class Speaker:
    """A running job that says one number after the other, in lines of its log."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.job = add(service.store)
        self._claim: Claim = claim(service.store)
        self.said = 0

    def say(self, lines: int) -> None:
        """So many at once."""
        facts = [LogLine("info", str(self.said + n)) for n in range(lines)]
        assert report(self._service.store, self._claim, facts=facts)
        self.said += lines


@pytest.fixture
def speaker(service: Service) -> Speaker:
    return Speaker(service)


async def shown_by(view: OwnerView, speaker: Speaker) -> list[bytes]:
    """The lines that the viewer is shown, up to the last that was said."""
    lines: list[bytes] = []
    while f'"message":"{speaker.said - 1}"' not in str(lines[-1:]):
        shown = await asyncio.wait_for(view.next(), 30)
        assert shown is not None
        lines += lines_in(shown)
    return lines


def lines_in(shown: list[Frame]) -> list[bytes]:
    return [frame.data for frame in shown if frame.event == "log"]


def numbers_in(lines: list[bytes]) -> list[int]:
    return [int(one.partition(b'"message":"')[2].partition(b'"')[0]) for one in lines]


async def hear(listener: Listener[News], lines: int) -> None:
    """Return once so many have come here: all listeners were given them."""
    heard = 0
    while heard < lines:
        taken = await asyncio.wait_for(listener.take(30), 30)
        heard += len(lines_in(arrived(taken)))


async def test_who_reads_slowly_is_shown_what_he_missed_before_what_came_after(
    feed: Feed, service: Service, speaker: Speaker
) -> None:
    """What was dropped for him lies before what is still in hand."""
    prompt, view = feed.watch_all("ann"), OwnerView(service.queue, feed, POSITIONS, "ann")
    try:
        assert await prompt.take(AT_ONCE)  # from where on all listeners are told
        await view.open(None)
        speaker.say(1)
        await hear(prompt, 1)
        lines = await shown_by(view, speaker)
        for some in (400, 400, 300):  # of which two batches are dropped, and the third is kept
            speaker.say(some)
            await hear(prompt, some)
        lines += await shown_by(view, speaker)
        assert numbers_in(lines) == list(range(1101))
    finally:
        view.close()
        feed.leave(prompt)


@pytest.mark.parametrize("afterwards", [10, 0])
async def test_what_happens_between_a_viewer_s_look_and_the_reader_s_is_shown(
    feed: Feed,
    service: Service,
    speaker: Speaker,
    monkeypatch: pytest.MonkeyPatch,
    afterwards: int,
) -> None:
    """However much it is, and whether or not anything happens after it."""
    following = service.queue.following
    last_position, may_begin, has_begun = (
        following.last_position,
        threading.Event(),
        threading.Event(),
    )

    def late_for_the_reader() -> int:
        if threading.current_thread().name != "headway-feed":
            return last_position()
        assert may_begin.wait(30)
        position = last_position()
        has_begun.set()
        return position

    monkeypatch.setattr(following, "last_position", late_for_the_reader)
    view, prompt = OwnerView(service.queue, feed, POSITIONS, "ann"), feed.watch_all("ann")
    try:
        await view.open(None)
        for _ in range(5):
            speaker.say(500)
        may_begin.set()
        assert await to_thread.run_sync(has_begun.wait, 30)
        if afterwards:
            speaker.say(afterwards)
            await hear(prompt, afterwards)
        assert numbers_in(await shown_by(view, speaker)) == list(range(2500 + afterwards))
    finally:
        view.close()
        feed.leave(prompt)
