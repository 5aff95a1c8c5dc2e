"""Answers that wait for the end of a job, or for what their client does not have of it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.http.app import create_app
from headway.settings import Settings
from tests.contract.acts import claims, join
from tests.http.conftest import Headers, Submit, sign_in
from tests.waiting import eventually

JOBS = "/api/v1/jobs"
CSV = b"text,label\nhello there,greeting\ngood bye,farewell\n"
WAIT = {"Prefer": "wait=30"}

Finished = Callable[[str], dict[str, Any]]


class Still:
    """A service without a worker: its jobs change when a test says so."""

    def __init__(self, data_dir: Path) -> None:
        self.app = create_app(Settings(data_dir=data_dir, embedded_worker=False))
        self.client = TestClient(self.app)
        self.alice = sign_in(self.client, "alice", "secret123")
        self.parts = self.app.parts.open()
        body = {"job_type": "import_csv"}
        answer = self.client.post(JOBS, json=body, headers=self.alice)
        self.url = f"{JOBS}/{answer.json()['job_id']}"

    def get(self, headers: Headers) -> Any:
        return self.client.get(self.url, headers=self.alice | headers)

    def known(self) -> Headers:
        return {"If-None-Match": self.get({}).headers["etag"]}


@pytest.fixture
def still(data_dir: Path) -> Iterator[Still]:
    still = Still(data_dir)
    yield still
    still.app.parts.close()


def test_who_says_what_he_has_waits_until_it_is_another(still: Still) -> None:
    """The job's beginning is told, though it has not ended."""
    asked = still.known() | WAIT
    store = still.parts.service.store
    with ThreadPoolExecutor(1) as thread:
        answering = thread.submit(still.get, asked)
        eventually(lambda: still.parts.waits.taken == 1)
        claims(store, join(store), 1, "import_csv")
        store.bell.ring("news")
        answer = answering.result(30)
    assert (answer.status_code, answer.json()["status"]) == (200, "running")
    assert answer.headers["etag"] != asked["If-None-Match"]
    assert answer.headers["preference-applied"] == "wait=30"


def test_who_waits_for_another_in_vain_is_told_that_he_has_it(still: Still) -> None:
    """304 when the time is over, and at once for a job that has ended."""
    answer = still.get(still.known() | {"Prefer": "wait=1"})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["preference-applied"] == "wait=1"
    still.client.delete(still.url, headers=still.alice)
    assert still.get(still.known() | WAIT).status_code == 304


def test_who_has_another_is_told_at_once(still: Still) -> None:
    """Nothing is to be waited for."""
    answer = still.get(WAIT | {"If-None-Match": 'W/"0"'})
    assert answer.status_code == 200
    assert answer.json()["completed_at"] is None


def test_what_a_client_has_may_stand_in_several_lines(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """They are one list."""
    url = f"{JOBS}/{finished(submit())['job_id']}"
    tag = client.get(url, headers=alice).headers["etag"]
    lines = [*alice.items(), ("If-None-Match", '"other"'), ("If-None-Match", tag)]
    assert client.get(url, headers=lines).status_code == 304


def test_an_import_is_waited_for_where_it_is_sent(client: TestClient) -> None:
    """The answer is the import when it has ended in time."""
    answer = client.post("/imports", content=CSV, headers=WAIT | {"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["status"]) == (200, "complete")
    assert answer.json()["counts"]["rows"] == 2
    assert answer.headers["preference-applied"] == "wait=30"
    task_id = answer.json()["task_id"]
    assert answer.headers["location"] == f"/imports/{task_id}"
    soon = client.post("/imports", headers={"Prefer": "respond-async, wait=0"})
    assert (soon.status_code, soon.headers["preference-applied"]) == (202, "wait=0")
    told = client.post("/imports", headers={"Prefer": "respond-async"})
    assert (told.status_code, told.headers["preference-applied"]) == (202, "respond-async")


def test_an_import_is_polled_as_a_job_is(client: TestClient, alice: Headers) -> None:
    """It says that it has waited, has a tag, and costs nothing while it is as it was."""
    task_id = client.post("/imports", headers=alice).json()["task_id"]
    url = f"/imports/{task_id}"
    ended = client.get(url, headers=alice | WAIT)
    assert ended.json()["status"] == "complete"
    assert ended.headers["preference-applied"] == "wait=30"
    tag = ended.headers["etag"]
    assert tag == client.get(f"{JOBS}/{task_id}", headers=alice).headers["etag"]
    for asked in ({"If-None-Match": tag}, {"If-None-Match": tag} | WAIT):
        again = client.get(url, headers=alice | asked)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(url, headers=alice | {"If-None-Match": 'W/"0"'}).status_code == 200


def test_a_retry_waits_for_the_end(
    client: TestClient, alice: Headers, submit: Submit, finished: Finished
) -> None:
    """As a submission does."""
    failed = submit("fail")
    finished(failed)
    answer = client.post(f"{JOBS}/{failed}/retry", headers=alice | WAIT)
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert answer.headers["preference-applied"] == "wait=30"
    key = alice | WAIT | {"Idempotency-Key": failed}
    assert client.post(f"{JOBS}/{failed}/retry", headers=key).json()["status"] == "failed"
