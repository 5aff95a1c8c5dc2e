"""`batch_predict`: what a model says about many texts, chunk by chunk."""

from collections.abc import Mapping, Sequence
from typing import Final

from headway.context import Context
from headway.job import Json
from headway.operations.answering import open_answering
from headway.operations.answers import Counted, answer_all
from headway.operations.file_texts import open_file_texts
from headway.operations.inputs import open_dataset
from headway.operations.requests.base import RowRange
from headway.operations.requests.predict import BatchPredict
from headway.operations.spans import Stretch, spans
from headway.operations.texts import Columns, Listed, TextSource

MOST_IN_RESULT: Final = 10_000
"""Texts of a request up to which the result lists every answer, where they fit."""


def batch_predict(request: BatchPredict, ctx: Context) -> dict[str, Json]:
    """Give every text a prediction with its confidence, in the order sent.

    Each chunk's answers can be read once it is done, and a later attempt goes on after the last
    one. An item that cannot be answered has an error of its own, and the rest goes on. Answers to
    up to 10,000 `texts` are all in the result as well, where 3 MiB hold them; others, and those to
    a data set or a file, are counted.
    """
    source = _source(request, ctx)
    if source.total is not None:
        ctx.expect_items(source.total)
    listed = isinstance(source, Listed) and source.total <= MOST_IN_RESULT and ctx.shard is None
    return answer_all(source, open_answering(ctx), ctx, listed=listed)


def split(request: BatchPredict, ctx: Context) -> list[BatchPredict]:
    """The same request for each of the stretches that many texts are answered in.

    A file is read from its start: where a record begins depends on all before it.
    """
    if request.file is not None:
        return []
    if request.data is None:
        total = len(request.texts or request.items or ())
        shards = [_some(request, one) for one in spans(total)]
    else:
        stretch = Stretch.of(open_dataset(ctx), request.rows)
        total = stretch.total
        shards = [request.model_copy(update={"rows": one}) for one in stretch.spans()]
    if shards:
        ctx.expect_items(total)
    return shards


def _some(request: BatchPredict, rows: RowRange) -> BatchPredict:
    part = slice(rows.first, rows.first + rows.count)
    return request.model_copy(
        update={
            "texts": None if request.texts is None else request.texts[part],
            "items": None if request.items is None else request.items[part],
        }
    )


def merge(
    _request: BatchPredict, results: Sequence[Mapping[str, Json]], _ctx: Context
) -> dict[str, Json]:
    """Add up what was counted of the texts of each shard."""
    counted = Counted()
    for one in results:
        counted.merge(Counted.of_json(one))
    model = {name: results[0][name] for name in ("model", "model_id")}
    total = sum(one["total"] for one in results)
    failed = total - counted.predicted
    return {"total": total, **counted.as_json(), "failed": failed, **model}


def _source(request: BatchPredict, ctx: Context) -> TextSource:
    if request.texts is not None:
        return Listed(request.texts, None)
    if request.items is not None:
        return Listed([one.text for one in request.items], [one.custom_id for one in request.items])
    file = ctx.artifact("file")
    if file is not None:
        return open_file_texts(file, request, request.text, request.custom_id)
    dataset = open_dataset(ctx)
    text = dataset.column(request.text, dataset.guessed_columns()[0], "text")
    ids = request.custom_id
    return Columns(
        Stretch.of(dataset, request.rows),
        text,
        None if ids is None else dataset.column(ids, None, "custom_id"),
    )
