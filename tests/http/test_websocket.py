"""The same events over a WebSocket, where the client may speak too."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from headway.http import hangups, introduction, websocket
from headway.http.application import Application
from headway.http.hangups import CLOSE_CODES
from tests.http.conftest import Gate, Headers, Submit
from tests.waiting import AT_ONCE

JOBS = "/api/v1/jobs"
DOCS = Path(__file__).parents[2] / "docs" / "http.md"


def heard(socket: WebSocketTestSession) -> tuple[list[dict[str, Any]], int]:
    """Everything up to the end, and the code it closed with."""
    messages: list[dict[str, Any]] = []
    try:
        while True:
            messages.append(socket.receive_json())
    except WebSocketDisconnect as closed:
        return messages, closed.code


def closed_with(client: TestClient, url: str, first: Any = None, **options: Any) -> int:
    try:
        with client.websocket_connect(url, **options) as socket:
            if first is not None:
                socket.send_json(first)
            return heard(socket)[1]
    except WebSocketDisconnect as refused:
        return refused.code


def test_a_socket_gives_the_events_of_the_stream(
    client: TestClient, alice: Headers, gate: Gate, submit: Submit
) -> None:
    """As {"event", "id", "data"}, until `complete`; then it closes as finished."""
    job_id = submit("steps", input=gate.input(2))
    with client.websocket_connect(f"/ws/jobs/{job_id}", headers=alice) as socket:
        first = socket.receive_json()
        assert first.keys() == {"event", "id", "data"}
        assert (first["event"], first["id"]) == ("update", None)
        gate.open(2)
        messages, code = heard(socket)
    assert code == hangups.FINISHED
    assert messages[-1]["event"] == "complete"
    assert messages[-1]["data"] == {"status": "completed", "result": {"steps": 2}, "error": None}
    assert {"metric", "log", "items", "checkpoint"} <= {one["event"] for one in messages}


@pytest.fixture
def running(client: TestClient, alice: Headers, gate: Gate, submit: Submit) -> str:
    """A job that is running, with one step taken."""
    gate.open()
    job_id = submit("steps", input=gate.input(2))
    with client.stream("GET", f"{JOBS}/{job_id}/stream?after=0", headers=alice) as stream:
        next(line for line in stream.iter_lines() if line == "event: checkpoint")
    return job_id


def test_the_first_message_may_hold_the_token(
    client: TestClient, alice: Headers, running: str
) -> None:
    """A browser cannot send a header, and the token never stands in a URL."""
    token = alice["Authorization"].partition(" ")[2]
    with client.websocket_connect(f"/ws/jobs/{running}") as socket:
        socket.send_json({"token": token, "after": 0})
        assert socket.receive_json()["id"] == 1


def test_a_ticket_opens_one_socket_once(client: TestClient, alice: Headers, running: str) -> None:
    """It is good for 30 seconds and used up by the first use."""
    answer = client.post("/api/v1/tickets", headers=alice)
    assert (answer.status_code, answer.json()["expires_in"]) == (201, 30)
    assert answer.headers["cache-control"] == "no-store"
    url = f"/ws/jobs/{running}?ticket={answer.json()['ticket']}"
    with client.websocket_connect(url) as socket:
        assert socket.receive_json()["event"] == "update"
    assert closed_with(client, url) == hangups.UNAUTHORIZED


def test_a_ticket_is_its_user_s_alone(client: TestClient, bob: Headers, running: str) -> None:
    """Bob's ticket opens none of alice's jobs, and is no bearer token."""
    ticket = client.post("/api/v1/tickets", headers=bob).json()["ticket"]
    assert closed_with(client, f"/ws/jobs/{running}?ticket={ticket}") == hangups.FORBIDDEN
    headers = {"Authorization": f"Bearer {ticket}"}
    assert client.get(JOBS, headers=headers).status_code == 401


def test_a_token_among_other_things_is_misunderstood(
    client: TestClient, alice: Headers, running: str
) -> None:
    """Whoever says more than is described here is told that, not that his token is bad."""
    first = {"token": alice["Authorization"].removeprefix("Bearer "), "foo": 1}
    code = closed_with(client, f"/ws/jobs/{running}", first, headers={})
    assert code == hangups.MISUNDERSTOOD


@pytest.mark.parametrize(
    ("url", "first", "headers"),
    [
        ("", {"token": "x.y.z"}, {}),
        ("", {"hello": 1}, {}),
        ("", {"token": 7}, {}),
        ("?ticket=x.y.z", None, {}),
        ("", None, {"Authorization": "Bearer x.y.z"}),
        ("", None, {"Authorization": "Basic x"}),
    ],
)
def test_who_proves_nothing_is_turned_away(
    client: TestClient, running: str, url: str, first: Any, headers: Headers
) -> None:
    """Whatever the way, a bad proof closes the socket as unauthorized."""
    code = closed_with(client, f"/ws/jobs/{running}{url}", first, headers=headers)
    assert code == hangups.UNAUTHORIZED


def test_a_token_in_the_url_is_refused(client: TestClient, alice: Headers, running: str) -> None:
    """Even a good one: URLs end up in logs."""
    token = alice["Authorization"].partition(" ")[2]
    assert closed_with(client, f"/ws/jobs/{running}?token={token}") == hangups.UNAUTHORIZED


def test_who_says_nothing_is_not_waited_for(
    client: TestClient, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket without a token is closed after a while."""
    monkeypatch.setattr(introduction, "INTRODUCTION_SECONDS", 0.01)
    assert closed_with(client, f"/ws/jobs/{running}") == hangups.SILENT


