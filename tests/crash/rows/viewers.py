"""Faults of those who watch, and of those who only hold on to a connection: rows 43, 45 and 46."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from math import inf
from pathlib import Path
from typing import Any, Final

import httpx2

from benchmarks._probe import probing
from benchmarks._service import percentile
from tests.crash.by_hand import begun, is_let_in, request, viewing
from tests.crash.crowd import Crowd, crowd
from tests.crash.matrix import Ground, Row, Tally
from tests.crash.rows.api import JOBS, Server
from tests.http.sse import Told, events_of

SEATS: Final = 100
"""How many streams a user may have, unless settings say otherwise."""
_CALM_SECONDS: Final = 10.0


def slow_and_unread(ground: Ground, count: int, tally: Tally) -> None:
    """Row 43: connections that send a byte a second, of a head or of a body, and one that asks for
    a hundred megabytes and reads none. Others are answered as fast, and all of them are closed."""
    with Server(ground.directory()) as server:
        results = _finished(server, "large_items", size=100_000)
        other = _somebody_else(server)
        alone, before = _asked_in_calm(other), _memory(server)
        with crowd(server.url) as them, probing(**other) as beside:
            for number in range(count):
                kind = "body" if number % 2 else "head"
                them.open(f"slow {kind}", begun(server, kind))
            them.open("unread result", request(server, f"GET {results}/results.jsonl"))
            them.live(60, trickling="slow")
            grown = _memory(server) - before
            _judge(them, tally, bound=30)
        _compare(alone, beside, grown, tally)
        tally.repetitions += count


def foreign_ids(ground: Ground, count: int, tally: Tally) -> None:
    """Row 45: who wants to go on after what is no event of his job is shown the present, then the
    news, and nothing of any other job."""
    chance = random.Random(45)
    with Server(ground.directory()) as server:
        _finished(server, "flood_async", size=300)
        for _ in range(count):
            job = _submitted(server, "sleeper")
            with ExitStack() as streams:
                opened = [
                    (kind, _stream(streams, server, job, place))
                    for kind, place in _foreign(chance).items()
                ]
                firsts = [next(events, None) for _, events in opened]
                server.client.delete(job, headers=server.headers).raise_for_status()
                for (kind, events), first in zip(opened, firsts, strict=True):
                    _follow(job, kind, first, list(events), tally)
            tally.repetitions += 1


def more_than_a_user_may_have(ground: Ground, count: int, tally: Tally) -> None:
    """Row 46: one user opens a thousand streams and sockets and reads none. Beyond his limit they
    are refused, others are answered as fast, and those that he has are closed."""
    with Server(ground.directory()) as server:
        other = _somebody_else(server)
        alone, before = _asked_in_calm(other), _memory(server)
        job = _submitted(server, "flood_later", file=str(flood := ground.folder / "flood"))
        with crowd(server.url) as them, probing(**other) as beside:
            for number in range(count):
                kind = "socket" if number % 2 else "stream"
                line = them.open(f"unread {kind}", viewing(server, job, kind))
                if not is_let_in(line, kind, tally):
                    them.leave(line)
            if len(them.all) != min(count, SEATS):
                tally.broken(f"expected {min(count, SEATS)} to be let in, got {len(them.all)}")
            flood.touch()
            them.live(90)
            grown = _memory(server) - before
            _judge(them, tally, bound=40)
        _compare(alone, beside, grown, tally)
        tally.repetitions += count


# -- who is asked and who asks


def _submitted(server: Server, operation: str, **fields: Any) -> str:
    body = {"job_type": operation, "input": fields}
    answer = server.client.post(JOBS, json=body, headers=server.headers)
    answer.raise_for_status()
    return str(answer.json()["poll_url"])


def _finished(server: Server, operation: str, **fields: Any) -> str:
    """The place of a job that has ended well."""
    url = _submitted(server, operation, **fields)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        told = server.client.get(url, headers=server.headers | {"Prefer": "wait=30"}).json()
        if told["completed_at"] is not None:
            assert told["status"] == "completed", told
            return url
    raise TimeoutError(f"expected {operation} to end within 300 s")


def _somebody_else(server: Server) -> dict[str, Any]:
    """What another user asks for, again and again: a job of his."""
    form = {"username": "bob", "password": "secret456"}
    token = server.client.post("/token", data=form).json()["access_token"]
    body = {"job_type": "noop", "input": {}}
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=30"}
    path = server.client.post(JOBS, json=body, headers=headers).json()["job_id"]
    return {"url": server.url, "path": f"{JOBS}/{path}", "token": token}


def _asked_in_calm(other: dict[str, Any]) -> list[float]:
    with probing(**other) as seconds:
        time.sleep(_CALM_SECONDS)
    return seconds


def _memory(server: Server) -> float:
    """Resident MiB of the process that answers."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


