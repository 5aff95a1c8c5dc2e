"""Submits jobs one by one, and writes down what it was answered. A fault may end it.

python -m tests.crash.committer DIRECTORY HISTORY [--die]: at once when a job is refused.
"""

import os
import sys
from pathlib import Path
from uuid import uuid4

from headway.errors import OutcomeUnknown, StoreUnavailable
from headway.store.sqlite import open_sqlite
from headway.store.values.submission import Submission
from tests.crash.history import History

JOBS = 40


def main(directory: Path, file: Path, *, die: bool) -> None:
    """Submit them all."""
    history = History(file)
    store = open_sqlite(directory)
    for _ in range(JOBS):
        one = Submission(id=str(uuid4()), operation="noop", owner="ann", input=b"{}")
        history.begin(one.id)
        try:
            store.jobs.add([one])
        except StoreUnavailable as error:
            unknown = isinstance(error, OutcomeUnknown)
            history.end(one.id, "unknown" if unknown else "fail", one.id)
            if die:
                os._exit(1)
        else:
            history.end(one.id, "ok", one.id)
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), die="--die" in sys.argv)
