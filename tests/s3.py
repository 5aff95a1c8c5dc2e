"""A server that speaks S3 on this host, and a bucket of its own for each test."""

import socket
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.waiting import eventually

_START_SECONDS = 60.0


@dataclass(frozen=True)
class S3:
    """Where the server is, as the usual variables say it."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "of-no-worth",
            "AWS_REGION": "us-east-1",
        }

    def new_bucket(self) -> str:
        """The URL of an empty bucket; the server forgets all of them when it ends."""
        name = f"headway-{uuid.uuid4().hex}"
        address = f"http://127.0.0.1:{self.port}/{name}"
        with urllib.request.urlopen(urllib.request.Request(address, method="PUT")):
            return f"s3://{name}/some/prefix"


@contextmanager
def own_s3(port: int) -> Iterator[S3]:
    """A server that answers, and is ended at the end."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        eventually(lambda: _answers(port) or process.poll() is not None, within=_START_SECONDS)
        assert process.poll() is None, "expected the S3 server to start, got: it ended"
        yield S3(port)
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
