"""Lists of jobs with 1,000 and with 1,000,000 jobs in the store, of one user and of everybody.

    python -m benchmarks.lists [--jobs N] [--only sqlite|postgres]

Nearly all jobs are of one operation and have ended well; a few, the oldest, are of another, failed,
were cancelled or run, as many among a thousand as among a million. PostgreSQL is a server of this
run's own, whose tables have just been filled. Each figure is the
quickest of several calls of the store.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Final

from benchmarks._service import data_dir, row
from headway.job import Status
from headway.store.contract import Store
from headway.store.postgres import open_postgres
from headway.store.sqlite import open_sqlite
from headway.store.values.history import JobQuery
from tests.contract.many import fill
from tests.contract.opening import KINDS
from tests.postgres import own_server

PORT: Final = 7657
CALLS: Final = 9
FEW_JOBS: Final = 1000

WHOSE: Final = {"one user's": "ann", "everybody's": None, "of a user without jobs": "eve"}
WHICH: Final[dict[str, dict[str, Any]]] = {
    "all": {},
    **{f"status={one}": {"statuses": [one]} for one in Status},
    "status=pending,running": {"statuses": [Status.PENDING, Status.RUNNING]},
    "status=completed,failed": {"statuses": [Status.COMPLETED, Status.FAILED]},
    "job_type that most have": {"operation": "often"},
    "job_type that few have": {"operation": "rare"},
    "job_type that none has": {"operation": "none"},
    "the same, status=failed": {"operation": "none", "statuses": [Status.FAILED]},
    "job_type that most have, status=failed": {"operation": "often", "statuses": [Status.FAILED]},
    "job_type that few have, status=completed": {
        "operation": "rare",
        "statuses": [Status.COMPLETED],
    },
}


def main() -> None:
    """Print a line for each filter."""
    parser = argparse.ArgumentParser(prog="scripts/bench lists", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--only", choices=KINDS)
    given = parser.parse_args()
    for kind in [given.only] if given.only else KINDS:
        with filled(kind, FEW_JOBS) as few, filled(kind, given.jobs) as many:
            for whose, owner in WHOSE.items():
                for which, fields in WHICH.items():
                    for before in (None, 900):
                        query = JobQuery(owner=owner, before=before, **fields)
                        page = "" if before is None else ", an old page"
                        figures = "{:8.2f} {:8.2f} ms".format(*milliseconds(few, many, query))
                        row(f"{kind}: {whose}, {which}{page}", figures)


@contextmanager
def filled(kind: str, jobs: int) -> Iterator[Store]:
    """A store with so many jobs."""
    with ExitStack() as opened:
        if kind == "postgres":
            server = opened.enter_context(own_server(PORT + (jobs > FEW_JOBS)))
            store = opened.enter_context(closing(open_postgres(server.url)))
        else:
            store = opened.enter_context(closing(open_sqlite(opened.enter_context(data_dir()))))
        fill(store, jobs)
        yield store


def milliseconds(few: Store, many: Store, query: JobQuery) -> list[float]:
    """How long a list takes in each store: the quickest of some calls, by turns."""
    taken = [[_seconds(store, query) * 1000 for store in (few, many)] for _ in range(CALLS)]
    return [min(one) for one in zip(*taken, strict=True)]


def _seconds(store: Store, query: JobQuery) -> float:
    began = time.perf_counter()
    store.jobs.find(query)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
