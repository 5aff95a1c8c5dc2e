"""`headway users`: who may sign in, without a password ever standing in a command line."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway.cli import main
from headway.cli.exits import Exit
from headway.http.app import create_app
from headway.settings import Settings

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def place(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(data_dir))


def users(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = PASSWORD) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{stdin}\n"))
    return main(["users", *arguments])


def sign_in(data_dir: Path, name: str, password: str = PASSWORD) -> int:
    app = create_app(Settings(data_dir=data_dir, embedded_worker=False))
    try:
        answer = TestClient(app).post("/token", data={"username": name, "password": password})
    finally:
        app.parts.close()
    return answer.status_code


def test_an_added_user_can_sign_in(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert users(monkeypatch, "add", "eve") == 0
    assert sign_in(data_dir, "eve") == 200
    assert sign_in(data_dir, "eve", "another one") == 401


def test_the_first_user_may_come_before_the_service(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever mistyped the directory reads where his user now is."""
    assert users(monkeypatch, "add", "eve") == 0
    assert f"A new database is made: in {data_dir}" in capsys.readouterr().err
    assert users(monkeypatch, "add", "ann") == 0
    assert "new database" not in capsys.readouterr().err


def test_a_disabled_user_cannot_until_he_is_enabled(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users(monkeypatch, "add", "eve")
    assert users(monkeypatch, "disable", "eve") == 0
    assert sign_in(data_dir, "eve") == 401
    assert users(monkeypatch, "enable", "eve") == 0
    assert sign_in(data_dir, "eve") == 200


def test_a_changed_password_is_the_only_one(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users(monkeypatch, "add", "eve")
    assert users(monkeypatch, "passwd", "eve", stdin="another fine one") == 0
    assert sign_in(data_dir, "eve") == 401
    assert sign_in(data_dir, "eve", "another fine one") == 200


def test_the_first_admin_is_made_with_a_password_of_chance(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert users(monkeypatch, "add", "eve", "--role", "admin", "--random-password") == 0
    told = capsys.readouterr().out
    password = told.partition("shown this once: ")[2].split()[0]
    assert sign_in(data_dir, "eve", password) == 200
    assert users(monkeypatch, "list", "--json") == 0
    assert [one["role"] for one in json.loads(capsys.readouterr().out)] == ["admin"]
    assert users(monkeypatch, "role", "eve", "user") == 0
    assert "eve has the role user" in capsys.readouterr().out


def test_all_of_them_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("mallory", "eve"):
        users(monkeypatch, "add", name)
    users(monkeypatch, "disable", "mallory")
    capsys.readouterr()
    assert users(monkeypatch, "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(one["username"], one["disabled"]) for one in listed] == [
        ("eve", False),
        ("mallory", True),
    ]
    assert users(monkeypatch, "list") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["mallory", "disabled"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (["add", "eve"], PASSWORD, "expected a new name, got 'eve'"),
        (["add", "\x1b[2J"], PASSWORD, "visible characters"),
        (["add", "me"], PASSWORD, "none of anonymous, bundled, me"),
        (["add", "new"], "sunshine1", "not among the first to be tried"),
        (["add", "new"], "short", "expected a password of 8 to 1024 characters, got 5"),
        (["add", "new"], "secret123", "got one that is published"),
        (["passwd", "nobody"], PASSWORD, "expected the name of a user, got 'nobody'"),
        (["disable", "nobody"], PASSWORD, "expected the name of a user, got 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    arguments: list[str],
    stdin: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    users(monkeypatch, "add", "eve")
    code = Exit.NOT_FOUND if arguments[1] == "nobody" else Exit.FAILED
    assert users(monkeypatch, *arguments, stdin=stdin) == code
    assert sentence in capsys.readouterr().err


def test_a_password_is_no_argument() -> None:
    with pytest.raises(SystemExit) as left:
        main(["users", "add", "eve", PASSWORD])
    assert left.value.code == 2


def test_in_a_terminal_it_is_asked_for_twice_and_not_shown(data_dir: Path) -> None:
    """getpass speaks with the terminal itself: here is a real one."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "headway", "users", "add", "eve"],
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
        close_fds=True,
    )
    os.close(its)
    said = _read_until(ours, b"Password for eve: ")
    os.write(ours, f"{PASSWORD}\n".encode())
    said += _read_until(ours, b"Once more: ")
    os.write(ours, f"{PASSWORD}\n".encode())
    said += _read_until(ours, b"can sign in")
    assert process.wait(30) == 0
    os.close(ours)
    assert PASSWORD.encode() not in said
    assert sign_in(data_dir, "eve") == 200


def _read_until(descriptor: int, mark: bytes) -> bytes:
    said = b""
    while mark not in said:
        said += os.read(descriptor, 1024)
    return said
