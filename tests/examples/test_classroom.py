"""The example of an application of one's own, with its real worker."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.examples.conftest import EXAMPLES
from tests.waiting import A_START, eventually

ADA = {"X-Key": "key-of-ada"}
BEN = {"X-Key": "key-of-ben"}


@pytest.fixture
def client(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(data_dir))
    with TestClient(import_module("classroom").app) as client:
        yield client


def test_a_class_trains_and_each_pupil_sees_his_own(client: TestClient) -> None:
    assert client.get("/").json() == {"hello": "class"}
    answer = client.post("/homework", params={"epochs": 5}, headers=ADA)
    assert answer.status_code == 202
    url = answer.json()["job"]
    job = eventually(lambda: ended(client, url), within=A_START)  # its worker has yet to start
    assert (job["status"], job["user_id"]) == ("completed", "ada")
    assert len(client.get(f"{url}/metrics", headers=ADA).json()) == 5
    assert client.get(url, headers=BEN).status_code == 403
    assert client.get(url, headers={"X-Key": "mine"}).status_code == 401


def ended(client: TestClient, url: str) -> dict[str, Any]:
    """Ada's job once it is over."""
    job: dict[str, Any] = client.get(url, headers=ADA | {"Prefer": "wait=30"}).json()
    return job if job["completed_at"] is not None else {}


def test_every_example_has_its_line() -> None:
    told = (EXAMPLES / "README.md").read_text()
    for file in EXAMPLES.glob("*.py"):
        assert f"({file.name})" in told
