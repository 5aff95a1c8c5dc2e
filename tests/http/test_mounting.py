"""Headway inside of somebody's own application: his users, his errors, his routes; our jobs."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from headway.http.mounting import Mounted, mount
from headway.identity.tokens import Tokens, signing_secret
from headway.job import Status
from headway.job_request import JobRequest
from headway.settings import Settings
from tests.http.conftest import OPERATIONS

JOBS = "/desk/api/v1/jobs"
ADA = {"X-Badge": "badge-of-ada"}
BEN = {"X-Badge": "badge-of-ben"}


class BadgeStolen(Exception):
    """An error of the host's own, for which it has a handler of its own."""


def badge(request: Request, x_badge: Annotated[str, Header()]) -> str:
    """Depends on what the host keeps in its state, and on a header of its choice."""
    if x_badge == "stolen":
        raise BadgeStolen
    name: str | None = request.app.state.badges.get(x_badge)
    if name is None:
        raise HTTPException(401, "no such badge", {"WWW-Authenticate": "Badge"})
    return name


async def current_user(name: Annotated[str, Depends(badge)]) -> AsyncIterator[str]:
    yield name.lower()


class Host:
    """An application with a life of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.log: list[str] = []
        self.app = FastAPI(title="Shop", lifespan=self._lifespan)
        self.app.state.badges = {"badge-of-ada": "Ada", "badge-of-ben": "Ben", "odd": ""}
        self.app.get("/api/v1/jobs")(lambda: {"jobs": ["shop assistant"]})
        self.app.websocket("/ws/prices")(self._prices)
        self.app.exception_handler(BadgeStolen)(self._stolen)
        self.settings = Settings(data_dir=data_dir, operations=OPERATIONS)
        self.jobs: Mounted = mount(self.app, self.settings, user=current_user, prefix="/desk")
        self.app.post("/orders", status_code=201)(self._order)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        self.log.append("open")
        yield
        self.log.append("closed")

    async def _prices(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("4.20")
        await socket.close()

    async def _stolen(self, _request: Request, _error: Exception) -> JSONResponse:
        return JSONResponse({"alarm": True}, 418)

    def _order(self, amount: int, name: Annotated[str, Depends(current_user)]) -> dict[str, str]:
        job = self.jobs.queue.submit(
            JobRequest(operation="nothing", owner=name, input={"number": amount})
        )
        return {"job": job.id}


@pytest.fixture(scope="module")
def host(clean_session: None) -> Iterator[Host]:
    with tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder:
        host = Host(Path(folder) / "data")
        host.jobs.queue  # noqa: B018 - opened here, its worker bears no single test's mark
        yield host
        host.jobs.close()


@pytest.fixture(scope="module")
def client(host: Host) -> TestClient:
    return TestClient(host.app)


def submitted(client: TestClient, headers: dict[str, str], **fields: Any) -> dict[str, Any]:
    answer = client.post(JOBS, json={"job_type": "nothing", **fields}, headers=headers)
    assert answer.status_code == 202, answer.text
    document: dict[str, Any] = answer.json()
    assert answer.headers["location"] == document["poll_url"]
    return document


def test_a_job_runs_for_the_user_whom_the_host_names(client: TestClient) -> None:
    job_id = submitted(client, ADA)["job_id"]
    job = client.get(f"{JOBS}/{job_id}", headers=ADA | {"Prefer": "wait=30"}).json()
    assert (job["status"], job["user_id"]) == ("completed", "ada")


def test_a_job_belongs_to_its_user_alone(client: TestClient) -> None:
    url = submitted(client, ADA)["poll_url"]
    assert client.get(url, headers=ADA).status_code == 200
    assert client.get(url, headers=BEN).status_code == 403
    assert url not in [job["links"]["self"] for job in client.get(JOBS, headers=BEN).json()]


def test_every_path_that_is_told_can_be_asked_for(client: TestClient) -> None:
    url = submitted(client, ADA)["poll_url"]
    job = client.get(url, headers=ADA).json()
    for name in ("self", "events", "logs", "metrics", "attempts", "results"):
        assert client.get(job["links"][name], headers=ADA).status_code == 200, name
    submitted(client, ADA)
    page = client.get(JOBS, params={"limit": 1}, headers=ADA)
    assert client.get(page.links["next"]["url"], headers=ADA).json()[0]["user_id"] == "ada"
    imported = client.post("/desk/imports", headers=ADA)
    assert client.get(imported.headers["location"], headers=ADA).status_code == 200


def test_the_catalogue_is_linked_below_the_prefix(client: TestClient) -> None:
    """Each version, and each next page."""
    for name in ("one", "two"):
        url = client.post("/desk/imports", params={"name": name}, headers=ADA).headers["location"]
        task = client.get(url, headers=ADA).json()["task_id"]
        client.get(f"{JOBS}/{task}", headers=ADA | {"Prefer": "wait=30"})
    page = client.get("/desk/api/v1/datasets", params={"limit": 1}, headers=ADA)
    rest = client.get(page.links["next"]["url"], headers=ADA)
    assert rest.status_code == 200
    for found in (page.json()[0], rest.json()[0]):
        url = f"/desk/api/v1/datasets/{found['reference']}"
        links = client.get(url, headers=ADA).json()["links"]
        assert links["self"] == url
        for link in links.values():
            assert client.get(link, headers=ADA).status_code == 200, link


def test_a_stream_comes_to_its_end(client: TestClient) -> None:
    url = submitted(client, ADA)["poll_url"]
    with client.stream("GET", f"{url}/stream", headers=ADA) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = list(stream.iter_lines())
    assert lines.count("event: complete") == 1


def test_a_websocket_is_opened_with_a_ticket(client: TestClient) -> None:
    job_id = submitted(client, ADA)["job_id"]
    ticket = client.post("/desk/api/v1/tickets", headers=ADA).json()["ticket"]
    with client.websocket_connect(f"/desk/ws/jobs/{job_id}?ticket={ticket}") as socket:
        assert socket.receive_json()["data"]["job_id"] == job_id
    with client.websocket_connect(f"/desk/ws/jobs/{job_id}", headers=ADA) as socket:
        socket.send_json({"token": "badge-of-ada"})
        with pytest.raises(WebSocketDisconnect) as left:
            socket.receive_json()
    assert left.value.code == 4401


def test_a_token_of_a_service_on_the_same_data_opens_nothing(
    host: Host, client: TestClient
) -> None:
    """The host alone says who somebody is."""
    job_id = submitted(client, ADA)["job_id"]
    tokens = Tokens(signing_secret(host.settings), host.settings.mode)
    headers = {"Authorization": f"Bearer {tokens.issue('ada', 'headway-api', 600, generation=0)}"}
    assert client.get(f"{JOBS}/{job_id}", headers=headers).status_code == 422
    with (
        client.websocket_connect(f"/desk/ws/jobs/{job_id}", headers=headers) as socket,
        pytest.raises(WebSocketDisconnect) as left,
    ):
        socket.receive_json()
    assert left.value.code == 4401


@pytest.mark.parametrize(
    ("headers", "status", "detail"),
    [
        ({}, 422, "x-badge"),
        ({"X-Badge": "forged"}, 401, "no such badge"),
    ],
    ids=["missing", "unknown"],
)
def test_the_host_s_refusal_is_told_as_a_problem(
    client: TestClient, headers: dict[str, str], status: int, detail: str
) -> None:
    for answer in (
        client.get(JOBS, headers=headers),
        client.post(JOBS, json={"job_type": "nothing"}, headers=headers),
        client.post("/desk/imports", headers=headers),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert detail in answer.json()["detail"]
        if status == 401:
            assert answer.headers["www-authenticate"] == "Badge"


def test_an_error_of_the_host_s_own_reaches_its_handler(client: TestClient) -> None:
    answer = client.post(JOBS, json={"job_type": "nothing"}, headers={"X-Badge": "stolen"})
    assert (answer.status_code, answer.json()) == (418, {"alarm": True})


def test_a_dependency_that_names_nobody_is_a_defect_of_the_host(client: TestClient) -> None:
    with pytest.raises(TypeError, match="to return a name of 1 to 200 characters"):
        client.get(JOBS, headers={"X-Badge": "odd"})


def test_the_host_s_own_routes_are_as_they_were(client: TestClient) -> None:
    """No header, no error document, no refusal of ours reaches them."""
    assert client.get("/api/v1/jobs").json() == {"jobs": ["shop assistant"]}
    assert "x-frame-options" not in client.get("/api/v1/jobs").headers
    missing = client.get("/orders")
    assert (missing.status_code, missing.json()) == (405, {"detail": "Method Not Allowed"})
    assert client.get("/nowhere").json() == {"detail": "Not Found"}
    invalid = client.post("/orders", params={"amount": "many"}, headers=ADA)
    assert invalid.headers["content-type"] == "application/json"
    with client.websocket_connect("/ws/prices") as socket:
        assert socket.receive_text() == "4.20"


def test_ours_keep_their_manners_inside(client: TestClient) -> None:
    answer = client.patch(JOBS, headers=ADA)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get(JOBS, headers=ADA).headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", [JOBS, "/desk/api/v1/datasets", f"{JOBS}/stream"])
def test_head_is_answered_inside_too(client: TestClient, path: str) -> None:
    head = client.head(path, headers=ADA)
    assert (head.status_code, head.content) == (200, b"")
    assert client.head(path).status_code == client.get(path).status_code


@pytest.mark.parametrize("path", ["/desk/token", "/desk/api/v1/users/me", "/desk/healthz"])
def test_what_the_host_has_itself_is_left_out(client: TestClient, path: str) -> None:
    assert client.get(path, headers=ADA).status_code == 404


def test_the_host_s_code_submits_jobs(host: Host, client: TestClient) -> None:
    made = client.post("/orders", params={"amount": 7}, headers=ADA)
    assert made.status_code == 201
    url = f"{JOBS}/{made.json()['job']}"
    assert client.get(url, headers=ADA | {"Prefer": "wait=30"}).json()["status"] == "completed"
    assert host.jobs.queue.get(made.json()["job"], "ada").status is Status.COMPLETED


def test_a_test_of_the_host_may_override_its_dependency(host: Host, client: TestClient) -> None:
    host.app.dependency_overrides[badge] = lambda: "Cleo"
    try:
        job_id = submitted(client, {})["job_id"]
    finally:
        host.app.dependency_overrides.clear()
    assert host.jobs.queue.get(job_id, "cleo").owner == "cleo"


def test_one_document_describes_both(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "HTTPValidationError" in document["components"]["schemas"]
    assert "422" in document["paths"]["/orders"]["post"]["responses"]
    submit = document["paths"][JOBS]["post"]
    assert "headway" in submit["tags"]
    assert [one["name"] for one in submit["parameters"]] == ["x-badge", "Idempotency-Key", "Prefer"]
    schema = submit["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/HeadwayProblem"}
    assert unresolved(document, document) == []


def unresolved(part: Any, document: dict[str, Any]) -> list[str]:
    """References in an OpenAPI document that lead nowhere."""
    if isinstance(part, list):
        return [one for inner in part for one in unresolved(inner, document)]
    if not isinstance(part, dict):
        return []
    found = [one for inner in part.values() for one in unresolved(inner, document)]
    reference = part.get("$ref")
    if isinstance(reference, str):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place.get(step) if isinstance(place, dict) else None
        found += [] if place is not None else [reference]
    return found


def test_the_scheme_of_the_host_is_shown(data_dir: Path) -> None:
    """`Authorize` in the host's docs works for our routes too."""
    app = FastAPI()
    bearer = HTTPBearer()

    def user(given: Annotated[Any, Depends(bearer)]) -> str:
        return str(given.credentials)

    mount(app, Settings(data_dir=data_dir), user=user)
    document = TestClient(app).get("/openapi.json").json()
    operation = document["paths"]["/headway/api/v1/jobs"]["get"]
    assert operation["security"] == [{"HTTPBearer": []}]
    assert document["components"]["securitySchemes"].keys() == {"HTTPBearer"}
    assert not data_dir.exists()


def test_one_lifespan_opens_and_closes_both(data_dir: Path) -> None:
    host = Host(data_dir)
    for _ in range(2):
        with TestClient(host.app) as client:
            url = submitted(client, ADA)["poll_url"]
            job = client.get(url, headers=ADA | {"Prefer": "wait=30"}).json()
            assert job["status"] == "completed"
    assert host.log == ["open", "closed"] * 2


@pytest.mark.parametrize("prefix", ["desk", "/desk/"])
def test_a_prefix_that_is_none_is_refused(prefix: str, data_dir: Path) -> None:
    with pytest.raises(ValueError, match="expected a prefix like /headway"):
        mount(FastAPI(), Settings(data_dir=data_dir), user=badge, prefix=prefix)


def test_a_host_below_another_path_is_told_so(client: TestClient, host: Host) -> None:
    """Behind a proxy, or mounted itself: paths in answers lead from the outside."""
    outer = FastAPI()
    outer.mount("/shop", host.app)
    answer = TestClient(outer).post(f"/shop{JOBS}", json={"job_type": "nothing"}, headers=ADA)
    assert answer.json()["poll_url"].startswith(f"/shop{JOBS}/")
    assert TestClient(outer).get(answer.json()["poll_url"], headers=ADA).status_code == 200
