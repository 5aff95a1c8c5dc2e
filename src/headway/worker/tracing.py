"""The attempts under way, as a trace tells of them."""

from collections.abc import Iterable

from headway.events.spans import AttemptSpan, Tracer
from headway.verdict import Verdict
from headway.worker.attempt import Attempt


class Tracing:
    """Begins and ends the spans of attempts; without a tracer it does nothing."""

    def __init__(self, tracer: Tracer | None) -> None:
        self._tracer = tracer
        self._spans: dict[str, AttemptSpan] = {}

    def began(self, attempts: Iterable[Attempt], worker: str) -> None:
        """These attempts have begun."""
        if self._tracer is None:
            return
        for one in attempts:
            job, claim = one.claim.job, one.claim
            self._spans[one.ref] = self._tracer.attempt(
                job, claim.token, worker, claim.waited, claim.traceparent
            )

    def traceparent(self, attempt: Attempt) -> str | None:
        """Where what the attempt's operation traces goes on: below its span, or where this worker
        traces nothing, below the request that submitted the job; None where that was not traced."""
        span = self._spans.get(attempt.ref)
        return attempt.claim.traceparent if span is None else span.traceparent

    def ended(self, attempt: Attempt, verdict: Verdict | None) -> None:
        """This attempt has ended; without a verdict it was lost. Telling it twice is fine."""
        span = self._spans.pop(attempt.ref, None)
        if span is not None:
            span.end(verdict)

    def close(self) -> None:
        """Send what is left."""
        if self._tracer is not None:
            self._tracer.close()
