"""A real server to attack: `headway serve` in a process of its own, with its log and its memory."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

_WRONG = re.compile(
    r"ERROR(?!: +Invalid UTF-8 sequence received from client)"
    r"|Exception in ASGI|Task exception was never retrieved"
)
"""A stack stands below one of these; what is said of a client's broken text is no defect."""


_TOO_LATE = "the handler is closed"
"""uvloop's words when its server answers somebody whose leaving it was about to be told of."""


@dataclass(frozen=True)
class Server:
    """A running server, as an attacker sees it and as its operator does."""

    port: int
    pid: int
    log: Path
    data: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sign_in(self, name: str = "alice", password: str = "secret123") -> dict[str, str]:
        answer = httpx2.post(
            f"{self.url}/token", data={"username": name, "password": password}, timeout=60
        )
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def answers(self) -> bool:
        """Whether a stranger is answered now."""
        return httpx2.get(f"{self.url}/healthz", timeout=60).status_code == 200

    def memory(self) -> int:
        """Resident bytes of the API process."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def complaints(self) -> list[str]:
        """Lines of its log that tell of a defect."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [one for one in lines if _WRONG.search(one) and _TOO_LATE not in one]


@contextmanager
def serving(**settings: str) -> Iterator[Server]:
    """A server with a data directory of its own, until the end of the block."""
    with (
        tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder,
        Path(folder, "log").open("wb") as log,
    ):
        data = Path(folder) / "data"
        child = subprocess.Popen(
            [sys.executable, "-m", "headway", "serve", "--port", "0", "--data-dir", str(data)],
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield Server(_port(child), child.pid, Path(folder, "log"), data)
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(timeout=60)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            assert child.stdout is not None
            child.stdout.close()


def _port(child: "subprocess.Popen[str]") -> int:
    """The port it tells in its greeting."""
    assert child.stdout is not None
    greeting = child.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:(\d+)", greeting)
    assert found is not None, f"expected a greeting, got: {greeting!r}"
    return int(found[1])
