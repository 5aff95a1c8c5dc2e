"""`import_csv`: a CSV, JSON Lines, Parquet or text file as a data set, with an account of every record."""

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import Final

from headway.artifacts import check_file
from headway.context import Context
from headway.data.csv_format import CsvOptions
from headway.data.dataset_writing import PartsWriter
from headway.data.importing import open_table
from headway.data.samples import SAMPLE_CSV
from headway.job import Json
from headway.operations.file_texts import csv_options
from headway.operations.import_account import refuse
from headway.operations.import_piece import import_piece
from headway.operations.import_reading import Items, Reading, items_before, open_writer
from headway.operations.parts_folder import parts_folder
from headway.operations.requests.import_csv import ImportCsv, ImportShard

_SUFFIXES: Final = re.compile(
    r"(\.(csv|tsv|txt|jsonl|ndjson|json|parquet|gz|zst))+$", re.IGNORECASE
)


def import_csv(request: ImportCsv, ctx: Context) -> dict[str, Json]:
    """Publish a data set with every good row of the file, and say what was wrong with the others.

    Equal content gives equal bytes. An import that was interrupted goes on at the record after its
    last checkpoint, with the parts that were written before it.
    """
    if isinstance(request, ImportShard):
        return import_piece(request, ctx)
    return import_whole(request, ctx, ctx.items)


def import_whole(
    request: ImportCsv, ctx: Context, tell: Callable[[Items], None]
) -> dict[str, Json]:
    """Import the file from its start to its end; `tell` is given the records that are no rows."""
    path = _checked(ctx)
    options = options_of(request)
    with parts_folder(ctx) as folder, open_table(path, request.format, options) as table:
        writer, saved = open_writer(ctx, folder, partial(PartsWriter, folder.path, table.names))
        with closing(writer):
            reading = Reading(table, request, ctx, writer, tell)
            reading.restore(saved, told=items_before(ctx))
            reading.run(path)
            refuse(reading.account.fault_in_all(), reading.found)
            made = assembled(writer, ctx)
        return publish(request, ctx, made, reading.found())


def _checked(ctx: Context) -> Path:
    """The file to import, if it is still what was uploaded. One that is split is not asked: it would
    be read as a whole before the first shard begins."""
    source = ctx.artifact("file")
    if source is not None:
        check_file(source.path, source.sha256)
    return file_of(ctx)


def file_of(ctx: Context) -> Path:
    """The file to import: the one that was uploaded, or the bundled one."""
    source = ctx.artifact("file")
    return SAMPLE_CSV if source is None else source.path


def options_of(request: ImportCsv) -> CsvOptions:
    """What the request says of how the file is written."""
    columns = None if request.columns is None else tuple(request.columns)
    return replace(csv_options(request), columns=columns)


@dataclass(frozen=True, slots=True)
class Made:
    """A data set that is written, and not published yet."""

    path: Path
    meta: Mapping[str, Json]


def assembled(writer: PartsWriter, ctx: Context) -> Made:
    """The data set of the rows that were written."""
    target = ctx.scratch / "dataset.parquet"
    return Made(target, writer.assemble(target))


def publish(
    request: ImportCsv, ctx: Context, made: Made, known: Mapping[str, Json]
) -> dict[str, Json]:
    """Publish the data set under its name, and tell what came of the file and was found in it."""
    file = file_of(ctx)
    name = request.name or _name_from(request.filename, bundled=ctx.artifact("file") is None)
    source = request.filename or file.name
    published = ctx.publish("dataset", name, made.path, meta={**made.meta, "source": source})
    told = {key: made.meta[key] for key in ("text_column", "label_column", "labels", "sample_rows")}
    return {
        "dataset_id": published,
        "name": name,
        **{key: made.meta[key] for key in ("rows", "columns", "sha256")},
        **known,
        "summary": {**told, **known["summary"]},
    }


def _name_from(filename: str | None, *, bundled: bool) -> str:
    """A data set's name from a file's: its stem, with dashes for what a name may not have."""
    if bundled:
        return "sample"
    stem = _SUFFIXES.sub("", PurePath((filename or "").replace("\\", "/")).name)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:100] or "dataset"
