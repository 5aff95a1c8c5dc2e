"""Whatever becomes of lines, viewers and readers: each event is shown once, and in order."""

import asyncio
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from anyio import to_thread
from pydantic import SecretStr
from starlette.types import Message

from headway.events import LogLine
from headway.http import frames
from headway.http.cursors import Cursors
from headway.http.feed import Feed
from headway.http.frames import Frame
from headway.http.owner_view import OwnerView
from headway.http.viewer import Viewer
from headway.http.viewing import View
from headway.job import Job
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.values.attempts import Claim
from headway.wiring import Service, open_service
from tests.contract.acts import add, claims, complete, join, report
from tests.contract.opening import EVERY_KIND, kind_of, new_address
from tests.http.sse import events_of

OWNERS = ("ann", "bob", "cid")
PASSER_BY = "eve"
"""Her jobs end at once, and are removed with their history while others are read to."""
ROUNDS = 40
POSITIONS = Cursors(b"a secret of thirty-two characters", b"position")


@dataclass
class Process:
    """An API process, as far as viewers know it."""

    service: Service
    feed: Feed


@pytest.fixture(params=EVERY_KIND)
def processes(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[list[Process]]:
    """Two of them, at one store."""
    with ExitStack() as opened:
        address = opened.enter_context(new_address(request.param, data_dir))
        url = SecretStr(address) if kind_of(address) == "postgres" else None
        settings = Settings(data_dir=data_dir, database_url=url, embedded_worker=False)
        found = []
        for _ in range(2):
            service = open_service(settings)
            opened.callback(service.close)
            found.append(Process(service, Feed(service.queue, POSITIONS)))
            opened.callback(found[-1].feed.close)
        yield found


class Writer:
    """Does at random what workers and users do, and says how far it is."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self._store = store
        self._chance = chance
        self._moved = threading.Condition()
        self._rounds = 0
        self.jobs = [add(store, owner=owner) for owner in OWNERS for _ in range(2)]
        self._held: list[Claim] = claims(store, join(store), len(self.jobs))

    def write(self) -> None:
        """All rounds, and then the end of all jobs."""
        for _ in range(ROUNDS):
            self._one_round()
            with self._moved:
                self._rounds += 1
                self._moved.notify_all()
        for held in self._held:
            assert complete(self._store, held)

    def _one_round(self) -> None:
        for held in self._chance.sample(self._held, self._chance.randint(1, 3)):
            lines = self._chance.choice([1, 3, 50, 300])
            facts = [LogLine("info", str(n)) for n in range(lines)]
            assert report(self._store, held, facts=facts)
        add(self._store, owner=PASSER_BY)
        for held in claims(self._store, join(self._store), 1):
            complete(self._store, held)
        self._store.retention.prune(0.0)

    def wait_for(self, rounds: int) -> None:
        """Return once so many are over."""
        with self._moved:
            assert self._moved.wait_for(lambda: self._rounds >= min(rounds, ROUNDS), 60)

    @property
    def rounds(self) -> int:
        return self._rounds


@dataclass
class Watcher:
    """A client who is cut off now and then, goes elsewhere, and now and then does not read."""

    watch: Callable[[Process], Viewer]
    number_of: Callable[[str], int | None]
    left: int
    """How many jobs he has not seen the end of."""
    chance: random.Random
    place: str
    numbers: list[int] = field(default_factory=list)

    async def follow(self, processes: list[Process], writer: Writer) -> None:
        """Until the end of all."""
        while self.left:
            await self._one_line(self.chance.choice(processes), writer)

    async def _one_line(self, process: Process, writer: Writer) -> None:
        view = self.watch(process)
        try:
            shown = await view.open(self.place)
            if self.chance.random() < 0.5:
                view.attach(lambda pieces: self._written(view, pieces))
            for _ in range(self.chance.randint(1, 12)):
                is_cut = self.chance.random() < 0.1
                whole = b"".join(one["body"] for one in frames.pieces(shown))
                self._hear(whole[: self.chance.randint(0, len(whole))] if is_cut else whole)
                if is_cut or not self.left:
                    return
                if self.chance.random() < 0.2:
                    ahead = writer.rounds + self.chance.randint(1, 5)
                    await to_thread.run_sync(writer.wait_for, ahead)
                shown = await self._next(view)
        finally:
            view.close()

    async def _next(self, view: Viewer) -> list[Frame]:
        shown = await asyncio.wait_for(view.next(), 60)
        assert shown is not None
        return shown

    def _written(self, view: Viewer, pieces: Iterable[Message]) -> bool:
        if self.chance.random() < 0.2:
            return False
        for piece in pieces:
            self._hear(piece["body"])
        if not self.left:
            view.wake()
        return True

    def _hear(self, body: bytes) -> None:
        for one in events_of(iter(body.decode(errors="replace").split("\n"))):
            if one.id is None:
                continue
            self.place = one.id
            self.left -= one.event == "complete"
            number = self.number_of(one.id)
            assert number is not None
            if one.event != "ready":
                self.numbers.append(number)


def watchers_of(writer: Writer, chance: random.Random) -> list[Watcher]:
    """Two of each job, and two of all jobs of each owner."""

    def of_job(job: Job) -> Watcher:
        def watch(at: Process) -> Viewer:
            return View(at.service.queue, at.feed, job.id, job.owner)

        return Watcher(watch, int, 1, random.Random(chance.random()), "0")

    def of_owner(owner: str) -> Watcher:
        def watch(at: Process) -> Viewer:
            return OwnerView(at.service.queue, at.feed, POSITIONS, owner)

        begin = POSITIONS.seal(0)
        return Watcher(watch, POSITIONS.read, 2, random.Random(chance.random()), begin)

    return [of_job(job) for job in writer.jobs * 2] + [of_owner(owner) for owner in OWNERS * 2]


def positions_of(store: Store, owner: str) -> list[int]:
    found: list[int] = []
    while page := store.events.after(found[-1] if found else 0, owner=owner):
        found += [one.position for one in page]
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(2))
async def test_every_watcher_is_shown_every_event_once_and_in_order(
    processes: list[Process], seed: int
) -> None:
    """Of one job or of all, at whichever process, however slowly he reads, wherever his line is
    cut, while others' jobs come, end, and are removed from the history in between."""
    chance = random.Random(seed)
    store = processes[0].service.store
    writer = Writer(store, chance)
    watchers = watchers_of(writer, chance)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(to_thread.run_sync(writer.write))
        for watcher in watchers:
            tasks.create_task(watcher.follow(processes, writer))
    of_jobs, of_owners = watchers[: -2 * len(OWNERS)], watchers[-2 * len(OWNERS) :]
    for job, watcher in zip(writer.jobs * 2, of_jobs, strict=True):
        last = processes[0].service.queue.get(job.id, job.owner).last_event
        assert watcher.numbers == list(range(1, last + 1))
    for owner, watcher in zip(OWNERS * 2, of_owners, strict=True):
        assert watcher.numbers == positions_of(store, owner)
