"""A service in a process of its own, to be killed and started again at the same address."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2

from headway.client import AsyncClient, Client
from tests.waiting import A_START, eventually

OPERATIONS = ("tests.http.trial_operations",)


class Service:
    """`uvicorn app.main:app` on a data directory that stays; with a worker of short leases beside it,
    so that a killed one is soon missed, or else with the one it embeds."""

    def __init__(self, data_dir: Path, port: int, *, quick: bool = False) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._environment = os.environ | {
            "HEADWAY_DATA_DIR": str(data_dir),
            "HEADWAY_GRACE": "1",
            "HEADWAY_OPERATIONS": ",".join(OPERATIONS),
            "HEADWAY_EMBEDDED_WORKER": str(not quick),
        }
        self._port = port
        self._quick = quick
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Return once it is ready."""
        self.start_server()
        if self._quick:
            self.start_worker()
        self._until("/readyz")

    def start_server(self) -> None:
        """Return once it answers."""
        port = ["--port", str(self._port), "--log-level", "warning"]
        self._run("uvicorn", "app.main:app", *port)
        self._until("/healthz")

    def start_worker(self) -> None:
        """Return at once."""
        self._run("tests.worker.quick_leases", "work")

    def _run(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self._processes.append(subprocess.Popen(command, env=self._environment))

    def _until(self, path: str) -> None:
        def succeeds() -> bool:
            assert all(one.poll() is None for one in self._processes), "the service has ended"
            with suppress(httpx2.TransportError):
                return httpx2.get(f"{self.url}{path}").is_success
            return False

        eventually(succeeds, within=A_START)

    def kill(self) -> None:
        """End it without a word."""
        for process in self._processes:
            process.kill()
        self._wait()

    def stop(self) -> None:
        """End it as an operator does. Stopping twice is fine."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        self._wait()

    def _wait(self) -> None:
        for process in self._processes:
            process.wait(60)
        self._processes.clear()

    def client(self, name: str = "alice", password: str = "secret123") -> Client:
        return Client(self.url, name, password)

    def async_client(self) -> AsyncClient:
        return AsyncClient(self.url, "alice", "secret123")


@contextmanager
def serving(data_dir: Path, port: int, *, quick: bool = False) -> Iterator[Service]:
    service = Service(data_dir, port, quick=quick)
    try:
        service.start()
        yield service
    finally:
        service.stop()
