"""What runs an operation knows no secret of the service, and has no right that it could lend."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.http.app import create_app
from headway.identity.keys import digest_of
from headway.rights import Scope
from headway.settings import Settings
from headway.worker import pool
from tests.identity.conftest import SECRET


@pytest.fixture(scope="module")
def told(clean_session: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What an operation sees of a service in production."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HEADWAY_MODE", "production")
        environment.setenv("HEADWAY_SECRET_KEY", SECRET)
        environment.setenv("HEADWAY_OPERATIONS", "tests.identity.spying_operations")
        app = create_app(Settings.from_env(data_dir=tmp_path_factory.mktemp("d", numbered=True)))
        client = TestClient(app)
        store = app.parts.open().service.store
        store.users.add("ann", "no hash")
        key = "hw_" + "k" * 43
        store.keys.add(
            "ann",
            "test",
            key_id="1",
            digest=digest_of(key),
            scopes={Scope.READ, Scope.SUBMIT},
            lifetime=None,
            most=1,
        )
        headers = {"Authorization": f"Bearer {key}"}
        job_id = client.post("/api/v1/jobs", json={"job_type": "spy"}, headers=headers).json()[
            "job_id"
        ]
        job: dict[str, Any] = {}
        for _ in range(3):
            path = f"/api/v1/jobs/{job_id}"
            job = client.get(path, headers=headers | {"Prefer": "wait=30"}).json()
            if job["completed_at"]:
                break
        assert job["status"] == "completed", job
        result: dict[str, Any] = job["result"]
        yield result
        app.parts.close()


def test_no_secret_is_in_its_environment_or_arguments(told: dict[str, Any]) -> None:
    """S38."""
    assert SECRET not in str(told["environment"])
    assert SECRET not in str(told["arguments"])
    assert "HEADWAY_SECRET_KEY" not in told["environment"]


def test_secrets_of_a_worker_s_own_environment_are_kept_from_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S38: `headway work` is given the database's address by its environment."""
    given = {
        "HEADWAY_SECRET_KEY": SECRET,
        "HEADWAY_DATABASE_URL": "postgresql://me:hunter2@db/x",
        "HEADWAY_BROKER_URL": "redis://:hunter2@broker",
        "HEADWAY_SMTP_URL": "smtp://me:hunter2@mail",
        "HEADWAY_METRICS_TOKEN": "hunter2" * 5,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    withheld = Settings.secret_variables()
    left = pool._child_environment(withheld)  # noqa: SLF001 - what the zygote is started with
    assert withheld == given.keys()
    assert not given.keys() & left.keys()
    assert "hunter2" not in str(left)


def test_it_gains_no_privilege_and_leaves_no_core(told: dict[str, Any]) -> None:
    """S39."""
    assert told["no_new_privileges"] == "1"
    assert told["core"] == 0
    assert told["group"]


def test_it_holds_no_file_of_the_service(told: dict[str, Any]) -> None:
    """S39: its own line, and nothing that was opened before: no database, no socket of another."""
    named = [one for one in told["open"] if not one.startswith(("/dev/", "pipe:", "/proc/"))]
    sockets = [one for one in named if one.startswith("socket:")]
    assert len(sockets) <= 2  # its line, and whatever stands for standard error
    assert not [one for one in named if Path(one).suffix in {".db", ".db-wal", ".lock"}]
