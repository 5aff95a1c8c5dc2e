"""The worker: one thread, one loop, no user code.

Each turn hears what children, zygote and bell have to say, commits what was said in one
transaction, claims what there is room for, and ends what must end.
"""

import contextlib
import logging
import time
from collections.abc import Sequence
from typing import Final

from headway.artifacts import ArtifactFiles
from headway.counting import counted
from headway.errors import OutcomeUnknown, StoreUnavailable
from headway.events.spans import Tracer
from headway.registry import Registry
from headway.store.contract import Store
from headway.worker.claimant import Claimant
from headway.worker.drain import Drain
from headway.worker.ears import Ears
from headway.worker.lanes import Lanes
from headway.worker.lease import Beat, Lease
from headway.worker.options import WorkerOptions
from headway.worker.pool import Pool
from headway.worker.roster import Roster
from headway.worker.starter import Starter
from headway.worker.sweep import Sweep
from headway.worker.tracing import Tracing
from headway.worker.upkeep import Upkeep

POLL_SECONDS: Final = 0.25
"""The backstop for a lost ring."""

REST_SECONDS: Final = 0.2
"""Before a store that was unavailable is asked again."""

ENDING_SECONDS: Final = 0.1
"""Between two looks at whether the children of a lost lease have been told to end in every way."""

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
        self._options = options
        self._ears = Ears()
        self._tracing = Tracing(tracer)
        lanes = Lanes()
        self._roster = roster = Roster(store.attempts, registry, files, lanes, self._tracing)
        self._pool = Pool(
            self._ears.selector,
            modules,
            options.withheld,
            roster.on_exit,
            roster.on_refused,
            options.groups,
        )
        starter = Starter(registry, files, self._pool, lanes, options, self._tracing)
        self._drain = Drain(roster, options.grace)
        self._claimant = Claimant(store, starter, self._pool, roster, self._drain)
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
        self._check_held = False
        """Whether somebody may have taken claims of ours."""
        self._next_poll = 0.0
        self._rest_until = 0.0

    def stop(self) -> None:
        """Drain, then end; called twice, end at once. Safe from threads and signal handlers."""
        self._drain.tell()
        self._ears.wake()

    def look(self) -> None:
        """Look for work now, whatever the bell says. Safe from threads."""
        self._ears.wake()

    def run(self) -> None:
        """Work until stopped; every job that was still running has gone back when this returns."""
        with contextlib.ExitStack() as begun:
            self._begin(begun)
            slots = counted(self._options.slots, "slot")
            log.info("worker %s is ready: %s", self._lease.worker, slots)
            while not self._finished():
                self._turn()

    def _begin(self, begun: contextlib.ExitStack) -> None:
        """Begin each part with its end, which comes in reverse, whatever else cannot be ended."""
        begun.callback(self._tell_of_the_end)
        self._ears.open(self._store.bell, begun)
        begun.callback(self._tracing.close)
        begun.callback(self._store.bell.ring, "work")
        begun.callback(self._leave)
        begun.callback(self._pool.stop)  # before the lease: what it gives back runs no more
        self._pool.start()
        self._lease.begin()
        begun.callback(self._upkeep.stop)
        self._upkeep.start()

    def _turn(self) -> None:
        self._listen()
        try:
            if self._beat():
                self._write()
                self._poll()
                self._claimant.claim(self._lease.worker)
        except StoreUnavailable as error:
            if isinstance(error, OutcomeUnknown) and not error.undone_by_next_write:
                self._begin_anew(error)
            else:  # the next try undoes what there may be
                log.warning("the store is unavailable, trying again: %s", error)
            self._rest_until = time.monotonic() + REST_SECONDS
        self._enforce()
        self._drain.advance()

    def _begin_anew(self, error: OutcomeUnknown) -> None:
        """Written again, it might be there twice; a claim may be ours without our knowledge."""
        given_up = counted(len(self._roster), "attempt")
        log.warning("giving up %s, to begin anew: %s", given_up, error)
        self._roster.give_up()
        self._roster.recorder.drop()
        self._lease.lapse()

    # -- hearing

    def _listen(self) -> None:
        work, cancel = self._ears.listen(self._pause(), self._pool, self._roster.hear)
        if work:
            self._claimant.look()
        self._check_held = self._check_held or cancel

    def _pause(self) -> float:
        """Seconds until something is due even if nobody says a word."""
        now = time.monotonic()
        if (rest := self._rest_until - now) > 0:
            return rest
        waits = [
            self._lease.beat_in(),
            self._next_poll - now,
            self._drain.due_in(),
            self._roster.recorder.due_in(crowded=self._roster.crowded),
            self._claimant.due_in(),
            *(duty - now for one in self._roster if (duty := one.next_duty())),
        ]
        return max(0.0, min(one for one in waits if one is not None))

    def _write(self) -> None:
        for topic in self._roster.recorder.write(crowded=self._roster.crowded):
            self._store.bell.ring(topic)

    # -- the lease, and what others may have done to our claims

    def _beat(self) -> bool:
        """Keep the lease up, or begin anew; False while the children of a lost one are being ended.

        Until then the store is left alone: it may say nothing for seconds, and they must not.
        """
        if self._lease.beat_in() > 0:
            return True
        beat = self._lease.beat()
        if beat is Beat.HELD and self._sweep.run():
            self._store.bell.ring("work")
        if beat is not Beat.LAPSED:
            return True
        if not self._lease.lapsed:
            given_up = counted(len(self._roster), "attempt")
            log.warning("the lease has lapsed: %s given up", given_up)
        self._lease.lapse()
        self._roster.give_up()
        if self._roster.being_killed:
            self._rest_until = time.monotonic() + ENDING_SECONDS
            return False
        self._lease.begin()
        return True

    def _poll(self) -> None:
        now = time.monotonic()
        if now >= self._next_poll:
            self._next_poll = now + POLL_SECONDS
            if self._store.changed():
                self._claimant.look()
                self._check_held = True
            elif self._store.attempts.next_due_in() == 0.0:
                self._claimant.look()
        if self._check_held and self._roster:
            self._roster.keep(self._store.attempts.held(self._lease.worker))
        self._check_held = False

    # -- ending

    def _enforce(self) -> None:
        now = time.monotonic()
        self._roster.enforce(now, self._ears.listened)
        self._pool.enforce(now)

    def _finished(self) -> bool:
        if not self._drain.begun or self._roster:
            return False
        return self._roster.recorder.due_in() is None or self._cannot_be_told

    @property
    def _cannot_be_told(self) -> bool:
        """Whether what attempts said last is the sweep's to find: by the end of our lease, or when we
        were told twice and the store has just refused it."""
        return self._lease.lapsed or (self._drain.at_once and self._rest_until > time.monotonic())

    def _leave(self) -> None:
        try:
            self._lease.end()
        except StoreUnavailable as error:
            log.warning("could not leave; the sweep of another worker will see to it: %s", error)

    def _tell_of_the_end(self) -> None:
        self._drain.tell_of_the_end(self._lease.worker)