def test_another_user_s_and_unknown_jobs_have_codes_of_their_own(
    client: TestClient, alice: Headers, bob: Headers, running: str
) -> None:
    """As 403 and 404 do over HTTP."""
    assert closed_with(client, f"/ws/jobs/{running}", headers=bob) == hangups.FORBIDDEN
    assert closed_with(client, "/ws/jobs/unknown", headers=alice) == hangups.NOT_FOUND


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil", "x"])
def test_pages_of_other_sites_are_refused(
    client: TestClient, alice: Headers, running: str, origin: str
) -> None:
    """The handshake itself fails, before anything is accepted."""
    with pytest.raises(WebSocketDisconnect) as refused:
        client.websocket_connect(
            f"/ws/jobs/{running}", headers=alice | {"Origin": origin}
        ).__enter__()
    assert refused.value.code == 1008


def test_our_own_pages_are_welcome(client: TestClient, alice: Headers, running: str) -> None:
    """The same host and port is the same origin."""
    headers = alice | {"Origin": "http://testserver"}
    with client.websocket_connect(f"/ws/jobs/{running}", headers=headers) as socket:
        assert socket.receive_json()["event"] == "update"


def test_a_client_can_cancel(client: TestClient, alice: Headers, running: str) -> None:
    """The job ends as cancelled, and the events tell so."""
    with client.websocket_connect(f"/ws/jobs/{running}", headers=alice) as socket:
        socket.receive_json()
        socket.send_json({"action": "cancel"})
        messages, code = heard(socket)
    assert code == hangups.FINISHED
    assert messages[-1]["data"]["status"] == "cancelled"
    job = client.get(f"{JOBS}/{running}", headers=alice).json()
    assert job["status"] == "cancelled"


def test_another_user_s_job_is_not_cancelled_however_early_he_says_so(
    client: TestClient, alice: Headers, bob: Headers, running: str
) -> None:
    """He is told as if he had said nothing."""
    url = f"/ws/jobs/{running}"
    for _ in range(3):
        assert closed_with(client, url, {"action": "cancel"}, headers=bob) == hangups.FORBIDDEN
    assert client.get(f"{JOBS}/{running}", headers=alice).json()["status"] == "running"


