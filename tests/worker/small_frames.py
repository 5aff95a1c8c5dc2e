"""`headway` that cannot tell a child more than a MiB at a time."""

import sys

from headway import cli
from headway.worker import protocol

LARGEST_FRAME = 2**20

if __name__ == "__main__":
    vars(protocol).update(LARGEST_FRAME=LARGEST_FRAME)
    sys.exit(cli.main())
