"""Connections whose other side does not read are cut, whatever they speak."""

import asyncio
import os
import socket
import struct
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

UNREAD_SECONDS: Final = 28.0
"""What was sent must be read on within so many seconds. Streams give up earlier, and end by
themselves."""
UNREAD_SOCKET_SECONDS: Final = 20.0
"""The same of a WebSocket. What is told to it is small, and fills the system's buffers slowly: until
they are full nobody can know that it does not read."""
HELD: Final = 1 << 17
"""Bytes that the system takes of what is sent to a connection before they can go out."""
_AT_ONCE: Final = struct.pack("ii", 1, 0)


def hold_little(listening: socket.socket) -> None:
    """Have what is sent to connections that come here wait with us, where it is seen not to be
    read. The system would take three megabytes of it for each, and each would have to be made."""
    # Not SO_SNDBUF: that would hold up those who read, but from afar.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, HELD)


class ReadConnection(asyncio.Protocol):
    """What a connection does, of whichever protocol, that waits for its other side to read."""

    _line: Any = None
    patience: float = UNREAD_SECONDS
    """Seconds that it waits."""
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Know what is to be cut."""
        self._line = transport
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """Begin to wait until the other side reads."""
        super().pause_writing()
        if self._unread is None:
            self._unread = asyncio.get_running_loop().call_later(self.patience, self.cut)

    def resume_writing(self) -> None:
        """It reads."""
        self._stop_unread()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_unread()
        super().connection_lost(exc)
        self._stop_unread()  # on its way out it may have paused once more

    def cut(self) -> None:
        """End it now, and leave nothing behind."""
        # Not `close`: it would first send what nobody reads.
        _drop_unsent(self._line.get_extra_info("socket").fileno())
        self._line.abort()

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


class BoundedSocket(ReadConnection, WebSocketsSansIOProtocol):
    """One WebSocket. Its closing words too wait behind what nobody reads."""

    patience = UNREAD_SOCKET_SECONDS


def _drop_unsent(descriptor: int) -> None:
    """Have the connection end with a reset: the system would go on for minutes to offer what is in
    its buffer, megabytes for each connection, and the other side would not even know."""
    with socket.socket(fileno=os.dup(descriptor)) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
