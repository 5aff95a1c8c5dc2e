"""Connections whose other side neither sends nor reads are cut: what no application can see."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_SECONDS: Final = 20.0
"""A request must be whole up to its body by then."""
UNREAD_SECONDS: Final = 28.0
"""An answer must be read on within so many seconds. Streams give up earlier, and end by
themselves."""


class BoundedConnection(HttpToolsProtocol):
    """One connection of the HTTP server, with an end for those who do nothing."""

    _beginning: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its own
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_headers()

    def on_message_begin(self) -> None:
        """Wait for a request's headers to be whole."""
        super().on_message_begin()
        self._wait_for_headers()

    def on_headers_complete(self) -> None:
        """The request is there."""
        self._stop_beginning()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Begin to wait until the other side reads."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(UNREAD_SECONDS, self._cut)

    def resume_writing(self) -> None:
        """It reads."""
        self._stop_unread()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_beginning()
        super().connection_lost(exc)
        self._stop_unread()

    def _wait_for_headers(self) -> None:
        if self._beginning is None:
            self._beginning = self.loop.call_later(HEADERS_SECONDS, self._cut)

    def _stop_beginning(self) -> None:
        if self._beginning is not None:
            self._beginning.cancel()
            self._beginning = None

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _cut(self) -> None:
        # Not `close`: it would first send what nobody reads.
        transport: Any = self.transport
        transport.abort()
