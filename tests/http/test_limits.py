"""Limits as clients meet them: 429 for a user's own, 503 for the service's, each with the figures."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from headway.errors import UserLimit
from headway.http.app import create_app
from headway.http.in_flight import InFlight, Place
from headway.http.rates import Rates
from headway.settings import Settings
from tests.http.conftest import OPERATIONS, Headers, application, sign_in
from tests.sqlite import migrate


@contextmanager
def service(data_dir: Path, **limits: Any) -> Iterator[tuple[TestClient, Headers]]:
    """A service with these limits and no worker: what is accepted stays."""
    migrate(data_dir)
    settings = Settings(data_dir=data_dir, operations=OPERATIONS, embedded_worker=False, **limits)
    app = create_app(settings)
    client = TestClient(app)
    try:
        yield client, sign_in(client, "alice", "secret123")
    finally:
        app.parts.close()


def nothing(client: TestClient, user: Headers, **more: str) -> Response:
    return client.post("/api/v1/jobs", json={"job_type": "nothing"}, headers=user | more)


def assert_limited(answer: Response, status: int, code: str, limit: float, current: float) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    told = answer.json()
    assert (told["code"], told["limit"], told["current"]) == (code, limit, current)


def test_a_user_s_queue_is_bounded(data_dir: Path) -> None:
    """The fourth job is refused; another user's is not; a cancelled one makes room."""
    with service(data_dir, max_queued_per_user=3) as (client, alice):
        ids = [nothing(client, alice).json()["job_id"] for _ in range(3)]
        assert_limited(nothing(client, alice), 429, "too_many_jobs", 3, 3)
        assert nothing(client, sign_in(client, "bob", "secret456")).status_code == 202
        client.delete(f"/api/v1/jobs/{ids[0]}", headers=alice)
        assert nothing(client, alice).status_code == 202
        assert client.get("/api/v1/users/me", headers=alice).json()["request_count"] == 4


def test_a_list_fits_as_a_whole_or_not_at_all(data_dir: Path) -> None:
    """Bulk is one transaction, in this too."""
    with service(data_dir, max_queued_per_user=3) as (client, alice):
        nothing(client, alice)
        bulk = {"jobs": [{"job_type": "nothing"}] * 3}
        answer = client.post("/api/v1/jobs/bulk", json=bulk, headers=alice)
        assert_limited(answer, 429, "too_many_jobs", 3, 1)
        assert len(client.get("/api/v1/jobs", headers=alice).json()) == 1
        keyed = alice | {"Idempotency-Key": "k"}
        answer = client.post("/api/v1/jobs/bulk", json=bulk, headers=keyed)
        assert answer.status_code == 429
        bulk = {"jobs": [{"job_type": "nothing"}] * 2}
        assert client.post("/api/v1/jobs/bulk", json=bulk, headers=keyed).status_code == 202


