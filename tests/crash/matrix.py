"""What each row of the fault matrix needs and gives: a place to break things in, and a tally.

A row is run a few times with every test run, and as often as it takes by
`scripts/bench crash --rows 1,2 --count 300`.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from headway.job import Job
from tests.crash.checker import seen_in, wrong_with
from tests.engine.kinds import LOCAL, settings_of
from tests.waiting import eventually
from tests.worker.operations_under_test import Steps, chained
from tests.worker.site import Site, WorkerProcess
from tests.worker.steps import Line, lines_of

QUICK: Final = ("tests.worker.quick_leases",)


@dataclass
class Figure:
    """How long something took, or how much of it there was, beside what is promised."""

    bound: float
    unit: str = "s"
    times: int = 0
    beyond: int = 0
    slowest: float = 0.0


@dataclass
class Tally:
    """What came of a row. Time is told apart from what is right: a machine that is busy with other
    things may be late, and nothing is lost by it."""

    repetitions: int = 0
    violations: list[str] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)

    def broken(self, what: str) -> None:
        """A promise was broken."""
        self.violations.append(what)

    def took(self, what: str, seconds: float, *, bound: float, unit: str = "s") -> None:
        """Something with a bound took so long, or came to so many of another unit."""
        figure = self.figures.setdefault(what, Figure(bound, unit))
        figure.times += 1
        figure.beyond += seconds > bound
        figure.slowest = max(figure.slowest, seconds)

    @property
    def bound(self) -> float:
        """With none in n, how often it can be at most, at 95 %: the rule of three."""
        return 3 / max(1, self.repetitions)


@dataclass
class Chain:
    """A job whose every step is logged outside of the store, and whose result is known."""

    site: Site
    job: Job
    steps: Steps
    log: Path

    def lines(self) -> list[Line]:
        """What its attempts did so far."""
        return lines_of(self.log)

    def until_step(self, step: int, *, token: int = 1) -> Line:
        """The first line of this attempt at this step or later."""

        def look() -> Line | None:
            found = (one for one in self.lines() if one.token >= token and one.step >= step)
            return next(found, None)

        found = eventually(look, within=60)
        assert found is not None
        return found

    def until_token(self, token: int, within: float) -> None:
        """Return when this attempt has begun, or the job has ended."""
        eventually(
            lambda: (
                any(one.token >= token for one in self.lines())
                or self.site.job(self.job).status.finished
            ),
            within=within,
        )

    def check(self, tally: Tally, *, rewound: bool = False) -> Job:
        """Wait for its end, and hold everything it did to the promises.

        A job that was `rewound`, because a checkpoint was damaged, does what came after it again.
        """
        ended = self.site.finished(self.job, within=120)
        key = str(self.job.metadata["key"])
        seen = seen_in(self.site.store, self.job.id, self.lines())
        wrong = wrong_with(seen, {key: {"value": chained(self.steps)}})
        tally.violations += [
            one for one in wrong if not (rewound and "done again behind a checkpoint" in one)
        ]
        return ended


class Ground:
    """Where a row breaks things: fresh data directories, closed and removed at the end."""

    def __init__(self, stack: ExitStack, *, quick: bool, kind: str = LOCAL) -> None:
        self._stack = stack
        self._chains = 0
        self.kind = kind
        """The engine and its store: see `tests.engine.kinds`."""
        self.quick = quick
        """Short leases: a lost worker is missed after 8 s, not after 15."""
        self.folder = Path(self._temporary())

    def _temporary(self) -> str:
        return self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True)
        )

    @property
    def recovery(self) -> float:
        """Seconds within which a lost worker's job runs again."""
        return 10.0 if self.quick else 15.0

    def directory(self) -> Path:
        """A new data directory's place."""
        return Path(self._temporary()) / "data"

    def site(self, **settings: Any) -> Site:
        """A queue on a new data directory; its workers end with the row. By default on the engine
        and the store of this run."""
        site = Site(self.directory(), settings or self.enter(settings_of(self.kind)))
        self._stack.callback(site.close)
        return site

    def enter(self, resource: Any) -> Any:
        """Open something for as long as the row."""
        return self._stack.enter_context(resource)

    def worker(self, site: Site, *arguments: str, **options: Any) -> WorkerProcess:
        """A worker with the leases of this run, not waited for."""
        return site.start(*arguments, **({"entry": QUICK} if self.quick else {}) | options)

    def chain(self, site: Site, operation: str = "chain", **fields: Any) -> Chain:
        """Submit a job of steps."""
        self._chains += 1
        key = f"chain-{self._chains}"
        log = self.folder / f"{key}.log"
        wanted = {"steps": 40, "every": 4, "pause": 0.004, "seed": self._chains} | fields
        steps = Steps(**wanted, log=str(log))
        job = site.submit(operation, {"metadata": {"key": key}}, **steps.model_dump())
        return Chain(site, job, steps, log)


@dataclass(frozen=True)
class Row:
    """One fault, and how to run it."""

    number: int
    title: str
    run: Callable[[Ground, int, Tally], None]
    short: int
    """Repetitions within the test suite; 0 where another test shows the same."""
    full: int
    """Repetitions that the promise is shown with."""
    barred: Callable[[], str | None] = lambda: None
    """Why it cannot be run on this machine, if so."""
    everywhere: bool = False
    """Whether it is about any engine and store, not about those it names itself."""


def run_row(row: Row, count: int, tally: Tally, *, quick: bool = False, kind: str = LOCAL) -> None:
    """Run a row so many times, and count."""
    with ExitStack() as stack:
        row.run(Ground(stack, quick=quick, kind=kind), count, tally)


@contextmanager
def clock() -> Iterator[Callable[[], float]]:
    """Seconds since it was begun."""
    began = time.monotonic()
    yield lambda: time.monotonic() - began


def told(text: str) -> dict[str, Any]:
    """A line of JSON."""
    found: dict[str, Any] = json.loads(text)
    return found
