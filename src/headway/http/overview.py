"""What goes on as a whole: who works on what, how long the queues are, how jobs ended lately."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from headway.http.auth import CallerDep
from headway.http.json_answer import json_answer
from headway.job import Status
from headway.store.values.meters import COUNTED, Depth, Ended
from headway.store.values.workers import WorkerLoad
from headway.wire.base import moment
from headway.wire.overview import QueueView, WorkerView

MINUTES: Final = 60
_OUTCOMES: Final = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)

router = APIRouter(prefix="/api/v1", tags=["overview"])


@router.get("/workers", response_model=list[WorkerView])
def list_workers(caller: CallerDep) -> Response:
    """The workers that are alive, how busy they are, and which of your jobs each runs."""
    return json_answer(
        [_worker(one, caller.name) for one in caller.parts.queue.oversight.workers()]
    )


def _worker(load: WorkerLoad, owner: str) -> dict[str, Any]:
    info = load.info
    return {
        "worker_id": info.id,
        "host": info.host,
        "pid": info.pid,
        "slots": info.slots,
        "async_slots": info.async_slots,
        "operations": list(info.operations),
        "started_at": moment(info.started_at),
        "heartbeat_age_seconds": round(load.age, 1),
        "running": len(load.running),
        "job_ids": [job.id for job in load.running if job.owner == owner],
    }


@router.get("/queue", response_model=QueueView)
def show_queue(caller: CallerDep) -> Response:
    """How many jobs wait and run, for how long the oldest has waited, and how jobs ended in each
    minute of the last hour. All users' jobs are counted; nothing else is told of them."""
    oversight = caller.parts.queue.oversight
    depth, ended = oversight.depth(), oversight.ended()
    now = time.time()
    ages = [one.oldest for one in depth if one.oldest is not None]
    document = {
        "at": moment(now),
        "counted_up_to": COUNTED,
        "waiting": sum(one.waiting for one in depth),
        "delayed": sum(one.delayed for one in depth),
        "running": sum(one.running for one in depth),
        "oldest_waiting_seconds": round(max(ages), 1) if ages else None,
        "operations": [_depth(one) for one in depth],
        "minutes": _minutes(ended, now),
        "last_hour": _last_hour(ended),
        "paused": list(oversight.paused()),
    }
    return json_answer(document)


def _depth(one: Depth) -> dict[str, Any]:
    return {
        "job_type": one.operation,
        "waiting": one.waiting,
        "delayed": one.delayed,
        "running": one.running,
        "oldest_waiting_seconds": None if one.oldest is None else round(one.oldest, 1),
    }


def _minutes(ended: Sequence[Ended], now: float) -> list[dict[str, Any]]:
    """One entry for each minute, also for those in which nothing ended."""
    counts: Counter[tuple[float, Status]] = Counter()
    for one in ended:
        counts[one.minute, one.outcome] += one.count
    # The database's clock may be ahead of ours: its newest minute is the last one.
    newest = max([now // 60 * 60, *(one.minute for one in ended)])
    begins = [newest - 60.0 * ago for ago in reversed(range(MINUTES))]
    return [
        {"at": moment(begin)} | {outcome.value: counts[begin, outcome] for outcome in _OUTCOMES}
        for begin in begins
    ]


def _last_hour(ended: Sequence[Ended]) -> list[dict[str, Any]]:
    counts: defaultdict[str, Counter[Status]] = defaultdict(Counter)
    seconds: Counter[str] = Counter()
    for one in ended:
        counts[one.operation][one.outcome] += one.count
        if one.outcome is Status.COMPLETED:
            seconds[one.operation] += one.seconds  # type: ignore[assignment]  # a sum of floats
    return [
        {
            "job_type": name,
            **{outcome.value: of[outcome] for outcome in _OUTCOMES},
            "mean_seconds": (
                round(seconds[name] / of[Status.COMPLETED], 3) if of[Status.COMPLETED] else None
            ),
        }
        for name, of in sorted(counts.items())
    ]
