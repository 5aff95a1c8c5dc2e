"""Opening the depot in a process of a worker's: by its address, and the module by its name.

Whoever keeps artefacts in the data directory need not have the library of buckets installed.
"""

import importlib
from functools import cache
from typing import Any, Final, cast

from headway.artifacts import Depot

_BUCKETS: Final = "headway.bucket"
PATIENCE: Final = 120.0
"""Seconds an attempt waits for a bucket that is away: longer than a restart of it takes."""


def depot_at(url: str | None) -> Depot | None:
    """The depot at this address, opened once in each process; None for none."""
    return None if url is None else _opened(url)


@cache
def _opened(url: str) -> Depot:
    buckets: Any = importlib.import_module(_BUCKETS)
    return cast(Depot, buckets.Bucket(url, patience=PATIENCE))
