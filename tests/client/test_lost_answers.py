"""An answer that is lost on its way: what was done is done once, and told as done."""

from collections.abc import Iterator

import httpx2
import pytest

from headway.client import Client
from headway.client.errors import NotFound
from headway.job import Status
from tests.client.fake_clock import FakeClock, Script
from tests.client.service import Service
from tests.http.conftest import Gate

EXAMPLES = [{"text": f"{word} {n}", "label": word} for n in range(10) for word in ("up", "down")]


class Swallowing(httpx2.HTTPTransport):
    """A line on which the service gets the next request of a kind, and its answer gets lost."""

    method: str | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if request.method != self.method:
            return response
        self.method = None
        response.read()
        response.close()
        raise httpx2.ReadTimeout("the answer was lost", request=request)


@pytest.fixture
def line() -> Swallowing:
    return Swallowing()


@pytest.fixture
def unlucky(service: Service, line: Swallowing) -> Iterator[Client]:
    with Client(service.url, "alice", "secret123", transport=line) as client:
        client.sign_in()
        yield client
    assert line.method is None, "no answer was lost"


def test_what_was_deleted_is_deleted(unlucky: Client, line: Swallowing) -> None:
    """Who deletes it again is told that it is not there."""
    unlucky.train(examples=EXAMPLES, name="lost", epochs=1).result()
    line.method = "DELETE"
    unlucky.delete_model("lost@1")
    with pytest.raises(NotFound):
        unlucky.delete_model("lost@1")


def test_an_alias_is_rolled_back_one_step(unlucky: Client, line: Swallowing) -> None:
    for _ in range(3):
        unlucky.train(examples=EXAMPLES, name="stepped", epochs=1).result()
    for version in (1, 2, 3):
        unlucky.promote("stepped", version, "best")
    line.method = "POST"
    assert unlucky.roll_back("stepped", "best").version == 2
    assert unlucky.model("stepped@best").version == 2


def test_a_job_is_cancelled_and_retried_once(unlucky: Client, line: Swallowing, gate: Gate) -> None:
    job = unlucky.submit("steps", gate.input(1))
    line.method = "DELETE"
    job.cancel()
    line.method = "POST"
    assert job.retry().status in (Status.PENDING, Status.RUNNING)
    gate.open()
    assert job.wait(60).status is Status.COMPLETED


def test_a_refusal_tells_what_was_tried_before_it() -> None:
    """As `attempts` and in its notes; without a repetition there is nothing to tell."""
    script = Script(httpx2.ReadTimeout, 404)
    with Client("http://service", token="t", transport=script.transport, clock=FakeClock()) as api:
        with pytest.raises(NotFound) as refused:
            api.delete_model("gone@1")
        assert [one.reason for one in refused.value.attempts] == ["ReadTimeout"]
        assert refused.value.__notes__[0].startswith("attempt 1: ReadTimeout; waited")
        assert len(set(script.heads("idempotency-key"))) == 1
        with pytest.raises(NotFound) as refused:
            api.delete_model("gone@1")
        assert refused.value.attempts == ()
