"""Imports of large files in shards: where to cut, and how what each has read becomes one data set.

A cut in a CSV is where a record begins as far as can be told from there. Whether one does is known
when the shard before has read up to it: what becomes of a record depends on nothing in front of it,
so if each shard ended where the next began, they have read what one reading would have. If one did
not, the merge imports the file as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

import orjson

from headway.artifacts import PARTS
from headway.context import Context
from headway.data.counted import Counted
from headway.data.cuts import SURE_ROWS, Span, cut
from headway.data.dataset_writing import PartsWriter
from headway.data.importing import open_table
from headway.data.oddities import Oddities
from headway.data.pieces import rejected_of, rows_of
from headway.data.tables import Table
from headway.errors import CorruptArtifact
from headway.job import Json
from headway.operation import MOST_SHARDS
from headway.operations.import_account import Account, found, refuse
from headway.operations.import_csv import Made, assembled, import_whole, options_of, publish
from headway.operations.import_reading import Items, preflight
from headway.operations.requests.import_csv import ImportCsv, ImportShard

SHARD_BYTES: Final = 64 << 20
"""Of the file in a shard: a second or two of work, beside a twentieth of one to begin it."""
UNDIVIDED: Final = 128 << 20
"""A smaller file is imported as a whole."""
WIDEST: Final = 500
"""Columns beyond which a file is imported as a whole: each shard is told their names."""
THREADS: Final = 2
"""Row groups that a merge writes at a time: as an import as a whole it takes a second core."""
_TOLD: Final = "told"
"""In a merge's checkpoint: how many records that are no rows are items by then."""
_TOLD_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a file is cut by."""

    undivided: int = UNDIVIDED
    shard: int = SHARD_BYTES
    sure: int = SURE_ROWS
    """See `cuts.SURE_ROWS`."""


_SIZES: Final = Sizes()


def split(request: ImportCsv, ctx: Context, sizes: Sizes = _SIZES) -> list[ImportShard]:
    """The same request for each of the spans of a large file; none for a file that is small, packed,
    in an encoding whose lines depend on those before, or too wide."""
    file = ctx.artifact("file")
    if file is None or (size := file.path.stat().st_size) < sizes.undivided:
        return []
    shards = min(MOST_SHARDS, -(-size // sizes.shard))
    with open_table(file.path, request.format, options_of(request)) as table:
        if len(table.names) > WIDEST:
            return []
        spans = cut(file.path, table, shards, sure=sizes.sure)
        if len(spans) > 1:
            preflight(table, request)
        return [_shard(request, table, one) for one in spans]


def _shard(request: ImportCsv, table: Table, span: Span) -> ImportShard:
    return ImportShard(
        **request.model_dump(),
        opening=table.opening or {},
        detected=table.detected,
        start=(span.start.offset, span.start.line),
        end=span.end,
    )


def merge(
    request: ImportCsv, results: Sequence[Mapping[str, Json]], ctx: Context
) -> dict[str, Json]:
    """Publish the data set that the shards have read, exactly as if the file had been imported as a
    whole; which is what is done if they do not fit together."""
    misfit = _misfit(results)
    if misfit is not None:
        _say_whole(misfit, ctx)
        return import_whole(request, ctx, ctx.items)
    summed = _summed(request, results, ctx)
    _tell_rejected(summed, ctx)
    refuse(summed.account.fault_in_all(), summed.found)
    try:
        rows = [ctx.handed(name) for one in results for name in one["rows"]]
    except CorruptArtifact as error:  # an earlier merge came to its end, and was not heard of
        _say_whole(str(error), ctx)
        return import_whole(request, ctx, _told_already)
    ctx.progress(100, "putting together what the shards have read")
    made = _made(summed, rows, ctx)
    result = publish(request, ctx, made, summed.found())
    for one in results:
        for name in one["rows"]:
            ctx.drop_handed(name)
    return result


def _misfit(results: Sequence[Mapping[str, Json]]) -> str | None:
    """Why the spans do not make up the file, if they do not."""
    for number, (one, following) in enumerate(pairwise(results), start=1):
        ends, begins = one["end"]["offset"], following["start"]["offset"]
        if ends != begins:
            return (
                f"shard {number} of {len(results)} has read whole records to byte {ends:,}, and the"
                f" next has begun at byte {begins:,}"
            )
    if any(one["strained"] for one in results):
        return "a record in it is many MiB long"
    return None


def _say_whole(why: str, ctx: Context) -> None:
    if not _is_whole(ctx):
        ctx.log(f"importing the file as a whole: {why}", level="warning")


def _is_whole(ctx: Context) -> bool:
    """True when an attempt before was importing the file as a whole already."""
    return ctx.resumed is not None and _TOLD not in ctx.resumed.state


@dataclass(frozen=True, slots=True)
class _Rejected:
    """The records of a shard that are no rows."""

    files: Sequence[Path]
    lines: int
    """Of the file, in front of those that the shard has counted."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """What all shards have counted together."""

    names: Sequence[str]
    detected: Mapping[str, Json]
    account: Account
    oddities: Oddities
    counted: Counted
    rejected: list[_Rejected]

    def found(self) -> dict[str, Json]:
        """What was found in all of them."""
        return found(self.account, self.oddities, self.detected)

    def told(self) -> Iterator[dict[str, Json]]:
        """The records that are no rows, by their lines in the file."""
        for one in self.rejected:
            for path in one.files:
                yield from ({**it, "line": it["line"] + one.lines} for it in rejected_of(path))


def _summed(request: ImportCsv, results: Sequence[Mapping[str, Json]], ctx: Context) -> _Sum:
    """The sum of the shards' reports; each can be some MiB, and is read and let go."""
    found: _Sum | None = None
    line = results[0]["start"]["line"]
    for one in results:
        report = orjson.loads(ctx.handed(one["report"]).read_bytes())
        found = found or _empty(request, report)
        lines = line - one["start"]["line"]
        line = lines + one["end"]["line"]
        found.account.merge(report["account"], lines)
        found.oddities.merge(report["oddities"], lines)
        found.counted.merge(report["columns"])
        found.rejected.append(_Rejected([ctx.handed(name) for name in one["rejected"]], lines))
    assert found is not None, "there is no merge without shards"
    return found


def _empty(request: ImportCsv, first: Mapping[str, Json]) -> _Sum:
    names, detected = first["names"], first["detected"]
    oddities = Oddities(names, has_header=bool(detected.get("has_header")))
    return _Sum(names, detected, Account(request.max_errors), oddities, Counted(names), [])


def _tell_rejected(summed: _Sum, ctx: Context) -> None:
    """Every record that is no row is an item, in the order of the file, told once."""
    if _is_whole(ctx):
        return
    done = ctx.resumed.state[_TOLD] if ctx.resumed else 0
    items = islice(summed.told(), done, None)
    while some := list(islice(items, _TOLD_AT_ONCE)):
        ctx.items(some)
        done += len(some)
        if len(some) == _TOLD_AT_ONCE:
            ctx.checkpoint({_TOLD: done})


def _told_already(_items: Items) -> None:
    """The shards have said which records are no rows."""


def _made(summed: _Sum, rows: Sequence[Path], ctx: Context) -> Made:
    """The data set of the rows that the shards have read."""
    folder = ctx.scratch / PARTS
    folder.mkdir(exist_ok=True)
    writer = PartsWriter(folder, summed.names, counted=summed.counted, threads=THREADS)
    with closing(writer):
        for path in rows:
            for columns in rows_of(path):
                writer.add(columns)
        return assembled(writer, ctx)
