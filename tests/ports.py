"""Ports for servers that have to be told theirs before they listen."""

import os
import socket
from itertools import count
from typing import Final

_FIRST: Final = 20_000
_LAST: Final = 32_000
"""Below those that the system gives to whoever asks for any: 32,768 and up on Linux."""
_steps: Final = count(os.getpid() * 97)  # each process begins elsewhere


def free_port() -> int:
    """A port of this host that nobody listens on, and that nobody is given before it is used: not by
    the system, and not by this process a second time."""
    for step in _steps:
        port = _FIRST + step % (_LAST - _FIRST)
        with socket.socket() as probe:
            # As servers do: what is left of a connection that has ended is in nobody's way.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError  # the steps have no end
