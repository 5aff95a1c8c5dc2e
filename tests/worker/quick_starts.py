"""`headway` that gives a child little time to be forked, for tests of one that never is."""

import sys

from headway import cli
from headway.worker import pool

START_SECONDS = 4.0

if __name__ == "__main__":
    vars(pool).update(START_SECONDS=START_SECONDS)
    sys.exit(cli.main())
