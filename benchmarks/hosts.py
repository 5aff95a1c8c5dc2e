"""Two hosts, and the link between them cut in the middle of many jobs: lost, doubled, recovery.

    python -m benchmarks.hosts [--jobs 200] [--cut 30]

The hosts are network namespaces with addresses of their own (root on Linux): PostgreSQL, Redis, whoever
submits and a worker on the first, a worker on the second. Exit code 1 when a promise was broken.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from headway.store.values.workers import WorkerLoad
from tests.brokers import own_redis
from tests.crash.matrix import Chain, Ground, Tally
from tests.postgres import own_server
from tests.waiting import eventually
from tests.worker.processes import is_alive
from tests.worker.site import ROOT, Site, WorkerProcess, pid_in

HERE: Final = "10.77.0.1"
THERE: Final = "10.77.0.2"
POSTGRES_PORT: Final = 7654
REDIS_PORT: Final = 7655


def main(arguments: list[str]) -> int:
    given = _parse(arguments)
    if given.inside:
        return _inside(given)
    first, second = f"hw{os.getpid()}a", f"hw{os.getpid()}b"
    try:
        _make_hosts(first, second)
        again = [sys.executable, "-m", "benchmarks.hosts", *arguments, "--inside", second]
        return subprocess.run(
            ["ip", "netns", "exec", first, *again], cwd=ROOT, check=False
        ).returncode
    finally:
        for name in (first, second):
            _ip("netns", "del", name, check=False)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench hosts", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--cut", type=int, default=30, help="seconds")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _make_hosts(first: str, second: str) -> None:
    for name in (first, second):
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")
    _ip(
        "-n",
        first,
        "link",
        "add",
        "link0",
        "type",
        "veth",
        "peer",
        "name",
        "link0",
        "netns",
        second,
    )
    for name, address in ((first, HERE), (second, THERE)):
        _ip("-n", name, "addr", "add", f"{address}/24", "dev", "link0")
        _ip("-n", name, "link", "set", "link0", "up")


def _ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check)


def _inside(given: argparse.Namespace) -> int:
    """On the first host."""
    tally = Tally()
    with ExitStack() as stack:
        ground = Ground(stack, quick=False)
        database = stack.enter_context(own_server(POSTGRES_PORT))
        database.stop()
        database.trust("10.77.0.0/24")
        database.start("-c listen_addresses='*'")
        redis = stack.enter_context(own_redis(REDIS_PORT, HERE))
        url = database.url.replace("127.0.0.1", HERE)
        site = ground.site(database_url=url, engine="celery", broker_url=redis.url)
        far = ("ip", "netns", "exec", given.inside, sys.executable)
        workers = [site.worker(slots=4, program=far)]
        _cancel_there(site, ground.folder / "there")
        workers.append(site.worker(slots=4))
        chains = [ground.chain(site, steps=60, every=4, pause=0.03) for _ in range(given.jobs)]
        _cut(given.cut, site, workers[0], chains)
        for chain in chains:
            chain.check(tally)
        _tell(site, chains, tally)
    return 1 if tally.violations else 0


def _cancel_there(site: Site, file: Path) -> None:
    """A cancel is heard on the other host."""
    for number in range(10):
        here = file.with_name(f"{file.name}-{number}")
        job = site.submit("until_cancelled", file=str(here))
        pid = pid_in(here, within=60)
        asked = time.monotonic()
        site.cancel(job)
        eventually(lambda pid=pid: not is_alive(pid), within=60)  # type: ignore[misc]
        print(f"cancelled on the other host: gone after {time.monotonic() - asked:.2f} s")


def _cut(seconds: int, site: Site, far: WorkerProcess, chains: list[Chain]) -> None:
    """Cut the link in the middle, and say how long the far worker needs to take jobs again."""
    eventually(lambda: _ended(site, chains) >= len(chains) // 5, within=600)
    _ip("link", "set", "link0", "down")
    print(f"link cut with {_ended(site, chains)} of {len(chains)} jobs done", flush=True)
    cut = time.monotonic()
    eventually(lambda: len(site.store.workers.alive()) == 1, within=120)
    eventually(lambda: not site.store.workers.expired(), within=120)
    print(f"its jobs given back after {time.monotonic() - cut:.1f} s", flush=True)
    time.sleep(max(0.0, seconds - (time.monotonic() - cut)))  # the fault itself
    done = _ended(site, chains)
    _ip("link", "set", "link0", "up")
    back = time.monotonic()
    # The worker joins anew, under another name.
    eventually(lambda: len(site.store.workers.alive()) == 2, within=120)
    print(f"{done} jobs done when it was mended; worker back after {time.monotonic() - back:.1f} s")
    with suppress(AssertionError):
        eventually(lambda: any(one.running for one in _loads(site, far)), within=60)
        print(f"it runs jobs again after {time.monotonic() - back:.1f} s", flush=True)


def _loads(site: Site, far: WorkerProcess) -> list[WorkerLoad]:
    return [one for one in site.service.queue.oversight.workers() if one.info.pid == far.core]


def _ended(site: Site, chains: list[Chain]) -> int:
    found = site.store.jobs.get_many([chain.job.id for chain in chains])
    return sum(job.status.finished for job in found)


def _tell(site: Site, chains: list[Chain], tally: Tally) -> None:
    found = site.store.jobs.get_many([chain.job.id for chain in chains])
    interrupted = Counter(job.interruptions for job in found)
    print(f"jobs {len(chains)}, lost {len(chains) - len(found)}, broken {len(tally.violations)}")
    print(f"interruptions: {dict(sorted(interrupted.items()))}")
    for sentence in tally.violations[:20]:
        print(f"     {sentence}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
