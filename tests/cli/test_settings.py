"""`headway settings` tells what is in effect, and what would keep the service from starting."""

import json
from typing import Any

import pytest

from headway.cli import main
from headway.settings import Settings

SECRET = "never show this to anybody, please"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["settings", "--json", *arguments])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, document


def shown(document: dict[str, Any], name: str) -> tuple[Any, str]:
    (found,) = [one for one in document["settings"] if one["name"] == name]
    return found["value"], found["origin"]


def test_every_setting_is_told_with_its_origin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_SLOTS", "1")
    monkeypatch.setenv("HEADWAY_OPERATIONS", "mine, yours")
    code, document = told(capsys, "--data-dir", "/tmp/somewhere")
    assert code == 0
    assert len(document["settings"]) == len(Settings.model_fields)
    assert shown(document, "HEADWAY_SLOTS") == (1, "environment")
    assert shown(document, "HEADWAY_OPERATIONS") == (["mine", "yours"], "environment")
    assert shown(document, "HEADWAY_DATA_DIR") == ("/tmp/somewhere", "--data-dir")
    assert shown(document, "HEADWAY_MODE") == ("development", "default")


def test_the_table_says_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_SLOTS", "1")
    assert main(["settings"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["HEADWAY_SLOTS", "1", "environment"] in lines
    assert ["HEADWAY_EMBEDDED_WORKER", "true", "default"] in lines


@pytest.mark.parametrize("mode", ["development", "broken"])
def test_no_secret_is_shown(
    mode: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the settings are wrong and shown as they were given."""
    monkeypatch.setenv("HEADWAY_MODE", mode)
    monkeypatch.setenv("HEADWAY_SECRET_KEY", SECRET)
    monkeypatch.setenv("HEADWAY_DATABASE_URL", "postgresql://me:hunter2@x@db.example/jobs")
    for arguments in (["settings"], ["settings", "--json"]):
        main(arguments)
        said = capsys.readouterr()
        assert SECRET not in said.out + said.err
        assert "hunter2" not in said.out + said.err
        assert "postgresql://me:********@db.example/jobs" in said.out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADWAY_DATABASE_URL", "postgresql://h/db?user=u&password=hunter2"),
        ("HEADWAY_DATABASE_URL", "headway:hunter2@h/db"),
        ("HEADWAY_TRACES", "http://user:hunter2@h/v1/traces"),
        ("HEADWAY_BROKER_URL", "hunter2@h"),
        ("HEADWAY_METRICS_TOKEN", "hunter2"),
    ],
)
def test_no_secret_in_an_address_is_shown(
    name: str, value: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    for command in ("settings", "doctor"):
        main([command])
        said = capsys.readouterr()
        assert name in said.out + said.err or command == "doctor"
        assert "hunter2" not in said.out + said.err


def test_an_unknown_name_is_reported_with_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_DATADIR", "/srv")
    code, document = told(capsys)
    assert code == 1
    assert document["problems"] == ["HEADWAY_DATADIR is not a setting; was HEADWAY_DATA_DIR meant?"]


def test_a_wrong_value_is_reported_beside_all_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_SLOTS", "many")
    code, document = told(capsys)
    assert code == 1
    assert document["problems"][0].startswith("HEADWAY_SLOTS: ")
    assert shown(document, "HEADWAY_SLOTS") == ("many", "environment")


def test_the_variables_of_clients_are_none_of_the_service_s(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_URL", "http://127.0.0.1:8000")
    assert told(capsys)[0] == 0
