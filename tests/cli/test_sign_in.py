"""Signing in from the command line: from the environment, from what was kept, or by being asked."""

import json
import stat
from pathlib import Path

import pytest

from headway.cli import main
from headway.cli.tokens import KeptTokens
from headway.client import Client
from headway.client.errors import Unauthorized
from tests.cli.conftest import Service
from tests.cli.terminal import terminal

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def nobody(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The address is known, and nothing else."""
    monkeypatch.setenv("HEADWAY_URL", service.url)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def sign_in_with(monkeypatch: pytest.MonkeyPatch, user: str, password: str) -> None:
    monkeypatch.setenv("HEADWAY_USER", user)
    monkeypatch.setenv("HEADWAY_PASSWORD", password)


def test_a_token_is_kept_for_the_commands_that_follow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture, service: Service
) -> None:
    """In a file that nobody else can read; without it nobody is signed in any more."""
    sign_in_with(monkeypatch, "alice", "secret123")
    assert main(["login", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"url": service.url, "username": "alice"}
    file = tmp_path / "headway" / "tokens.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "secret123" not in file.read_text()
    monkeypatch.delenv("HEADWAY_USER")
    monkeypatch.delenv("HEADWAY_PASSWORD")
    assert main(["jobs"]) == 0
    assert main(["login", "--forget"]) == 0
    assert main(["jobs"]) == 3
    assert "expected a sign-in to" in capsys.readouterr().err


def test_a_forgotten_token_is_good_for_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, service: Service
) -> None:
    """Not for whoever has copied it either."""
    sign_in_with(monkeypatch, "bob", "secret456")
    assert main(["login"]) == 0
    token = KeptTokens.of_user().get(service.url, "bob")
    assert main(["login", "--forget"]) == 0
    assert capsys.readouterr().out.endswith(" is forgotten\n")
    with Client(service.url, token=token) as client, pytest.raises(Unauthorized):
        client.me()
    assert main(["login", "--forget"]) == 0
    assert "There is none" in capsys.readouterr().out


def test_a_token_whose_service_is_away_is_forgotten_here(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, free_port: int
) -> None:
    """And it is said that it is still good."""
    url = f"http://127.0.0.1:{free_port}"
    monkeypatch.setenv("HEADWAY_URL", url)
    KeptTokens.of_user().keep(url, "bob", "opaque")
    assert main(["login", "--forget"]) == 5
    assert "good until it expires" in capsys.readouterr().err
    assert KeptTokens.of_user().get(url) is None


def test_a_given_token_is_used_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    sign_in_with(monkeypatch, "bob", "secret456")
    assert main(["login"]) == 0
    token = KeptTokens.of_user().get(service.url, "bob")
    assert token is not None
    KeptTokens.of_user().forget(service.url)
    monkeypatch.delenv("HEADWAY_USER")
    monkeypatch.delenv("HEADWAY_PASSWORD")
    monkeypatch.setenv("HEADWAY_TOKEN", token)
    assert main(["jobs"]) == 0
    assert KeptTokens.of_user().get(service.url) is None


@pytest.mark.parametrize("given", ["password", "token"])
def test_a_wrong_sign_in_is_a_code_of_its_own(
    given: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    if given == "password":
        sign_in_with(monkeypatch, "alice", "wrong")
    else:
        monkeypatch.setenv("HEADWAY_TOKEN", "wrong")
    assert main(["jobs"]) == 3
    assert "headway login" in capsys.readouterr().err


def test_another_user_s_token_is_not_taken_for_mine(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    sign_in_with(monkeypatch, "alice", "secret123")
    main(["login"])
    sign_in_with(monkeypatch, "bob", "secret456")
    capsys.readouterr()
    assert main(["login"]) == 0
    assert capsys.readouterr().out.endswith(" as bob\n")


def test_an_expired_token_is_none(tmp_path: Path) -> None:
    kept = KeptTokens(tmp_path / "tokens.json")
    expired = "e30.eyJleHAiOjF9.x"  # {"exp": 1}
    kept.keep("http://one", "alice", expired)
    kept.keep("http://two", "alice", "opaque")
    assert kept.get("http://one") is None
    assert kept.get("http://two", "alice") == "opaque"
    assert kept.get("http://two", "bob") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"http://one": {}}',
        '{"http://one": "opaque"}',
        '{"http://one": null}',
        '{"http://one": {"token": 7}}',
        '{"http://one": {"token": "\u00e9"}}',
    ],
)
def test_a_file_of_tokens_that_was_damaged_is_an_empty_one(content: str, tmp_path: Path) -> None:
    kept = KeptTokens(tmp_path / "tokens.json")
    kept.file.write_text(content)
    assert kept.get("http://one") is None
    kept.keep("http://one", "alice", "opaque")
    assert kept.get("http://one") == "opaque"


def test_a_mistyped_password_leaves_the_good_token(
    monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    sign_in_with(monkeypatch, "alice", "secret123")
    assert main(["login"]) == 0
    token = KeptTokens.of_user().get(service.url)
    sign_in_with(monkeypatch, "alice", "mistyped")
    assert main(["login"]) == 3
    assert KeptTokens.of_user().get(service.url) == token
    sign_in_with(monkeypatch, "alice", "secret123")
    assert main(["login"]) == 0
    assert KeptTokens.of_user().get(service.url) not in (token, None)


def test_login_says_when_the_environment_s_token_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, service: Service
) -> None:
    """And leaves what is kept."""
    sign_in_with(monkeypatch, "alice", "secret123")
    assert main(["login"]) == 0
    token = KeptTokens.of_user().get(service.url)
    assert token is not None
    capsys.readouterr()
    monkeypatch.setenv("HEADWAY_TOKEN", token)
    assert main(["login"]) == 0
    assert "HEADWAY_TOKEN is set, so it counts, and no token is kept" in capsys.readouterr().err
    assert KeptTokens.of_user().get(service.url) == token


@pytest.mark.parametrize("place", ["a file", "/proc"])
def test_a_place_where_no_token_can_be_kept_stops_login_alone(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    """All else is done without it, and says so."""
    sign_in_with(monkeypatch, "alice", "secret123")
    if place == "a file":
        (tmp_path / "headway").write_text("")
    else:
        monkeypatch.setenv("XDG_CONFIG_HOME", place)
    assert main(["login"]) == 1
    assert "headway login: expected to keep tokens in " in capsys.readouterr().err
    assert main(["jobs"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("job ")
    assert "expected to keep tokens in " in said.err
    assert main(["login", "--forget"]) == 0


def test_in_a_terminal_the_demo_user_is_offered() -> None:
    with terminal("jobs") as one:
        one.until("[alice, the demo user]: ")
        one.type("")
        assert one.ended() == 0
    assert "job  type  status" in one.shown


def test_in_a_terminal_a_password_is_asked_for_and_not_shown() -> None:
    with terminal("login") as one:
        one.until("the demo user]: ")
        one.type("bob")
        one.until("Password of bob: ")
        one.type("secret456")
        assert one.ended() == 0
    assert "as bob" in one.shown
    assert "secret456" not in one.shown


def test_a_service_that_is_away_is_a_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, free_port: int
) -> None:
    monkeypatch.setenv("HEADWAY_URL", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("HEADWAY_TOKEN", "any")
    assert main(["jobs"]) == 5
    assert "is the service running?" in capsys.readouterr().err
