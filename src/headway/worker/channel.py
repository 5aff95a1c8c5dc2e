"""A child's end of the line to its parent."""

import select
import socket
from typing import Any

from headway.errors import Cancelled
from headway.worker.protocol import CANCEL, SAVED, STOP, FrameReader, Message, frame


class ParentGone(BaseException):
    """The parent has closed the line: nobody is there to report to."""


class Channel:
    """Blocking, for a child that runs one attempt and has no thread to spare.

    Sending blocks while the parent is behind: a flood is slowed down, never dropped.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._reader = FrameReader()
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(sock, select.POLLOUT)
        self._waiting: list[Message] = []
        self._outbox = bytearray()
        self.cancelled = False
        self.stopping = False

    def send(self, *message: Any) -> None:
        """Send a message, together with those `later` kept back."""
        data = frame([*self._waiting, list(message)])
        self._waiting.clear()
        self._outbox += data
        # Not `sendall`: when SIGTERM raises in the middle, what is left is sent with the next
        # message, and the frames stay whole.
        while self._outbox:
            try:
                self._send_some()
            except BlockingIOError:
                self._writable.poll()

    def _send_some(self) -> None:
        """Send as much as there is room for, and take it out of the outbox.

        Both are one call into C: a signal's handler runs between two steps of Python, and one that
        raised between these two would let the same bytes be sent again.
        """
        sent = map(self._socket.send, [self._outbox], [socket.MSG_DONTWAIT])
        next(map(self._outbox.__delitem__, map(slice, sent)))

    def later(self, *message: Any) -> None:
        """Keep a message back until the next one is sent."""
        self._waiting.append(list(message))

    def receive(self) -> Message:
        """The first message, waiting for it as long as it takes; what came with it is noted."""
        while not (messages := self._read()):
            pass
        for message in messages[1:]:
            self._note(message)
        return messages[0]

    def take_in(self) -> None:
        """Note what the parent has said by now."""
        while self._poll.poll(0):
            for message in self._read():
                self._note(message)

    def listen(self) -> None:
        """Note what the parent has said by now. Raise `Cancelled` when it said so."""
        self.take_in()
        if self.cancelled:
            raise Cancelled

    def wait_saved(self) -> None:
        """Wait until the checkpoint just sent is durable."""
        saved = False
        while not saved:
            for message in self._read():
                saved = message[0] == SAVED or saved
                self._note(message)
            if self.cancelled:
                raise Cancelled

    def _read(self) -> list[Message]:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ParentGone
        return list(self._reader.feed(data))

    def _note(self, message: Message) -> None:
        self.cancelled = self.cancelled or message[0] == CANCEL
        self.stopping = self.stopping or message[0] == STOP