# -- streams that begin in the wrong place


def _foreign(chance: random.Random) -> dict[str, str]:
    """Ids that are none of a new job's."""
    return {
        "in the future": str(chance.randint(10, 10**12)),
        "another job's": str(chance.randint(100, 600)),
        "below all": f"-{chance.randint(1, 9)}",
        "garbage": "".join(chance.choices("abcXYZ0189-_=.;%{}\"'", k=30)),
        "a cursor of all jobs": "".join(chance.choices("abcdefABCDEF0123456789_-", k=43)),
        "eight kilobytes": "7" * 8192,
        "an overflow": "9" * 40,
    }


def _stream(stack: ExitStack, server: Server, job: str, place: str) -> Iterator[Told]:
    client = stack.enter_context(httpx2.Client(base_url=server.url, timeout=60))
    headers = server.headers | {"Last-Event-ID": place}
    answer = stack.enter_context(client.stream("GET", f"{job}/stream", headers=headers))
    answer.raise_for_status()
    return events_of(answer.iter_lines())


def _follow(job: str, kind: str, first: Told | None, rest: list[Told], tally: Tally) -> None:
    """Hold one stream to the promises: the present, then the end that came afterwards."""
    if first is None or (first.event, first.id) != ("update", None):
        tally.broken(f"{kind}: it began with {first}")
    ends = [number for number, one in enumerate(rest) if one.event == "complete"]
    if ends != [len(rest) - 1] or rest[-1].data["status"] != "cancelled":
        tally.broken(f"{kind}: it did not end with the job's end: {rest}")
    ids = [int(one.id) for one in rest if one.id is not None]
    if ids != sorted(set(ids)):
        tally.broken(f"{kind}: events came twice or in another order: {ids}")
    told = [one for one in rest if one.data.get("job_id", job.rpartition("/")[2]) not in job]
    if told:
        tally.broken(f"{kind}: it told of another job: {told}")


# -- what is held against what is promised


def _judge(them: Crowd, tally: Tally, *, bound: float) -> None:
    for kind, seconds in them.lives():
        tally.took(f"{kind} closed", seconds, bound=bound)
    for one in them.open_ones:
        tally.broken(f"{one.kind} was never closed")


def _compare(alone: list[float], beside: list[float], grown: float, tally: Tally) -> None:
    if inf in (*alone, *beside):
        tally.broken("a question of another user was refused, lost or held up for seconds")
    else:
        ratio = percentile(beside, 0.99) / percentile(alone, 0.99)
        tally.took("others' p99", ratio, bound=2, unit="times what it was")
    tally.took("memory", grown, bound=50, unit="MiB more")


ROWS = (
    Row(43, "slow senders, and answers that nobody reads", slow_and_unread, 0, 500),
    Row(45, "streams asked to go on after foreign ids", foreign_ids, 1, 100),
    Row(46, "more streams than a user may have, unread", more_than_a_user_may_have, 0, 1000),
)
