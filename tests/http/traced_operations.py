"""An operation that traces what it does, as its user would."""

from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_span_id, format_trace_id

from headway.context import AsyncContext
from headway.job import Json
from headway.operation import operation
from tests.http.trial_operations import Nothing


@operation("traced")
async def traced(request: Nothing, ctx: AsyncContext) -> dict[str, Json]:
    """Trace a step of its own, and tell where its span hangs."""
    exported = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    here = extract({"traceparent": ctx.traceparent or ""})
    with provider.get_tracer("mine").start_as_current_span("my step", context=here):
        pass
    (span,) = exported.get_finished_spans()
    assert span.context is not None
    return {
        "told": ctx.traceparent,
        "trace": format_trace_id(span.context.trace_id),
        "parent": None if span.parent is None else format_span_id(span.parent.span_id),
    }
