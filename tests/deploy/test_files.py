"""The deployment files agree with the service: settings, commands, times and sizes are those there are."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from headway.cli.commands import COMMANDS
from headway.environment import FOR_CLIENTS, PREFIX
from headway.settings import Settings
from tests.deploy.site import DEPLOY, DOCKERFILE, LONGEST_STOP, ROOT

FILES = sorted(
    path for path in DEPLOY.rglob("*") if path.is_file() and path.name != "requirements.lock"
)
UNITS = sorted(DEPLOY.glob("*.service"))
OWN_UNITS = sorted(DEPLOY.glob("headway-*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
NGINX = (DEPLOY / "nginx" / "headway.conf").read_text()
PAGE = ROOT / "docs" / "deploying.md"
KNOWN = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | FOR_CLIENTS.keys()
LEAVING = 8  # seconds that a worker may need beside its grace, when its broker is silent


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*FILES, PAGE], ids=name_of)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\bHEADWAY_[A-Z_]*[A-Z]\b", path.read_text()))
    assert named <= KNOWN


@pytest.mark.parametrize("path", [*FILES, PAGE], ids=name_of)
def test_every_command_that_is_used_exists(path: Path) -> None:
    assert set(commands_in(path.read_text())) <= COMMANDS.keys()


def commands_in(text: str) -> Iterator[str]:
    """The word after the program: in a shell, in a list of YAML or of JSON."""
    yield from re.findall(r"(?:bin/|run --rm api |^|`)headway ([a-z]+)", text, re.MULTILINE)
    yield from re.findall(r"[\[\s]\"?headway\"?, \"?([a-z]+)", text)


def test_commands_are_found_however_they_are_written() -> None:
    text = (
        'ExecStart=/opt/headway/bin/headway serve\ncommand: [headway, work]\nCMD ["headway", "why"]'
    )
    assert set(commands_in(text)) == {"serve", "work", "why"}


@pytest.mark.parametrize("script", ["image", "entrypoint"])
def test_a_script_runs_on_any_posix_shell(script: str) -> None:
    text = (DEPLOY / script).read_text()
    assert subprocess.run(["sh", "-n", DEPLOY / script], check=False).returncode == 0
    assert text.startswith("#!/bin/sh\n")
    assert "set -eu\n" in text


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("expected systemd-analyze, found none; install the package `systemd`")
    for unit in UNITS:
        text = unit.read_text().replace("/opt/headway/bin", str(Path(sys.executable).parent))
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.glob("headway-*"), *tmp_path.glob("flower*")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "headway" in line or "flower" in line]
    assert ours == []


@pytest.mark.parametrize("unit", OWN_UNITS, ids=name_of)
def test_a_unit_has_no_rights_and_leaves_time_to_stop(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert {
        "User=headway", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=",
        "EnvironmentFile=/etc/headway/env", "KillMode=mixed", f"TimeoutStopSec={LONGEST_STOP}",
    } <= set(lines)  # fmt: skip


def test_a_stop_has_time_for_the_grace() -> None:
    grace: float = Settings.model_fields["grace"].default
    assert grace + LEAVING < LONGEST_STOP
    for name in ("api", "worker"):
        assert COMPOSE["services"][name]["stop_grace_period"] == f"{LONGEST_STOP}s"


def test_every_image_is_pinned_to_a_version() -> None:
    images = [one["image"] for one in COMPOSE["services"].values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    loose = [one for one in images if not re.search(r":(RELEASE\.)?\d+[.-]\d", one)]
    assert set(loose) == {"headway"}  # which is built here


def test_the_compose_file_is_whole() -> None:
    services, secrets = COMPOSE["services"], COMPOSE["secrets"]
    for name, service in services.items():
        assert set(service.get("secrets", ())) <= secrets.keys(), name
        assert set(service.get("depends_on", ())) <= services.keys(), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_file(), volume


def test_what_is_left_of_an_upload_is_removed_after_a_day() -> None:
    """By the bucket: nobody of ours sees the parts."""
    assert COMPOSE["services"]["s3"]["environment"]["MINIO_API_STALE_UPLOADS_EXPIRY"] == "24h"


def test_a_unit_whose_program_is_not_installed_with_ours_says_how_to_get_it() -> None:
    lock = (DEPLOY / "requirements.lock").read_text()
    installed = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert {"celery", "uvicorn"} <= installed
    assert "flower" not in installed
    assert "/opt/headway/bin/pip install 'flower" in (DEPLOY / "flower.service").read_text()


def test_no_secret_stands_in_a_file() -> None:
    given = [
        f"{name}: {variable}"
        for name, service in COMPOSE["services"].items()
        for variable in service.get("environment", ())
        if re.search(r"SECRET|PASSWORD|TOKEN|KEY", variable) and not variable.endswith("_FILE")
    ]
    assert given == []
    assert not re.search(r"SECRET|PASSWORD|TOKEN", DOCKERFILE)
    example = (DEPLOY / "headway.env.example").read_text()
    assert re.findall(r"^(?!#)\w*(?:SECRET|PASSWORD|TOKEN|KEY)\w*=.+", example, re.MULTILINE) == []


def test_the_image_is_run_by_nobody_special_and_looked_after() -> None:
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1].split(":")[0].isdigit()
    assert "/readyz" in DOCKERFILE.split("HEALTHCHECK", 1)[1]


def test_nginx_takes_as_large_a_body_as_the_service() -> None:
    assert f"client_max_body_size {Settings.model_fields['max_body_mb'].default}m;" in NGINX


def test_every_locked_package_of_a_deployment_has_hashes_and_the_version_of_the_tests() -> None:
    text, tested = ((at / "requirements.lock").read_text() for at in (DEPLOY, ROOT))
    entries = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert [one.split()[0] for one in entries if "--hash=sha256:" not in one] == []
    assert [one for one in entries if f"\n{one.split()[0]} " not in f"\n{tested}"] == []


def test_nginx_alone_is_open_to_others() -> None:
    """Whoever reaches the broker can tell workers to stop."""
    published = {name for name, service in COMPOSE["services"].items() if "ports" in service}
    assert published == {"nginx"}
