"""`batch_predict`: what a model says about many texts, chunk by chunk."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from headway.context import Context
from headway.data.datasets import Dataset
from headway.job import Json
from headway.operations.answering import Answering, open_answering
from headway.operations.inputs import open_dataset
from headway.operations.requests.predict import BatchPredict
from headway.own_model import Answer

CHUNK: Final = 2_000
"""Texts of a request that are predicted, and can be read, together; of a data set, a row group."""
MOST_IN_RESULT: Final = 10_000
"""Texts of a request up to which the result lists every answer; a result has 4 MiB at most."""

_NO_TEXT: Final = "expected a text, got an empty cell"


def batch_predict(request: BatchPredict, ctx: Context) -> dict[str, Json]:
    """Give every text a prediction with its confidence, in the order sent.

    Each chunk's answers can be read once it is done, and a later attempt goes on after the last
    one. An item that cannot be answered has an error of its own, and the rest goes on. Answers to
    up to 10,000 `texts` are all in the result as well; those to a data set are counted there.
    """
    source = _source(request, ctx)
    model = open_answering(ctx)
    ctx.expect_items(source.total)
    if isinstance(source, Listed) and source.total <= MOST_IN_RESULT:
        return _listed(source, model, ctx)
    return _counted(source, model, ctx)


@dataclass(frozen=True, slots=True)
class Texts:
    """Some consecutive texts; None where there is none. `ids` are their users' own names."""

    start: int
    texts: Sequence[str | None]
    ids: Sequence[str | None] | None

    @property
    def end(self) -> int:
        """The number of the first text after these."""
        return self.start + len(self.texts)


class Source(Protocol):
    """Where texts come from."""

    @property
    def total(self) -> int:
        """How many there are."""

    def chunks(self, start: int) -> Iterator[Texts]:
        """The texts from number `start` on."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The texts of the request itself."""

    texts: Sequence[str | None]
    ids: Sequence[str | None] | None

    @property
    def total(self) -> int:
        """See `Source.total`."""
        return len(self.texts)

    def chunks(self, start: int) -> Iterator[Texts]:
        """See `Source.chunks`."""
        for first in range(start, self.total, CHUNK):
            part = slice(first, first + CHUNK)
            yield Texts(first, self.texts[part], None if self.ids is None else self.ids[part])


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of a data set."""

    dataset: Dataset
    text: str
    id: str | None

    @property
    def total(self) -> int:
        """See `Source.total`."""
        return self.dataset.rows

    def chunks(self, start: int) -> Iterator[Texts]:
        """See `Source.chunks`."""
        names = dict.fromkeys((self.text, *([self.id] if self.id is not None else ())))
        for chunk in self.dataset.read(list(names), start):
            ids = None if self.id is None else chunk.columns[self.id]
            yield Texts(chunk.start, chunk.columns[self.text], ids)


def _source(request: BatchPredict, ctx: Context) -> Source:
    if request.texts is not None:
        return Listed(request.texts, None)
    if request.items is not None:
        return Listed([one.text for one in request.items], [one.custom_id for one in request.items])
    dataset = open_dataset(ctx)
    text = dataset.column(request.text, dataset.guessed_columns()[0], "text")
    ids = request.custom_id
    return Columns(dataset, text, None if ids is None else dataset.column(ids, None, "custom_id"))


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


def _counted(source: Source, model: Answering, ctx: Context) -> dict[str, Json]:
    labels: Counter[str] = Counter(ctx.resumed.state["labels"] if ctx.resumed else {})
    for _ in _redo(source, model, ctx, {"done": _done(ctx)}, labels):
        pass
    for chunk in source.chunks(_done(ctx)):
        answers = _answers(model, chunk)
        labels.update(answer["prediction"] for answer in answers if "error" not in answer)
        state = {"done": chunk.end, "labels": dict(labels)}
        _hand_out(ctx, chunk, answers, model, source.total, state)
    return {
        "total": source.total,
        "predicted": labels.total(),
        "failed": source.total - labels.total(),
        "labels": dict(sorted(labels.items())),
        "model": model.name,
        "model_id": model.id,
    }


def _redo(
    source: Source,
    model: Answering,
    ctx: Context,
    state: Mapping[str, Json],
    labels: Counter[str] | None = None,
) -> Iterator[tuple[int, Sequence[Answer]]]:
    """Ask again about the items that failed, if their user wants that; the parts they are in."""
    for part in ctx.redo:
        chunk = next(source.chunks(part.first))
        failed = part.failed
        ids = None if chunk.ids is None else [chunk.ids[place] for place in failed]
        answers = _answers(model, Texts(0, [chunk.texts[place] for place in failed], ids))
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
    """One answer per text, under its user's name for it; a missing text is an error of its own."""
    there = [text for text in chunk.texts if text is not None]
    given = iter(model.answers(there))
    answers = [
        next(given)
        if text is not None
        else {"prediction": None, "confidence": None, "error": _NO_TEXT}
        for text in chunk.texts
    ]
    if chunk.ids is None:
        return answers
    return [{"custom_id": id} | one for id, one in zip(chunk.ids, answers, strict=True)]


def _hand_out(
    ctx: Context,
    chunk: Texts,
    answers: Sequence[Answer],
    model: Answering,
    total: int,
    state: Mapping[str, Any],
) -> None:
    """Make a chunk's answers readable, and never do them again."""
    ctx.items(list(_numbered(chunk.start, answers, model.name)))
    ctx.checkpoint(state)
    ctx.progress(100 * chunk.end / total, f"{chunk.end:,} of {total:,} texts")


def _numbered(start: int, answers: Sequence[Answer], model: str) -> Iterator[Answer]:
    for index, answer in enumerate(answers, start=start):
        yield {"index": index, **answer, "model": model}
