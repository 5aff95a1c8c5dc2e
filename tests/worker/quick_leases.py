"""`headway` with short leases, for tests of what happens when one ends."""

import sys

from headway import cli
from headway.worker import lease

BEAT_SECONDS = 0.5
LEASE_SECONDS = 3.0

if __name__ == "__main__":
    vars(lease).update(BEAT_SECONDS=BEAT_SECONDS, LEASE_SECONDS=LEASE_SECONDS)
    sys.exit(cli.main())
