"""Connections whose other side neither sends nor reads are cut, and those whose headers have no
end: what no application can see."""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from headway.http.refusals import lines, new_request_id, refusal
from headway.server.unread import ReadConnection

HEADERS_SECONDS: Final = 20.0
"""A request must be whole up to its body by then."""
BODY_SECONDS: Final = 14.0
"""A body's bytes are counted for so long, and ..."""
LEAST_BODY: Final = 1024
"""... twice in a row there may not be fewer: a byte a second would take hours, and a place."""

LARGEST_HEAD: Final = 65_536
"""Bytes of headers."""
MOST_HEADERS: Final = 200


class HeadTooLarge(Exception):
    """A request has more headers than anybody needs."""


class BoundedConnection(ReadConnection, HttpToolsProtocol):
    """One connection of the HTTP server, with an end for those who do nothing, or never end."""

    _head: int | None = None
    """Bytes that have come of a request whose headers are not whole."""
    _is_too_large = False
    _beginning: asyncio.TimerHandle | None = None
    _sending: asyncio.TimerHandle | None = None
    _came = 0
    _was_slow = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its own
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        """Read on, but no headers without an end."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._hang_up()

    def on_message_begin(self) -> None:
        """Wait for a request's headers to be whole."""
        super().on_message_begin()
        self._head = 0
        self._wait_for_headers()

    def on_headers_complete(self) -> None:
        """The request is there."""
        self._stop_beginning()
        self._head = None
        size = sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > MOST_HEADERS or size > LARGEST_HEAD:
            self._is_too_large = True
            raise HeadTooLarge  # to the parser, which gives up the request
        super().on_headers_complete()
        self._was_slow = False
        self._count_body()

    def on_body(self, body: bytes) -> None:
        """Some more of the body."""
        self._came += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of the request is there."""
        self._stop_sending()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what could not be read, in the words that fit it."""
        if self._is_too_large:
            self._hang_up()
        else:
            super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_beginning()
        self._stop_sending()
        super().connection_lost(exc)

    def _hang_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_too_large())
            self.transport.close()

    def _wait_for_headers(self) -> None:
        if self._beginning is None:
            self._beginning = self.loop.call_later(HEADERS_SECONDS, self.cut)

    def _stop_beginning(self) -> None:
        if self._beginning is not None:
            self._beginning.cancel()
            self._beginning = None

    def _count_body(self) -> None:
        self._came = 0
        self._sending = self.loop.call_later(BODY_SECONDS, self._judge_body)

    def _judge_body(self) -> None:
        # While we are those who do not read, nothing can come.
        is_slow = self._came < LEAST_BODY and not self.flow.read_paused
        if is_slow and self._was_slow:
            self.cut()
            return
        self._was_slow = is_slow
        self._count_body()

    def _stop_sending(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None


def _too_large() -> bytes:
    headers, body = refusal(
        431,
        "headers_too_large",
        f"expected at most {MOST_HEADERS} headers of {LARGEST_HEAD} bytes in all, got more",
        path="",
        request_id=new_request_id().decode(),
    )
    head = lines([*headers, (b"connection", b"close")])
    return b"HTTP/1.1 431 Request Header Fields Too Large\r\n%b\r\n%b" % (head, body)
