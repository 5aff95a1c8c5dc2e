"""One reader for all viewers of a process: it hears the bell, reads what is new, and publishes."""

import logging
import threading
from time import monotonic
from typing import Final

from headway.errors import StoreError
from headway.events.hub import Hub, Listener
from headway.http.apart import DEFECT_SECONDS
from headway.http.cursors import Cursors
from headway.http.job_news import JobNews
from headway.http.news import News
from headway.http.owner_news import OwnerNews
from headway.queue import Queue
from headway.store.contract.bell import Waiter

POLL_SECONDS: Final = 0.25
"""The backstop for a lost ring."""
LINGER_SECONDS: Final = 2.0
"""How long the reader outlives its last viewer: the next one is often on his way."""
_CALM_SECONDS: Final = 0.004
"""Between two reads: workers may commit a thousand times a second, eyes need less."""

_log = logging.getLogger("headway")


class Feed:
    """Follows the jobs that somebody watches. Its thread runs only while somebody does."""

    def __init__(self, queue: Queue, positions: Cursors) -> None:
        self._queue = queue
        self._hub: Hub[News] = Hub()
        self._owners: Hub[News] = Hub()
        self._waiting: Hub[News] = Hub()
        self._job_news = JobNews(queue, self._hub)
        self._owner_news = OwnerNews(queue, self._owners, positions)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiter: Waiter | None = None

    def watch(self, job_id: str) -> Listener[News]:
        """Begin to hear of this job, on the running loop; give the listener to `leave`."""
        return self._listen(self._hub, job_id)

    def watch_all(self, owner: str) -> Listener[News]:
        """Begin to hear of all jobs of this owner, as `watch` does of one."""
        return self._listen(self._owners, owner)

    def wait_for_end(self) -> Listener[News]:
        """Hear of nothing but the end of all streams."""
        return self._waiting.listen("")

    def leave(self, listener: Listener[News]) -> None:
        """Stop hearing."""
        self._waiting.leave(listener)
        self._hub.leave(listener)
        self._owners.leave(listener)

    @property
    def closing(self) -> bool:
        """True once the process is stopping."""
        return self._closing.is_set()

    def end_streams(self) -> None:
        """Tell every viewer to come back later. Returns at once."""
        self._closing.set()
        self._hub.close()
        self._owners.close()
        self._waiting.close()

    def close(self) -> None:
        """End the streams and the reader. Closing twice is fine."""
        self.end_streams()
        with self._lock:
            thread = self._thread
            if self._waiter is not None:
                self._waiter.wake()
        if thread is not None:
            thread.join(timeout=5)

    def _listen(self, hub: Hub[News], topic: str) -> Listener[News]:
        listener = hub.listen(topic)
        try:
            self._be_awake()
        except BaseException:
            hub.leave(listener)  # nobody else can
            raise
        return listener

    def _be_awake(self) -> None:
        with self._lock:
            if self._waiter is not None:
                self._waiter.wake()
            elif not self._closing.is_set():
                self._start()

    def _start(self) -> None:
        self._waiter = self._queue.following.listen()
        self._thread = threading.Thread(
            target=self._run, args=(self._waiter,), name="headway-feed", daemon=True
        )
        self._thread.start()

    def _run(self, waiter: Waiter) -> None:
        quiet = 0.0
        while not self._is_over(quiet):
            rested_at = self._read() + monotonic()
            rang = waiter.wait(POLL_SECONDS)
            quiet = 0.0 if self._is_watched() else quiet + (0 if rang else POLL_SECONDS)
            self._closing.wait(max(0.0, rested_at - monotonic()))
        waiter.close()

    def _is_over(self, quiet: float) -> bool:
        """True when nobody needs the reader any more; whoever comes next starts another one."""
        if not self._closing.is_set() and quiet < LINGER_SECONDS:
            return False
        with self._lock:
            if self._is_watched() and not self._closing.is_set():
                return False
            self._thread = self._waiter = None
            self._job_news.forget()
            self._owner_news.forget()
            return True

    def _is_watched(self) -> bool:
        return bool(self._hub.topics() or self._owners.topics())

    def _read(self) -> float:
        """Publish what is new of what is watched; how many seconds to rest afterwards."""
        began = monotonic()
        try:
            changed = self._queue.following.changed()
            self._job_news.read(changed=changed)
            self._owner_news.read(changed=changed)
        except StoreError as error:
            # What changed meanwhile must be read then, though nothing changes any more.
            self._job_news.forget()
            self._owner_news.look_again()
            _log.warning("live updates wait for the store: %s", error)
        except Exception:  # noqa: BLE001 - all viewers of the process depend on this thread
            self._job_news.forget()
            self._owner_news.forget()
            _log.exception("live updates begin anew in %g s: this is a defect", DEFECT_SECONDS)
            return DEFECT_SECONDS
        # At least as long as the read took, which grows with those who watch.
        took = monotonic() - began
        return max(_CALM_SECONDS - took, took)
