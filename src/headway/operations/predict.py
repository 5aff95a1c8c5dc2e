"""`batch_predict`: what a model says about many texts, chunk by chunk."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from headway.context import Context
from headway.job import Json
from headway.models.batch import predict_many
from headway.models.classifier import Classifier
from headway.operations.inputs import open_dataset, open_model
from headway.operations.requests.predict import BatchPredict

CHUNK: Final = 2_000
"""Texts of a request that are predicted, and can be read, together; of a data set, a row group."""

Texts = Sequence[str | None]
Answer = dict[str, Json]


def batch_predict(request: BatchPredict, ctx: Context) -> dict[str, Json]:
    """Give every text a prediction with its confidence, in the order sent.

    Each chunk's answers can be read once it is done, and a later attempt goes on after the last
    one. Answers to `texts` are all in the result as well; those to a data set are counted there.
    """
    model_id, bundle = open_model(ctx)
    if request.texts is not None:
        return _predict_texts(request.texts, bundle.classifier, model_id, ctx)
    return _predict_dataset(request.text, bundle.classifier, model_id, ctx)


def _predict_texts(
    texts: Sequence[str], classifier: Classifier, model_id: str, ctx: Context
) -> dict[str, Json]:
    """Answers that an earlier attempt gave are needed in the result: to compute them again costs
    microseconds, to keep them in checkpoints would cost more."""
    done = _done(ctx)
    ctx.expect_items(len(texts))
    predictions: list[Answer] = []
    for start in range(0, len(texts), CHUNK):
        answers = _answers(classifier, texts[start : start + CHUNK])
        predictions += answers
        if start >= done:
            _hand_out(ctx, start, answers, len(texts), {"done": start + len(answers)})
    return {"predictions": predictions, "total": len(predictions), "model_id": model_id}


def _predict_dataset(
    column: str | None, classifier: Classifier, model_id: str, ctx: Context
) -> dict[str, Json]:
    dataset = open_dataset(ctx)
    name = dataset.column(column, dataset.guessed_columns()[0], "text")
    labels: Counter[str] = Counter(ctx.resumed.state["labels"] if ctx.resumed else {})
    ctx.expect_items(dataset.rows)
    for chunk in dataset.read([name], _done(ctx)):
        answers = _answers(classifier, chunk.columns[name])
        labels.update(answer["prediction"] for answer in answers if "error" not in answer)
        done = chunk.start + len(chunk)
        _hand_out(ctx, chunk.start, answers, dataset.rows, {"done": done, "labels": dict(labels)})
    return {
        "total": dataset.rows,
        "predicted": labels.total(),
        "failed": dataset.rows - labels.total(),
        "labels": dict(sorted(labels.items())),
        "model_id": model_id,
    }


def _done(ctx: Context) -> int:
    return int(ctx.resumed.state["done"]) if ctx.resumed else 0


def _answers(classifier: Classifier, texts: Texts) -> list[Answer]:
    """One answer per text; a missing text is an error of its own."""
    found = predict_many(classifier, [text or "" for text in texts])
    pairs = zip(found.labels, found.confidences.tolist(), strict=True)
    return [
        {"prediction": label, "confidence": confidence}
        if text is not None
        else {"prediction": None, "confidence": None, "error": "expected a text, got an empty cell"}
        for text, (label, confidence) in zip(texts, pairs, strict=True)
    ]


def _hand_out(
    ctx: Context, start: int, answers: Sequence[Answer], total: int, state: Mapping[str, Json]
) -> None:
    """Make a chunk's answers readable, and never do them again."""
    ctx.items(list(_numbered(start, answers)))
    ctx.checkpoint(state)
    ctx.progress(100 * state["done"] / total, f"{state['done']:,} of {total:,} texts")


def _numbered(start: int, answers: Sequence[Answer]) -> Iterator[Answer]:
    for index, answer in enumerate(answers, start=start):
        yield {"index": index, **answer}
