"""`train_model`: a text classifier from a data set or from examples, epoch by epoch."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from headway.context import Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.models.epochs import Epoch, Progress, Settings
from headway.models.trainer import PASSES
from headway.models.training import REFIT_EPOCHS, Training
from headway.models.vectors import Matrix, count_grams, stack
from headway.operations.inputs import LabelledChunk, labelled_rows
from headway.operations.requests.train import Example, TrainModel

MAX_CLASSES: Final = 1_000
MAX_CELLS: Final = 1 << 27
"""Rows times classes: a gigabyte for each of the few arrays of that shape."""
_READING: Final = 20.0
"""Per cent of the whole that reading and counting stand for."""
_CHECKPOINT_SECONDS: Final = 0.5
"""Short epochs share a checkpoint: its fsync would take longer than they do."""
_CHUNK: Final = 5_000


def train_model(request: TrainModel, ctx: Context) -> dict[str, Json]:
    """Publish a model that has seen all rows, with an accuracy from rows held out before.

    Continues at the epoch of the last checkpoint; the model is then the same, bit for bit, as
    that of an undisturbed run.
    """
    counts, labels = _counted(request, ctx)
    classes = _classes(labels)
    codes = {label: code for code, label in enumerate(classes)}
    targets = np.fromiter((codes[label] for label in labels), np.int64, len(labels))
    training = _training(request, ctx, counts, targets, classes)
    _run(training, request, ctx)
    return _published(training, request, ctx, classes)


def _counted(request: TrainModel, ctx: Context) -> tuple[Matrix, list[str]]:
    """All texts as gram counts, and their labels."""
    total, chunks = _source(request, ctx)
    parts: list[Matrix] = []
    labels: list[str] = []
    for chunk in chunks:
        parts.append(count_grams(chunk.texts))
        labels += chunk.labels
        ctx.progress(
            _READING * chunk.done / max(1, total), f"read {chunk.done:,} of {total:,} rows"
        )
    return stack(parts), labels


def _source(request: TrainModel, ctx: Context) -> tuple[int, Iterator[LabelledChunk]]:
    if request.examples is not None:
        return len(request.examples), _example_chunks(request.examples)
    rows = labelled_rows(ctx, request.text, request.label)
    return rows.total, rows.chunks()


def _example_chunks(examples: Sequence[Example]) -> Iterator[LabelledChunk]:
    for start in range(0, len(examples), _CHUNK):
        part = examples[start : start + _CHUNK]
        texts, labels = [one.text for one in part], [one.label for one in part]
        yield LabelledChunk(start + len(part), texts, labels)


def _classes(labels: Sequence[str]) -> list[str]:
    """The different labels in order, if a classifier can be made of them."""
    classes = sorted(set(labels))
    if len(classes) < 2:
        raise NotRetryable(
            "expected rows of at least 2 different labels, got:"
            f" {', '.join(map(repr, classes)) or 'no row with a text and a label'};"
            " name the right columns in `text` and `label`"
        )
    if len(classes) > MAX_CLASSES or len(classes) * len(labels) > MAX_CELLS:
        raise NotRetryable(
            f"expected at most {min(MAX_CLASSES, MAX_CELLS // len(labels)):,} different labels for"
            f" {len(labels):,} rows, got: {len(classes):,}; name the right column in `label`"
        )
    return classes


def _training(
    request: TrainModel,
    ctx: Context,
    counts: Matrix,
    targets: NDArray[np.int64],
    classes: Sequence[str],
) -> Training:
    """A new training, or the one that an earlier attempt got to."""
    settings = Settings(request.epochs, request.validation, request.seed, request.early_stopping)
    if ctx.resumed is None:
        return Training(counts, targets, classes, settings)
    return Training(
        counts,
        targets,
        classes,
        settings,
        progress=Progress.of_json(ctx.resumed.state["progress"]),
        weights=ctx.resumed.blob(),
    )


def _run(training: Training, request: TrainModel, ctx: Context) -> None:
    """Run the epochs that are left, reporting each and making some of them durable."""
    saved = time.monotonic()
    for epoch in training.epochs(_Passes(training, request, ctx)):
        _report(epoch, ctx)
        if time.monotonic() - saved >= _CHECKPOINT_SECONDS:
            state = {"epoch": len(training.progress.curve), "progress": training.progress.as_json()}
            ctx.checkpoint(state, training.weights())
            saved = time.monotonic()


def _report(epoch: Epoch, ctx: Context) -> None:
    if epoch.phase == "refit":
        return
    figures = {"loss": epoch.loss, "accuracy": epoch.accuracy, "train_loss": epoch.train_loss}
    known = {name: value for name, value in figures.items() if value is not None}
    ctx.metric(known, step=epoch.number)


class _Passes:
    """Called between passes over the rows: shows progress, which also notices a cancel."""

    def __init__(self, training: Training, request: TrainModel, ctx: Context) -> None:
        self._training = training
        self._epochs = request.epochs
        self._ctx = ctx
        self._at = (0, 0)

    def __call__(self) -> None:
        progress = self._training.progress
        done = len(progress.curve) + progress.refitted
        passes = self._at[1] + 1 if self._at[0] == done else 1
        self._at = (done, passes)
        share = (done + min(passes / (PASSES + 1), 1.0)) / (self._epochs + REFIT_EPOCHS)
        self._ctx.progress(_READING + (100 - _READING) * share, self._message(progress))

    def _message(self, progress: Progress) -> str:
        if progress.phase == "refit":
            return "refitting on all rows"
        return f"epoch {len(progress.curve) + 1} of {self._epochs}"


def _published(
    training: Training, request: TrainModel, ctx: Context, classes: Sequence[str]
) -> dict[str, Json]:
    parameters = request.model_dump(mode="json", exclude={"examples"})
    measured: dict[str, Any] = dict(training.progress.measured)
    path = ctx.scratch / "model.npz"
    training.bundle(parameters).save(path)
    meta = {"classes": list(classes), "metrics": measured, "parameters": parameters}
    model_id = ctx.publish("model", request.name, path, meta=meta, alias=request.alias)
    curve = training.progress.curve
    return {
        "model_id": model_id,
        "name": request.name,
        "alias": request.alias,
        "epochs": request.epochs,
        "epochs_run": len(curve),
        "classes": list(classes),
        **measured,
        "loss": curve[-1].loss,
        "curve": [
            {
                "epoch": epoch.number,
                "loss": epoch.loss,
                "accuracy": epoch.accuracy,
                "train_loss": epoch.train_loss,
            }
            for epoch in curve
        ],
        "plateau": training.plateau,
    }