def test_many_at_once_get_as_much_as_one_after_the_other(data_dir: Path) -> None:
    """Forty requests of sixteen threads: ten jobs, thirty refusals."""
    with service(data_dir, max_queued_per_user=10) as (client, alice):
        found: list[int] = []

        def ask() -> None:
            found.extend(nothing(client, alice).status_code for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert (found.count(202), found.count(429)) == (10, 30)


def test_the_service_s_queue_is_bounded(data_dir: Path) -> None:
    """The limit of all is no user's fault: 503."""
    with service(data_dir, max_queued=2) as (client, alice):
        bob = sign_in(client, "bob", "secret456")
        assert [nothing(client, one).status_code for one in (alice, bob)] == [202, 202]
        assert_limited(nothing(client, alice), 503, "queue_full", 2, 2)


def test_jobs_beyond_the_running_limit_say_what_they_wait_for(data_dir: Path) -> None:
    """They are accepted, and wait."""
    with service(data_dir, max_running_per_user=1) as (client, alice):
        ids = [nothing(client, alice).json()["job_id"] for _ in range(2)]
        told = [client.get(f"/api/v1/jobs/{one}", headers=alice).json() for one in ids]
        assert [one["waiting_for"] for one in told] == [None, "limit"]


def test_jobs_of_a_paused_operation_say_so(data_dir: Path) -> None:
    """Until it is resumed."""
    with service(data_dir) as (client, alice):
        job_id = nothing(client, alice).json()["job_id"]
        queue = application(client).parts.open().queue
        assert queue.oversight.pause("nothing")
        assert list(queue.oversight.paused()) == ["nothing"]
        job = client.get(f"/api/v1/jobs/{job_id}", headers=alice).json()
        assert (job["waiting_for"], job["queue_position"]) == ("pause", 1)
        queue.oversight.resume("nothing")
        assert client.get(f"/api/v1/jobs/{job_id}", headers=alice).json()["waiting_for"] is None


def test_a_user_who_asks_too_fast_is_slowed_down_alone(data_dir: Path) -> None:
    """Ten at once, then two a second; bob is answered."""
    with service(data_dir, max_requests_per_second=2) as (client, alice):
        codes = [client.get("/api/v1/users/me", headers=alice).status_code for _ in range(40)]
        assert 10 <= codes.count(200) < 40
        answer = client.get("/api/v1/users/me", headers=alice)
        while answer.status_code == 200:
            answer = client.get("/api/v1/users/me", headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert answer.json()["limit"] == 2
        assert int(answer.headers["retry-after"]) >= 1
        bob = sign_in(client, "bob", "secret456")
        assert client.get("/api/v1/users/me", headers=bob).status_code == 200


def test_a_request_with_a_key_counts_as_one(data_dir: Path) -> None:
    with service(data_dir, max_requests_per_second=1) as (client, alice):
        answers = [
            client.post(f"/api/v1/jobs/{number}/cancel", headers=alice | {"Idempotency-Key": "k"})
            for number in range(10)
        ]
        assert {one.status_code for one in answers} == {404}


def test_a_bucket_fills_again() -> None:
    """Whoever waits as long as he was told is let in; the users are forgotten when they are quiet."""
    rates = Rates(200)

    def hurry() -> None:
        for _ in range(100_000):
            rates.check("ann")

    with pytest.raises(UserLimit) as refused:
        hurry()
    rates.check("bob")
    time.sleep(refused.value.retry_after + 0.02)
    rates.check("ann")


def test_a_user_s_files_are_bounded(data_dir: Path) -> None:
    """A file that does not fit is refused before it is read, by its length, or when it is known."""
    with service(data_dir, max_stored_mb_per_user=1) as (client, alice):
        head = alice | {"Content-Type": "text/csv"}
        row = b"text,label\n" + b"x" * 700_000 + b",a\n"
        assert client.post("/imports", content=row, headers=head).status_code == 202
        other = row.replace(b"x,a", b"y,b")
        answer = client.post("/imports", content=other, headers=head)
        assert_limited(answer, 429, "too_many_bytes", 2**20, len(row))
        answer = client.post("/imports", content=iter([other]), headers=head)
        assert_limited(answer, 429, "too_many_bytes", 2**20, len(row))
        bob = sign_in(client, "bob", "secret456") | {"Content-Type": "text/csv"}
        assert client.post("/imports", content=other, headers=bob).status_code == 202


def test_more_than_a_process_can_work_on_is_refused_at_once(data_dir: Path) -> None:
    """Before anything of it is looked at; whoever watches over the service is answered."""
    with service(data_dir, max_in_flight=8) as (client, alice):
        in_flight = application(client).in_flight
        places = [Place(in_flight) for _ in range(8)]
        answer = nothing(client, alice)
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert answer.headers["retry-after"] == "1"
        assert client.get("/healthz").status_code == 200
        places[0].end()
        assert nothing(client, alice).status_code == 202
        for one in places:
            one.end()
        assert (in_flight.count, in_flight.refused) == (0, 1)


def test_a_user_waits_for_so_many_ends_at_a_time(data_dir: Path) -> None:
    """Beyond it he is answered at once, as if he had not asked to wait; others still wait."""
    with service(data_dir, max_streams=1) as (client, alice):
        wait, at_once = {"Prefer": "wait=30"}, {"Prefer": "wait=0"}
        waits = application(client).parts.open().waits
        with waits.one("alice"):
            answer = nothing(client, alice, **wait)
            assert (answer.status_code, answer.json()["status"]) == (202, "pending")
            job = client.get(answer.json()["poll_url"], headers=alice | wait)
            assert (job.status_code, job.json()["status"]) == (200, "pending")
            assert not {"preference-applied"} & {*answer.headers, *job.headers}
            bob = sign_in(client, "bob", "secret456")
            assert nothing(client, bob, **at_once).headers["preference-applied"] == "wait=0"
        job = client.get(answer.json()["poll_url"], headers=alice | at_once)
        assert job.headers["preference-applied"] == "wait=0"


def test_who_waits_takes_no_place() -> None:
    """A place counts while we work on it: not while the client is slow, nor once it is answered."""
    in_flight = InFlight(2)
    place = Place(in_flight)
    assert in_flight.count == 1
    with place.aside(), place.aside():
        assert in_flight.count == 0
    assert in_flight.count == 1
    with place.aside():
        place.end()
    place.end()
    assert in_flight.count == 0
