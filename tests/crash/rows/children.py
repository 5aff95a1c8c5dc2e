"""Faults of a single attempt under a living worker: rows 1, 11 to 16."""

import os
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from headway.errors import AlreadyFinished
from headway.job import Job, Status
from tests.crash.matrix import Chain, Ground, Row, Tally, clock
from tests.waiting import eventually
from tests.worker.processes import group_of, is_alive
from tests.worker.site import Site, pid_in


def killed(ground: Ground, count: int, tally: Tally) -> None:
    """Row 1: a child is killed at any moment; it goes on from its last checkpoint."""
    site = ground.site()
    site.worker()
    for number in range(count):
        chain = ground.chain(site)
        _kill_at_random(chain, random.Random(number))
        with clock() as passed:
            chain.until_token(2, within=60)
            tally.took("recovery", passed(), bound=2)
        chain.check(tally)
        _redone(chain, tally)
        tally.repetitions += 1


def torn(ground: Ground, count: int, tally: Tally) -> None:
    """Row 15: a child is killed while it writes a large checkpoint."""
    site = ground.site()
    site.worker()
    bulk = 2_000_000 if ground.quick else 50_000_000
    for number in range(count):
        chain = ground.chain(site, steps=2, every=1, pause=0, bulk=bulk)
        _kill_at_random(chain, random.Random(number), step=1)
        chain.check(tally)
        site.service.files.drop_job(chain.job.id)
        tally.repetitions += 1


def _kill_at_random(chain: Chain, chance: random.Random, step: int | None = None) -> None:
    line = chain.until_step(chance.randrange(30) if step is None else step)
    time.sleep(chance.uniform(0, 0.05))  # the point: any moment, not one we know of
    with suppress(ProcessLookupError):
        os.kill(line.pid, signal.SIGKILL)


def _redone(chain: Chain, tally: Tally) -> None:
    steps = [one.step for one in chain.lines() if one.word == "step"]
    redone = len(steps) - len(set(steps))
    if redone > chain.steps.every:
        tally.broken(f"{redone} steps were done again, with a checkpoint every {chain.steps.every}")


def damaged(ground: Ground, count: int, tally: Tally) -> None:
    """Row 16: a checkpoint that is not what was written is noticed, and the one before is used."""
    site = ground.site()
    site.worker()
    damages = (_flip, _truncate, _empty, _remove, _put_anothers)
    other = _at_the_gate(ground, site)
    for number in range(count):
        chain = _at_the_gate(ground, site)
        newest = max(_checkpoints(site, chain.job), key=lambda one: int(one.name.split("-")[1]))
        damages[number % len(damages)](newest, _checkpoints(site, other.job)[0])
        os.kill(chain.lines()[-1].pid, signal.SIGKILL)
        Path(str(chain.steps.gate)).touch()
        ended = chain.check(tally, rewound=True)
        shown = (ended.resumed_from or {}).get("next")
        if shown != 5:
            tally.broken(f"{damages[number % len(damages)].__name__}: resumed from {shown}, not 5")
        tally.repetitions += 1
    Path(str(other.steps.gate)).touch()


def _at_the_gate(ground: Ground, site: Site) -> Chain:
    """A job that has saved after steps 5 and 10, and waits before its twelfth."""
    gate = ground.folder / f"gate-{time.monotonic_ns()}"
    chain = ground.chain(site, steps=20, every=5, pause=0, gate=str(gate), gate_at=12)
    eventually(lambda: any(one.word == "saved" and one.step == 9 for one in chain.lines()))
    eventually(lambda: chain.lines()[-1].step == 11)
    return chain


def _checkpoints(site: Site, job: Job) -> list[Path]:
    return sorted((site.service.files.root / "jobs" / job.id).glob("*/checkpoint-*"))


