"""`headway` with short leases, for tests of what happens when one ends."""

import sys

from headway import cli
from headway.worker import lease

BEAT_SECONDS = 0.5
LEASE_SECONDS = 6.0
"""Longer than a busy machine may keep a worker from running and its disk from syncing."""

if __name__ == "__main__":
    vars(lease).update(BEAT_SECONDS=BEAT_SECONDS, LEASE_SECONDS=LEASE_SECONDS)
    sys.exit(cli.main())
