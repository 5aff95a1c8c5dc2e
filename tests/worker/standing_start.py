"""`headway` that stands still, before it can hear a signal, until somebody wakes it."""

import os
import signal
import sys

from headway import cli

if __name__ == "__main__":
    os.kill(os.getpid(), signal.SIGSTOP)
    sys.exit(cli.main())
