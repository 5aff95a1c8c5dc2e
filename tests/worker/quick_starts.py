"""`headway` that gives a child less time to be forked, for tests of one that never is: still more than
a busy machine needs for a new zygote and its imports."""

import sys

from headway import cli
from headway.worker import pool

START_SECONDS = 10.0

if __name__ == "__main__":
    vars(pool).update(START_SECONDS=START_SECONDS)
    sys.exit(cli.main())
