"""The worker: one thread, one loop, no user code.

Each turn hears what children, zygote and bell have to say, commits what was said in one
transaction, claims what there is room for, and ends what must end.
"""

import contextlib
import logging
import selectors
import socket
import time
from collections.abc import Sequence
from typing import Final

from headway.artifacts import ArtifactFiles
from headway.errors import OutcomeUnknown, StoreUnavailable
from headway.events.log import logged
from headway.events.spans import Tracer
from headway.job import Status, Verdict
from headway.operation import Registry
from headway.store.contract import Store, Waiter
from headway.store.values import Want
from headway.worker.attempt import Attempt, Ending
from headway.worker.lanes import Lanes
from headway.worker.lease import Lease
from headway.worker.options import WorkerOptions
from headway.worker.pool import Child, Exit, Pool
from headway.worker.protocol import LAST_WORDS
from headway.worker.record import CALM_SECONDS, Recorder
from headway.worker.starter import Starter, ref_of
from headway.worker.sweep import Sweep
from headway.worker.tracing import Tracing
from headway.worker.upkeep import Upkeep

POLL_SECONDS: Final = 0.25
"""The backstop for a lost ring."""

REST_SECONDS: Final = 0.2
"""Before a store that was unavailable is asked again."""

CROWD: Final = 4
"""Attempts under way beyond which latency gives way to larger groups."""

log = logging.getLogger("headway.worker")


