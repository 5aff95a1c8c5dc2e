"""Writers of several processes take turns at one file."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from headway.errors import StoreUnavailable
from headway.store import gate as gates
from headway.store.gate import WriteGate
from headway.store.sqlite import open_sqlite
from tests.contract.acts import add, start_python
from tests.contract.committer import commits_of
from tests.sqlite import is_locked
from tests.waiting import eventually


def test_processes_that_commit_as_fast_as_they_can_share_the_file_fairly(data_dir: Path) -> None:
    """None gets three times what another gets, in the best of four, each longer than the one before:
    the machine may be busy. How long each waits is shown by `python -m benchmarks.writers`."""
    tried: list[list[int]] = []
    while len(tried) < 4 and not any(map(is_fair, tried)):
        tried.append([len(took) for took in commits_of(data_dir, 2, 2.0 ** len(tried))])
    assert is_fair(tried[-1]), tried


def test_whoever_waits_is_let_in_before_the_one_that_has_just_left(data_dir: Path) -> None:
    """Though that one asks again at once, and is awake."""
    data_dir.mkdir()
    here, there = (WriteGate(data_dir, 60.0) for _ in range(2))  # as two processes have it
    for _ in range(10):
        order: list[str] = []
        waiting = threading.Thread(target=enter, args=(there, order, "there"))
        with here:
            waiting.start()
            eventually(lambda: is_locked(data_dir / "write.turnstile"))
        enter(here, order, "here")
        waiting.join()
        assert order == ["there", "here"]
    here.close()
    there.close()


def enter(gate: WriteGate, order: list[str], name: str) -> None:
    with gate:
        order.append(name)


def test_threads_that_commit_as_fast_as_they_can_share_the_gate_fairly(data_dir: Path) -> None:
    """None gets three times what another gets, in the best of four: the machine may be busy."""
    tried: list[list[int]] = []
    while len(tried) < 4 and not any(map(is_fair, tried)):
        tried.append(commits_of_threads(data_dir))
    assert is_fair(tried[-1]), tried


def is_fair(commits: list[int]) -> bool:
    return max(commits) < 3 * min(commits)


def commits_of_threads(data_dir: Path) -> list[int]:
    """How often each of three threads commits in half a second, or longer until there are thirty."""
    store = open_sqlite(data_dir)
    ends = time.monotonic() + 0.5
    commits = [0, 0, 0]

    def commit(n: int) -> None:
        while time.monotonic() < ends or sum(commits) < 30:
            store.users.count_requests({"ann": 1})
            commits[n] += 1

    threads = [threading.Thread(target=commit, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    return commits


IDLER = """
import sys
from pathlib import Path
from headway.store.sqlite import open_sqlite

store = open_sqlite(Path(sys.argv[1]))
store.users.count_requests({"ann": 1})
print("ready", flush=True)
sys.stdin.readline()
store.users.count_requests({"ann": 1})
store.close()
"""


def test_a_stopped_process_that_holds_nothing_blocks_nobody(data_dir: Path) -> None:
    child = start_python(IDLER, str(data_dir))
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    os.kill(child.pid, signal.SIGSTOP)
    try:
        eventually(lambda: _state(child.pid) == "T")
        store = open_sqlite(data_dir)
        for _ in range(5):
            add(store)  # it would be unavailable
        store.close()
    finally:
        os.kill(child.pid, signal.SIGCONT)
    child.communicate("go\n")
    assert child.returncode == 0


HOLDER = """
import sys
from pathlib import Path
from headway.store.gate import WriteGate

with WriteGate(Path(sys.argv[1]), 5.0):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_who_cannot_get_in_is_told_in_time_and_may_try_again(data_dir: Path) -> None:
    """Also when a process was stopped inside: nobody hangs for good."""
    data_dir.mkdir()
    holder = start_python(HOLDER, str(data_dir))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGSTOP)
    gate = WriteGate(data_dir, 0.2)
    for _ in range(2):
        with pytest.raises(
            StoreUnavailable, match=r"expected to be the database's writer within 0\.2 s"
        ):
            gate.__enter__()
    os.kill(holder.pid, signal.SIGCONT)
    holder.communicate("go\n")
    with gate:
        pass
    gate.close()


STOPPED_INSIDE = """
import os, signal, sys
from pathlib import Path
from headway.store.sqlite import FILE_NAME, SqliteDatabase

with SqliteDatabase(Path(sys.argv[1]) / FILE_NAME).write() as tx:
    tx.run("UPDATE serving SET turn = turn + 1")
    print("inside", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_a_process_stopped_inside_a_transaction_is_named(data_dir: Path) -> None:
    """Everybody's write is refused in time, with who must go on or end."""
    store = open_sqlite(data_dir)
    holder = start_python(STOPPED_INSIDE, str(data_dir))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "inside\n"
    eventually(lambda: _state(holder.pid) == "T")
    try:
        with pytest.raises(StoreUnavailable) as caught:
            add(store)
    finally:
        os.kill(holder.pid, signal.SIGCONT)
    assert f"process {holder.pid} (" in str(caught.value)
    assert f"let it go on (kill -CONT {holder.pid}), or end it" in str(caught.value)
    holder.communicate()
    assert holder.returncode == 0
    add(store)
    store.close()


def test_a_killed_holder_leaves_the_gate_open(data_dir: Path) -> None:
    data_dir.mkdir()
    holder = start_python(HOLDER, str(data_dir))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    gate = WriteGate(data_dir, 5.0)
    with gate:
        pass
    gate.close()


class Clock:
    """The time as the gate sees it, and who has looked."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.seen_by: set[int] = set()

    def monotonic(self) -> float:
        now = time.monotonic() + self.ahead
        self.seen_by.add(threading.get_ident())
        return now

    sleep = staticmethod(time.sleep)


def test_threads_and_processes_wait_no_longer_than_the_one_time_limit(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for a thread's turn and the wait for a process's do not add up: when the time of them
    all is over, the one whose turn comes does not begin to wait anew."""
    data_dir.mkdir()
    holder = start_python(HOLDER, str(data_dir))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    clock = Clock()
    monkeypatch.setattr(gates, "time", clock)
    gate = WriteGate(data_dir, 600.0)
    refused: list[StoreUnavailable] = []

    def be_refused() -> None:
        with pytest.raises(StoreUnavailable) as caught:
            gate.__enter__()
        refused.append(caught.value)

    threads = [threading.Thread(target=be_refused, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(clock.seen_by) == 3)  # the limit of each is set
    clock.ahead = 1000.0
    eventually(lambda: len(refused) == 3)
    for thread in threads:
        thread.join()
    holder.communicate("go\n")
    gate.close()


def _state(pid: int) -> str:
    """`T` for a stopped process, as in `ps`."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
