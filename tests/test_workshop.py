"""The scripts run on any POSIX shell, and the lock holds what the project asks for, and no more than that."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())
SHELL_SCRIPTS = [path for path in SCRIPTS if path.read_text().startswith("#!/bin/sh\n")]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci" / "run"], ids=lambda path: path.name)
def test_a_script_can_be_run(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!")


@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda path: path.name)
def test_a_shell_script_parses_and_stops_at_the_first_error(script: Path) -> None:
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    assert "set -eu\n" in script.read_text()


def test_the_lock_names_everything_the_project_asks_for() -> None:
    groups = PROJECT["dependency-groups"]
    listed = [*PROJECT["project"]["dependencies"], *groups["dev"], *groups["build"]]
    asked = [one for one in listed if isinstance(one, str)]  # the others include a group
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCK, flags=re.MULTILINE))
    assert {normal_name(one) for one in asked} <= locked, "run scripts/lock"


def test_every_locked_package_has_hashes() -> None:
    entries = re.split(r"^(?=[a-z0-9-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_does_not_say_where_packages_are_found() -> None:
    assert re.findall(r"^.*(?:://|--index|--find-links|@ ).*$", LOCK, flags=re.MULTILINE) == []


@pytest.mark.parametrize("lock", [None, ROOT / "deploy" / "requirements.lock"])
def test_the_bill_of_materials_has_every_locked_package_and_file(lock: Path | None) -> None:
    named = [] if lock is None else [str(lock)]
    command = [sys.executable, str(ROOT / "scripts" / "sbom"), *named]
    text = lock.read_text() if lock else LOCK
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert told["bomFormat"] == "CycloneDX"
    assert len(told["components"]) == len(re.findall(r"^[a-z0-9-]+==", text, flags=re.MULTILINE))
    hashes = [one for component in told["components"] for one in component["hashes"]]
    assert len(hashes) == text.count("--hash=sha256:")


def normal_name(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()
