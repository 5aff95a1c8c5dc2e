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
        self._waiting: list[Message] = []
        self.cancelled = False
        self.stopping = False

    def send(self, *message: Any) -> None:
        """Send a message, together with those `later` kept back."""
        self._waiting.append(list(message))
        messages, self._waiting = self._waiting, []
        self._socket.sendall(frame(messages))

    def later(self, *message: Any) -> None:
        """Keep a message back until the next one is sent."""
        self._waiting.append(list(message))

    def receive(self) -> Message:
        """The next message, waiting for it as long as it takes."""
        while True:
            for message in self._read():
                return message

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
