"""Faults of the disk: rows 20 to 22. Some need strace, or a mount of their own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from headway.store.sqlite import open_sqlite
from headway.store.values.history import JobQuery
from tests.crash.committer import JOBS
from tests.crash.history import History
from tests.crash.matrix import Ground, Row, Tally, told
from tests.crash.rows.api import Server
from tests.waiting import eventually
from tests.worker.site import ROOT


def full(ground: Ground, count: int, tally: Tally) -> None:
    """Row 20: the disk fills up while jobs come in, and has room again."""
    for _ in range(count):
        place = ground.directory()
        place.mkdir(parents=True)
        script = 'mount -t tmpfs -o size=4m none "$0" && exec "$@"'
        filler = [sys.executable, "-m", "tests.crash.filler", str(place)]
        ran = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, str(place), *filler],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=120,
        )
        said = told(ran.stdout)
        tally.took("healed", said["healed"], bound=5)
        if not (said["acknowledged"] and said["refused"]):
            tally.broken(f"the disk was never full, or never empty: {said}")
        if said["lost"] or said["written_though_refused"] or said["integrity"] != "ok":
            tally.broken(f"{said}")
        tally.repetitions += 1


def unsynced(ground: Ground, count: int, tally: Tally) -> None:
    """Row 21: the N-th sync fails; what was acknowledged is there, what was refused is not.

    In every second case the process dies right after the refusal: what a commit that failed has
    left in the log must not be taken for one that succeeded when the file is opened again.
    """
    for number in range(count):
        directory = ground.directory()
        history = History(ground.folder / f"history-{number}")
        dies = number % 2 == 0
        nth = (number // 2) % JOBS + (_OPENED if dies else _OPENING)
        fault = f"inject=fdatasync,fsync:error=EIO:when={nth}"
        told_in = str(ground.folder / f"history-{number}")
        script = [sys.executable, "-m", "tests.crash.committer", str(directory), told_in]
        script += ["--die"] if dies else []
        traced = ["strace", "-f", "-o", os.devnull, "-e", "trace=fdatasync,fsync", "-e", fault]
        subprocess.run(
            [*traced, *script],
            cwd=ROOT,
            check=False,  # a fault while it opens the store ends it
            stderr=subprocess.DEVNULL,
            timeout=240,
        )
        store = open_sqlite(directory)
        there = {job.id for job in store.jobs.find(JobQuery(limit=1000))}
        store.close()
        entries = history.read()
        if dies and entries[-1].outcome == "ok":
            tally.broken(f"sync {number}: it did not fail")
        for entry in entries:
            if entry.outcome == "ok" and entry.key not in there:
                tally.broken(f"sync {number}: an acknowledged job is lost")
            if entry.outcome == "fail" and entry.key in there:
                tally.broken(f"sync {number}: a refused job was written")
        tally.repetitions += 1


_OPENING, _OPENED = 4, 10
"""Syncs after which the store is being opened, and is open: each is a submission's from then on."""

_SYNCED = re.compile(r"f(?:data)?sync.*= 0$")


def ordered(ground: Ground, count: int, tally: Tally) -> None:
    """Row 22: between each request and its 202 lies a sync that succeeded."""
    trace = ground.folder / "trace"
    wanted = "trace=fdatasync,fsync,sendto,sendmsg,write,read,recvfrom,recvmsg"
    with Server(
        ground.directory(),
        "--no-worker",
        before=("strace", "-D", "-f", "-s", "40", "-o", str(trace), "-e", wanted),
    ) as server:
        for _ in range(count):
            if server.submit(uuid4().hex).status_code != 202:
                tally.broken("a submission was refused")
    eventually(lambda: "+++ exited with 0 +++" in trace.read_text(errors="replace")[-4000:])
    synced, answered = False, 0
    for line in trace.read_text(errors="replace").splitlines():
        if "POST /api/v1/jobs" in line:
            synced = False
        elif _SYNCED.search(line):
            synced = True
        elif "HTTP/1.1 202" in line:
            answered += 1
            if not synced:
                tally.broken("a job was acknowledged before it was synced")
    if answered != count:
        tally.broken(f"expected {count} answers in the trace, got {answered}")
    tally.repetitions += count


def can_trace() -> str | None:
    """Why strace cannot be used here, if so."""
    if shutil.which("strace") is None:
        return "expected strace, found none; install the package `strace`"
    return _refused(["strace", "-f", "-o", os.devnull, "true"])


def can_mount() -> str | None:
    """Why nothing can be mounted here, if so."""
    if shutil.which("unshare") is None:
        return "expected unshare, found none; install the package `util-linux`"
    return _refused(["unshare", "-m", "mount", "-t", "tmpfs", "none", str(Path("/mnt"))])


def _refused(command: list[str]) -> str | None:
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    return None if ran.returncode == 0 else f"this system forbids it: {ran.stderr.strip()[:200]}"


ROWS = (
    Row(20, "disk full", full, short=1, full=20, barred=can_mount),
    Row(21, "the N-th sync fails", unsynced, short=2, full=100, barred=can_trace),
    Row(22, "synced before each 202", ordered, short=5, full=200, barred=can_trace),
)