def _flip(file: Path, _other: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _truncate(file: Path, _other: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)


def _empty(file: Path, _other: Path) -> None:
    os.truncate(file, 0)


def _remove(file: Path, _other: Path) -> None:
    file.unlink()


def _put_anothers(file: Path, other: Path) -> None:
    shutil.copyfile(other, file)


def out_of_memory(ground: Ground, count: int, tally: Tally) -> None:
    """Row 11: past its memory an attempt ends with that reason, and nobody beside it is hurt."""
    site = ground.site()
    worker = site.worker()
    for _ in range(count):
        beside = ground.chain(site)
        job = site.submit("shares_memory", size=192 * 2**20)
        ended = site.finished(job, within=120)
        reason = "ran out of memory (limit 128 MB, peak "
        if (ended.crashes, str(ended.error)[: len(reason)]) != (3, reason):
            tally.broken(f"out of memory ended as {ended.crashes} crashes, {ended.error}")
        if beside.check(tally).crashes or not is_alive(worker.pid):
            tally.broken("somebody else was hurt")
        tally.repetitions += 1


POISON = {
    "segfault": "the process was killed by signal 11 (SIGSEGV); given up after 3 crashes",
    "os_exit": "the process ended with exit code 7 before the operation returned; given up after",
    "kills_itself": "the process was killed by signal 9 (SIGKILL), likely by the system's",
    "sys_exit": "expected the operation to return, got: it called sys.exit(3)",
    "base_exception": "Bare: not an Exception",
    "result_not_json": "expected result_not_json to return what JSON can hold, got: ",
    "large_result": "expected a result of at most 4194304 bytes as JSON, got ",
    "in_c_code": "timed out: it took longer than 0.5 s",
}


def poison(ground: Ground, count: int, tally: Tally) -> None:
    """Row 12: whatever an operation does, it is told why it ended, and the next one starts."""
    site = ground.site()
    site.worker(slots=1)
    fields: dict[str, dict[str, object]] = {
        "large_result": {"size": 5_000_000},
        "in_c_code": {"file": str(ground.folder / "c")},
    }
    for name, sentence in list(POISON.items()) * count:
        limit = {"timeout": 0.5, "max_attempts": 1} if name == "in_c_code" else {}
        ended = site.finished(site.submit(name, limit, **fields.get(name, {})), within=60)
        if ended.status is not Status.FAILED or not str(ended.error).startswith(sentence):
            tally.broken(f"{name}: {ended.status}, {ended.error}")
        with clock() as passed:
            site.completed(site.submit("noop_alone"), within=60)
            tally.took("next job", passed(), bound=2)
        tally.repetitions += 1


def deaf(ground: Ground, count: int, tally: Tally) -> None:
    """Row 13: what ignores SIGTERM at its time limit is gone with its whole group."""
    site = ground.site()
    site.worker()
    for number in range(count):
        file = ground.folder / f"deaf-{number}"
        job = site.submit("ignores_sigterm", {"timeout": 0.5, "max_attempts": 1}, file=str(file))
        pid = pid_in(file, within=60)
        with clock() as passed:
            eventually(lambda pid=pid: not group_of(pid), within=60)  # type: ignore[misc]
            tally.took("end past the limit", passed() - 0.5, bound=5)
        if "timed out" not in str(site.failed(job).error):
            tally.broken(f"it ended as {site.job(job).error}")
        tally.repetitions += 1


def cancelled(ground: Ground, count: int, tally: Tally) -> None:
    """Row 14: a cancel at any moment; what it answers is how the job ended, once."""
    site = ground.site()
    site.worker(slots=4)
    chance = random.Random(14)
    while tally.repetitions < count:
        chains = [
            ground.chain(site, ("chain", "chain_async")[n % 2], steps=4 + n % 9, pause=0.002)
            for n in range(min(20, count - tally.repetitions))
        ]
        for chain in chains:
            time.sleep(chance.uniform(0, 0.03))
            _cancel(site, chain, tally)
        tally.repetitions += len(chains)


def _cancel(site: Site, chain: Chain, tally: Tally) -> None:
    try:
        answered = site.cancel(chain.job).status
        with clock() as passed:
            running = {one.pid for one in chain.lines()} if chain.job.operation == "chain" else ()
            eventually(lambda: not any(map(is_alive, running)), within=60)
            tally.took("cancel", passed(), bound=2)
    except AlreadyFinished:
        answered = Status.COMPLETED
    ended = site.job(chain.job)
    if ended.status is not answered:
        tally.broken(f"the cancel was answered as {answered}, the job is {ended.status}")
    finals = [e for e in site.events(chain.job, "status") if Status(e.data["status"]).finished]
    if len(finals) != 1:
        tally.broken(f"a cancelled job ended {len(finals)} times")


ROWS = (
    Row(1, "child killed in the middle of a step", killed, short=4, full=300, everywhere=True),
    Row(11, "child out of memory", out_of_memory, short=0, full=20, everywhere=True),
    Row(
        12, "poison: faults, exits, results that are none", poison, short=0, full=8, everywhere=True
    ),
    Row(13, "SIGTERM ignored at the time limit", deaf, short=0, full=50, everywhere=True),
    Row(14, "cancel races completion", cancelled, short=20, full=1000, everywhere=True),
    Row(15, "killed while a checkpoint is written", torn, short=3, full=200, everywhere=True),
    Row(16, "checkpoint damaged, missing or another's", damaged, short=5, full=40, everywhere=True),
)
