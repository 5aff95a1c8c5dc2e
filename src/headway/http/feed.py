"""One reader for all viewers of a process: it hears the bell, reads what is new, and publishes."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headway.errors import StoreError
from headway.events import Event
from headway.events.hub import Hub, Listener
from headway.http import frames
from headway.http.frames import Frame
from headway.job import Job
from headway.queue import Queue
from headway.store.contract import Waiter

POLL_SECONDS: Final = 0.25
"""The backstop for a lost ring."""
LINGER_SECONDS: Final = 2.0
"""How long the reader outlives its last viewer: the next one is often on his way."""
_CALM_SECONDS: Final = 0.004
"""Between two reads: workers may commit a thousand times a second, eyes need less."""
_PAGE: Final = 500

_log = logging.getLogger("headway")


@dataclass(slots=True)
class _Seen:
    """What was published of a job so far."""

    number: int
    update: tuple[str, float]


class Feed:
    """Follows the jobs that somebody watches. Its thread runs only while somebody does."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._hub: Hub[Frame] = Hub()
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiter: Waiter | None = None

    def watch(self, job_id: str) -> Listener[Frame]:
        """Begin to hear of this job, on the running loop; give the listener to `leave`."""
        listener = self._hub.listen(job_id)
        with self._lock:
            if self._waiter is not None:
                self._waiter.wake()
            elif not self._closing.is_set():
                self._start()
        return listener

    def leave(self, listener: Listener[Frame]) -> None:
        """Stop hearing."""
        self._hub.leave(listener)

    @property
    def closing(self) -> bool:
        """True once the process is stopping."""
        return self._closing.is_set()

    def end_streams(self) -> None:
        """Tell every viewer to come back later. Returns at once."""
        self._closing.set()
        self._hub.close()

    def close(self) -> None:
        """End the streams and the reader. Closing twice is fine."""
        self.end_streams()
        with self._lock:
            thread = self._thread
            if self._waiter is not None:
                self._waiter.wake()
        if thread is not None:
            thread.join(timeout=5)

    def _start(self) -> None:
        self._waiter = self._queue.listen()
        self._thread = threading.Thread(
            target=self._run, args=(self._waiter,), name="headway-feed", daemon=True
        )
        self._thread.start()

    def _run(self, waiter: Waiter) -> None:
        quiet = 0.0
        try:
            while not self._closing.is_set() and quiet < LINGER_SECONDS:
                watched = self._hub.topics()
                self._read(watched)
                rang = waiter.wait(POLL_SECONDS)
                quiet = 0.0 if watched else quiet + (0 if rang else POLL_SECONDS)
                self._closing.wait(_CALM_SECONDS)
        finally:
            self._stop(waiter)

    def _stop(self, waiter: Waiter) -> None:
        with self._lock:
            self._thread = self._waiter = None
            self._seen.clear()
            waiter.close()
            if self._hub.topics() and not self._closing.is_set():
                self._start()  # somebody came while we were leaving

    def _read(self, watched: Sequence[str]) -> None:
        """Publish what is new of the watched jobs."""
        for job_id in self._seen.keys() - set(watched):
            del self._seen[job_id]
        try:
            if self._queue.changed() or not self._seen.keys() >= set(watched):
                for start in range(0, len(watched), _PAGE):
                    self._publish(watched[start : start + _PAGE])
        except StoreError as error:
            _log.warning("live updates wait for the store: %s", error)

    def _publish(self, watched: Sequence[str]) -> None:
        found = {job.id: job for job in self._queue.present(watched)}
        for job_id in watched:
            job = found.get(job_id)
            news = [frames.missing()] if job is None else self._news(job)
            if news:
                self._hub.publish(job_id, news)

    def _news(self, job: Job) -> list[Frame]:
        update = (job.status.value, job.progress)
        seen = self._seen.get(job.id)
        if seen is None:
            # A viewer compares this with where he stands, and catches up if he stands behind it.
            self._seen[job.id] = _Seen(job.last_event, update)
            return frames.conclusion(job) if job.status.finished else [frames.snapshot(job)]
        events = self._events(job, seen.number)
        news = frames.told(events, job)
        told = any(event.kind == "status" for event in events)
        if update != seen.update and not told and not job.status.finished:
            news.append(frames.snapshot(job))
        self._seen[job.id] = _Seen(job.last_event, update)
        return news

    def _events(self, job: Job, after: int) -> list[Event]:
        """Those the row knows of: a later one is told with the row that follows it."""
        events: list[Event] = []
        while after < job.last_event:
            page = self._queue.history(job.id, after=after)
            if not page:
                break
            events += page
            after = page[-1].number
        return [event for event in events if event.number <= job.last_event]
