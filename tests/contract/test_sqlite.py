"""What only SQLite promises: its file, its locks, its disk."""

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headway.errors import StoreUnavailable, StoreUnusable
from headway.job import Job, Status
from headway.store import file_systems, sqlite
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from headway.worker.lease import LEASE_SECONDS
from tests.contract.acts import ROOT, add, add_all, now_of, start_python, submission
from tests.sqlite import is_locked
from tests.waiting import eventually

MOUNTS = """\
/dev/vda / ext4 rw,relatime 0 0
systemd-1 /mnt/auto autofs rw,relatime 0 0
server:/export /mnt/auto nfs4 rw,relatime 0 0
server:/old /srv/old nfs rw,relatime 0 0
/dev/vdb /srv/old ext4 rw,relatime 0 0
//nas/team /mnt/team\\040files cifs rw,relatime 0 0
me@host:/ /home/me/far fuse.sshfs rw,relatime 0 0
C:\\\\134 /mnt/c 9p rw,relatime 0 0
tmpfs /mnt/autonomous tmpfs rw 0 0
"""


@pytest.fixture
def opened(patient: None, data_dir: Path) -> Iterator[Store]:
    store = open_sqlite(data_dir)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/headway", "ext4"),
        ("/mnt/auto/data", "nfs4"),
        ("/mnt/autonomous/data", "tmpfs"),
        ("/srv/old/data", "ext4"),
        ("/mnt/team files/data", "cifs"),
        ("/home/me/far", "fuse.sshfs"),
        ("/mnt/c/data", "9p"),
    ],
)
def test_the_last_mount_that_covers_a_path_is_its_file_system(path: str, kind: str) -> None:
    assert file_systems.file_system(Path(path), MOUNTS) == kind


@pytest.mark.parametrize("path", ["/mnt/auto/data", "/mnt/team files", "/home/me/far/x", "/mnt/c"])
def test_a_network_file_system_is_refused(path: str) -> None:
    with pytest.raises(
        StoreUnusable, match=r"expected .* on a local disk, got a network file system"
    ):
        file_systems.refuse_network(Path(path), MOUNTS)


def test_the_journal_is_a_log_and_every_commit_is_synced(opened: Store, data_dir: Path) -> None:
    """In every connection of the pool, also those that are opened under load."""
    database = opened._database  # type: ignore[attr-defined]  # noqa: SLF001 - its settings are the promise
    settings: set[tuple[str, int]] = set()

    def ask() -> None:
        with database.read() as tx:
            barrier.wait()
            settings.add((tx.value("PRAGMA journal_mode"), tx.value("PRAGMA synchronous")))

    barrier = threading.Barrier(5)
    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert settings == {("wal", 2)}


def test_the_data_directory_and_what_is_in_it_is_there_at_once(data_dir: Path) -> None:
    assert not data_dir.exists()
    open_sqlite(data_dir / "deeper" / "still").close()
    assert (data_dir / "deeper" / "still" / "headway.db").is_file()


def test_two_processes_may_open_a_new_directory_at_once(data_dir: Path) -> None:
    """One migrates, the others wait; all succeed."""
    children = [start_python(OPENER, str(data_dir)) for _ in range(4)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0] * 4
    store = open_sqlite(data_dir)
    assert store.events.last_position() == 4
    store.close()


OPENER = """
import sys
from pathlib import Path
from headway.store.sqlite import open_sqlite
from tests.contract.acts import add

print("ready", flush=True)
sys.stdin.readline()
store = open_sqlite(Path(sys.argv[1]))
add(store)
store.close()
"""


