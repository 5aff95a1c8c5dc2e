"""The commands there are: each one's module is loaded when it is called for, and no other."""

import argparse
import importlib
from collections.abc import Mapping
from typing import Final, Protocol, cast


class Command(Protocol):
    """What the module of a command has."""

    def parser(self) -> argparse.ArgumentParser:
        """What the command takes."""

    def run(self, given: argparse.Namespace) -> int:
        """Do it; the exit code."""


COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "serve": ("serve", "run the API and an embedded worker"),
    "work": ("work", "run a worker"),
    "demo": ("demo", "import, train, evaluate and predict, and watch it live"),
    "login": ("login", "sign in to a service, for the commands that follow"),
    "submit": ("submit", "submit a job of any operation"),
    "import": ("import_file", "upload a CSV file as a data set"),
    "upload": ("upload", "store a file for jobs to read"),
    "predict": ("predict", "classify texts at once"),
    "jobs": ("jobs", "show your jobs"),
    "watch": ("watch", "follow a job to its end"),
    "results": ("results", "write the results of a job's items"),
    "cancel": ("cancel", "cancel jobs"),
    "retry": ("retry", "give a failed or cancelled job new attempts"),
    "datasets": ("datasets", "show the data sets you can use"),
    "models": ("models", "show the models you can use"),
    "promote": ("promote", "point an alias of a model to a version"),
    "operations": ("operations", "show, pause and resume operations"),
    "workers": ("workers", "show the living workers and what they run"),
    "why": ("why", "say what a job waits for"),
    "users": ("users", "say who may sign in"),
    "keys": ("keys", "make and remove keys for machines"),
    "db": ("db", "back up, check or upgrade the database"),
    "doctor": ("doctor", "find out what is wrong, and how to mend it"),
    "settings": ("settings", "show every setting, and where it was set"),
    "completion": ("completion", "complete commands and options in a shell"),
}
"""Name, module and a line about it."""


def load(name: str) -> Command:
    """The module of a command."""
    return cast(Command, importlib.import_module(f"headway.cli.{COMMANDS[name][0]}"))


def takes_more(command: Command) -> bool:
    """Whether options are allowed that the command's parser does not know."""
    return bool(getattr(command, "TAKES_MORE", False))
