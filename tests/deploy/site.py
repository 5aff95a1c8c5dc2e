"""What the Dockerfile makes, made here: in a folder of its own and, where that can be, by somebody without rights."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
PREFIX = "/opt/headway"  # where the Dockerfile and the units have it

NOBODY = 65534
NO_RIGHTS: Mapping[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
FAILURES = 3  # sign-ins of one account from one address, until no more are heard
PATIENCE = 300  # seconds: an environment is made and filled, which a busy machine stretches
LONGEST_STOP = 20  # seconds: TimeoutStopSec of the units, stop_grace_period of compose.yaml


@dataclass(frozen=True)
class Site:
    """An installation, and who it belongs to."""

    folder: Path
    owner: Mapping[str, Any]  # for `subprocess`; empty where it is whoever runs the tests

    @property
    def prefix(self) -> Path:
        return self.folder / "prefix"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def environment(self, **more: str) -> dict[str, str]:
        """No more than a unit or a container has, and the marks by which the tests find what is left."""
        marks = {name: value for name, value in os.environ.items() if name.startswith("TEST_")}
        return {
            **marks,
            "PATH": f"{self.prefix / 'bin'}:/usr/sbin:/usr/bin:/bin",
            "HOME": str(self.home),
            "HEADWAY_MODE": "production",
            "HEADWAY_DATA_DIR": str(self.home / "data"),
            "HEADWAY_TRUSTED_PROXIES": "127.0.0.1",
            "HEADWAY_SIGN_IN_FAILURES": str(FAILURES),
            "CREDENTIALS_DIRECTORY": str(self.home / "secrets"),
            **more,
        }

    def run(self, *command: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run it to its end, as the owner."""
        options = {"env": self.environment(), "cwd": self.home, **more, **self.owner}
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE, **options
        )

    @contextmanager
    def running(self, *command: str) -> Iterator[subprocess.Popen[str]]:
        """Start it as the owner, and end it."""
        process = subprocess.Popen(
            command, env=self.environment(), cwd=self.home, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **self.owner,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=LONGEST_STOP + 40)  # the machine may be busy

    @contextmanager
    def serving(self, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
        """`headway serve` as the container runs it, on a port of its choice, from its greeting on."""
        command = [str(DEPLOY / "entrypoint"), "headway", "serve", "--port", "0", *options]
        with self.running(*command) as process:
            assert process.stdout is not None
            greeting = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:(\d+)", greeting)
            assert found is not None, greeting
            yield process, int(found[1])


def make(folder: Path) -> Site:
    """Do what the Dockerfile's first stage does; only the packages are those of this environment."""
    python, owner = _builder()
    site = Site(folder, owner)
    build = folder / "build"
    for path in (site.prefix, site.home, build):
        path.mkdir()
        if owner:
            os.chown(path, NOBODY, NOBODY)
    folder.chmod(0o755)
    for line in DOCKERFILE.split("\nFROM ")[1].splitlines():
        act, _, rest = line.partition(" ")
        if act == "COPY":
            _copy(rest.split(), build)
        elif act == "RUN":
            _step(site, rest.split(), build, python)
    return site


def _builder() -> tuple[str, Mapping[str, Any]]:
    """A Python of this version, and who shall run it: nobody, where we may say so and he may."""
    ours = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    if os.geteuid() == 0:
        for candidate in (str(ours), f"/usr/bin/{ours.name}"):
            if _works_for_nobody(candidate):
                return candidate, NO_RIGHTS
    return str(ours), {}


def _works_for_nobody(python: str) -> bool:
    look = f"import ensurepip, os; os.listdir({_packages()!r}); open({str(DEPLOY / 'image')!r})"
    try:
        done = subprocess.run(
            [python, "-c", look], cwd="/", check=False, capture_output=True, **NO_RIGHTS
        )
    except OSError:
        return False
    return done.returncode == 0


def _copy(paths: list[str], build: Path) -> None:
    *sources, target = paths
    for source in sources:
        path, to = ROOT / source, build / target
        if path.is_dir():
            shutil.copytree(path, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to.mkdir(exist_ok=True)
            shutil.copy(path, to)


def _step(site: Site, command: list[str], build: Path, python: str) -> None:
    program, step, prefix = command
    assert prefix == PREFIX, command
    if step == "dependencies":
        made = site.run(python, "-m", "venv", str(site.prefix))
        assert made.returncode == 0, made.stderr
        # A folder named here gives its packages, but not what its own .pth files name: no checkout.
        inside = next(site.prefix.glob("lib/python*/site-packages"))
        (inside / "dependencies.pth").write_text(f"{_packages()}\n")
        return
    path = f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"  # the build backend's program
    done = site.run(
        str(build / program), step, str(site.prefix), cwd=build,
        env=site.environment(PATH=path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _packages() -> str:
    return sysconfig.get_paths()["purelib"]
