"""`headway completion`: what a shell needs to complete commands and options.

A script without a program behind it: completing starts no Python.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Final

from headway.cli.commands import COMMANDS, load

Words = Mapping[str, Sequence[str]]


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway completion",
        description='Print a completion script. For bash: eval "$(headway completion bash)"; for zsh'
        " the same, after compinit; for fish: headway completion fish | source",
    )
    parser.add_argument("shell", choices=SHELLS, help="for which shell")
    return parser


def run(given: argparse.Namespace) -> int:
    """Print the script for a shell."""
    words = {name: words_of(name) for name in COMMANDS}
    print(SHELLS[given.shell](words))
    return 0


def words_of(command: str) -> list[str]:
    """The options of a command, and the words that may stand in the place of an argument."""
    words: list[str] = []
    seen = [load(command).parser()]
    while seen:
        for action in seen.pop()._actions:  # noqa: SLF001 - argparse has no other way to list them
            words += [one for one in action.option_strings if one.startswith("--")]
            if isinstance(action.choices, Mapping) and not action.option_strings:
                words += map(str, action.choices)
                seen += [one for one in action.choices.values() if _is_parser(one)]
    return sorted(set(words))


def _is_parser(value: object) -> bool:
    return isinstance(value, argparse.ArgumentParser)


def _bash(words: Words) -> str:
    cases = "\n".join(f'    {name}) words="{" ".join(of)}" ;;' for name, of in words.items())
    return f"""\
_headway() {{
  local words="{" ".join(words)}"
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "${{COMP_WORDS[1]}}" in
{cases}
    *) words="" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _headway headway"""


def _zsh(words: Words) -> str:
    cases = "\n".join(f"    {name}) compadd -- {' '.join(of)} ;;" for name, of in words.items())
    return f"""\
_headway() {{
  if (( CURRENT == 2 )); then
    compadd -- {" ".join(words)}
  else
    case "$words[2]" in
{cases}
    esac
    _files
  fi
}}
compdef _headway headway"""


def _fish(words: Words) -> str:
    lines = ["complete -c headway -n __fish_use_subcommand -f"]
    for name, (_, told) in COMMANDS.items():
        said = told.replace("'", "\\'")
        lines.append(f"complete -c headway -n __fish_use_subcommand -a {name} -d '{said}'")
    for name, of in words.items():
        seen = f"'__fish_seen_subcommand_from {name}'"
        for word in of:
            what = f"-l {word[2:]}" if word.startswith("--") else f"-a {word}"
            lines.append(f"complete -c headway -n {seen} {what}")
    return "\n".join(lines)


SHELLS: Final = {"bash": _bash, "zsh": _zsh, "fish": _fish}
