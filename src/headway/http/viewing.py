"""What one viewer of a job sees: history from where he left off, the present, then the news."""

from collections.abc import Sequence

from headway.errors import NotFound
from headway.estimate import Estimate
from headway.events import Event
from headway.http import frames
from headway.http.feed import Feed
from headway.http.frames import Frame
from headway.http.news import JobPlace
from headway.http.viewer import Viewer, read
from headway.job import Job
from headway.queue import Queue


class View(Viewer):
    """One viewer's place in one job's life: see `Viewer`."""

    def __init__(self, queue: Queue, feed: Feed, job_id: str, owner: str) -> None:
        super().__init__(feed, feed.watch(job_id), JobPlace())
        self._queue = queue
        self._job_id = job_id
        self._owner = owner

    async def open(self, after: str | int | None) -> list[Frame]:
        """See `Viewer.open`. What names an event is a number that the job has reached. Raise
        `NotFound` or `NotAuthorized`."""
        after = event_id(after) if isinstance(after, str) else after
        job, estimate = await read(self._look)
        if after is None or not 0 <= after <= job.last_event:
            return self._present(job, [], estimate)
        return await self._from(after, job, estimate)

    async def _catch_up(self) -> list[Frame]:
        try:
            return await self.open(self._place.number)
        except NotFound:
            return [frames.missing()]

    def _look(self) -> tuple[Job, Estimate]:
        job = self._queue.get(self._job_id, self._owner)
        return job, self._queue.following.estimate(job)

    async def _from(self, after: int, job: Job, estimate: Estimate) -> list[Frame]:
        """A page of the history, which `next` goes on with: whoever does not read must not have
        all of it held ready for him. After the last page, the present."""
        page = await read(lambda: self._page(after)) if after < job.last_event else ()
        known = [event for event in page if event.number <= job.last_event]
        if after < job.last_event and not known:
            await read(self._look)  # raises: the job was removed since, with all its history
        history = frames.told(known, job)
        if known and known[-1].number < job.last_event:
            self._place, self._behind = JobPlace(known[-1].number), True
            return history
        if history and history[-1].last:
            self._place, self._behind = JobPlace(job.last_event, job.version), False
            return history
        return self._present(job, history, estimate)

    def _present(self, job: Job, history: list[Frame], estimate: Estimate) -> list[Frame]:
        self._place, self._behind = JobPlace(job.last_event, job.version), False
        return history + frames.present(job, estimate)

    def _page(self, after: int) -> Sequence[Event]:
        return self._queue.following.history(self._job_id, after=after)


def event_id(text: str | None) -> int | None:
    """The number in an event id; None for anything that is none of ours."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= 15
    return int(text) if is_number and text is not None else None
