"""Brokers for tests: those that run already, and those of a test's own, which it may break."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from kombu.connection import Connection
from kombu.exceptions import KombuError

from tests.ports import free_port
from tests.waiting import eventually

RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"
RABBITMQ_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's wrapper on the PATH wants to be root; this is the program itself."""


def redis_is_there() -> bool:
    """Whether a Redis server can be started."""
    return shutil.which("redis-server") is not None


@cache
def rabbitmq_is_there() -> bool:
    """Whether RabbitMQ answers."""
    return _answers(RABBITMQ)


class OwnRedis:
    """A Redis server without anything on disk."""

    def __init__(self, port: int, address: str) -> None:
        self._port = port
        self._address = address
        self.url = f"redis://{address}:{port}/0"
        self.process = self._start()

    def call(self, *words: str) -> str:
        """What the server answers to a command."""
        answer = subprocess.run(
            ["redis-cli", "-p", str(self._port), *words], capture_output=True, text=True, check=True
        )
        return answer.stdout.strip()

    def stop(self) -> None:
        """Kill it, with all that it had. Stopping twice is fine."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Begin anew, empty."""
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            ["redis-server", "--port", str(self._port), "--bind", *{"127.0.0.1", self._address},
             "--protected-mode", "no", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        eventually(lambda: _listens(self._port), within=30)
        return process


@contextmanager
def own_redis(port: int, address: str = "127.0.0.1") -> Iterator[OwnRedis]:
    """A server that is nobody else's; gone at the end."""
    server = OwnRedis(port, address)
    try:
        yield server
    finally:
        server.stop()


class OwnRabbit:
    """A RabbitMQ node with a name, a port and a folder of its own."""

    def __init__(self, folder: Path, port: int, **settings: object) -> None:
        self._port = port
        self._folder = folder
        self.url = f"amqp://guest:guest@127.0.0.1:{port}//"
        told = {"listeners.tcp.1": f"127.0.0.1:{port}", **settings}
        (folder / "plugins").write_text("[].")
        (folder / "rabbitmq.conf").write_text(
            "".join(f"{name} = {value}\n" for name, value in told.items())
        )
        self.process = self._start()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the node; what is durable stays in its folder. Stopping twice is fine."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            self.process.wait(60)

    def start_again(self) -> None:
        """Begin anew, with what is durable."""
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        folder = str(self._folder)
        process = subprocess.Popen(
            [RABBITMQ_PROGRAM],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={
                **os.environ,
                "HOME": folder,
                "RABBITMQ_NODENAME": f"headway{self._port}@localhost",
                "RABBITMQ_DIST_PORT": str(free_port()),
                "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
                "RABBITMQ_LOG_BASE": f"{folder}/log",
                "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
                "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq",
                "RABBITMQ_CONF_ENV_FILE": f"{folder}/none",
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
                "ERL_EPMD_ADDRESS": "127.0.0.1",
            },
        )
        eventually(lambda: _answers(self.url) or process.poll() is not None, within=120)
        assert process.poll() is None, "RabbitMQ could not be started"
        return process


@contextmanager
def own_rabbit(port: int, **settings: object) -> Iterator[OwnRabbit]:
    """A node that is nobody else's; gone at the end. It takes many seconds to start."""
    with tempfile.TemporaryDirectory(prefix="hw-rabbit-", ignore_cleanup_errors=True) as name:
        node = OwnRabbit(Path(name), port, **settings)
        try:
            yield node
        finally:
            node.stop(signal.SIGKILL)


@contextmanager
def own_queue(url: str = RABBITMQ) -> Iterator[str]:
    """A name for queues in a broker that others use too; they are removed at the end."""
    name = f"headway-test-{uuid.uuid4().hex[:12]}"
    try:
        yield name
    finally:
        with closing(_connection(url)) as connection:
            channel: Any = connection.channel()
            for one in (name, f"{name}-heavy"):
                with suppress(*connection.channel_errors):
                    channel.queue_delete(one)


def _connection(url: str) -> Any:
    return Connection(url, connect_timeout=30)  # type: ignore[no-untyped-call]


def _answers(url: str) -> bool:
    try:
        with closing(_connection(url)) as connection:
            connection.connect()
    except (OSError, KombuError):
        return False
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
