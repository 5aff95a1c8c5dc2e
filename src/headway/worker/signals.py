"""Signals and the lifeline: whatever tells a worker process to stop."""

import os
import signal
import threading
from collections.abc import Callable


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` once for each SIGTERM or SIGINT. It must do no more than note it."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stop())


def follow_lifeline(lifeline: int, *, ring: Callable[[], None], stop: Callable[[], None]) -> None:
    """Call `ring` whenever a byte comes through the lifeline, and `stop` twice, which means at
    once, when whoever holds its other end has died."""

    def listen() -> None:
        while os.read(lifeline, 4096):
            ring()
        stop()
        stop()

    threading.Thread(target=listen, name="headway-lifeline", daemon=True).start()
