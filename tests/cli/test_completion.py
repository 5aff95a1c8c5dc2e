"""What the shells complete: tried in the shells themselves, where they are installed."""

# ruff: noqa: SLF001 - argparse has no other way to list what it knows

import shutil
import subprocess

import pytest

from headway.cli import main
from headway.cli.commands import COMMANDS, load
from headway.cli.completion import SHELLS, words_of


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def in_bash(code: str) -> list[str]:
    answer = subprocess.run(
        ["bash", "--norc", "-c", code], capture_output=True, text=True, check=True
    )
    return answer.stdout.split()


def completed(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What bash offers for the last of these words."""
    line = " ".join(f"'{word}'" for word in words)
    return in_bash(
        f"{script('bash', capsys)}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _headway;"
        ' echo "${COMPREPLY[@]}"'
    )


def test_bash_completes_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(completed(["headway", ""], capsys)) == set(COMMANDS)
    assert completed(["headway", "doc"], capsys) == ["doctor"]


def test_bash_completes_options_and_acts_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert completed(["headway", "serve", "--po"], capsys) == ["--port"]
    assert completed(["headway", "db", "ba"], capsys) == ["backup"]
    assert completed(["headway", "unknown", "--po"], capsys) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_is_told_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = script(shell, capsys)
    for name in COMMANDS:
        assert name in told
    assert "data-dir" in told


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_can_be_read_by_its_shell(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"expected {shell}, found none")
    subprocess.run([shell, "-n"], input=script(shell, capsys), text=True, check=True)


def test_words_are_those_of_the_parser() -> None:
    options = {
        one
        for action in load("serve").parser()._actions
        for one in action.option_strings
        if one.startswith("--")
    }
    assert set(words_of("serve")) == options
