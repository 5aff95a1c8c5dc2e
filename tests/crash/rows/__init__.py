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
    links,
    postgres,
    rabbitmq,
    redis,
    shards,
    uploads,
    viewers,
    workers,
)

_GROUPS: Final = (
    children, workers, api, everything, commits, database, disk, postgres, links, celery, redis,
    rabbitmq, shards, uploads, viewers,
)  # fmt: skip

ROWS: Final[tuple[Row, ...]] = tuple(
    sorted((row for group in _GROUPS for row in group.ROWS), key=lambda row: row.number)
)
