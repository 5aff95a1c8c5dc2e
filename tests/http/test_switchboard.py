"""Many jobs over one WebSocket."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from headway.http import switchboard
from headway.http.application import Application
from headway.http.hangups import MISUNDERSTOOD, TRY_LATER, UNAUTHORIZED
from headway.http.viewing import View
from tests.http.conftest import Gate, Headers, Submit

URL = "/ws/jobs"
Finished = Callable[[str], dict[str, Any]]


def until(socket: WebSocketTestSession, event: str, job_id: str) -> list[dict[str, Any]]:
    """Everything up to the job's first event of this name."""
    seen = []
    while True:
        message: dict[str, Any] = socket.receive_json()
        seen.append(message)
        if (message["event"], message["job_id"]) == (event, job_id):
            return seen


def test_a_socket_tells_of_every_job_it_was_asked_for(
    client: TestClient, alice: Headers, gate: Gate, submit: Submit
) -> None:
    """Each message says of which; each job's events are whole and in order."""
    first, second = (submit("steps", input=gate.input(2)) for _ in range(2))
    with client.websocket_connect(URL, headers=alice) as socket:
        for job_id in (first, second):
            socket.send_json({"action": "subscribe", "job_id": job_id, "after": 0})
        gate.open(2)
        seen, left = [], {first, second}
        while left:
            message = socket.receive_json()
            assert message.keys() == {"job_id", "event", "id", "data"}
            seen.append(message)
            if message["event"] == "complete":
                left.remove(message["job_id"])
    for job_id in (first, second):
        of_job = [one for one in seen if one["job_id"] == job_id]
        ids = [one["id"] for one in of_job if one["id"] is not None]
        assert ids == list(range(1, len(ids) + 1))
        assert of_job[-1]["data"]["result"] == {"steps": 2}


def test_a_job_can_be_cancelled_and_asked_for_again(
    client: TestClient, alice: Headers, gate: Gate, submit: Submit
) -> None:
    """`cancel` ends it, and what cannot be cancelled any more is said and no more."""
    job_id = submit("steps", input=gate.input(1))
    with client.websocket_connect(URL, headers=alice) as socket:
        socket.send_json({"action": "subscribe", "job_id": job_id})
        socket.send_json({"action": "cancel", "job_id": job_id})
        assert until(socket, "complete", job_id)[-1]["data"]["status"] == "cancelled"
        socket.send_json({"action": "cancel", "job_id": job_id})
        error = until(socket, "error", job_id)[-1]
        assert error["data"] == {"error": "Cannot cancel completed job"}
        socket.send_json({"action": "resume", "job_id": job_id, "after": 0})
        assert until(socket, "complete", job_id)[0]["id"] == 1


def test_who_unsubscribes_hears_no_more(
    app: Application,
    client: TestClient,
    alice: Headers,
    gate: Gate,
    submit: Submit,
    finished: Finished,
) -> None:
    """Of that job; the others go on."""
    left, kept = (submit("steps", input=gate.input(1)) for _ in range(2))
    with client.websocket_connect(URL, headers=alice) as socket:
        socket.send_json({"action": "subscribe", "job_id": left})
        until(socket, "progress", left)
        socket.send_json({"action": "unsubscribe", "job_id": left})
        socket.send_json({"action": "unsubscribe", "job_id": left})
        socket.send_json({"action": "subscribe", "job_id": kept})
        until(socket, "progress", kept)
        gate.open()
        finished(left)
        seen = until(socket, "complete", kept)
    assert all(one["job_id"] == kept or one["event"] != "complete" for one in seen)
    hub = app.parts.open().feed._hub  # noqa: SLF001 - what must be empty
    assert not {left, kept} & set(hub.topics())


def test_jobs_of_others_and_of_nobody_are_refused_by_themselves(
    client: TestClient, alice: Headers, bob: Headers, submit: Submit
) -> None:
    """With an `error` that tells nothing of the job; the socket goes on."""
    mine = submit()
    with client.websocket_connect(URL, headers=bob) as socket:
        for action in ("subscribe", "cancel"):
            socket.send_json({"action": action, "job_id": mine})
            assert socket.receive_json() == {
                "job_id": mine, "event": "error", "id": None, "data": {"error": "Not authorized"},
            }  # fmt: skip
            socket.send_json({"action": action, "job_id": "unknown"})
            assert socket.receive_json()["data"] == {"error": "Job not found"}


