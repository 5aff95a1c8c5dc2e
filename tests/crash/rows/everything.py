"""Everything at once under load: row 4, and the soak of row 50."""

import random
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from headway.job import Status
from headway.store.sqlite import FILE_NAME
from headway.store.sqlite_driver import driver
from headway.store.values.history import JobQuery
from tests.crash.api import Api
from tests.crash.checker import seen_in, violations
from tests.crash.history import History
from tests.crash.matrix import Ground, Row, Tally, clock
from tests.crash.nemesis import TARGETS, Nemesis
from tests.crash.submitter import key_of, steps_of
from tests.waiting import eventually
from tests.worker.operations_under_test import chained
from tests.worker.processes import children_of
from tests.worker.site import Site
from tests.worker.steps import lines_of

JOBS_PER_CYCLE = 100


def killed(ground: Ground, count: int, tally: Tally) -> None:
    """Row 4: all processes are killed at once while jobs come in and run, again and again."""
    jobs = 8 if ground.quick else JOBS_PER_CYCLE
    _cycles(ground, count, [jobs * (n + 1) for n in range(count)], tally, ["everything"])


def soaked(ground: Ground, count: int, tally: Tally) -> None:
    """Row 50: whatever can be killed or stopped is, in any order."""
    jobs = 8 if ground.quick else 20
    _cycles(ground, count, [jobs * count] * count, tally, [*TARGETS, "pause"])


def _cycles(
    ground: Ground, count: int, asked: Sequence[int], tally: Tally, targets: list[str]
) -> None:
    """So many blows; `asked` says how many jobs have been asked for, all in all, before each."""
    jobs = asked[-1]
    site = ground.site()
    chance = random.Random(count)
    nemesis = Nemesis(count)
    folder = ground.folder
    api = Api(site.directory, folder, asked[0], site.settings)
    try:
        for cycle in range(count):
            before = _written(folder)
            eventually(
                lambda before=before: _written(folder) > before or _ended(folder, site, api.jobs),  # type: ignore[misc]
                within=120,
            )
            # Until its share of the jobs is in: each cycle has something to lose.
            eventually(
                lambda cycle=cycle: _submitted(folder) >= cycle * jobs // count,  # type: ignore[misc]
                within=300,
            )
            time.sleep(nemesis.pause(0.3))  # the point: any moment, not one we know of
            nemesis.strike(api.pids, chance.choice(targets))
            if nemesis.killed[-1:] == ["everything"]:
                api.wait()
                _check_file(site, tally)
            api.jobs = asked[min(cycle + 1, count - 1)]
            with clock() as passed:
                api.ensure()
                if nemesis.killed[-1:] == ["everything"]:
                    eventually(lambda: _has_worker(site, api), within=120)
                    tally.took("worker back", passed(), bound=5)
            tally.repetitions += 1
        eventually(lambda: _ended(folder, site, jobs), within=120 + jobs)
    finally:
        api.stop()
    _check(folder, site, jobs, tally)
    _check_file(site, tally)


def _check(folder: Path, site: Site, jobs: int, tally: Tally) -> None:
    found = site.store.jobs.find(JobQuery(limit=jobs * 3))
    seen = [
        seen_in(site.store, job.id, lines_of(folder / f"{job.metadata['key']}.log"))
        for job in found
    ]
    oracle = {key_of(n): {"value": chained(steps_of(n, folder))} for n in range(jobs)}
    tally.violations += violations(History(folder / "history").read(), seen, oracle)
    if missing := set(oracle) - {job.key for job in seen}:
        tally.broken(f"never made: {sorted(missing)[:10]}")


def _check_file(site: Site, tally: Tally) -> None:
    if not (site.directory / FILE_NAME).exists():  # a server looks after its own
        return
    # With the store's own library: two of them in one process drop each other's locks on the file.
    with closing(driver.connect(site.directory / FILE_NAME)) as database:
        found = database.execute("PRAGMA integrity_check").fetchall()
    if found != [("ok",)]:
        tally.broken(f"the database is damaged: {found[:3]}")


def _has_worker(site: Site, api: Api) -> bool:
    """Whether a worker of its is alive, not one whose lease has outlived it."""
    workers = [pid for top in api.pids for pid in children_of(top)]
    return any(one.pid in workers for one in site.store.workers.alive())


def _written(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("job-*.log"))


def _submitted(folder: Path) -> int:
    return len({one.key for one in History(folder / "history").read() if one.outcome == "ok"})


def _ended(folder: Path, site: Site, jobs: int) -> bool:
    open_ones = JobQuery(limit=1, statuses=(Status.PENDING, Status.RUNNING))
    return _submitted(folder) >= jobs and not site.store.jobs.find(open_ones)


ROWS = (
    Row(4, "everything killed at once under load", killed, short=0, full=50, everywhere=True),
    Row(50, "soak: kills and pauses in any order", soaked, short=0, full=100, everywhere=True),
)
