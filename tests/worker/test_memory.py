"""What an attempt holds together with all that it starts: by the watch, and by the kernel."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from headway.errors import SettingsError
from headway.worker.cgroup import ControlGroup, ControlGroups, join
from headway.worker.memory import held_by
from tests.waiting import eventually
from tests.worker.operations_under_test import MIB
from tests.worker.site import Site

OUT_OF_MEMORY = re.compile(
    r"ran out of memory \(limit 128 MB, peak (\d+) MB\); given up after 3 crashes"
)


def test_what_an_attempt_starts_counts_with_it(running: Site) -> None:
    """Two programs within the limit, together beyond it: a crash, and nothing is left of them."""
    (worker,) = [one for one in running.workers if one.process.poll() is None]
    before = set(worker.below())  # the process of `async def` jobs may be there, and stays
    job = running.failed(running.submit("holds_memory_below", size=100 * MIB))
    found = OUT_OF_MEMORY.fullmatch(str(job.error))
    assert found is not None, job.error
    assert 176 <= int(found[1]) < 400  # the limit and its slack: more than one of them holds
    eventually(lambda: set(worker.below()) <= before)


def test_what_forks_share_counts_once(running: Site) -> None:
    """Three processes that see the same 100 MiB do not hold 300."""
    job = running.completed(running.submit("shares_memory_below", size=100 * MIB))
    assert (job.result, job.crashes) == (0, 0)


def test_a_process_that_is_gone_holds_nothing() -> None:
    """Between two looks anything may end."""
    gone = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(gone, 0)
    assert held_by(gone) == 0
    assert held_by(os.getpid()) > 0


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """A control group of the test's own, with the memory controller."""
    root = _memory_group_of_this_process()
    path = root / f"hw-test-{uuid4().hex}"
    try:
        path.mkdir()
    except OSError as error:
        pytest.skip(
            f"no control group may be made here, so the kernel's bound is untested: {error}"
        )
    yield path
    for below in path.glob("headway-*"):
        eventually(lambda below=below: _gone(below))  # type: ignore[misc]
    eventually(lambda: _gone(path))


def _gone(group: Path) -> bool:
    """The kernel takes a moment to let go of a group whose last process has ended."""
    with suppress(OSError):
        group.rmdir()
    return not group.exists()


def _memory_group_of_this_process() -> Path:
    """Where this process is counted: in version 1 a tree of its own, in 2 the only one."""
    below = {
        names: place
        for _, names, place in (
            line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()
        )
    }
    if "memory" in below:
        return Path(f"/sys/fs/cgroup/memory{below['memory']}")
    return Path(f"/sys/fs/cgroup{below.get('', '')}")


def test_the_kernel_kills_at_the_page_that_is_too_much(cgroup: Path, site: Site) -> None:
    """The same sentence and the same bound as by the watch, with no second to wait for a look."""
    site.worker(cgroup=cgroup)
    job = site.failed(site.submit("shares_memory", size=4096 * MIB))  # far more than a second takes
    found = OUT_OF_MEMORY.fullmatch(str(job.error))
    assert found is not None, job.error
    assert int(found[1]) < 256
    assert site.reasons(job) == ["crashed"] * 3
    site.completed(site.submit("noop_alone"))


def test_the_kernel_counts_all_that_an_attempt_starts(cgroup: Path, site: Site) -> None:
    """One of two programs is killed; the attempt that would wait for the other is not left hanging."""
    site.worker(cgroup=cgroup)
    job = site.failed(site.submit("holds_memory_below", size=100 * MIB))
    assert OUT_OF_MEMORY.fullmatch(str(job.error)), job.error


def test_pages_of_files_stay_nobodys_memory_in_a_group(
    cgroup: Path, site: Site, tmp_path: Path
) -> None:
    """The kernel takes them back rather than kill."""
    file = tmp_path / "mapped"
    file.write_bytes(bytes(192 * MIB))
    site.worker(cgroup=cgroup)
    assert site.completed(site.submit("maps_a_file", file=str(file))).crashes == 0


def test_groups_are_removed_with_their_attempts(cgroup: Path, site: Site) -> None:
    """Those of a worker that was killed too, by the next one."""
    site.worker(cgroup=cgroup, memory_mb=256)
    site.completed(site.submit("noop_alone"))
    eventually(lambda: len(list(cgroup.glob("headway-*"))) <= 1)
    (cgroup / "headway-1-1").mkdir()
    site.worker(cgroup=cgroup)
    assert not (cgroup / "headway-1-1").exists()


def test_a_group_knows_whether_it_was_overrun(cgroup: Path) -> None:
    """False before, true after; and removing waits for those who live in it."""
    groups = ControlGroups(cgroup)
    group = groups.bounded(64 * MIB)
    pid = os.fork()
    if pid == 0:
        _fill(group, 256 * MIB)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == 9
    assert group.overrun()
    assert 0 < group.peak() <= 64 * MIB
    groups.give_back(group)
    eventually(lambda: _gone(group.path))
    assert not group.overrun()
    assert group.remove()


def _fill(group: ControlGroup, size: int) -> None:
    """A child's whole life."""
    try:
        join(str(group.path))
        bytearray(b"x") * size
    finally:
        os._exit(1)


def test_what_is_no_control_group_is_refused_by_name(tmp_path: Path) -> None:
    """At the start, rather than by the first attempt."""
    with pytest.raises(SettingsError, match=r"expected HEADWAY_CGROUP to be a control group"):
        ControlGroups(tmp_path / "none")
