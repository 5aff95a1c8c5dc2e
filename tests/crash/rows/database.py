"""Faults around the database file: rows 17 to 19 and 24."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

from headway.store.migrate import HEAD
from headway.store.sqlite import FILE_NAME, open_sqlite
from headway.store.sqlite_driver import driver
from headway.store.values.history import JobQuery
from headway.store.wal import SHRINK_ABOVE
from headway.worker.upkeep import WARN_ABOVE
from tests.contract.acts import add, pinned
from tests.crash.matrix import Ground, Row, Tally, clock, told
from tests.waiting import eventually
from tests.worker.site import ROOT


def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    """A Python process of its own; what it prints can be read."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


WRITER = """
import json, sys, time
from pathlib import Path
from headway.errors import StoreUnavailable
from headway.store.sqlite import open_sqlite
from tests.contract.acts import add
store = open_sqlite(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
ends, waits, refused = time.monotonic() + float(sys.argv[2]), [], 0
while time.monotonic() < ends:
    began = time.monotonic()
    try:
        add(store)
    except StoreUnavailable:
        refused += 1
    waits.append(time.monotonic() - began)
waits.sort()
print(json.dumps({"made": len(waits) - refused, "refused": refused,
                  "p99": waits[int(len(waits) * 0.99)]}))
"""

READER = """
import sys, time
from pathlib import Path
from headway.store.sqlite import open_sqlite
from headway.store.values.history import JobQuery
store = open_sqlite(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
ends = time.monotonic() + float(sys.argv[2])
while time.monotonic() < ends:
    store.jobs.find(JobQuery(limit=100))
print("{}")
"""


def crowded(ground: Ground, count: int, tally: Tally) -> None:
    """Row 17: eight processes write and two read for so many seconds; nobody is refused."""
    directory = ground.directory()
    store = open_sqlite(directory)
    processes = [start(one, directory, count) for one in (WRITER,) * 8 + (READER,) * 2]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [told(process.communicate(timeout=count + 120)[0]) for process in processes]
    for one in said[:8]:
        tally.took("write p99", one["p99"], bound=0.25)
        if one["refused"]:
            tally.broken(f"{one['refused']} writes were refused")
    made = sum(one["made"] for one in said[:8])
    if len(store.jobs.find(JobQuery(limit=made + 1))) != made:
        tally.broken("what was acknowledged is not what is there")
    store.close()
    tally.repetitions += count


def locked(ground: Ground, count: int, tally: Tally) -> None:
    """Row 18: a foreign lock of eight seconds; nobody is taken for dead, no job is lost."""
    site = ground.site()
    worker = site.worker()
    alive = [one.id for one in site.store.workers.alive()]
    seconds = 3 if ground.quick else 8
    for _ in range(count):
        chain = ground.chain(site, steps=60, pause=0.02)
        chain.until_step(5)
        with closing(driver.connect(site.directory / FILE_NAME, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)  # the fault itself
            other.execute("ROLLBACK")
        if chain.check(tally).interruptions:
            tally.broken("a job was taken from a living worker")
        tally.repetitions += 1
    if [one.id for one in site.store.workers.alive()] != alive or "lapsed" in worker.log:
        tally.broken("a worker was taken for dead")


def pinned_log(ground: Ground, count: int, tally: Tally) -> None:
    """Row 19: a reader holds its transaction for so many seconds while jobs come in and run."""
    site = ground.site()
    worker = site.worker()
    log = site.directory / f"{FILE_NAME}-wal"
    site.completed(site.submit("noop"))
    with pinned(site.directory), clock() as passed:
        while passed() < count:
            site.completed(site.submit("noop"), within=60)
        size = log.stat().st_size  # which SQLite cannot bound while somebody reads
        if size > WARN_ABOVE:
            eventually(lambda: "a reader holds a transaction open" in worker.log, within=60)
    with clock() as passed:
        eventually(lambda: log.stat().st_size <= SHRINK_ABOVE, within=60)
        tally.took("log small again", passed(), bound=10)
    tally.repetitions += count


OPENER = """
import sys
from pathlib import Path
import headway.store.alembic_upgrade
from headway.store.sqlite import open_sqlite
print("ready", flush=True)
sys.stdin.readline()
open_sqlite(Path(sys.argv[1])).close()
"""


def killed_in_migration(ground: Ground, count: int, tally: Tally) -> None:
    """Row 24: killed while the schema is made; the next start finds it whole or makes it."""
    chance = random.Random(24)
    for _ in range(count):
        directory = ground.directory()
        opener = start(OPENER, directory)
        assert opener.stdout is not None
        assert opener.stdin is not None
        assert opener.stdout.readline() == "ready\n"
        opener.stdin.write("go\n")
        opener.stdin.flush()
        time.sleep(chance.uniform(0, 0.08))  # the point: any moment of the migration
        with suppress(ProcessLookupError):
            os.kill(opener.pid, signal.SIGKILL)
        opener.communicate()
        if (found := _revision(directory)) not in (None, HEAD):
            tally.broken(f"half a schema was left: {found}")
        store = open_sqlite(directory)
        add(store)
        store.close()
        shutil.rmtree(directory)
        tally.repetitions += 1


def _revision(directory: Path) -> str | None:
    file = directory / FILE_NAME
    if not file.exists():
        return None
    with closing(driver.connect(file)) as database:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_schema")}
        if not tables:
            return None
        if "alembic_version" not in tables:
            return f"{len(tables)} tables without a version"
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


ROWS = (
    Row(17, "eight writers and two readers (seconds)", crowded, short=0, full=60),
    Row(18, "a foreign lock of eight seconds", locked, short=1, full=10),
    Row(19, "a reader pins the log (seconds)", pinned_log, short=2, full=120),
    Row(24, "killed in the middle of a migration", killed_in_migration, short=3, full=50),
)
