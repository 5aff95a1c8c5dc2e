"""Which jobs a statement is about, by their states.

SQLite uses an index of some rows only for a statement that says the index's own words, so both
take them from here.
"""

from typing import Final

READY: Final = "status = 'pending' AND waiting_for IS NULL"
"""What can be claimed at once."""
DELAYED: Final = "status = 'pending' AND waiting_for IN ('time', 'retry')"
"""What becomes due at a moment."""
HELD: Final = "status = 'pending' AND waiting_for = 'limit'"
"""What is due and waits until others of its owner end."""
RUNNING: Final = "status = 'running'"
UNFINISHED: Final = "status IN ('pending', 'running')"
ENDED: Final = "status IN ('completed', 'failed', 'cancelled')"
OWN: Final = "parent IS NULL"
"""What is no shard."""
OF_ALL: Final = "parent IS NULL AND seq > 0"
"""True of as many, in other words: those of indexes for lists of all owners, which are then taken for
no others."""
ENDED_BADLY: Final = "status IN ('failed', 'cancelled')"
"""Rare among many that ended well."""