class Worker:
    """Runs jobs until it is told to stop.

    `modules` name where the operations are; children import them, this process only needs what
    the registry says about them.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        files: ArtifactFiles,
        modules: Sequence[str],
        options: WorkerOptions,
        tracer: Tracer | None = None,
    ) -> None:
        self._store = store
        self._registry = registry
        self._files = files
        self._options = options
        self._selector = selectors.DefaultSelector()
        self._pool = Pool(self._selector, modules, self._on_exit, self._on_refused)
        self._recorder = Recorder(store.attempts, self._on_saved, self._on_lost)
        self._lease = Lease(
            store.workers,
            slots=options.slots,
            async_slots=options.async_slots,
            operations=sorted(one.name for one in registry),
            place=options.place,
        )
        self._sweep = Sweep(store.workers)
        self._upkeep = Upkeep(
            store,
            files,
            keep=options.keep,
            keep_by_status=options.keep_by_status,
            copies=options.copies,
        )
        self._attempts: dict[str, Attempt] = {}
        self._tracing = Tracing(tracer)
        self._exiting: set[str] = set()
        self._lanes = Lanes(self._pool)
        self._starter = Starter(registry, files, self._pool, self._lanes, options)
        self._look = True
        self._check_held = False
        self._next_poll = 0.0
        self._next_claim = 0.0
        self._rest_until = 0.0
        self._listened = 0.0
        """All that was said before then has been heard."""
        self._stops = 0
        self._stops_seen = 0
        self._grace_ends: float | None = None
        self._were_running = 0
        self._went_back = 0
        self._awake, self._waker = socket.socketpair()
        self._waker.setblocking(False)

    def stop(self) -> None:
        """Drain, then end; called twice, end at once. Safe from threads and signal handlers."""
        self._stops += 1
        with contextlib.suppress(OSError):  # full of wake-ups already, or the worker has ended
            self._waker.send(b"!")

    def look(self) -> None:
        """Look for work now, whatever the bell says. Safe from threads."""
        with contextlib.suppress(OSError):  # it will look anyway, or has ended
            self._waker.send(b"?")

    def run(self) -> None:
        """Work until stopped; every job that was still running has gone back when this returns."""
        self._selector.register(self._awake, selectors.EVENT_READ, self._awake)
        self._pool.start()
        work, cancel = self._store.bell.listen("work"), self._store.bell.listen("cancel")
        for waiter in (work, cancel):
            self._selector.register(waiter.fileno(), selectors.EVENT_READ, waiter)
        self._work = work
        self._lease.begin()
        self._upkeep.start()
        log.info("worker %s is ready: %d slots", self._lease.worker, self._options.slots)
        try:
            while not self._finished():
                self._turn()
        finally:
            self._close(work, cancel)

    def _turn(self) -> None:
        self._listen(self._pause())
        try:
            self._beat()
            self._write()
            self._poll()
            self._claim()
        except StoreUnavailable as error:
            if isinstance(error, OutcomeUnknown) and not error.undone_by_next_write:
                self._begin_anew(error)
            else:  # the next try undoes what there may be
                log.warning("the store is unavailable, trying again: %s", error)
            self._rest_until = time.monotonic() + REST_SECONDS
        self._enforce()
        self._drain()

    def _begin_anew(self, error: OutcomeUnknown) -> None:
        """Written again, it might be there twice; a claim may be ours without our knowledge."""
        log.warning("giving up %d attempts, to begin anew: %s", len(self._attempts), error)
        self._give_up()
        self._recorder.drop()
        self._lease.lapse()

    # -- hearing

    def _pause(self) -> float:
        """Seconds until something is due even if nobody says a word."""
        if (rest := self._rest_until - time.monotonic()) > 0:
            return rest
        if self._stops != self._stops_seen:
            return 0.0
        now = time.monotonic()
        waits = [self._lease.beat_in(), self._next_poll - now]
        if self._look and self._wants():
            waits.append(self._next_claim - now if self._crowded else 0.0)
        if (due := self._recorder.due_in(crowded=self._crowded)) is not None:
            waits.append(due)
        if self._grace_ends is not None:
            waits.append(self._grace_ends - now)
        waits += [duty - now for one in self._attempts.values() if (duty := one.next_duty())]
        return max(0.0, min(waits))

    @property
    def _crowded(self) -> bool:
        """True when other attempts are under way: what comes next can share their commits."""
        return len(self._attempts) > CROWD

    def _listen(self, timeout: float) -> None:
        self._listened = time.monotonic()
        for key, events in self._selector.select(timeout):
            source = key.data
            if isinstance(source, Child):
                if events & selectors.EVENT_WRITE:
                    source.flush()
                if events & selectors.EVENT_READ:
                    self._hear(source)
            elif source is self._pool:
                self._pool.serve()
            elif source is self._awake:
                self._awake.recv(4096)
                self._look = True
            else:
                source.wait(0)
                self._look = self._look or source is self._work
                self._check_held = self._check_held or source is not self._work

    def _hear(self, child: Child) -> None:
        for message in child.receive():
            attempt = self._attempts.get(message[1])
            if attempt is None or attempt.ending is Ending.LOST:
                if attempt is not None and message[0] in LAST_WORDS:
                    self._forget(attempt)
                continue
            verdict = attempt.take(message, self._recorder.of(attempt.claim))
            if verdict is not None:
                self._conclude(attempt, verdict)

    def _on_exit(self, child: Child, exit: Exit) -> None:
        """A child has ended: with its last word said, or without."""
        self._hear(child)
        while not child.silent:
            self._hear(child)
        self._lanes.drop(child)
        orphans = [one for one in self._attempts.values() if one.child is child]
        for attempt in orphans:
            self._files.drop_scratch(attempt.claim.job.id, attempt.claim.token)
            verdict = attempt.gone(exit, siblings=len(orphans) - 1)
            if verdict is None:
                self._forget(attempt)
            else:
                self._conclude(attempt, verdict)
        self._exiting.discard(child.id)
        self._look = True

    def _on_refused(self, child: Child, error: str, traceback: str) -> None:
        for attempt in [one for one in self._attempts.values() if one.child is child]:
            verdict = attempt.refused(error, traceback)
            if verdict is None:
                self._forget(attempt)
            else:
                self._conclude(attempt, verdict)
        self._exiting.discard(child.id)

    # -- recording

    def _conclude(self, attempt: Attempt, verdict: Verdict) -> None:
        self._recorder.of(attempt.claim).verdict = verdict
        if verdict.reason != "completed" or log.isEnabledFor(logging.DEBUG):
            logged(attempt.ended(verdict))
        self._tracing.ended(attempt, verdict)
        self._went_back += self._stops > 0 and verdict.status is Status.PENDING
        if verdict.status.finished:  # one of them may have stood still, and written since
            self._files.drop_earlier_scratch(attempt.claim.job.id, attempt.claim.token)
        self._forget(attempt)

    def _forget(self, attempt: Attempt) -> None:
        del self._attempts[attempt.ref]
        self._tracing.ended(attempt, None)
        if attempt.ending is Ending.LOST:
            self._recorder.forget(*attempt.key)
        if not attempt.shared:
            self._exiting.add(attempt.child.id)
        elif not self._lanes.is_main(attempt.child):
            self._retire(attempt.child)
        self._look = True

    def _retire(self, child: Child) -> None:
        """End a child for suspects when the last of them has ended."""
        if all(one.child is not child for one in self._attempts.values()):
            self._lanes.drop(child)
            child.close()

    def _write(self) -> None:
        for topic in self._recorder.write(crowded=self._crowded):
            self._store.bell.ring(topic)

    def _on_saved(self, seq: int, token: int) -> None:
        attempt = self._attempts.get(ref_of(seq, token))
        if attempt is not None:
            attempt.saved()

    def _on_lost(self, seq: int, token: int) -> None:
        attempt = self._attempts.get(ref_of(seq, token))
        if attempt is not None:
            attempt.end(Ending.LOST)

    # -- the lease, and what others may have done to our claims

    def _beat(self) -> None:
        if self._lease.beat_in() > 0:
            return
        if self._lease.beat():
            if self._sweep.run():
                self._store.bell.ring("work")
            return
        log.warning("the lease has lapsed: %d attempts are given up", len(self._attempts))
        self._give_up()
        self._lease.begin()

    def _give_up(self) -> None:
        """End all attempts without another word: their jobs are given to others, or will be."""
        for attempt in list(self._attempts.values()):
            attempt.end(Ending.LOST)

    def _poll(self) -> None:
        now = time.monotonic()
        if now >= self._next_poll:
            self._next_poll = now + POLL_SECONDS
            if self._store.changed():
                self._look = self._check_held = True
            elif self._store.attempts.next_due_in() == 0.0:
                self._look = True
        if self._check_held and self._attempts:
            held = self._store.attempts.held(self._lease.worker)
            for attempt in self._attempts.values():
                if attempt.key not in held:
                    attempt.end(Ending.LOST)
        self._check_held = False

    # -- claiming

    def _wants(self) -> list[Want]:
        """What there is room for."""
        if self._stops:
            return []
        return self._starter.wants(self._attempts.values(), len(self._exiting))

    def _claim(self) -> None:
        if not self._look or (self._crowded and time.monotonic() < self._next_claim):
            return
        wants = self._wants()
        claims = self._starter.claim(self._store.attempts, self._lease.worker, wants)
        self._look = bool(claims)
        if claims:
            self._next_claim = time.monotonic() + CALM_SECONDS
            self._store.bell.ring("news")
            started = self._starter.start(claims)
            self._attempts.update((attempt.ref, attempt) for attempt in started)
            self._tracing.began(started, self._lease.worker)

    # -- ending

    def _enforce(self) -> None:
        now = time.monotonic()
        for attempt in list(self._attempts.values()):
            attempt.enforce(now, self._listened)
        self._pool.enforce(now)

    def _drain(self) -> None:
        """First stop: children end at a checkpoint within the grace time. Second: at once."""
        if self._stops == 0:
            return
        if self._stops_seen == 0:
            self._were_running = len(self._attempts)
            log.info("stopping: %d jobs are running", self._were_running)
            self._grace_ends = time.monotonic() + self._options.grace
            for attempt in self._attempts.values():
                attempt.ask_to_stop()
        self._stops_seen = self._stops
        assert self._grace_ends is not None
        if self._stops > 1 or time.monotonic() >= self._grace_ends:
            self._grace_ends = time.monotonic() + 3600
            for attempt in self._attempts.values():
                attempt.end(Ending.STOPPING)

    def _finished(self) -> bool:
        return self._stops > 0 and not self._attempts and self._recorder.due_in() is None

    def _close(self, *waiters: Waiter) -> None:
        self._upkeep.stop()
        self._pool.stop()
        try:
            self._lease.end()
        except StoreUnavailable as error:
            log.warning("could not leave; the sweep of another worker will see to it: %s", error)
        self._store.bell.ring("work")
        self._tracing.close()
        for waiter in waiters:
            waiter.close()
        self._selector.close()
        self._awake.close()
        self._waker.close()
        log.info(
            "worker %s has stopped: %d jobs were running, %d of them went back",
            self._lease.worker,
            self._were_running,
            self._went_back,
        )
