"""`/metrics`: what the store knows and what this process counted, as Prometheus reads it."""

import hmac
import os
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response

from headway.events.metrics import RequestTally, Spread
from headway.http.application import application_of
from headway.http.auth import opened
from headway.http.in_flight import InFlight
from headway.http.json_answer import NO_STORE
from headway.http.parts import Parts
from headway.http.problems import Refused, unauthorized
from headway.http.this_host import is_forwarded, is_from_this_host
from headway.job import FINISHED
from headway.store.values.meters import Incident, Meters, TotalMeter

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Metrics in the text format of Prometheus: to this host, or with the token of
    `HEADWAY_METRICS_TOKEN`. Nothing in them tells of a single user or job."""
    parts = await opened(request)
    _admit(request, parts)
    meters = await to_thread.run_sync(parts.queue.oversight.meters)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(StoreCollector(meters))
    app = application_of(request)
    registry.register(ProcessCounts(app.requests, app.in_flight, parts))
    body = await to_thread.run_sync(generate_latest, registry)
    return Response(body, headers=NO_STORE, media_type=CONTENT_TYPE_LATEST)


def _admit(request: Request, parts: Parts) -> None:
    token = parts.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if token is not None and hmac.compare_digest(given, token.get_secret_value().encode()):
        return
    # A proxy on this host is not who asks.
    if is_from_this_host(request.scope) and not is_forwarded(request.scope):
        return
    if token is None:
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "metrics_local_only",
            "expected a request from this host; set HEADWAY_METRICS_TOKEN to let others read this",
        )
    raise unauthorized("expected the token of HEADWAY_METRICS_TOKEN")


class StoreCollector(Collector):
    """What the store knows: the same from whichever process it is asked."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    def collect(self) -> Iterator[Metric]:
        """Each metric once."""
        meters = self._meters
        line = ["operation", "priority"]
        waiting = GaugeMetricFamily(
            "headway_jobs_waiting", "Jobs that wait for a slot", labels=line
        )
        oldest = GaugeMetricFamily(
            "headway_oldest_waiting_seconds", "Since the oldest of them was submitted", labels=line
        )
        for one in meters.queues:
            labels = [one.operation, str(one.priority)]
            waiting.add_metric(labels, one.waiting)
            oldest.add_metric(labels, one.oldest)
        yield from (waiting, oldest)
        yield _gauges(
            "headway_jobs_delayed", "Jobs that wait for their time", meters.delayed.items()
        )
        yield _gauges("headway_jobs_running", "Jobs that run", meters.running.items())
        yield _gauges(
            "headway_operation_paused",
            "1 for paused operations",
            [(one, 1) for one in meters.paused],
        )
        for name, told, value in (
            ("headway_jobs_held", "Jobs that wait for a limit of their owner", meters.held),
            ("headway_workers", "Workers whose lease holds", meters.workers),
            ("headway_worker_slots", "CPU-bound jobs they run at a time", meters.slots),
            ("headway_worker_async_slots", "async jobs they run at a time", meters.async_slots),
            ("headway_store_log_bytes", "The write-ahead log of SQLite", meters.log_bytes),
        ):
            yield GaugeMetricFamily(name, told, value=value)
        yield from _totals(meters.totals)


def _gauges(name: str, told: str, values: Iterable[tuple[str, int]]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=["operation"])
    for operation, value in values:
        family.add_metric([operation], value)
    return family


_INCIDENTS: Final = {
    Incident.CLAIM: ("headway_claims", "Jobs that workers claimed"),
    Incident.RETRY: ("headway_retries", "Attempts that failed and are followed by another"),
    Incident.CRASH: ("headway_crashes", "Attempts whose process died"),
    Incident.INTERRUPTION: ("headway_interruptions", "Attempts that were ended from outside"),
    Incident.EXPIRY: ("headway_lease_expiries", "Attempts whose worker was lost"),
}


def _totals(totals: Sequence[TotalMeter]) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "headway_jobs_ended", "Jobs that ended, by how", labels=["operation", "outcome"]
    )
    took = HistogramMetricFamily(
        "headway_job_seconds", "How long the last attempt took", labels=["operation", "outcome"]
    )
    for one in totals:
        if one.what in FINISHED:
            labels = [one.operation, one.what]
            ended.add_metric(labels, one.count)
            if one.what != "cancelled":  # of those nobody knows
                took.add_metric(labels, _buckets(one.bounds, one.count), one.seconds)
    yield from (ended, took)
    for incident, (name, told) in _INCIDENTS.items():
        family = CounterMetricFamily(name, told, labels=["operation"])
        for one in totals:
            if one.what == incident:
                family.add_metric([one.operation], one.count)
        yield family


class ProcessCounts(Collector):
    """What this process counted since it began: `process` tells which of several it is."""

    def __init__(self, requests: RequestTally, in_flight: InFlight, parts: Parts) -> None:
        self._requests = requests
        self._in_flight = in_flight
        self._parts = parts
        self._process = str(os.getpid())

    def collect(self) -> Iterator[Metric]:
        """Each metric once."""
        answers = CounterMetricFamily(
            "headway_http_requests",
            "Requests by what they were answered",
            labels=["process", "method", "route", "status"],
        )
        for (method, route, status), count in sorted(self._requests.answers.items()):
            answers.add_metric([self._process, method, route, str(status)], count)
        yield answers
        spreads = sorted(self._requests.seconds.items())
        yield self._histogram(
            "headway_http_request_seconds", "Until the answer began", "route", spreads
        )
        commits = [("submissions", self._parts.intake.commits)]
        yield self._histogram("headway_store_commit_seconds", "Commits", "of", commits)
        refused = CounterMetricFamily(
            "headway_http_refused", "Requests refused for too much in flight", labels=["process"]
        )
        refused.add_metric([self._process], self._in_flight.refused)
        yield refused
        for name, told, value in (
            ("headway_http_in_flight", "Requests being worked on", self._in_flight.count),
            ("headway_stream_listeners", "Open streams", self._parts.seats.taken),
        ):
            family = GaugeMetricFamily(name, told, labels=["process"])
            family.add_metric([self._process], value)
            yield family

    def _histogram(
        self, name: str, told: str, label: str, spreads: Sequence[tuple[str, Spread]]
    ) -> Metric:
        family = HistogramMetricFamily(name, told, labels=["process", label])
        for value, spread in spreads:
            buckets = _buckets(zip(spread.bounds, spread.counts, strict=True), spread.count)
            family.add_metric([self._process, value], buckets, spread.seconds)
        return family


def _buckets(bounds: Iterable[tuple[float, int]], count: int) -> list[tuple[str, float]]:
    """How many were up to each bound, as Prometheus counts: each bucket holds those before it."""
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, n in bounds:
        total += n
        buckets.append((str(bound), total))
    return [*buckets, ("+Inf", count)]
