"""One trace from a request through the queue to the end of the job: who writes it, if anybody."""

from contextvars import ContextVar
from typing import Final, Protocol

from headway.job import Job
from headway.verdict import Verdict

traceparent: Final[ContextVar[str | None]] = ContextVar("traceparent", default=None)
"""Where the request at hand stands in its trace (W3C Trace Context); None for one not traced."""


class RequestSpan(Protocol):
    """The part of a trace that one request takes."""

    @property
    def traceparent(self) -> str:
        """What comes of the request goes on from here."""

    def end(self, route: str, status: int) -> None:
        """The request has been answered."""


class AttemptSpan(Protocol):
    """The part of a trace that one attempt takes."""

    @property
    def traceparent(self) -> str:
        """What the operation traces itself goes on from here."""

    def end(self, verdict: Verdict | None) -> None:
        """The attempt has ended; without a verdict it was lost."""


class Tracer(Protocol):
    """Writes traces."""

    def request(self, method: str, path: str, traceparent: str | None) -> RequestSpan:
        """Begin to trace a request, as a part of its client's trace if there is one."""

    def attempt(
        self, job: Job, token: int, worker: str, waited: float, traceparent: str | None
    ) -> AttemptSpan:
        """Tell that the job has waited so many seconds, and begin to trace its attempt."""

    def close(self) -> None:
        """Send what is left. Closing twice is fine."""
