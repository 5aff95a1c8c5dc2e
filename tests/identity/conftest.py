"""One service for all tests of who is who. No worker runs: what is submitted waits."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway.http.app import create_app
from headway.http.application import Application
from headway.identity import accounts
from headway.identity.tokens import Tokens, signing_secret
from headway.rights import Role
from headway.settings import Settings
from headway.store.identity import Users
from tests.hashes import LIGHT, lighten

PASSWORD = "a fine day for it"
SECRET = "qd0Wl5sEvX2mZb7uRt9cKy4hNg1fJa8p"
ME = "/api/v1/users/me"

Headers = dict[str, str]


@dataclass(frozen=True)
class Person:
    """A user of one test's own, signed in."""

    name: str
    headers: Headers

    @property
    def token(self) -> str:
        return self.headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture(autouse=True)
def light_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    lighten(monkeypatch)


@pytest.fixture(scope="session")
def app(clean_session: None) -> Iterator[Application]:
    with tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder:
        app = create_app(Settings(data_dir=Path(folder) / "data", embedded_worker=False))
        yield app
        app.parts.close()


@pytest.fixture(scope="session")
def client(app: Application) -> TestClient:
    return TestClient(app)


@pytest.fixture(scope="session")
def users(app: Application) -> Users:
    return app.parts.open().service.store.users


@pytest.fixture(scope="session")
def password_hash() -> str:
    return LIGHT.hash(PASSWORD)


_numbers = itertools.count()


@pytest.fixture(scope="session")
def person(app: Application, users: Users, password_hash: str) -> Callable[..., Person]:
    """Makes a user nobody else has, who holds a token."""

    def person(role: Role = Role.USER) -> Person:
        name = f"{role}-{next(_numbers)}"
        assert users.add(name, password_hash, role=role)
        return Person(name, another_token(app, name))

    return person


def another_token(app: Application, name: str) -> Headers:
    """A token as `POST /token` gives it, without the time that a password takes."""
    parts = app.parts.open()
    user = parts.service.store.users.get(name)
    assert user is not None
    tokens = Tokens(signing_secret(parts.settings), parts.settings.mode)
    token = tokens.issue(name, "headway-api", 3600, generation=user.generation)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was checked is not believed for a few seconds: as if it had been checked elsewhere."""
    monkeypatch.setattr(accounts, "_TRUSTED_SECONDS", 0.0)


def sign_in(client: TestClient, name: str, password: str = PASSWORD) -> Headers:
    answer = client.post("/token", data={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
