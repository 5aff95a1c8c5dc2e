"""docs/cli.md and docs/settings.md tell every command, option, exit code and setting there is."""

# ruff: noqa: SLF001 - argparse has no other way to list what it knows

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.cli.commands import COMMANDS, load
from headway.cli.exits import MEANINGS
from headway.environment import FOR_CLIENTS, PREFIX
from headway.settings import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
CLI = (DOCS / "cli.md").read_text()
SETTINGS = (DOCS / "settings.md").read_text()


def rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The lines of a command's table: each option and argument with its help."""
    for action in parser._actions:
        if action.help is argparse.SUPPRESS or "--help" in action.option_strings:
            continue
        if isinstance(action, argparse._SubParsersAction):
            helps = {one.dest: one.help for one in action._choices_actions}
            for name, inner in action.choices.items():
                yield f"| `{name}` | {helps[name]} |"
                yield from (f"| `{name}` {row[2:]}" for row in rows(inner))
        else:
            yield f"| `{told(action)}` | {str(action.help).replace('|', '/')} |"


def told(action: argparse.Action) -> str:
    """An option with the word for its value, or an argument."""
    word = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if action.choices and not isinstance(action, argparse._SubParsersAction):
        word = ",".join(map(str, action.choices))
    if not action.option_strings:
        return str(word)
    takes = "" if action.nargs == 0 else f" {word}" if action.nargs != "?" else f" [{word}]"
    return f"{action.option_strings[-1] if action.option_strings else ''}{takes}"


def section(name: str) -> str:
    """What docs/cli.md says of a command, to be pasted there when it has changed."""
    parser = load(name).parser()
    table = ["| | |", "|---|---|", *dict.fromkeys(rows(parser))]
    return "\n".join([f"### headway {name}", "", f"{parser.description}", "", *table, ""])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_documented_as_it_is(name: str) -> None:
    expected = section(name)
    at = CLI.find(f"### headway {name}\n")
    found = CLI[at : at + len(expected)] if at >= 0 else ""
    assert found == expected, f"docs/cli.md should say:\n\n{expected}"


def test_every_exit_code_is_documented() -> None:
    for code, meaning in MEANINGS.items():
        assert f"| {code.value} | {meaning} |" in CLI


@pytest.mark.parametrize("field", Settings.model_fields)
def test_a_setting_is_documented_as_it_is(field: str) -> None:
    info = Settings.model_fields[field]
    assert f"| `{PREFIX}{field.upper()}` | {default(field)} | {info.description} |" in SETTINGS


def default(field: str) -> str:
    """A setting's default as the page shows it."""
    info = Settings.model_fields[field]
    if info.default_factory is not None:
        return "see there"
    value = info.default
    return "none" if value is None or value == () else f"`{str(value).lower()}`"


@pytest.mark.parametrize("name", FOR_CLIENTS)
def test_a_variable_of_clients_is_documented(name: str) -> None:
    assert f"| `{name}` | {FOR_CLIENTS[name]} |" in SETTINGS
