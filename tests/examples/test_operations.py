"""What each example of an operation does, and that it goes on where it was stopped."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path

import pytest

from headway.job import Status
from headway.operation import Operation
from headway.testing import run


def example(module: str, name: str) -> Operation:
    found = getattr(import_module(module), name)
    assert isinstance(found, Operation)
    return found


def test_a_training_learns_and_an_interrupted_one_ends_with_the_same_numbers() -> None:
    fit = example("training_loop", "fit")
    request = {"epochs": 12, "rows": 2000}
    whole = run(fit, request)
    assert whole.result["accuracy"] > 0.75
    first = run(fit, request, interrupt_at=5)
    assert first.interrupted
    second = first.resume()
    assert second.result == whole.result
    assert second.metrics == whole.metrics


def test_a_large_range_is_shared_and_a_small_one_is_not() -> None:
    primes = example("primes", "count_primes")
    small = run(primes, {"below": 100})
    assert (small.result, small.job.shards) == ({"primes": 25, "last": 97}, None)
    large = run(primes, {"below": 4_000_000})
    assert (large.result, large.job.shards) == ({"primes": 283_146, "last": 3_999_971}, 2)
    stopped = run(primes, {"first": 4, "below": 4_000_004}, interrupt_at=12)
    assert stopped.interrupted
    assert stopped.resume().result == {"primes": 283_144, "last": 3_999_971}


class _Api(BaseHTTPRequestHandler):
    """Translates, but is busy the first time it is asked for each text with `busy` in it."""

    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        self.server.asked.append(text)
        is_busy = "busy" in text and self.server.asked.count(text) == 1
        body = json.dumps({"text": text[::-1]}).encode()
        self.send_response(503 if is_busy else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.asked: list[str] = []


@pytest.fixture
def api() -> Iterator[_Server]:
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_slow_api_is_asked_for_nothing_twice(api: _Server) -> None:
    translate = example("slow_api", "translate")
    texts = [f"text {number}" for number in range(6)] + ["busy hour"]
    request = {"url": f"http://127.0.0.1:{api.server_port}", "texts": texts, "at_once": 2}
    first = run(translate, request, interrupt_at=2)
    assert sorted(api.asked) == sorted(texts[:4])
    second = first.resume()
    assert second.job.status is Status.PENDING  # it was busy: the attempt failed
    assert "503" in (second.job.error or "")
    third = second.resume()
    assert third.result == {"translated": 7}
    assert [one["answer"] for one in third.items] == [text[::-1] for text in texts]
    assert {text: api.asked.count(text) for text in texts} == dict.fromkeys(texts, 1) | {
        "busy hour": 2
    }


def test_an_absent_api_is_told_in_a_sentence() -> None:
    translate = example("slow_api", "translate")
    ran = run(translate, {"url": "http://127.0.0.1:9", "texts": ["hello"]})
    assert (ran.job.error or "").startswith("expected an answer from http://127.0.0.1:9, got: ")


def test_a_report_adds_up(tmp_path: Path) -> None:
    report = example("sales_report", "sales_report")
    file = tmp_path / "orders.csv"
    rows = [f"{'north' if n % 3 else 'south'},{n}.5" for n in range(25_000)]
    file.write_text("\n".join(["region,amount", *rows]))
    ran = run(report, {"orders": "orders"}, artifacts={"orders": file})
    assert ran.result == {"groups": 2, "total": sum(range(25_000)) + 12_500}
    assert [(one["region"], one["orders"], one["largest"]) for one in ran.items] == [
        ("north", 16_666, 24_998.5),
        ("south", 8_334, 24_999.5),
    ]
    assert [message for _, message in ran.progress] == ["10,000 rows", "20,000 rows"]


def test_a_report_on_a_column_that_is_not_there_says_so(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("region,amount\n")
    report = example("sales_report", "sales_report")
    ran = run(report, {"orders": "orders", "by": "shop"}, artifacts={"orders": file})
    assert ran.job.status is Status.FAILED
    assert ran.job.error == "expected the columns ['shop'], got: ['region', 'amount']"
