"""Where the system has no room for another process, jobs wait, and no attempt under way is hurt."""

import itertools
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headway.job import Job
from headway.worker.pool import REST_SECONDS
from tests.worker.processes import is_alive
from tests.worker.site import Site, pid_in


class Beside:
    """An attempt that is under way meanwhile, and the zygote that forked it."""

    def __init__(self, site: Site, file: Path) -> None:
        self._site, self._file = site, file
        self._job = site.submit("until_file", file=str(file))
        self._pid = pid_in(file)
        self.zygote = site.workers[-1].zygote

    def check(self) -> None:
        """It was not hurt, and can end."""
        assert is_alive(self._pid)
        assert self._site.workers[-1].zygote == self.zygote
        self._file.with_name(f"{self._file.name}.go").touch()
        assert self._site.completed(self._job).interruptions == 0


def check_reason(site: Site, job: Job, reason: str) -> None:
    """Nothing but interruptions are counted, for this reason."""
    ended = site.completed(job)
    assert (ended.attempt, ended.crashes) == (0, 0)
    assert site.attempts(job)[0].error == f"the process could not be started: {reason}"


def test_a_fork_that_fails_is_tried_again_after_a_rest(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at once, and ever more seldom: interruptions are counted too."""
    full = tmp_path / "full"
    monkeypatch.setenv("NO_ROOM", str(full))
    site.worker()
    site.completed(site.submit("no_room"))
    beside = Beside(site, tmp_path / "here")
    full.touch()
    job = site.submit("noop_alone")
    site.until(job, lambda now: now.interruptions > 1)
    full.unlink()
    check_reason(site, job, "[Errno 11] Resource temporarily unavailable")
    began = [one.started_at for one in site.attempts(job)]
    rests = [after - before for before, after in itertools.pairwise(began)]
    assert rests[0] > 0.9 * REST_SECONDS
    assert rests[1] > 1.8 * REST_SECONDS
    beside.check()


@contextmanager
def no_free_descriptor(pid: int) -> Iterator[None]:
    """A process that can open nothing more."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))  # what is open stays so
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("whose", "reason"),
    [
        ("zygote", "no file descriptor was free for its line"),
        ("worker", "[Errno 24] Too many open files"),
    ],
)
def test_without_a_free_descriptor_a_job_waits(
    site: Site, tmp_path: Path, whose: str, reason: str
) -> None:
    """Wherever it is missing; and is run when there is one."""
    worker = site.worker()
    site.completed(site.submit("noop_alone"))
    beside = Beside(site, tmp_path / "here")
    with no_free_descriptor(worker.pid if whose == "worker" else beside.zygote):
        job = site.submit("noop_alone")
        site.until(job, lambda now: now.interruptions)
    check_reason(site, job, reason)
    beside.check()
