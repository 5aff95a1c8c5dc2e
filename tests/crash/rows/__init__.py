"""The fault matrix, a module for each group of faults."""

from typing import Final

from tests.crash.matrix import Row
from tests.crash.rows import (
    api,
    celery,
    children,
    commits,
    database,
    disk,
    everything,
    postgres,
    rabbitmq,
    redis,
    shards,
    workers,
)

_GROUPS: Final = (
    children, workers, api, everything, commits, database, disk, postgres, celery, redis, rabbitmq,
    shards,
)  # fmt: skip

ROWS: Final[tuple[Row, ...]] = tuple(
    sorted((row for group in _GROUPS for row in group.ROWS), key=lambda row: row.number)
)
