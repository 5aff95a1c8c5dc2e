"""`batch_predict`: what a model says about many texts, chunk by chunk."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from headway.context import Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.answering import Answering, open_answering
from headway.operations.file_texts import open_file_texts
from headway.operations.inputs import open_dataset
from headway.operations.requests.base import RowRange
from headway.operations.requests.predict import BatchPredict
from headway.operations.spans import Stretch, spans
from headway.operations.texts import Columns, Listed, Texts, TextSource
from headway.own_model import Answer

MOST_IN_RESULT: Final = 10_000
"""Texts of a request up to which the result lists every answer; a result has 4 MiB at most."""

_NO_TEXT: Final = "expected a text, got an empty cell"


def batch_predict(request: BatchPredict, ctx: Context) -> dict[str, Json]:
    """Give every text a prediction with its confidence, in the order sent.

    Each chunk's answers can be read once it is done, and a later attempt goes on after the last
    one. An item that cannot be answered has an error of its own, and the rest goes on. Answers to
    up to 10,000 `texts` are all in the result as well; those to a data set or a file are counted.
    """
    source = _source(request, ctx)
    model = open_answering(ctx)
    if source.total is not None:
        ctx.expect_items(source.total)
    if isinstance(source, Listed) and source.total <= MOST_IN_RESULT and ctx.shard is None:
        return _listed(source, model, ctx)
    return _counted(source, model, ctx)


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
    labels: Counter[str] = Counter()
    for one in results:
        labels.update(one["labels"])
    counted = {name: sum(one[name] for one in results) for name in ("total", "predicted", "failed")}
    model = {name: results[0][name] for name in ("model", "model_id")}
    return {**counted, "labels": dict(sorted(labels.items())), **model}


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


def _listed(source: Listed, model: Answering, ctx: Context) -> dict[str, Json]:
    """Answers that an earlier attempt gave are needed in the result: to compute them again costs
    microseconds, to keep them in checkpoints would cost more."""
    done = _done(ctx)
    redone = dict(_redo(source, model, ctx, {"done": done}))
    predictions: list[Answer] = []
    for chunk in source.chunks(0):
        if chunk.start in redone:
            predictions += [_told(row) for row in redone[chunk.start]]
            continue
        answers = _answers(model, chunk)
        predictions += answers
        if chunk.start >= done:
            _hand_out(ctx, chunk, answers, model, source.total, {"done": chunk.end})
    # The contract's shape, and nothing more; each item under /results names its model.
    return {"predictions": predictions, "total": len(predictions)}


def _counted(source: TextSource, model: Answering, ctx: Context) -> dict[str, Json]:
    saved = ctx.resumed.state if ctx.resumed else {}
    labels: Counter[str] = Counter(saved.get("labels", {}))
    done, place = _done(ctx), saved.get("place")
    for _ in _redo(source, model, ctx, {"done": done, "place": place}, labels):
        pass
    for chunk in source.chunks(done, place):
        answers = _answers(model, chunk)
        labels.update(answer["prediction"] for answer in answers if "error" not in answer)
        done = chunk.end
        state = {"done": done, "labels": dict(labels), "place": chunk.place}
        _hand_out(ctx, chunk, answers, model, source.total, state)
    if not done:
        raise NotRetryable("expected texts, got none: the file has no rows; choose another file")
    if source.total is None:
        ctx.expect_items(done)
    return {
        "total": done,
        "predicted": labels.total(),
        "failed": done - labels.total(),
        "labels": dict(sorted(labels.items())),
        "model": model.name,
        "model_id": model.id,
    }


def _redo(
    source: TextSource,
    model: Answering,
    ctx: Context,
    state: Mapping[str, Json],
    labels: Counter[str] | None = None,
) -> Iterator[tuple[int, Sequence[Answer]]]:
    """Ask again about the items that failed, if their user wants that; the parts they are in."""
    for part in ctx.redo:
        failed = part.failed
        answers = _answers(model, source.some(part.first, len(part.rows)).only(failed))
        rows = [dict(row) for row in part.rows]
        for place, answer in zip(failed, answers, strict=True):
            rows[place] = {"index": part.first + place, **answer, "model": model.name}
        if labels is not None:
            labels.update(one["prediction"] for one in answers if "error" not in one)
        ctx.replace_items(part.first, rows)
        ctx.checkpoint(state if labels is None else {**state, "labels": dict(labels)})
        yield part.first, rows


def _told(row: Answer) -> Answer:
    """An item as the result lists it."""
    return {name: value for name, value in row.items() if name not in ("index", "model")}


def _done(ctx: Context) -> int:
    return int(ctx.resumed.state["done"]) if ctx.resumed else 0


def _answers(model: Answering, chunk: Texts) -> list[Answer]:
    """One answer per text, under its user's name for it and with its line in the file; a missing
    text is an error of its own."""
    given = iter(model.answers([text for text in chunk.texts if text is not None]))
    answers = [
        next(given) if text is not None else _missing(chunk.errors.get(place, _NO_TEXT))
        for place, text in enumerate(chunk.texts)
    ]
    if chunk.lines is not None:
        answers = [{"line": line} | one for line, one in zip(chunk.lines, answers, strict=True)]
    if chunk.ids is not None:
        answers = [{"custom_id": id} | one for id, one in zip(chunk.ids, answers, strict=True)]
    return answers


def _missing(why: str) -> Answer:
    return {"prediction": None, "confidence": None, "error": why}


def _hand_out(
    ctx: Context,
    chunk: Texts,
    answers: Sequence[Answer],
    model: Answering,
    total: int | None,
    state: Mapping[str, Any],
) -> None:
    """Make a chunk's answers readable, and never do them again."""
    ctx.items(list(_numbered(chunk.start, answers, model.name)))
    ctx.checkpoint(state)
    of_all = "" if total is None else f" of {total:,}"
    ctx.progress(100 * chunk.share, f"{chunk.end:,}{of_all} texts")


def _numbered(start: int, answers: Sequence[Answer], model: str) -> Iterator[Answer]:
    for index, answer in enumerate(answers, start=start):
        yield {"index": index, **answer, "model": model}
