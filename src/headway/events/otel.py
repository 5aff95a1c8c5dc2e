"""Traces by OpenTelemetry: sent in the background, to one address, by nobody else's provider.

The provider is our own and not the global one: FastAPI would begin to write spans of its own.
"""

import time
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from headway.job import Job, Status
from headway.verdict import Verdict

SEND_AFTER: Final = 1000
"""Milliseconds a span waits for others to be sent with."""
_propagator: Final = TraceContextTextMapPropagator()


class OtelTracer:
    """See `events.spans.Tracer`."""

    def __init__(self, address: str, service: str) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        self._provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(address), schedule_delay_millis=SEND_AFTER)
        )
        self._tracer = self._provider.get_tracer("headway")

    def request(self, method: str, path: str, traceparent: str | None) -> "OtelRequest":
        """See `Tracer.request`."""
        span = self._tracer.start_span(
            method,
            _context(traceparent),
            SpanKind.SERVER,
            {"http.request.method": method, "url.path": path},
        )
        return OtelRequest(span, method)

    def attempt(
        self, job: Job, token: int, worker: str, waited: float, traceparent: str | None
    ) -> "OtelAttempt":
        """See `Tracer.attempt`."""
        told = {"job.id": job.id, "job.operation": job.operation}
        now = time.time_ns()
        queued = self._tracer.start_span(
            f"queue {job.operation}",
            _context(traceparent),
            SpanKind.PRODUCER,
            told,
            start_time=now - int(waited * 1e9),
        )
        queued.end(now)
        span = self._tracer.start_span(
            f"run {job.operation}",
            set_span_in_context(queued),
            SpanKind.CONSUMER,
            told | {"job.attempt": token, "worker.id": worker},
            start_time=now,
        )
        return OtelAttempt(span)

    def close(self) -> None:
        """See `Tracer.close`."""
        self._provider.shutdown()


class OtelRequest:
    """See `events.spans.RequestSpan`."""

    def __init__(self, span: Span, method: str) -> None:
        self._span = span
        self._method = method

    @property
    def traceparent(self) -> str:
        """See `RequestSpan.traceparent`."""
        return _traceparent(self._span)

    def end(self, route: str, status: int) -> None:
        """See `RequestSpan.end`."""
        self._span.update_name(f"{self._method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class OtelAttempt:
    """See `events.spans.AttemptSpan`."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        """See `AttemptSpan.traceparent`."""
        return _traceparent(self._span)

    def end(self, verdict: Verdict | None) -> None:
        """See `AttemptSpan.end`."""
        if verdict is None:
            self._span.set_attribute("job.outcome", "lost")
        else:
            self._span.set_attribute("job.outcome", verdict.reason)
            self._span.add_event("verdict", {"job.status": str(verdict.status)})
            for name, value in (
                ("process.cpu.seconds", verdict.usage.cpu_seconds),
                ("process.memory.peak", verdict.usage.peak_memory),
            ):
                if value is not None:
                    self._span.set_attribute(name, value)
            if verdict.status is not Status.COMPLETED:
                self._span.set_status(StatusCode.ERROR, verdict.reason)
        self._span.end()


def _traceparent(span: Span) -> str:
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, set_span_in_context(span))
    return carrier["traceparent"]


def _context(traceparent: str | None) -> Context:
    """Where a trace goes on; an empty one where none is known."""
    carrier = {} if traceparent is None else {"traceparent": traceparent}
    return _propagator.extract(carrier, Context())


def open_tracer(address: str, service: str) -> OtelTracer:
    """Sends to this address (OTLP over HTTP), in the name of this service."""
    return OtelTracer(address, service)
