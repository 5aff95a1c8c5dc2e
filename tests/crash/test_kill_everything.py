"""Whatever is killed, and whenever: no job is lost, none ends twice, every result is right.

A few blows here; for a long run set CRASH_BLOWS, CRASH_JOBS and CRASH_SEED, as in
`CRASH_BLOWS=200 CRASH_JOBS=2000 pytest --timeout 3600 tests/crash`.
"""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from headway.store.sqlite import FILE_NAME
from headway.store.sqlite_driver import driver
from headway.store.values.history import JobQuery
from tests.crash.api import Api
from tests.crash.checker import seen_in, violations
from tests.crash.history import History
from tests.crash.nemesis import TARGETS, Nemesis
from tests.crash.submitter import key_of, steps_of
from tests.waiting import eventually
from tests.worker.operations_under_test import chained
from tests.worker.site import Site
from tests.worker.steps import lines_of

BLOWS = int(os.environ.get("CRASH_BLOWS", "5"))
JOBS = int(os.environ.get("CRASH_JOBS", "40"))
SEED = int(os.environ.get("CRASH_SEED", "1"))


@pytest.fixture
def site(data_dir: Path) -> Iterator[Site]:
    """To look at what is in the store."""
    site = Site(data_dir)
    yield site
    site.close()


def test_killing_anything_at_any_time_loses_and_doubles_nothing(site: Site, tmp_path: Path) -> None:
    """Children, zygotes, workers and everything at once, while jobs come in and run."""
    nemesis = Nemesis(SEED)
    api = Api(site.directory, tmp_path, JOBS)
    try:
        for blow in range(BLOWS):
            # Not before it has done something since the last blow: else nothing is at risk.
            done = _lines(tmp_path)
            eventually(lambda done=done: _lines(tmp_path) > done or _all_ended(site), within=30)  # type: ignore[misc]
            time.sleep(nemesis.pause(0.3))  # the point: any moment, not one we know of
            nemesis.strike(api.pids, TARGETS[-1 - blow] if blow < 4 else nemesis.choose())
            if nemesis.killed[-1:] == ["everything"]:
                api.wait()
            api.ensure()
        eventually(lambda: _all_ended(site), within=60 + JOBS / 10)
    finally:
        api.stop()
    assert len(nemesis.killed) >= min(BLOWS, 2)
    history = History(tmp_path / "history").read()
    found = site.store.jobs.find(JobQuery(limit=JOBS * 3))
    jobs = [
        seen_in(site.store, job.id, lines_of(tmp_path / f"{job.metadata['key']}.log"))
        for job in found
    ]
    oracle = {key_of(n): {"value": chained(steps_of(n, tmp_path))} for n in range(JOBS)}
    assert violations(history, jobs, oracle) == []
    assert {job.key for job in jobs} == set(oracle)
    with closing(driver.connect(site.directory / FILE_NAME)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _lines(folder: Path) -> int:
    return sum(len(lines_of(file)) for file in folder.glob("*.log"))


def _all_ended(site: Site) -> bool:
    jobs = site.store.jobs.find(JobQuery(limit=JOBS * 3))
    return len(jobs) >= JOBS and all(job.status.finished for job in jobs)
