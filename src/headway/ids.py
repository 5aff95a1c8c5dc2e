"""Public ids: random, so that nobody finds another user's by counting."""

import os
from collections import deque
from typing import Final
from uuid import UUID

_AT_ONCE: Final = 256

_random: Final[deque[bytes]] = deque()


def new_id() -> str:
    """A random UUID (version 4): 122 bits from the system's generator.

    The bytes are fetched for many ids at a time. A system call for each would release the
    interpreter's lock, and on an event loop under load every release hands the processor to the
    thread that commits: that cost more than all else a submission does there.
    """
    try:
        chosen = _random.popleft()
    except IndexError:
        fetched = os.urandom(16 * _AT_ONCE)
        _random.extend(fetched[at : at + 16] for at in range(16, len(fetched), 16))
        chosen = fetched[:16]
    return str(UUID(bytes=chosen, version=4))


os.register_at_fork(after_in_child=_random.clear)  # two processes must not draw the same
