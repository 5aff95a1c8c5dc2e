"""Whoever asks whether the service is ready is told soon, whatever the database does."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway.http import health, readiness
from headway.http.app import create_app
from headway.http.readiness import MOST_LOOKS, Readiness
from headway.settings import Settings
from headway.store import postgres_connection
from headway.store.values.meters import StoreHealth
from tests.contract.cutting import CuttingLink, cutting_link
from tests.postgres import fresh_database


@pytest.fixture
def link() -> Iterator[tuple[str, CuttingLink]]:
    with fresh_database() as url, cutting_link(url) as link:
        yield link


@pytest.mark.service("postgres")
def test_a_database_that_says_nothing_makes_the_service_unready(
    data_dir: Path, link: tuple[str, CuttingLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the statement that waits for it is given up."""
    url, hole = link
    settings = Settings.model_validate(
        {"data_dir": data_dir, "database_url": url, "embedded_worker": False}
    )
    with TestClient(create_app(settings)) as client:
        assert "no worker" in client.get("/readyz").json()["detail"]
        # Only now: what is opened may take its time.
        monkeypatch.setattr(postgres_connection, "SILENT_SECONDS", 2.0)
        monkeypatch.setattr(health, "ANSWER_SECONDS", 0.2)
        with hole.swallowing():
            answer = client.get("/readyz")
            assert client.get("/healthz").is_success
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the database does not answer"
    assert answer.headers["Retry-After"]


class Looks:
    """The looks of a service at its store: how many were begun, and whether they may end."""

    def __init__(self, readiness: Readiness) -> None:
        self.readiness = readiness
        self.begun = 0
        self.may_end = threading.Event()


@pytest.fixture
def looks(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Looks]:
    app = create_app(Settings(data_dir=data_dir, embedded_worker=False))
    parts = app.parts.open()
    oversight, health = parts.queue.oversight, parts.queue.oversight.health
    looks = Looks(parts.readiness)

    def counted() -> StoreHealth:
        looks.begun += 1
        assert looks.may_end.wait(10)
        found: StoreHealth = health()
        return found

    monkeypatch.setattr(oversight, "health", counted)
    yield looks
    looks.may_end.set()
    app.parts.close()


def test_who_asks_meanwhile_shares_the_look_that_is_under_way(looks: Looks) -> None:
    """A crowd costs one transaction, and whoever asks afterwards is told how it is then."""
    crowd = [looks.readiness.look() for _ in range(50)]
    looks.may_end.set()
    assert all(one.result(10).writable for one in crowd)
    assert looks.begun == 1
    assert looks.readiness.look().result(10).writable
    assert looks.begun == 2


def test_who_asks_without_a_pause_is_told_what_was_found_last(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask, and each look is a transaction: so many within the window, and no more."""
    monkeypatch.setattr(readiness, "WINDOW_SECONDS", 3600.0)
    looks.may_end.set()
    assert all(looks.readiness.look().result(10).writable for _ in range(5 * MOST_LOOKS))
    assert looks.begun == MOST_LOOKS
    monkeypatch.setattr(readiness, "WINDOW_SECONDS", 0.0)
    looks.readiness.look().result(10)
    assert looks.begun == MOST_LOOKS + 1


def test_nobody_waits_for_a_look_that_hangs(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """By then the database may answer others."""
    monkeypatch.setattr(readiness, "HANGS_AFTER", 0.0)
    hanging, other = looks.readiness.look(), looks.readiness.look()
    assert hanging is not other
    looks.may_end.set()
    assert other.result(10).writable
