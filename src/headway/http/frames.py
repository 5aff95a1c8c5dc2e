"""What viewers are sent: each frame encoded once, for all of them."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from starlette.types import Message

from headway.estimate import Estimate
from headway.events import Event, OwnedEvent
from headway.job import FINISHED, Job, Json, Status
from headway.wire.base import encode, moment
from headway.wire.jobs import counts_document, span_document, waits_for

LARGEST: Final = 1 << 16
"""Bytes of many frames that are sent at once."""


@dataclass(frozen=True)
class Frame:
    """One event as it goes to the viewers of a job, or of all jobs of an owner."""

    event: str
    data: bytes
    """JSON."""
    number: int | None = None
    """The durable event's place in what is viewed; None for snapshots."""
    cursor: str | None = None
    """What the place is called where it is not its number."""
    nameless: bool = False
    """True where a frame has a place, but the one after it carries its id."""
    version: int = 0
    """The job's version that a snapshot shows."""
    moving: bool = False
    """True where the same version may be shown anew: estimates move by themselves."""
    last: bool = False
    """Nothing follows."""

    @cached_property
    def sse(self) -> bytes:
        """The frame as Server-Sent Events have it."""
        name = self._name
        place = b"" if name is None else b"id: %s\n" % name.encode()
        return b"%sevent: %s\ndata: %s\n\n" % (place, self.event.encode(), self.data)

    @cached_property
    def message(self) -> str:
        """The frame as a WebSocket message."""
        name = self._name
        place = "null" if name is None else name if self.cursor is None else f'"{name}"'
        return f'{{"event":"{self.event}","id":{place},"data":{self.data.decode()}}}'

    @property
    def _name(self) -> str | None:
        if self.number is None or self.nameless:
            return None
        return str(self.number) if self.cursor is None else self.cursor


def retry() -> Message:
    """Tells an SSE client when to come back: the process is stopping, and all of its clients
    must not come to the next one in the same moment."""
    return piece(b"retry: %d\n\n" % random.randint(500, 3000))


def pieces(frames: Iterable[Frame]) -> Iterator[Message]:
    """These frames as pieces of an SSE answer, none larger than `LARGEST` but for a frame that is
    so by itself. What a viewer does not read is held for him alone: the one piece that waits."""
    gathered: list[bytes] = []
    size = 0
    for frame in frames:
        if gathered and size + len(frame.sse) > LARGEST:
            yield piece(b"".join(gathered))
            gathered, size = [], 0
        gathered.append(frame.sse)
        size += len(frame.sse)
    if gathered:
        yield piece(b"".join(gathered))


def piece(body: bytes) -> Message:
    """A piece of an answer, after which more will come."""
    return {"type": "http.response.body", "body": body, "more_body": True}


PING: Final = piece(b": still here\n\n")


def snapshot(job: Job) -> Frame:
    """Where the job stands now."""
    return Frame("update", _update(job.id, job.status, job.progress), version=job.version)


def present(job: Job, estimate: Estimate) -> list[Frame]:
    """Where the job stands and all else that can be said of it, or what came of it."""
    if job.status.finished:
        return conclusion(job)
    return [snapshot(job), progress(job, estimate)]


def progress(job: Job, estimate: Estimate) -> Frame:
    """What is known of an unfinished job beside what an `update` says."""
    document = {
        "job_id": job.id,
        "job_type": job.operation,
        "progress": job.progress,
        "message": job.message,
        "counts": counts_document(job),
        "attempt": job.attempt,
        "waiting_for": waits_for(job, estimate),
        "queue_position": estimate.position,
        "eta_seconds": span_document(estimate.left),
    }
    return Frame("progress", encode(document), version=job.version, moving=True)


def conclusion(job: Job) -> list[Frame]:
    """How a finished job ends every stream: where it stands, then what came of it."""
    outcome = {"status": job.status, "result": job.result, "error": job.error}
    complete = Frame("complete", encode(outcome), job.last_event, version=job.version, last=True)
    return [snapshot(job), complete]


def durable(event: Event, job: Job) -> Frame:
    """An event of the job's history. A change of state is an `update` like all others."""
    if event.kind == "status":
        data = _update(job.id, event.data["status"], job.progress)
        return Frame("update", data, event.number)
    return Frame(event.kind, encode({"at": moment(event.at), **event.data}), event.number)


def owned(one: OwnedEvent, cursor: str) -> list[Frame]:
    """An event for whoever watches all jobs of its owner: the data says of which job it is."""
    event = one.event
    if event.kind != "status":
        document = {"job_id": event.job_id, "at": moment(event.at), **event.data}
        return [Frame(event.kind, encode(document), event.position, cursor)]
    status: str = event.data["status"]
    done = 100.0 if status == Status.COMPLETED else one.progress
    data = _update(event.job_id, status, done)
    if status not in FINISHED:
        return [Frame("update", data, event.position, cursor)]
    error = event.data["reason"] if status == Status.FAILED else None
    outcome = {"job_id": event.job_id, "status": status, "error": error}
    return [
        Frame("update", data, event.position, nameless=True),
        Frame("complete", encode(outcome), event.position, cursor),
    ]


def ready(position: int, cursor: str) -> Frame:
    """The present has been shown, and this is its place in the history."""
    return Frame("ready", b"{}", position, cursor)


def missing() -> Frame:
    """The job went away while it was watched."""
    return Frame("error", encode({"error": "Job not found"}), last=True)


def sentence(text: str) -> Frame:
    """Something the viewer asked for cannot be done; the stream goes on."""
    return Frame("error", encode({"error": text}))


def _update(job_id: str, status: Json, progress: float) -> bytes:
    return encode({"status": status, "progress": progress, "job_id": job_id})


def told(events: Sequence[Event], job: Job) -> list[Frame]:
    """A stretch of the job's history up to where it stands now."""
    if events and job.status.finished and events[-1].number == job.last_event:
        return [durable(event, job) for event in events[:-1]] + conclusion(job)
    return [durable(event, job) for event in events]
