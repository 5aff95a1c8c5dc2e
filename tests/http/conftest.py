"""One service for all tests of the HTTP layer, called without a lifespan, as strangers call it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.errors import AlreadyFinished
from headway.events.hub import Hub
from headway.http.app import create_app
from headway.http.application import Application
from headway.http.news import News
from headway.job import FINISHED, Status
from headway.job_request import JobRequest
from headway.queue import Queue
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.values.history import JobQuery
from headway.wiring import Service, open_service
from tests.hashes import lighten
from tests.waiting import A_START, eventually

Headers = dict[str, str]
Submit = Callable[..., str]

OPERATIONS = ("tests.http.trial_operations",)


@pytest.fixture(scope="session")
def app(clean_session: None) -> Iterator[Application]:
    """The application. Its worker is started here, so that it bears no single test's mark."""
    with tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder:
        settings = Settings(data_dir=Path(folder) / "data", operations=OPERATIONS, max_body_mb=2)
        app = create_app(settings)
        warm_up(app.parts.open().queue)
        yield app
        app.parts.close()


def warm_up(queue: Queue) -> None:
    """Have the worker start its children, so that no test's wait for a job is spent on that."""
    names = ("nothing", "import_csv")
    jobs = [queue.submit(JobRequest(operation=name, owner="nobody")) for name in names]
    eventually(
        lambda: all(queue.get(one.id, one.owner).status.finished for one in jobs), within=A_START
    )


@pytest.fixture
def service(data_dir: Path) -> Iterator[Service]:
    """A service of the test's own, without HTTP before it or a worker behind it."""
    service = open_service(Settings(data_dir=data_dir, embedded_worker=False))
    yield service
    service.close()


@pytest.fixture
def store(service: Service) -> Store:
    return service.store


@pytest.fixture
def hub() -> Hub[News]:
    return Hub()


@pytest.fixture(autouse=True)
def light_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    lighten(monkeypatch)


@pytest.fixture(autouse=True)
def nothing_left_to_do(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test leaves waiting or running ends with it. Else it holds up the jobs of the next, and
    is counted and told of there."""
    yield
    if "client" not in request.fixturenames:
        return
    app = request.getfixturevalue("client").app
    if isinstance(app, Application):
        cancel_all(app.parts.open().service.store)


def cancel_all(store: Store) -> None:
    """Asks the store itself: what stands before it may have been broken by the test."""
    unfinished = JobQuery(statuses=frozenset(Status) - FINISHED)
    while left := store.jobs.find(unfinished):
        for job in left:
            with suppress(AlreadyFinished):
                store.jobs.cancel(job.id)
    store.bell.ring("cancel")


@pytest.fixture(scope="session")
def client(app: Application) -> TestClient:
    return TestClient(app)


def application(client: TestClient) -> Application:
    """What the client asks."""
    assert isinstance(client.app, Application)
    return client.app


@pytest.fixture
def quiet_client(app: Application) -> TestClient:
    """Answers 500 where `client` would raise what happened."""
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def alice(client: TestClient) -> Headers:
    return sign_in(client, "alice", "secret123")


@pytest.fixture(scope="session")
def bob(client: TestClient) -> Headers:
    return sign_in(client, "bob", "secret456")


def sign_in(client: TestClient, name: str, password: str) -> Headers:
    answer = client.post("/token", data={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
def submit(client: TestClient, alice: Headers) -> Submit:
    """Submit a job as alice, and give its id."""

    def submit(job_type: str = "nothing", **fields: Any) -> str:
        body = {"job_type": job_type, **fields}
        answer = client.post("/api/v1/jobs", json=body, headers=alice)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    return submit


@pytest.fixture
def finished(client: TestClient, alice: Headers) -> Callable[[str], dict[str, Any]]:
    """Wait for the end of alice's job, and give it."""

    def finished(job_id: str) -> dict[str, Any]:
        def ended() -> dict[str, Any]:
            url, waiting = f"/api/v1/jobs/{job_id}", alice | {"Prefer": "wait=30"}
            job: dict[str, Any] = client.get(url, headers=waiting).json()
            return job if job["completed_at"] is not None else {}

        return eventually(ended)

    return finished


class Gate:
    """Lets a `steps` job go on, a step at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened = 0

    def open(self, steps: int = 1) -> None:
        for _ in range(steps):
            self.opened += 1
            (self.folder / str(self.opened)).touch()

    def input(self, steps: int) -> dict[str, Any]:
        return {"gate": str(self.folder), "steps": steps}


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)
