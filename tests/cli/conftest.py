"""A service in a process of its own, and its commands run here."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hashes import lighten

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = "tests.cli.trial_operations,tests.http.trial_operations,examples.training_loop"


class Service:
    """`headway serve`, which can be killed and started again on the same port and data."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return once it listens: that is when it greets."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headway", "serve", "--port", str(self.port)],
            env=os.environ
            | {
                "HEADWAY_DATA_DIR": str(self.data_dir),
                "HEADWAY_OPERATIONS": OPERATIONS,
                "HEADWAY_GRACE": "2",
                "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        greeting = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", greeting)
        assert found is not None, greeting
        self.port = int(found.group(1))

    def kill(self) -> None:
        """As when the machine runs out of memory."""
        assert self.process is not None
        self.process.kill()
        self._ended()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self._ended()

    def _ended(self) -> None:
        assert self.process is not None
        self.process.communicate(timeout=60)


@contextmanager
def running() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder:
        service = Service(Path(folder) / "data")
        service.start()
        try:
            yield service
        finally:
            service.stop()


@pytest.fixture(autouse=True)
def light_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    lighten(monkeypatch)


@pytest.fixture(scope="module")
def service(clean_session: None) -> Iterator[Service]:
    with running() as service:
        yield service


@pytest.fixture
def signed_in(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The commands of this test speak to the service, as alice; what they keep is kept nowhere."""
    monkeypatch.setenv("HEADWAY_URL", service.url)
    monkeypatch.setenv("HEADWAY_USER", "alice")
    monkeypatch.setenv("HEADWAY_PASSWORD", "secret123")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
