"""The command line as a whole: quick to help, strict with what it is given, and fit for scripts."""

# ruff: noqa: SLF001 - argparse has no other way to list what it knows

import argparse
import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from headway.cli import main
from headway.cli.commands import COMMANDS, load

HEADWAY = [sys.executable, "-m", "headway"]


def run(*command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | settings
    )


def test_help_names_every_command() -> None:
    answer = run(*HEADWAY, "--help")
    assert answer.returncode == 0
    for name, (_, told) in COMMANDS.items():
        assert f"  {name} " in answer.stdout
        assert told in answer.stdout
    assert run(*HEADWAY).stdout == answer.stdout


def test_help_takes_little_longer_than_starting_python() -> None:
    """The promise is 0.4 s on a loaded machine; the ratio says the same on any machine."""
    bare, helped = [], []
    for _ in range(7):
        bare.append(_seconds([sys.executable, "-c", "pass"]))
        helped.append(_seconds([*HEADWAY, "--help"]))
    assert min(helped) < 10 * min(bare)


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def test_help_loads_no_command_and_no_library() -> None:
    loaded = (
        "import sys; from headway.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*[name for name in sys.modules if '.' not in name], file=sys.stderr)\n"
    )
    names = run(sys.executable, "-c", loaded).stderr.split()
    assert not {"pydantic", "fastapi", "httpx2", "rich", "uvicorn", "sqlalchemy"} & set(names)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = load(name).parser()
    assert parser.prog == f"headway {name}"
    assert parser.description
    for action in parser._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction), action
    with pytest.raises(SystemExit) as left:
        main([name, "--no-such-option"] if name not in ("submit", "import") else ["nonsense"])
    assert left.value.code == 2
    assert "usage: headway" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serve", "--port", "99999"], "--port: expected a port of 0 to 65535, got '99999'"),
        (["serve", "--port", "-1"], "--port: expected a port of 0 to 65535, got '-1'"),
        (["doctor", "--port", "99999"], "--port: expected a port of 0 to 65535, got '99999'"),
        (["demo", "--port", "99999"], "--port: expected a port of 0 to 65535, got '99999'"),
        (["jobs", "--limit", "-1"], "--limit: expected a number of at least 1, got '-1'"),
        (["jobs", "--limit", "-1", "--watch"], "--limit: expected a number of at least 1"),
        (["jobs", "--limit", "many"], "--limit: expected a whole number, got 'many'"),
        (["work", "--queues", " , "], "--queues: expected names separated by commas"),
        (["submit", "nothing", "--key", "é"], "--key: expected a key of visible ASCII characters"),
        (["import", "a.csv", "--key", "é"], "--key: expected a key of visible ASCII characters"),
    ],
)
def test_an_argument_of_no_use_is_a_usage_error(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert sentence in capsys.readouterr().err


def test_names_of_a_list_may_have_spaces_between_them() -> None:
    assert load("work").parser().parse_args(["--queues", "a, b"]).queues == ("a", "b")


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"headway {version('headway')}\n"


def test_an_error_is_a_sentence_and_a_code(data_dir: Path) -> None:
    answer = run(*HEADWAY, "db", "check", HEADWAY_DATA_DIR=str(data_dir))
    assert answer.returncode == 1
    assert answer.stderr.startswith("headway db: expected a database at ")
    assert "Traceback" not in answer.stderr


def test_a_reader_that_has_enough_is_no_error() -> None:
    """`headway settings | head -1` ends without a complaint."""
    command = f"{sys.executable} -m headway completion fish | head -1"
    answer = run("bash", "-o", "pipefail", "-c", command)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_an_address_of_no_use_is_told_before_anything_is_opened(
    data_dir: Path, free_port: int
) -> None:
    answer = run(
        *HEADWAY, "serve", "--host", "192.0.2.1", "--port", str(free_port),
        HEADWAY_DATA_DIR=str(data_dir),
    )  # fmt: skip
    assert answer.returncode == 1
    assert answer.stderr.startswith(
        f"headway serve: expected to listen on 192.0.2.1, port {free_port}"
    )
    assert "with --host" in answer.stderr
    assert not data_dir.exists()


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        answer = run(*HEADWAY, "serve", "--port", str(other.getsockname()[1]))
    assert answer.returncode == 1
    assert "is it served already? Choose another with --port" in answer.stderr


def test_a_host_that_nobody_knows_is_not_taken_for_a_port_in_use() -> None:
    answer = run(*HEADWAY, "serve", "--host", "nope.invalid", "--port", "0")
    assert answer.returncode == 1
    assert "name an address of this machine with --host" in answer.stderr
    assert "served already" not in answer.stderr


def test_a_data_directory_that_cannot_be_used_is_told_in_a_sentence(data_dir: Path) -> None:
    data_dir.write_text("")
    answer = run(*HEADWAY, "serve", "--port", "0", HEADWAY_DATA_DIR=str(data_dir))
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1].startswith("headway serve: expected ")
    assert answer.stdout == ""
