"""What one viewer of a job sees: history from where he left off, the present, then the news."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

from anyio import to_thread
from starlette.types import Message

from headway.errors import NotFound
from headway.estimate import Estimate
from headway.events import Event
from headway.http import frames
from headway.http.feed import Feed
from headway.http.frames import Frame
from headway.http.news import News, Place, arrived, step
from headway.job import Job
from headway.queue import Queue

PING_SECONDS: Final = 15.0


class View:
    """One viewer's place in one job's life. Each durable event is shown once, in order.

    Made on the running loop; it must be closed."""

    def __init__(self, queue: Queue, feed: Feed, job_id: str, owner: str) -> None:
        self._queue = queue
        self._feed = feed
        self._job_id = job_id
        self._owner = owner
        # Listening begins before the first read: what happens in between is heard twice, not never.
        self._listener = feed.watch(job_id)
        self._write: Callable[[Message], bool] | None = None
        self._place = Place()

    def attach(self, write: Callable[[Message], bool]) -> None:
        """Have news written by `write`, encoded, while `next` waits, which then need not return for
        them. It answers False for what it leaves to `next`."""
        self._write = write
        self._listener.sink = self._pass_on

    def wake(self) -> None:
        """Make `next` return."""
        self._listener.wake()

    def end(self) -> None:
        """Make `next` return None: the viewer has left."""
        self._listener.end()

    def close(self) -> None:
        """Stop listening. Closing twice is fine."""
        self._feed.leave(self._listener)

    async def open(self, after: str | int | None) -> list[Frame]:
        """What to show first. Raise `NotFound` or `NotAuthorized`.

        `after` is the last event the viewer has; None, or what is no id of this job's, shows the
        present alone.
        """
        after = event_id(after) if isinstance(after, str) else after
        job, estimate = await to_thread.run_sync(self._look)
        if after is None or not 0 <= after <= job.last_event:
            return self._present(job, [], estimate)
        return await self._from(after, job, estimate)

    async def next(self) -> list[Frame] | None:
        """What to show next; empty when it is time for a sign of life, None at the end."""
        while True:
            taken = await self._listener.take(PING_SECONDS)
            if self._listener.closed:
                return None
            forward = step(self._place, arrived(taken))
            if self._listener.missed() or forward.is_behind:
                return await self._catch_up()
            self._place = forward.place
            if forward.frames or not taken:
                return forward.frames

    def _pass_on(self, news: News) -> bool:
        """Write the news, if nothing lies before them and nothing ends with them."""
        forward = news.step_from(self._place)
        if self._write is None or forward.is_behind or forward.is_last:
            return False
        if forward.frames and not self._write(forward.chunk):
            return False
        self._place = forward.place
        return True

    async def _catch_up(self) -> list[Frame]:
        try:
            return await self.open(self._place.number)
        except NotFound:
            return [frames.missing()]

    def _look(self) -> tuple[Job, Estimate]:
        job = self._queue.get(self._job_id, self._owner)
        return job, self._queue.estimate(job)

    async def _from(self, after: int, job: Job, estimate: Estimate) -> list[Frame]:
        history: list[Frame] = []
        reached = after
        while reached < job.last_event:
            page = await to_thread.run_sync(self._page, reached)
            known = [event for event in page if event.number <= job.last_event]
            if not known:
                break
            history += frames.told(known, job)
            reached = known[-1].number
        if history and history[-1].last:
            self._place = Place(job.last_event, job.version)
            return history
        return self._present(job, history, estimate)

    def _present(self, job: Job, history: list[Frame], estimate: Estimate) -> list[Frame]:
        self._place = Place(job.last_event, job.version)
        return history + frames.present(job, estimate)

    def _page(self, after: int) -> Sequence[Event]:
        return self._queue.history(self._job_id, after=after)


def event_id(text: str | None) -> int | None:
    """The number in an event id; None for anything that is none of ours."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= 15
    return int(text) if is_number and text is not None else None


async def until_finished(
    queue: Queue, feed: Feed, job_id: str, owner: str, *, seconds: float
) -> Job:
    """The job once it has ended, or as it is after so many seconds."""
    listener = feed.watch(job_id)
    try:
        deadline = monotonic() + seconds
        job = await to_thread.run_sync(queue.get, job_id, owner)
        while not (job.status.finished or listener.closed):
            taken = await listener.take(max(0.0, deadline - monotonic()))
            ended = any(frame.last for frame in arrived(taken)) or listener.missed()
            if ended or monotonic() >= deadline:
                job = await to_thread.run_sync(queue.get, job_id, owner)
            if monotonic() >= deadline:
                break
        return job
    finally:
        feed.leave(listener)
