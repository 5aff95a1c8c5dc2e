"""A link to a server of this host over which each answer comes slowly, and some are cut off."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PIECE = 1 << 14


@dataclass
class SlowLink:
    """What it does with the connections that go over it."""

    server: int
    """The port of the server."""
    bytes_per_second: float
    """Of each connection."""
    cut_after: list[int] = field(default_factory=list)
    """Bytes after which a connection is cut: the first one, then the second, ..."""
    port: int = 0


@contextmanager
def slow_link(server: int, *, bytes_per_second: float, cut_after: int = 0) -> Iterator[SlowLink]:
    """One that is there until the end of the block. It cuts one connection, if told to."""
    link = SlowLink(server, bytes_per_second, [cut_after] if cut_after else [])

    class Passing(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", link.server)) as upwards, suppress(OSError):
                threading.Thread(target=_passed, args=(self.request, upwards), daemon=True).start()
                passed = 0
                while data := upwards.recv(_PIECE):
                    self.request.sendall(data)
                    passed += len(data)
                    time.sleep(len(data) / link.bytes_per_second)
                    if passed > _PIECE and link.cut_after and passed >= link.cut_after[0]:
                        link.cut_after.pop(0)
                        self.request.shutdown(socket.SHUT_RDWR)
                        return

    class Listening(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Listening(("127.0.0.1", 0), Passing) as listening:
        link.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield link
        finally:
            listening.shutdown()
            thread.join()


def _passed(client: socket.socket, upwards: socket.socket) -> None:
    with suppress(OSError):
        while data := client.recv(_PIECE):
            upwards.sendall(data)
        upwards.shutdown(socket.SHUT_WR)
