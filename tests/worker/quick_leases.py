"""`headway` with short leases, for tests of what happens when one ends."""

import sys

from headway import cli
from headway.worker import lease

BEAT_SECONDS = 0.3
LEASE_SECONDS = 1.5

if __name__ == "__main__":
    vars(lease).update(BEAT_SECONDS=BEAT_SECONDS, LEASE_SECONDS=LEASE_SECONDS)
    sys.exit(cli.main())
