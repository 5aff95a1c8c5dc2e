"""A service in a process of its own, to be killed and started again at the same address."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2

from headway.client import AsyncClient, Client

OPERATIONS = ("tests.http.trial_operations",)


class Service:
    """`uvicorn app.main:app` on a data directory that stays."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._environment = os.environ | {
            "HEADWAY_DATA_DIR": str(data_dir),
            "HEADWAY_GRACE": "1",
            "HEADWAY_OPERATIONS": ",".join(OPERATIONS),
        }
        self._command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
        self._command += ["--log-level", "warning"]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it is ready."""
        self._process = subprocess.Popen(self._command, env=self._environment)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "the service has ended"
            with suppress(httpx2.TransportError):
                if httpx2.get(f"{self.url}/readyz").is_success:
                    return
            time.sleep(0.05)
        raise AssertionError("expected the service to be ready within 60 s")

    def kill(self) -> None:
        """End it without a word."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)

    def stop(self) -> None:
        """End it as an operator does."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)

    def client(self, name: str = "alice", password: str = "secret123") -> Client:
        return Client(self.url, name, password)

    def async_client(self) -> AsyncClient:
        return AsyncClient(self.url, "alice", "secret123")


@contextmanager
def serving(data_dir: Path, port: int) -> Iterator[Service]:
    service = Service(data_dir, port)
    try:
        service.start()
        yield service
    finally:
        service.stop()
