"""What viewers of a job are sent: each frame encoded once, for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from headway.events import Event
from headway.job import Job
from headway.wire.base import encode, moment

RETRY: Final = b"retry: 1000\n\n"
"""Tells an SSE client to come back in a second: the process is stopping."""
PING: Final = b": still here\n\n"


@dataclass(frozen=True)
class Frame:
    """One event as it goes to the viewers of a job."""

    event: str
    data: bytes
    """JSON."""
    number: int | None = None
    """The durable event's number within the job; None for snapshots."""
    version: int = 0
    """The job's version that a snapshot shows."""
    reach: int = 0
    """The newest durable event a snapshot stands behind."""
    last: bool = False
    """Nothing follows."""

    @cached_property
    def sse(self) -> bytes:
        """The frame as Server-Sent Events have it."""
        number = b"" if self.number is None else b"id: %d\n" % self.number
        return b"%sevent: %s\ndata: %s\n\n" % (number, self.event.encode(), self.data)

    @cached_property
    def message(self) -> str:
        """The frame as a WebSocket message."""
        number = b"null" if self.number is None else b"%d" % self.number
        text = b'{"event":"%s","id":%s,"data":%s}' % (self.event.encode(), number, self.data)
        return text.decode()


def snapshot(job: Job) -> Frame:
    """Where the job stands now."""
    # The event that ended a job is told by `complete`, which follows.
    reach = job.last_event - 1 if job.status.finished else job.last_event
    data = _update(job.id, job.status, job.progress)
    return Frame("update", data, version=job.version, reach=reach)


def conclusion(job: Job) -> list[Frame]:
    """How a finished job ends every stream: where it stands, then what came of it."""
    outcome = {"status": job.status, "result": job.result, "error": job.error}
    complete = Frame("complete", encode(outcome), job.last_event, job.version, last=True)
    return [snapshot(job), complete]


def durable(event: Event, job: Job) -> Frame:
    """An event of the job's history. A change of state is an `update` like all others."""
    if event.kind == "status":
        data = _update(job.id, event.data["status"], job.progress)
        return Frame("update", data, event.number)
    return Frame(event.kind, encode({"at": moment(event.at), **event.data}), event.number)


def missing() -> Frame:
    """The job went away while it was watched."""
    return Frame("error", encode({"error": "Job not found"}), last=True)


def sentence(text: str) -> Frame:
    """Something the viewer asked for cannot be done; the stream goes on."""
    return Frame("error", encode({"error": text}))


def _update(job_id: str, status: str, progress: float) -> bytes:
    return encode({"status": status, "progress": progress, "job_id": job_id})


def told(events: Sequence[Event], job: Job) -> list[Frame]:
    """A stretch of the job's history up to where it stands now."""
    if events and job.status.finished and events[-1].number == job.last_event:
        return [durable(event, job) for event in events[:-1]] + conclusion(job)
    return [durable(event, job) for event in events]