def test_one_job_too_many_is_refused_by_itself(
    client: TestClient, alice: Headers, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others stay."""
    monkeypatch.setattr(switchboard, "MOST", 1)
    later = "2100-01-01T00:00:00Z"
    first, second = submit(run_at=later), submit(run_at=later)
    with client.websocket_connect(URL, headers=alice) as socket:
        socket.send_json({"action": "subscribe", "job_id": first})
        until(socket, "progress", first)
        socket.send_json({"action": "subscribe", "job_id": second})
        assert "at most 1 jobs" in until(socket, "error", second)[-1]["data"]["error"]
        socket.send_json({"action": "cancel", "job_id": first})
        until(socket, "complete", first)
    client.delete(f"/api/v1/jobs/{second}", headers=alice)


def test_who_says_too_much_is_heard_as_fast_as_he_may_ask(
    app: Application, client: TestClient, alice: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each message counts as a request of his; none is lost."""
    rates = app.parts.open().rates
    with client.websocket_connect(URL, headers=alice) as socket:
        monkeypatch.setattr(rates, "_cost", 0.05)
        monkeypatch.setattr(rates, "_burst", 0.1)
        began = monotonic()
        for number in range(12):
            socket.send_json({"action": "cancel", "job_id": str(number)})
        told = [socket.receive_json()["job_id"] for _ in range(12)]
    assert told == [str(number) for number in range(12)]
    assert monotonic() - began > 0.4


@pytest.mark.parametrize(
    "message",
    [
        {"action": "subscribe"},
        {"action": "subscribe", "job_id": 7},
        {"action": "subscribe", "job_id": "x", "after": "1"},
        {"action": "subscribe", "job_id": "x", "more": 1},
        {"action": "cancel", "job_id": "x", "after": 1},
        {"action": "dance", "job_id": "x"},
        [],
    ],
)
def test_what_nobody_understands_ends_the_conversation(
    client: TestClient, alice: Headers, message: Any
) -> None:
    """With the code that says so."""
    with client.websocket_connect(URL, headers=alice) as socket:
        socket.send_json(message)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == MISUNDERSTOOD


def test_who_proves_nothing_is_turned_away(client: TestClient, alice: Headers) -> None:
    """A bad token, and a page of another site."""
    with client.websocket_connect(URL) as socket:
        socket.send_json({"token": "x.y.z"})
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == UNAUTHORIZED
    with pytest.raises(WebSocketDisconnect) as refused:
        client.websocket_connect(
            URL, headers=alice | {"Origin": "https://evil.example"}
        ).__enter__()
    assert refused.value.code == 1008


def test_one_stream_or_socket_too_many_is_refused(
    app: Application,
    client: TestClient,
    alice: Headers,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A 429 with `Retry-After` and the limit, or a close with a code."""
    job_id = submit()
    monkeypatch.setattr(app.parts.open().seats, "_most", 0)
    answer = client.get(f"/api/v1/jobs/{job_id}/stream", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
    assert answer.headers["retry-after"] == "5"
    assert "at most 0 open streams" in answer.json()["detail"]
    assert client.get("/api/v1/jobs/stream", headers=alice).status_code == 429
    for url in (URL, f"{URL}/{job_id}"):
        with (
            client.websocket_connect(url, headers=alice) as socket,
            pytest.raises(WebSocketDisconnect) as closed,
        ):
            socket.receive_json()
        assert closed.value.code == TRY_LATER


def test_a_defect_in_one_job_s_talk_ends_the_socket(
    client: TestClient, alice: Headers, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the client would wait for ever for a job of which nobody speaks any more."""

    async def defective(*_: Any) -> Any:
        raise KeyError("a defect")

    def subscribe() -> None:
        with client.websocket_connect(URL, headers=alice) as socket:
            socket.send_json({"action": "subscribe", "job_id": submit()})
            socket.receive_json()

    monkeypatch.setattr(View, "open", defective)
    with pytest.raises(KeyError, match="a defect"):
        subscribe()
