"""A link to a database server that can be cut at the moment a COMMIT passes, or swallow all."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

Cut = Literal["before", "after"]
"""Whether the server still gets the COMMIT whose answer is cut off."""


class CuttingLink:
    """Passes bytes between clients and a server, until it is told to cut at the next COMMIT."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._cut: Cut | None = None
        self._flowing = threading.Event()
        self._flowing.set()
        self.cuts = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._sockets = [self._listening]
        self._run(self._accept)

    @property
    def port(self) -> int:
        """Where clients connect to."""
        return int(self._listening.getsockname()[1])

    def cut_at_commit(self, when: Cut) -> None:
        """Hang up on both sides at the next COMMIT."""
        self._cut = when

    @contextlib.contextmanager
    def swallowing(self) -> Iterator[None]:
        """Meanwhile nothing passes, either way, and nobody is told; what waited passes afterwards."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    def close(self) -> None:
        """Accept nobody any more, and wait until all have hung up."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._server)
                for one in (client, server):  # it must not be the link that waits for more
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets += [client, server]
                self._run(self._upwards, client, server)
                self._run(self._downwards, server, client)

    def _upwards(self, client: socket.socket, server: socket.socket) -> None:
        with _hanging_up(client, server):
            while data := client.recv(65_536):
                when = self._cut if b"COMMIT" in data else None
                if when is not None:
                    self._cut = None
                    self.cuts += 1
                    if when == "after":
                        client.shutdown(socket.SHUT_RDWR)  # the answer finds nobody
                        server.sendall(data)
                        server.recv(65_536)
                    return
                self._flowing.wait()
                server.sendall(data)

    def _downwards(self, server: socket.socket, client: socket.socket) -> None:
        with _hanging_up(server, client):
            while data := server.recv(65_536):
                self._flowing.wait()
                client.sendall(data)

    def _run(self, what: object, *arguments: object) -> None:
        thread = threading.Thread(target=what, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


@contextlib.contextmanager
def _hanging_up(*ends: socket.socket) -> Iterator[None]:
    with contextlib.suppress(OSError):
        yield
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def cutting_link(url: str) -> Iterator[tuple[str, CuttingLink]]:
    """The same database by way of a link, and the link."""
    parts = urlsplit(url)
    link = CuttingLink(parts.hostname or "127.0.0.1", parts.port or 5432)
    user = parts.netloc.rpartition("@")[0]
    try:
        yield parts._replace(netloc=f"{user}@127.0.0.1:{link.port}").geturl(), link
    finally:
        link.close()
