"""A shard of an import: the records of one span, read and counted, handed over to the merge."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from functools import partial
from typing import Final

import orjson

from headway.context import Context
from headway.data.cuts import Span
from headway.data.dataset_writing import WriterState
from headway.data.importing import reopen_table
from headway.data.pieces import REJECTED, ROWS, PieceWriter
from headway.data.tables import Cursor, Table
from headway.job import Json
from headway.operations.import_reading import Reading, open_writer
from headway.operations.parts_folder import parts_folder
from headway.operations.requests.import_csv import ImportShard

_REPORT: Final = "report.json"


def import_piece(request: ImportShard, ctx: Context) -> dict[str, Json]:
    """Hand over the rows of one span of the file, the records that are none, and what was counted.

    The result says where the span's last record ended, which only the merge can judge.
    """
    file = ctx.artifact("file")
    assert file is not None, "a file that is not named is never split"
    span = Span(Cursor(*request.start), request.end)
    with parts_folder(ctx) as folder, reopen_table(file.path, request.opening) as table:
        writer, saved = open_writer(ctx, folder, partial(PieceWriter, folder.path, table.names))
        with closing(writer):
            reading = Reading(table, request, ctx, writer, writer.reject, span)
            reading.restore(saved)
            reading.run(file.path)
            written = writer.save()
        files = [folder.path / part.name for part in written.parts]
        return {
            "start": asdict(span.start),
            "end": asdict(reading.cursor or span.start),
            "strained": reading.strained,
            "records": reading.account.seen,
            "report": _handed_report(_report(request, table, reading, written), ctx),
            "rows": [ctx.hand_over(one) for one in files if one.suffix == ROWS],
            "rejected": [ctx.hand_over(one) for one in files if one.suffix == REJECTED],
        }


def _report(
    request: ImportShard, table: Table, reading: Reading, written: WriterState
) -> dict[str, Json]:
    """What was counted in the span."""
    return {
        "names": table.names,
        "detected": request.detected,
        "account": reading.account.state(),
        "oddities": reading.oddities.state(),
        "columns": orjson.loads(written.rest),
    }


def _handed_report(report: Mapping[str, Json], ctx: Context) -> str:
    path = ctx.scratch / _REPORT
    path.write_bytes(orjson.dumps(report))
    return ctx.hand_over(path)
