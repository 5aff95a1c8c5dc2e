"""A receiver of webhooks on this host, which answers as it is told and keeps what it got."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes


@dataclass
class Receiver:
    """What came, in order. It answers with `statuses`, one after the other, then with 200."""

    statuses: list[int]
    received: list[Received] = field(default_factory=list)
    location: str = ""
    endless: bool = False
    port: int = 0
    came: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?of=ann"

    def until(self, count: int, *, within: float = 60.0) -> Sequence[Received]:
        """Everything that came, as soon as that are so many."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.received) >= count, within), self.received
            return list(self.received)

    def take(self, one: Received) -> int:
        with self.came:
            self.received.append(one)
            self.came.notify_all()
            return self.statuses.pop(0) if self.statuses else 200


@contextmanager
def receiver(*statuses: int, port: int = 0) -> Iterator[Receiver]:
    """One that listens until the end of the block."""
    state = Receiver(list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = state.take(Received(self.path, headers, body))
            self.send_response(status)
            if state.location:
                self.send_header("Location", state.location)
            self.end_headers()
            try:
                while state.endless:
                    self.wfile.write(b"x" * 1000)
            except OSError:
                return

        do_GET = do_POST  # noqa: N815 - the name of a method

        def log_message(self, format: str, *args: object) -> None:
            """Tests say what they got."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