def test_a_directory_without_the_rights_to_it_is_one_clear_sentence(data_dir: Path) -> None:
    """Read-only as a whole, or used by root once and then by somebody else."""
    places = {name: data_dir / name for name in ("fine", "read-only", *NEEDED)}
    for name, place in places.items():
        open_sqlite(place).close()
        place.chmod(0o555 if name == "read-only" else 0o777)
        for path in place.iterdir():
            path.chmod(0o777 if path.is_dir() else 0o666)
    for name in NEEDED:
        (data_dir / name / name).chmod(0o500 if name == "bell" else 0o400)
    data_dir.parent.chmod(0o755)
    data_dir.chmod(0o755)

    said = dict(zip(places, as_nobody(places.values()), strict=True))

    assert said.pop("fine") == "used"
    assert "Permission denied" in said["read-only"]
    for name, sentence in said.items():
        assert sentence.startswith(
            f"expected to read and write the data directory {places[name]}, got: "
        )
        assert sentence.endswith("; check its owner, its rights and the space left")


NEEDED = ("headway.db", "write.gate", "write.turnstile", "bell")
"""What is in a data directory, and must be ours."""

NOBODY = 65534


def as_nobody(places: Iterable[Path]) -> list[str]:
    """What a process without rights says when it opens and uses each of the directories."""
    done = subprocess.run(
        [sys.executable, "-c", USER, *map(str, places)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


USER = f"""
import os, sys, tempfile
from pathlib import Path
from headway.errors import HeadwayError
from headway.store.sqlite import open_sqlite

def use(place):
    store = open_sqlite(place)
    try:
        store.health()
        store.bell.listen("work").close()
    finally:
        store.close()

with tempfile.TemporaryDirectory() as folder:  # imports all there is, before we may not read it
    use(Path(folder))
if os.getuid() == 0:
    os.setgid({NOBODY}); os.setuid({NOBODY})
for place in sys.argv[1:]:
    try:
        use(Path(place))
        print("used")
    except HeadwayError as error:
        print(error)
"""


def test_a_file_where_the_directory_should_be_is_one_clear_sentence(data_dir: Path) -> None:
    data_dir.write_text("a file")
    with pytest.raises(StoreUnusable, match="expected to read and write the data directory"):
        open_sqlite(data_dir)


@pytest.mark.parametrize("start", [0, 4096 * 2], ids=["the header", "a few pages"])
def test_a_damaged_file_is_said_to_be_one(data_dir: Path, start: int) -> None:
    """Not in the driver's words and types: callers know our errors only."""
    store = open_sqlite(data_dir)
    add_all(store, [submission(metadata={"x": "y" * 2000}) for _ in range(100)])
    store.close()
    with (data_dir / "headway.db").open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * 4096 * 40)
    with pytest.raises(StoreUnusable, match=r"got a damaged one .*; restore a backup"):
        use(data_dir)


def test_a_store_that_is_closed_under_a_writer_gives_its_files_back_after_him(
    patient: None,
    data_dir: Path,
) -> None:
    store = open_sqlite(data_dir)
    added: list[Job] = []
    with foreign_lock(data_dir) as release:
        writer = threading.Thread(target=lambda: added.append(add(store)))
        writer.start()
        eventually(lambda: is_locked(data_dir / "write.gate"))
        closing = threading.Thread(target=store.close)
        closing.start()
        release()
        writer.join()
        closing.join()
    assert len(added) == 1
    assert open_files(data_dir) == []
    with pytest.raises(StoreUnavailable, match="got one that was closed"):
        add(store)


def open_files(directory: Path) -> list[str]:
    """What this process has open of a directory."""
    found = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
    return [one for one in found if Path(one).is_relative_to(directory.resolve())]


def use(data_dir: Path) -> None:
    store = open_sqlite(data_dir)
    try:
        store.events.after(0, limit=100_000)
        add(store)
    finally:
        store.close()


@contextmanager
def foreign_lock(data_dir: Path) -> Iterator[Callable[[], None]]:
    """Another program holds the write lock, for instance somebody's shell; gives its release."""
    holder = start_python(HOLDER, str(data_dir / "headway.db"))
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    def release() -> None:
        if not holder.stdin.closed:  # type: ignore[union-attr]  # asserted above
            holder.stdin.close()  # type: ignore[union-attr]  # as above
            holder.wait()

    try:
        yield release
    finally:
        release()
        holder.stdout.close()


HOLDER = """
import sys
from headway.store.sqlite_driver import driver
connection = driver.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


def test_a_foreign_lock_delays_a_write_and_loses_nothing(opened: Store, data_dir: Path) -> None:
    job = add(opened)
    cancelled: list[object] = []
    with foreign_lock(data_dir) as release:
        writer = threading.Thread(target=lambda: cancelled.append(opened.jobs.cancel(job.id)))
        writer.start()
        writer.join(0.3)
        assert writer.is_alive()
        assert now_of(opened, job).status is Status.PENDING  # reading goes on
        release()
        writer.join()
    assert now_of(opened, job).status is Status.CANCELLED
    assert cancelled == [now_of(opened, job)]


WAITING = 40
"""Threads that wait for one lock: as many as a store has connections for."""


def test_a_foreign_lock_that_stays_makes_the_store_unavailable_within_the_lease(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait: each is told in time, and nothing of theirs was written.

    If one waited after the other, for the lock each time, the last would be told after 20 s.
    """
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.5)
    store = open_sqlite(data_dir)
    job = add(store)
    took: list[float] = []

    def write() -> None:
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match="try again"):
            add(store)
        took.append(time.monotonic() - started)

    with foreign_lock(data_dir):
        threads = [threading.Thread(target=write) for _ in range(WAITING)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(took) == WAITING
    assert max(took) < WAITING * 0.5 / 2  # once for the turn, and once for the lock
    assert store.events.last_position() == 1
    assert store.jobs.cancel(job.id).status is Status.CANCELLED
    store.close()


def test_all_waiting_together_stays_below_a_workers_lease() -> None:
    assert 2 * sqlite.BUSY_SECONDS < LEASE_SECONDS


def test_a_full_disk_makes_the_store_unavailable_until_there_is_space(data_dir: Path) -> None:
    """Health proves it with a write; nothing is half written, and it heals by itself."""
    child = start_python(FULL_DISK, str(data_dir))
    answer, _ = child.communicate()
    assert child.returncode == 0
    assert answer == "unavailable\nunavailable\nhealed\n"


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from headway.errors import StoreUnavailable
from headway.store.sqlite import open_sqlite
from tests.contract.acts import add

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
directory = Path(sys.argv[1])
store = open_sqlite(directory)
job = add(store)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
largest = max(path.stat().st_size for path in directory.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))  # no file may grow any more
for act in (store.health, lambda: add(store)):
    try:
        act()
    except StoreUnavailable:
        print("unavailable")
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
store.health()
assert store.events.last_position() == 1
add(store)
assert store.events.last_position() == 2
print("healed")
store.close()
"""


def test_a_write_that_fails_half_way_is_undone(opened: Store) -> None:
    database = opened._database  # type: ignore[attr-defined]  # noqa: SLF001 - the seam under test
    job = add(opened)

    def break_off() -> None:
        with database.write() as tx:
            tx.run("UPDATE jobs SET status = 'failed'")
            tx.run("INSERT INTO inputs SELECT job, body FROM inputs")

    with pytest.raises(Exception, match="UNIQUE"):
        break_off()
    assert now_of(opened, job) == job
    assert opened.events.last_position() == 1


def test_a_statement_of_ours_that_is_wrong_is_not_called_an_outage(opened: Store) -> None:
    """Trying again would not help, and the mistake would hide behind a 503."""
    database = opened._database  # type: ignore[attr-defined]  # noqa: SLF001 - the seam under test
    with pytest.raises(Exception, match="no such table") as caught, database.read() as tx:
        tx.rows("SELECT * FROM no_such_table")
    assert not isinstance(caught.value, StoreUnavailable)


def test_a_new_data_directory_is_for_its_owner_alone(opened: Store, data_dir: Path) -> None:
    """It holds password hashes and everybody's inputs."""
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
