"""`headway` with short leases, and deliveries that are tried again at once."""

import sys

from headway import cli, operations
from headway.retry import Backoff
from headway.worker import lease
from tests.worker.quick_leases import BEAT_SECONDS, LEASE_SECONDS

if __name__ == "__main__":
    vars(lease).update(BEAT_SECONDS=BEAT_SECONDS, LEASE_SECONDS=LEASE_SECONDS)
    object.__setattr__(operations.DELIVER_NOTICE, "backoff", Backoff(base=0.1, cap=0.5))
    sys.exit(cli.main())
