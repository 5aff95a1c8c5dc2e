"""One trace leads from a request to the end of its job, and none costs anything when it is off."""

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from headway.http.app import create_app
from headway.settings import Settings
from tests.http.conftest import OPERATIONS, sign_in
from tests.waiting import eventually

CLIENT = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{CLIENT}-b7ad6b7169203331-01"


class Collector(ThreadingHTTPServer):
    """What receives spans, on loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiving)
        self.spans: list[dict[str, Any]] = []

    def named(self, name: str) -> list[dict[str, Any]]:
        """The spans of this name, once there is one."""
        return eventually(lambda: [one for one in self.spans if one["name"] == name])


class Receiving(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(
                one.value.string_value
                for one in resource.resource.attributes
                if one.key == "service.name"
            )
            for scope in resource.scope_spans:
                self.server.spans += [
                    {
                        "service": service,
                        "name": one.name,
                        "trace": one.trace_id.hex(),
                        "id": one.span_id.hex(),
                        "parent": one.parent_span_id.hex(),
                        **{
                            a.key: a.value.string_value or a.value.int_value for a in one.attributes
                        },
                    }
                    for one in scope.spans
                ]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def service(data_dir: Path, traces: str | None) -> Iterator[TestClient]:
    """A service that sends its traces there."""
    operations = (*OPERATIONS, "tests.http.traced_operations")
    app = create_app(Settings(data_dir=data_dir, operations=operations, traces=traces))
    try:
        yield TestClient(app)
    finally:
        app.parts.close()
        if app.tracer is not None:
            app.tracer.close()


@pytest.fixture
def traced(data_dir: Path, collector: Collector) -> Iterator[TestClient]:
    """A service that sends its traces to the collector."""
    with service(data_dir, f"http://127.0.0.1:{collector.server_port}/v1/traces") as client:
        yield client


def test_a_trace_leads_from_the_request_to_the_verdict(
    traced: TestClient, collector: Collector
) -> None:
    """In the client's own trace, over the queue and another process; streams have no part in it."""
    alice = sign_in(traced, "alice", "secret123")
    head = alice | {"traceparent": TRACEPARENT, "Prefer": "wait=30"}
    job = traced.post("/api/v1/jobs", json={"job_type": "nothing"}, headers=head).json()
    assert job["status"] == "completed"
    with traced.stream("GET", f"/api/v1/jobs/{job['job_id']}/stream", headers=alice) as answer:
        answer.read()
    (run,) = collector.named("run nothing")
    (queue,) = collector.named("queue nothing")
    (request,) = collector.named("POST /api/v1/jobs")
    assert {one["trace"] for one in (request, queue, run)} == {CLIENT}
    assert request["parent"] == "b7ad6b7169203331"
    assert (queue["parent"], run["parent"]) == (request["id"], queue["id"])
    assert (request["service"], run["service"]) == ("headway-api", "headway-worker")
    assert run["job.id"] == job["job_id"]
    assert run["job.outcome"] == "completed"
    assert request["http.response.status_code"] in (200, 202)
    assert not any(one["name"].endswith("/stream") for one in collector.spans)


def test_spans_of_an_operation_hang_below_its_attempt(
    traced: TestClient, collector: Collector
) -> None:
    """Begun in another process, with OpenTelemetry's own means and an exporter of its own."""
    alice = sign_in(traced, "alice", "secret123")
    head = alice | {"traceparent": TRACEPARENT, "Prefer": "wait=30"}
    job = traced.post("/api/v1/jobs", json={"job_type": "traced"}, headers=head).json()
    assert job["status"] == "completed", job["error"]
    (run,) = collector.named("run traced")
    told = f"00-{CLIENT}-{run['id']}-01"
    assert job["result"] == {"told": told, "trace": CLIENT, "parent": run["id"]}


def test_an_operation_hears_of_no_trace_where_none_is_written(data_dir: Path) -> None:
    with service(data_dir, None) as client:
        head = sign_in(client, "alice", "secret123") | {"Prefer": "wait=30"}
        job = client.post("/api/v1/jobs", json={"job_type": "traced"}, headers=head).json()
    assert job["status"] == "completed", job["error"]
    assert (job["result"]["told"], job["result"]["parent"]) == (None, None)


def test_nothing_is_loaded_while_traces_are_off() -> None:
    """Neither ours nor OpenTelemetry's SDK."""
    script = (
        "import sys; from headway.http.app import create_app; from headway.settings import Settings\n"
        "create_app(Settings())\n"
        "print([one for one in sys.modules if one in ('headway.events.otel', 'opentelemetry.sdk')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
