"""From counted texts to a bundle, epoch by epoch, so that another process can take over between two.

First the model is measured: some rows are held out, the others train it, and every epoch is judged
on the held-out ones, which gave it neither labels nor weights nor document frequencies. Then it is
refitted: a few more epochs over all rows, starting from the measured weights, because a tenth more
examples is worth up to a point of accuracy. The accuracy reported is always that of the first part.
Rows held out by the caller, a validation set, are never refitted on: that model has had its rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from headway.job import Json
from headway.models.bundle import Bundle
from headway.models.calibration import PRIOR_SCALE, calibration_error, fit_scale, log_loss
from headway.models.classifier import Classifier, Floats
from headway.models.epochs import Confused, Epoch, Progress, Settings, plateau_of
from headway.models.features import Features
from headway.models.scores import Scores, confusion_matrix, scores_of
from headway.models.split import held_out, row_weights
from headway.models.trainer import Trainer, chosen, mean_loss
from headway.models.vectors import (
    Matrix,
    choose_columns,
    document_frequencies,
    inverse_frequencies,
    weigh,
)

REFIT_EPOCHS: Final = 3
"""Epochs over all rows at the end; from measured weights the third changes next to nothing."""

MOST_CONFUSED: Final = 20
"""Rows that are named for having confused the model."""


class Training:
    """One training of one model. Iterate `epochs()`, save `progress` and `weights()` between two
    if you like, then take `bundle()`."""

    def __init__(
        self,
        counts: Matrix,
        targets: NDArray[np.int64],
        labels: Sequence[str],
        settings: Settings,
        *,
        features: Features = "words",
        validation: NDArray[np.bool_] | None = None,
        progress: Progress = Progress(),  # noqa: B008 - frozen
        weights: bytes | None = None,
    ) -> None:
        """`counts` of the features is of shape (N, buckets), `targets` holds N positions in
        `labels`; `validation` marks the rows to hold out, instead of a share. `progress` and
        `weights` continue an earlier training of the same rows."""
        self._counts = counts
        self._targets = targets
        self._labels = tuple(labels)
        self._settings = settings
        self._features = features
        self._refits = validation is None
        self._held = (
            held_out(targets, settings.validation, settings.seed)
            if validation is None
            else validation
        )
        self._learned = np.ones(len(targets), dtype=np.bool_) if self._refits else ~self._held
        self._columns = choose_columns(
            document_frequencies(self._rows(~self._held)),
            self._width,
            later=document_frequencies(self._rows(self._learned)),
        )
        self._trainer: Trainer | None = None
        self._saved = weights
        self.progress = progress

    def epochs(self, on_pass: Callable[[], None] = lambda: None) -> Iterator[Epoch]:
        """Run what is left to run, yielding after each epoch. `on_pass` is called several times
        within each, and may raise to stop."""
        if self.progress.phase == "measure":
            yield from self._measure(on_pass)
        yield from self._refit(on_pass)

    @property
    def plateau(self) -> int | None:
        """The epoch after which the loss did not get better any more, once that is certain."""
        return plateau_of([epoch.judged for epoch in self.progress.curve])

    @property
    def held(self) -> NDArray[np.bool_]:
        """Marks the rows that the figures are measured on."""
        return self._held

    def weights(self) -> bytes:
        """The trainer's state, to be given to the training that goes on."""
        return self._present_trainer.state()

    def bundle(self, parameters: Mapping[str, Json]) -> Bundle:
        """The finished model, after `epochs()` has ended."""
        trainer = self._present_trainer
        classifier = Classifier(
            classes=self._labels,
            buckets=self._columns,
            idf=self._idf(self._learned),
            weights=trainer.weights.astype(np.float32),
            bias=trainer.bias.astype(np.float32),
            scale=self.progress.measured["scale"],
            features=self._features,
        )
        return Bundle(classifier, self.progress.measured, parameters)

    def _measure(self, on_pass: Callable[[], None]) -> Iterator[Epoch]:
        idf = self._idf(~self._held)
        trainer = self._trainer_for(~self._held, idf)
        unseen = weigh(self._rows(self._held), self._columns, idf)
        while len(self.progress.curve) < self._settings.epochs and not self._stops_early():
            train_loss = trainer.epoch(on_pass)
            epoch = self._judge(trainer, unseen, train_loss)
            self.progress = Progress(curve=(*self.progress.curve, epoch))
            yield epoch
        margins = unseen @ trainer.weights + trainer.bias
        measured = self._measured(margins)
        confused = self._confused(margins * measured["scale"])
        self.progress = Progress("refit", self.progress.curve, measured=measured, confused=confused)

    def _refit(self, on_pass: Callable[[], None]) -> Iterator[Epoch]:
        start = self._trainer
        trainer = self._trainer_for(self._learned, self._idf(self._learned))
        if start is not None:
            trainer.weights, trainer.bias = start.weights, start.bias
        while self.progress.refitted < self._refit_epochs:
            train_loss = trainer.epoch(on_pass)
            done = self.progress.refitted + 1
            self.progress = replace(self.progress, refitted=done)
            yield Epoch("refit", done, train_loss)

    def _trainer_for(self, rows: NDArray[np.bool_], idf: NDArray[np.float32]) -> Trainer:
        matrix = weigh(self._rows(rows), self._columns, idf)
        targets = self._targets[rows]
        self._trainer = Trainer(
            matrix,
            targets,
            len(self._labels),
            penalty=self._settings.penalty,
            row_weights=row_weights(targets, self._settings.class_weights, len(self._labels)),
        )
        if self._saved is not None:
            self._trainer.restore(self._saved)
            self._saved = None
        return self._trainer

    def _judge(self, trainer: Trainer, unseen: Matrix, train_loss: float) -> Epoch:
        number = len(self.progress.curve) + 1
        if not self._held.any():
            return Epoch("measure", number, train_loss)
        margins = unseen @ trainer.weights + trainer.bias
        targets = self._targets[self._held]
        scores = self._scores(targets, chosen(margins))
        loss = mean_loss(margins, targets, len(self._labels))
        return Epoch("measure", number, train_loss, loss, scores.accuracy, scores.macro_f1)

    def _stops_early(self) -> bool:
        return self._settings.early_stopping and self.plateau is not None

    def _measured(self, margins: Floats) -> dict[str, Json]:
        """The figures of the last measured epoch; those of accuracy are None without such rows."""
        rows = {"rows": len(self._targets), "held_out": int(self._held.sum())}
        if not self._held.any():
            unknown = dict.fromkeys(("accuracy", "macro_f1", "log_loss", "calibration_error"))
            return {**rows, **unknown, "scale": PRIOR_SCALE}
        targets = self._targets[self._held]
        scale = fit_scale(margins, targets)
        predicted = chosen(margins)
        scores = self._scores(targets, predicted)
        return {
            **rows,
            "accuracy": scores.accuracy,
            "macro_f1": scores.macro_f1,
            "log_loss": log_loss(margins * scale, targets),
            "calibration_error": calibration_error(
                _confidences(margins * scale), predicted == targets
            ),
            "scale": scale,
        }

    def _confused(self, margins: Floats) -> tuple[Confused, ...]:
        """The wrong held-out rows of highest confidence; ties in the order of the rows."""
        predicted, confidences = chosen(margins), _confidences(margins)
        rows, targets = np.flatnonzero(self._held), self._targets[self._held]
        wrong = np.flatnonzero(predicted != targets)
        worst = wrong[np.argsort(-confidences[wrong], kind="stable")[:MOST_CONFUSED]]
        return tuple(
            Confused(
                row=int(rows[at]),
                label=self._labels[targets[at]],
                prediction=self._labels[predicted[at]],
                confidence=float(confidences[at]),
            )
            for at in worst
        )

    def _scores(self, targets: NDArray[np.int64], predicted: NDArray[np.int64]) -> Scores:
        return scores_of(confusion_matrix(targets, predicted, len(self._labels)), self._labels)

    @property
    def _refit_epochs(self) -> int:
        return REFIT_EPOCHS if self._refits and self._held.any() else 0

    def _idf(self, rows: NDArray[np.bool_]) -> NDArray[np.float32]:
        frequencies = document_frequencies(self._rows(rows))[self._columns]
        return inverse_frequencies(frequencies, int(rows.sum()))

    def _rows(self, marked: NDArray[np.bool_]) -> Matrix:
        # Choosing rows copies them, and all of them are the largest thing in memory.
        return self._counts if marked.all() else self._counts[marked]

    @property
    def _width(self) -> int:
        return 1 if len(self._labels) == 2 else len(self._labels)

    @property
    def _present_trainer(self) -> Trainer:
        if self._trainer is None:
            raise RuntimeError(
                "expected a training that has run, got one not started; iterate epochs()"
            )
        return self._trainer


def _confidences(margins: Floats) -> Floats:
    """The softmax's largest entry per row."""
    if margins.shape[1] == 1:
        margins = np.concatenate([np.zeros_like(margins), margins], axis=1)
    confidences: Floats = 1.0 / np.exp(margins - margins.max(axis=1, keepdims=True)).sum(axis=1)
    return confidences
