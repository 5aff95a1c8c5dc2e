"""The real import in shards, which stand still in the middle of their work until they may go on."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headway.context import Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.operation import Operation
from headway.operations import import_piece, import_reading, import_shards
from headway.operations.import_csv import import_csv
from headway.operations.import_shards import Sizes
from headway.operations.requests.import_csv import ImportCsv, ImportShard
from headway.retry import Backoff
from tests.waiting import eventually
from tests.worker.standing_table import standing

OURS = {"log", "gate", "merge_gate", "shard_bytes", "fails", "last"}


class SharedImport(ImportCsv):
    """An import, how it is cut, and where its parts stand still."""

    log: str
    """Each attempt that stands still, and each merge, adds a line: what it is, and its process id."""
    gate: str
    """Where a shard that has taken its `last` batch waits for a file."""
    merge_gate: str
    shard_bytes: int
    """0 for an import as a whole."""
    fails: int | None = None
    """The shard that cannot be imported."""
    last: int = 2


class SharedShard(SharedImport, ImportShard):
    """One of its shards."""


def run(request: SharedImport, ctx: Context) -> dict[str, Json]:
    """Import with a checkpoint every other batch."""
    import_reading.CHECKPOINT_BYTES = 3 << 20  # type: ignore[misc]  # the process is the attempt's
    if ctx.shard is not None and ctx.shard == request.fails:
        raise NotRetryable("this shard cannot be imported")
    if isinstance(request, SharedShard):
        import_piece.Reading = standing(request.last, lambda: _wait(request))  # type: ignore[attr-defined]
        return import_csv(ImportShard(**request.model_dump(exclude=OURS)), ctx)
    return import_csv(_plain(request), ctx)


def split(request: SharedImport, ctx: Context) -> list[SharedShard]:
    """As large as asked for."""
    if not request.shard_bytes:
        return []
    ours = request.model_dump(include=OURS)
    shards = import_shards.split(_plain(request), ctx, Sizes(0, request.shard_bytes))
    return [SharedShard(**one.model_dump(), **ours) for one in shards]


def merge(request: SharedImport, results: Sequence[Any], ctx: Context) -> dict[str, Json]:
    """Wait at the gate, and merge."""
    _say(request, "merge")
    eventually(Path(request.merge_gate).exists, within=120)
    return import_shards.merge(_plain(request), results, ctx)


shared_import = Operation(
    name="shared_import",
    function=run,
    input=SharedImport,
    shard_input=SharedShard,
    split=split,
    merge=merge,
    backoff=Backoff(base=0.0, cap=0.0),
)


def _plain(request: SharedImport) -> ImportCsv:
    return ImportCsv(**request.model_dump(exclude=OURS))


def _say(request: SharedImport, word: str) -> None:
    with Path(request.log).open("a") as log:
        log.write(f"{word} {os.getpid()}\n")


def _wait(request: SharedShard) -> None:
    _say(request, "shard")
    eventually(Path(request.gate).exists, within=120)
