"""Who is told of the end of a job: chosen with the job or for all, delivered, logged, sent again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from standardwebhooks import Webhook

from headway.operations import DELIVER_NOTICE
from tests.delivery.receiver import Receiver, receiver
from tests.http.conftest import Headers, Submit
from tests.waiting import eventually

SETTINGS = "/api/v1/users/me/notifications"


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as there:
        yield there


@pytest.fixture
def secret(client: TestClient, alice: Headers) -> str:
    return str(client.get(SETTINGS, headers=alice).json()["signing_secret"])


@pytest.fixture
def deliveries(client: TestClient, alice: Headers) -> Callable[[str], list[dict[str, Any]]]:
    """What was sent about a job, once all of it has arrived or was given up."""

    def deliveries(job_id: str) -> list[dict[str, Any]]:
        def ended() -> list[dict[str, Any]]:
            found = client.get(f"/api/v1/jobs/{job_id}/deliveries", headers=alice).json()
            waiting = {one["status"] for one in found} & {"pending", "running"}
            return [] if waiting else found

        return eventually(ended)

    return deliveries


def test_a_receiver_hears_of_the_end_of_a_job(
    submit: Submit,
    there: Receiver,
    secret: str,
    deliveries: Callable[[str], list[dict[str, Any]]],
) -> None:
    job_id = submit(notify=[{"webhook": there.url}])
    (one,) = there.until(1)
    said: Any = Webhook(secret).verify(one.body.decode(), one.headers)
    assert (said["type"], said["data"]["job_id"]) == ("job.completed", job_id)
    (delivery,) = deliveries(job_id)
    assert delivery["delivery_id"] == one.headers["webhook-id"]
    assert (delivery["status"], delivery["target"]["webhook"]) == ("completed", there.url)
    assert (delivery["target"]["on"], delivery["error"]) == (
        ["cancelled", "completed", "failed"],
        None,
    )
    assert delivery["attempts"][-1]["outcome"] == "completed"


def test_what_was_delivered_can_be_sent_again(
    client: TestClient,
    alice: Headers,
    bob: Headers,
    submit: Submit,
    there: Receiver,
    deliveries: Callable[[str], list[dict[str, Any]]],
) -> None:
    """As the same message, so that a receiver that has it can tell."""
    job_id = submit(notify=[{"webhook": there.url}])
    (first,) = deliveries(job_id)
    url = f"/api/v1/jobs/{job_id}/deliveries/{first['delivery_id']}/replay"
    assert client.post(url, headers=bob).status_code == 403
    assert client.post(url).status_code == 401
    again = client.post(url, headers=alice)
    assert again.status_code == 202
    sent = there.until(2)
    assert sent[0].body == sent[1].body
    assert {one.headers["webhook-id"] for one in sent} == {first["delivery_id"]}
    assert [one["delivery_id"] for one in deliveries(job_id)] == [
        first["delivery_id"],
        again.json()["delivery_id"],
    ]
    unknown = f"/api/v1/jobs/{job_id}/deliveries/{job_id}/replay"
    assert client.post(unknown, headers=alice).status_code == 404


def test_a_target_for_all_jobs_hears_of_those_that_do_not_say(
    client: TestClient, alice: Headers, submit: Submit, there: Receiver
) -> None:
    wanted = {"targets": [{"webhook": there.url, "on": ["completed"]}]}
    try:
        chosen = client.put(SETTINGS, json=wanted, headers=alice)
        assert chosen.status_code == 200, chosen.text
        assert chosen.headers["cache-control"] == "no-store"
        assert chosen.json()["targets"] == [
            {"webhook": there.url, "email": None, "on": ["completed"]}
        ]
        submit(notify=[])
        job_id = submit()
        (one,) = there.until(1)
        assert job_id.encode() in one.body
    finally:
        client.put(SETTINGS, json={"targets": []}, headers=alice)


def test_a_secret_can_be_changed(
    client: TestClient, alice: Headers, secret: str, submit: Submit, there: Receiver
) -> None:
    """For a day both verify."""
    answer = client.post(f"{SETTINGS}/secret", headers=alice).json()
    assert answer["signing_secret"] != secret
    submit(notify=[{"webhook": there.url}])
    (one,) = there.until(1)
    for either in (secret, answer["signing_secret"]):
        Webhook(either).verify(one.body.decode(), one.headers)


@pytest.mark.parametrize(
    ("notify", "pointer"),
    [
        ([{}], "/notify/0"),
        ([{"webhook": "ftp://x.org"}], "/notify/0/webhook"),
        ([{"webhook": ""}], "/notify/0/webhook"),
        ([{"webhook": "http://127.0.0.1:22"}], "/notify/0/webhook"),
        ([{"webhook": "http://x.org", "email": "a@b.org"}], "/notify/0"),
        ([{"email": "a@b.org"}], "/notify/0/email"),
        ([{"webhook": "http://x.org", "on": ["started"]}], "/notify/0/on/0"),
        ([{"webhook": "http://x.org", "on": []}], "/notify/0/on"),
        ([{"webhook": "http://x.org", "secret": "x"}], "/notify/0/secret"),
        ([{"webhook": "http://x.org"}] * 6, "/notify"),
        ("http://x.org", "/notify"),
    ],
)
def test_a_target_that_cannot_be_is_refused_before_the_job_is_made(
    client: TestClient, alice: Headers, notify: object, pointer: str
) -> None:
    body = {"job_type": "nothing", "notify": notify}
    answer = client.post("/api/v1/jobs", json=body, headers=alice)
    assert answer.status_code == 422
    assert pointer in {one["pointer"] for one in answer.json()["errors"]}


def test_nobody_can_ask_for_a_delivery_themselves(client: TestClient, alice: Headers) -> None:
    """It could say anything to anybody."""
    name = DELIVER_NOTICE.name
    answer = client.post("/api/v1/jobs", json={"job_type": name, "input": {}}, headers=alice)
    assert answer.status_code == 422
    assert name not in answer.json()["detail"].partition("got")[0]
    offered = client.get("/api/v1/operations", headers=alice).json()
    assert name not in {one["job_type"] for one in offered}


def test_a_delivery_is_no_job_of_its_user(
    client: TestClient,
    alice: Headers,
    submit: Submit,
    there: Receiver,
    deliveries: Callable[[str], list[dict[str, Any]]],
) -> None:
    job_id = submit(notify=[{"webhook": there.url}])
    (one,) = deliveries(job_id)
    listed = client.get("/api/v1/jobs?limit=100", headers=alice).json()
    assert one["delivery_id"] not in {job["job_id"] for job in listed}
    answer = client.get(f"/api/v1/jobs/{one['delivery_id']}", headers=alice)
    assert answer.status_code == 403
