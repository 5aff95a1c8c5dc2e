"""How the store is, for everybody who asks: a look is a transaction, and anybody may ask."""

import threading
from collections import deque
from concurrent.futures import Future
from time import monotonic
from typing import Final

from headway.oversight import Oversight
from headway.store.values.meters import StoreHealth

MOST_LOOKS: Final = 10
"""Looks within the window: more than whoever watches the service needs, also while it starts."""
WINDOW_SECONDS: Final = 1.0
HANGS_AFTER: Final = 4.0
"""Nobody joins a look that has taken so long: the database may answer again by now."""

Look = Future[StoreHealth]


class Readiness:
    """Looks whether the store can be written, on a thread of its own, one look at a time. Whoever
    asks meanwhile, or after too many looks within the window, is told what the last one found."""

    def __init__(self, oversight: Oversight) -> None:
        self._oversight = oversight
        self._lock = threading.Lock()
        self._last: Look | None = None
        self._began: deque[float] = deque(maxlen=MOST_LOOKS)

    def look(self) -> Look:
        """What is found: at once, or when the look that is under way has ended."""
        with self._lock:
            now = monotonic()
            if self._last is None or not self._is_good(self._last, now):
                self._began.append(now)
                self._last = self._begin()
            return self._last

    def _is_good(self, last: Look, now: float) -> bool:
        if not last.done():
            return now - self._began[-1] < HANGS_AFTER
        return len(self._began) == MOST_LOOKS and now - self._began[0] < WINDOW_SECONDS

    def _begin(self) -> Look:
        look = Look()
        look.set_running_or_notify_cancel()  # who no longer waits for it ends it for nobody else
        threading.Thread(
            target=self._run, args=(look,), name="headway-readiness", daemon=True
        ).start()
        return look

    def _run(self, look: Look) -> None:
        try:
            look.set_result(self._oversight.health())
        except Exception as error:  # noqa: BLE001 - it is raised to whoever asked
            look.set_exception(error)
