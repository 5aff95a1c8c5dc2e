"""`headway keys`: keys for machines, from a shell on the service's machine."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway.cli import main
from headway.http.app import create_app
from headway.identity.keys import LONGEST_DAYS
from headway.settings import Settings
from headway.wire.users import KeyRequest
from headway.wiring import open_store


@pytest.fixture(autouse=True)
def eve(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(data_dir))
    store = open_store(Settings(data_dir=data_dir))
    store.users.add("eve", "no hash")
    store.close()


def status(data_dir: Path, key: str) -> int:
    app = create_app(Settings(data_dir=data_dir, embedded_worker=False))
    try:
        headers = {"Authorization": f"Bearer {key}"}
        return TestClient(app).get("/api/v1/users/me", headers=headers).status_code
    finally:
        app.parts.close()


def test_a_key_is_made_listed_and_removed(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "add", "eve", "nightly", "--scope", "read", "--scope", "submit"]) == 0
    key = capsys.readouterr().out.strip()
    assert status(data_dir, key) == 200
    assert main(["keys", "list", "eve", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["name"], listed["scopes"]) == ("nightly", ["read", "submit"])
    assert main(["keys", "list", "eve"]) == 0
    shown = capsys.readouterr().out
    assert listed["id"] in shown
    assert key not in shown
    assert main(["keys", "remove", listed["id"]]) == 0
    assert status(data_dir, key) == 401


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", "nobody", "a", "--scope", "read"], "expected the name of a user, got 'nobody'"),
        (["add", "eve", "a", "--scope", "admin"], "no key of a user has the scope admin"),
        (
            ["add", "eve", "a", "--scope", "read", "--days", "-5"],
            "expected a life of 1 to 3,650 days",
        ),
        (["add", "eve", "a", "--scope", "read", "--days", "9999999999"], "or one without an end"),
        (["remove", "none"], "expected the id of a key, got 'none'"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", *arguments]) != 0
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""


def test_the_longest_life_of_a_key_is_the_same_at_every_door(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bounds = KeyRequest.model_json_schema()["properties"]["expires_in_days"]["anyOf"][0]
    assert (bounds["minimum"], bounds["maximum"]) == (1, LONGEST_DAYS)
    for days in (LONGEST_DAYS, 0):
        name = f"for {days} days"
        assert main(["keys", "add", "eve", name, "--scope", "read", "--days", str(days)]) == 0
    capsys.readouterr()
    assert main(["keys", "list", "eve"]) == 0
    assert "never expires" in capsys.readouterr().out
