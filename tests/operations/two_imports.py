"""One file imported twice, as a whole and in shards, and what came of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headway.artifacts import hash_file
from headway.context import Artifact
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.import_csv import import_csv
from headway.operations.import_shards import Sizes, merge, split
from headway.operations.requests.import_csv import ImportCsv, ImportShard
from tests.operations.fake_context import FakeContext


@dataclass(frozen=True)
class Outcome:
    """All that can be seen of an import."""

    result: Json
    content: bytes | None
    """Of the data set."""
    items: list[Mapping[str, Json]]
    shards: int = field(default=0, compare=False)
    whole: str | None = field(default=None, compare=False)
    """Why the merge imported the file as a whole, if it did."""


def in_one(folder: Path, file: Path, request: ImportCsv) -> Outcome:
    """The import of a file as a whole."""
    ctx = context(folder, file)
    try:
        return outcome(ctx, import_csv(request, ctx))
    except NotRetryable as error:
        return Outcome(str(error), None, [])


def in_shards(folder: Path, file: Path, request: ImportCsv, sizes: Sizes) -> Outcome:
    """The import of a file in shards of these sizes."""
    ctx = context(folder, file)
    try:
        shards = split(request, ctx, sizes)
        if len(shards) < 2:
            return outcome(ctx, import_csv(request, ctx))
        results = [run(folder, file, number, one) for number, one in enumerate(shards)]
        return outcome(ctx, merge(request, results, ctx), len(shards))
    except NotRetryable as error:
        return Outcome(str(error), None, [])


def run(folder: Path, file: Path, number: int, shard: ImportShard) -> Json:
    """What a shard returns, its request and its result having been through JSON."""
    ctx = context(folder, file)
    ctx.shard, ctx.job_id = number, f"job-{number}"
    told = ImportShard.model_validate_json(shard.model_dump_json(by_alias=True))
    return json.loads(json.dumps(import_csv(told, ctx)))


def context(folder: Path, file: Path) -> FakeContext:
    """A context for the import of a file."""
    folder.mkdir(exist_ok=True)
    return FakeContext(
        folder,
        {"file": Artifact(id="f", kind="file", name=file.name, path=file, sha256=hash_file(file))},
    )


def outcome(ctx: FakeContext, result: Json, shards: int = 0) -> Outcome:
    """What came of an import."""
    whole = next((one for one in ctx.logged if "as a whole" in one), None)
    items = [*ctx.durable, *ctx.handed_out]
    return Outcome(result, ctx.published[0].content, items, shards, whole)
