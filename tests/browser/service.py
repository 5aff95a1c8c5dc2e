"""The service as a process, which tests may stop and start again on the same port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.waiting import eventually

OPERATIONS = "tests.http.trial_operations"
STARTS_WITHIN = 60.0


class Service:
    """`uvicorn app.main:app` in a data directory and on a port of its own."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
        self._data_dir = data_dir
        self._log = data_dir.parent / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it answers."""
        environment = os.environ | {
            "HEADWAY_DATA_DIR": str(self._data_dir),
            "HEADWAY_GRACE": "1",
            "HEADWAY_OPERATIONS": OPERATIONS,
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        process = self._process
        eventually(lambda: self._answers() or process.poll() is not None, within=STARTS_WITHIN)
        assert process.poll() is None, f"the service has ended:\n{self._log.read_text()}"

    def stop(self) -> None:
        """Ask it to end, and wait until it has. Stopping twice is fine."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def running(data_dir: Path, port: int) -> Iterator[Service]:
    """A service that has started, and that is stopped at the end."""
    service = Service(data_dir, port)
    service.start()
    try:
        yield service
    finally:
        service.stop()