def test_a_socket_that_nobody_hears_any_more_ends(
    app: Application,
    client: TestClient,
    alice: Headers,
    running: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the defect: it is the conversation's, and not lost with the task that heard."""

    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(app.parts.open().queue, "cancel", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        closed_with(client, f"/ws/jobs/{running}", {"action": "cancel"}, headers=alice)


def test_a_client_can_resume_from_an_event(
    client: TestClient, alice: Headers, running: str, gate: Gate
) -> None:
    """Every durable event after it comes, in order and without a gap."""
    with client.websocket_connect(f"/ws/jobs/{running}", headers=alice) as socket:
        assert socket.receive_json()["id"] is None
        socket.send_json({"action": "resume", "after": 2})
        while (message := socket.receive_json())["id"] is None:
            assert message["event"] in ("update", "progress")
        assert message["id"] == 3
        gate.open()
        ids = [3] + [one["id"] for one in heard(socket)[0] if one["id"] is not None]
    assert ids == list(range(3, 3 + len(ids)))


def test_the_history_of_a_finished_job_can_still_be_asked_for(
    client: TestClient,
    alice: Headers,
    submit: Submit,
    finished: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After `complete` there is a moment to resume: a long one here, since we may be slow to ask."""
    monkeypatch.setattr(websocket, "LINGER_SECONDS", AT_ONCE)
    job_id = submit()
    finished(job_id)
    with client.websocket_connect(f"/ws/jobs/{job_id}", headers=alice) as socket:
        assert [socket.receive_json()["event"] for _ in range(2)] == ["update", "complete"]
        socket.send_json({"action": "resume", "after": 0})
        messages = [socket.receive_json()]
        while messages[-1]["event"] != "complete":
            messages.append(socket.receive_json())
    assert [one["id"] for one in messages if one["id"] is not None] == [1, 2, 3]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("hello", hangups.MISUNDERSTOOD),
        ("[]", hangups.MISUNDERSTOOD),
        ("{}", hangups.MISUNDERSTOOD),
        ('{"action": "dance"}', hangups.MISUNDERSTOOD),
        ('{"action": "cancel", "job": "x"}', hangups.MISUNDERSTOOD),
        ('{"action": "resume", "after": "1"}', hangups.MISUNDERSTOOD),
        ('{"action": "resume"}', hangups.MISUNDERSTOOD),
        ('{"action": "cancel", "action": "cancel"}', hangups.MISUNDERSTOOD),
        ("[" * 2000, hangups.MISUNDERSTOOD),
        (json.dumps("x" * 70_000), hangups.TOO_BIG),
    ],
)
def test_what_nobody_understands_ends_the_conversation(
    client: TestClient, alice: Headers, running: str, message: str, code: int
) -> None:
    """With a code that says why, and the job goes on."""
    with client.websocket_connect(f"/ws/jobs/{running}", headers=alice) as socket:
        socket.receive_json()
        socket.send_text(message)
        assert heard(socket)[1] == code
    assert client.get(f"{JOBS}/{running}", headers=alice).json()["status"] == "running"


def test_every_close_code_is_documented() -> None:
    """The page and the code agree, both ways."""
    rows = re.findall(r"^\| (\d{4}) \| (.+) \|$", DOCS.read_text(), re.MULTILINE)
    assert {int(code): text for code, text in rows} == CLOSE_CODES
    named = {value for value in vars(hangups).values() if type(value) is int and value >= 1000}
    assert named == set(CLOSE_CODES)


def test_leaving_is_noticed(
    app: Application, client: TestClient, alice: Headers, running: str, gate: Gate
) -> None:
    """Nothing of a viewer is left once he has gone."""
    with client.websocket_connect(f"/ws/jobs/{running}", headers=alice) as socket:
        socket.receive_json()
    hub = app.parts.open().feed._hub  # noqa: SLF001 - what must be empty
    assert running not in hub.topics()
