"""A terminal for a command: what it shows is read, what a person would type is typed."""

import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from select import select


class Terminal:
    """A command in a terminal of its own, 100 columns wide."""

    def __init__(self, *arguments: str, **settings: str) -> None:
        self._ours, its = pty.openpty()
        ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.shown = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headway", *arguments],
            stdin=its,
            stdout=its,
            stderr=its,
            env=os.environ | {"TERM": "xterm-256color", **settings},
            start_new_session=True,
        )
        os.close(its)

    def type(self, text: str) -> None:
        os.write(self._ours, f"{text}\n".encode())

    def until(self, mark: str, seconds: float = 60) -> None:
        """Read until this was shown since the last time."""
        at = len(self.shown)
        deadline = time.monotonic() + seconds
        while mark not in self.shown[at:]:
            assert time.monotonic() < deadline, self.shown
            assert self._read(deadline - time.monotonic()), self.shown

    def ended(self, seconds: float = 60) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(max(0.0, deadline - time.monotonic())):
            assert time.monotonic() < deadline, self.shown
        return self.process.wait(10)

    def _read(self, seconds: float) -> bool:
        if not select([self._ours], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._ours, 65_536)
        except OSError:  # the other end is closed
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)


@contextmanager
def terminal(*arguments: str, **settings: str) -> Iterator[Terminal]:
    opened = Terminal(*arguments, **settings)
    try:
        yield opened
    finally:
        opened.close()
