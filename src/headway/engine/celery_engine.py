"""The Celery engine as whoever submits sees it: an offer is a message, published by one thread.

Workers run elsewhere: see `celery_worker`.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Collection
from typing import Any, Final

from kombu.exceptions import KombuError

from headway.engine.celery_app import NEWS_SECONDS, TASK, make_publisher, waiting_in
from headway.settings import Settings

PAUSE_SECONDS: Final = 0.05
"""Between two rounds: what is offered meanwhile goes into the next one."""

AT_ONCE: Final = 8
"""Messages that wait in one queue at most: each may reach another worker, and one worker takes as
many jobs as it has room for."""

RETRY_SECONDS: Final = 2.0
"""Offers are dropped for so long after the broker could not be reached."""

STOP_SECONDS: Final = 1.0
"""The last messages have so long to go out."""

CLOSE_SECONDS: Final = 0.1
"""A connection that is given up has so long to say so."""

log = logging.getLogger("headway.engine")


class CeleryEngine:
    """See `engine.contract.Engine`. It runs no workers by itself.

    A broker that is down or hangs holds up one thread of ours, and nobody else: its messages are
    dropped, and workers find what was committed by themselves.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app = make_publisher(settings)
        self._lock = threading.Lock()
        self._offered: Counter[str] = Counter()
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._reached = True

    def start(self) -> None:
        """See `Engine.start`."""

    def offer(self, operations: Collection[str]) -> None:
        """See `Engine.offer`."""
        with self._lock:
            if self._stopping.is_set():
                return
            for queue in {self._settings.queue_of(one) for one in operations}:
                self._offered[queue] += 1
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._keep_publishing, name="headway-publisher", daemon=True
                )
                self._thread.start()
        self._due.set()

    def drain(self) -> None:
        """See `Engine.drain`."""

    def stop(self) -> None:
        """See `Engine.stop`."""
        with self._lock:
            self._stopping.set()
            thread = self._thread
        self._due.set()
        if thread is not None:
            thread.join(STOP_SECONDS)

    def _keep_publishing(self) -> None:
        """Publish until stopped, whatever happens: nobody would begin another thread."""
        while True:
            try:
                self._publish_rounds()
            except Exception:  # what is offered meanwhile goes into the next round
                log.exception("messages were not sent for a defect of ours: trying again")
                if self._stopping.wait(RETRY_SECONDS):
                    return
            else:
                return

    def _publish_rounds(self) -> None:
        connection = self._app.connection_for_write()
        try:
            while True:
                self._due.wait()
                self._due.clear()
                with self._lock:
                    offered, self._offered = self._offered, Counter()
                pause = PAUSE_SECONDS if self._publish(connection, offered) else RETRY_SECONDS
                if self._stopping.wait(pause) and not self._offered:
                    return
        finally:
            connection.collect(CLOSE_SECONDS)

    def _publish(self, connection: Any, offered: Counter[str]) -> bool:
        """Send the messages of a round; False when the broker could not be reached."""
        began = time.monotonic()
        try:
            channel = connection.default_channel
            producer = self._app.amqp.Producer(channel, auto_declare=False)
            for queue, count in offered.items():
                # A queue that nobody listens to would grow without end.
                room = AT_ONCE - waiting_in(self._app, channel, queue)
                for _ in range(min(count, room)):
                    self._app.send_task(
                        TASK, (queue,), queue=queue, expires=NEWS_SECONDS, producer=producer
                    )
        except (
            KombuError,
            OSError,
            *connection.connection_errors,
            *connection.channel_errors,
        ) as error:
            connection.collect(CLOSE_SECONDS)  # the next round begins with a new one
            self._dropped(error, time.monotonic() - began)
            return False
        if offered and not self._reached:
            log.info("the broker can be reached again")
            self._reached = True
        return True

    def _dropped(self, error: Exception, took: float) -> None:
        """Say once that the broker is away."""
        if self._reached:
            log.warning(
                "the broker could not be reached (%.1f s): workers find new jobs by themselves until"
                " it can be: %s",
                took,
                error,
            )
        self._reached = False
