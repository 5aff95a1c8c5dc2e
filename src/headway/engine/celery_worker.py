"""A Celery worker with a Headway worker inside: Celery hears, Headway runs.

The Headway worker, its core, is a process that the Celery worker supervises: the same program as
the embedded worker of the local engine, so that jobs are claimed, run, cancelled and given back in
the same way. A message that Celery receives rings for it. See `docs/decisions/engine.md`.
"""

import contextlib
import logging
import os
import select
import socket
import threading
import time
from contextlib import closing
from typing import Any, Final
from uuid import uuid4

from celery import Celery, signals
from kombu.exceptions import KombuError

from headway.engine.celery_app import TASK, make_app, make_publisher, waiting_in
from headway.engine.environment import environment_of_worker
from headway.engine.supervisor import Supervisor
from headway.errors import SettingsError
from headway.settings import Settings

MARGIN_SECONDS: Final = 2.5
"""What the core gets beyond the grace time of its jobs before it is killed."""

SILENT_SECONDS: Final = 5.0
"""What Celery gets beyond that to say farewell to its broker, which may be silent."""

_DECLARED_OTHERWISE: Final = 406
"""AMQP 0-9-1's reply code for a queue that is there with other arguments: PRECONDITION_FAILED."""

log = logging.getLogger("headway.engine")


_TALKATIVE: Final = ("celery.worker.strategy", "celery.app.trace")
"""They have two lines for each message. The jobs, which matter, have their history."""


class Core:
    """The Headway worker of a Celery worker: begins, hears and ends with it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._patience = settings.grace + MARGIN_SECONDS
        self._supervisor: Supervisor | None = None
        self._heard, self._told = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def start(self, instance: Any, **_: Any) -> None:
        """Run the core: it takes jobs of the queues that this Celery worker hears of."""
        queues = ",".join(sorted(instance.app.amqp.queues.consume_from))
        self._supervisor = Supervisor(
            environment_of_worker(self._settings),
            patience=self._patience,
            # A place of nobody else's: what a core leaves behind is its successor's at once.
            arguments=["--queues", queues, "--place", f"{instance.hostname}:{uuid4()}"],
        )
        # A process of a pool would else hold the lifeline, and the core would outlive us.
        os.register_at_fork(after_in_child=self._supervisor.let_go)
        threading.Thread(target=self._supervisor.run, name="headway-core", daemon=True).start()
        threading.Thread(target=self._follow, name="headway-end", daemon=True).start()

    def ring(self, request: Any, **_: Any) -> None:
        """A message has come, whatever it says beside the name of our task."""
        if self._supervisor is not None and request.name == TASK:
            self._supervisor.ring()

    def shutting_down(self, how: str, **_: Any) -> None:
        """A signal has told the worker to stop. From within its handler: so it is only noted."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._told, b"c" if how == "Cold" else b"w")

    def stop(self, **_: Any) -> None:
        """Return when the core has ended and its jobs are given back."""
        if self._supervisor is not None:
            self._supervisor.stop()

    def _follow(self) -> None:
        """End the core when told to: at once when told twice or coldly. And end the whole process
        when Celery, whose broker may say nothing any more, does not."""
        assert self._supervisor is not None
        ends: float | None = None
        poll = select.poll()
        poll.register(self._heard, select.POLLIN)
        while poll.poll(None if ends is None else max(0.0, ends - time.monotonic()) * 1000):
            for word in os.read(self._heard, 16):
                again = ends is not None
                ends = ends or time.monotonic() + self._patience + SILENT_SECONDS
                self._supervisor.drain()
                if again or word == ord("c"):
                    self._supervisor.hurry()
        log.warning("Celery has not ended, most likely for a silent broker: ending without it")
        os._exit(0)


def attach(app: Celery, settings: Settings) -> Celery:
    """Give every worker that this process becomes a core. The application, for a chain."""
    core = Core(settings)
    app.set_current()
    signals.celeryd_after_setup.connect(core.start, weak=False)
    signals.task_received.connect(core.ring, weak=False)
    signals.worker_shutting_down.connect(core.shutting_down, weak=False)
    signals.worker_shutdown.connect(core.stop, weak=False)
    return app


def check_queues(settings: Settings) -> None:
    """Raise `SettingsError` for a queue that is there, and of another type. A broker that is away may
    come back, so nothing is said of it here."""
    app = make_publisher(settings)
    with closing(app.connection_for_write()) as connection:
        if connection.transport.driver_type != "amqp":  # others know no types
            return
        for name in settings.queues or settings.all_queues:
            try:
                connection.ensure_connection(max_retries=1, interval_start=0)
                waiting_in(app, connection.channel(), name)
            except (KombuError, OSError, *connection.connection_errors):
                return
            except connection.channel_errors as error:
                if getattr(error, "code", None) != _DECLARED_OTHERWISE:
                    return
                raise SettingsError(
                    f"expected the queue {name} to be a {settings.queue_type} one, as HEADWAY_QUEUE_TYPE"
                    " says, got one that was declared otherwise; stop all that use it and delete it"
                    f" (rabbitmqctl delete_queue {name}), which loses no job, or set HEADWAY_QUEUE_TYPE"
                    " to what it was, everywhere"
                ) from None


def run_worker(settings: Settings) -> int:
    """Be a Celery worker until told to stop; its exit code. Its pool only carries rings."""
    check_queues(settings)
    app = attach(make_app(settings), settings)
    app.conf.worker_hijack_root_logger = False
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    worker = app.Worker(
        pool="solo",
        hostname=f"headway-{os.getpid()}@{socket.gethostname()}",
        queues=list(settings.queues),
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
