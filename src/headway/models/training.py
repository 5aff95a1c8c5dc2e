"""From counted texts to a bundle, epoch by epoch, so that another process can take over between two.

First the model is measured: some rows are held out, the others train it, and every epoch is judged
on the held-out ones, which gave it neither labels nor weights nor document frequencies. Then it is
refitted: a few more epochs over all rows, starting from the measured weights, because a tenth more
examples is worth up to a point of accuracy. The accuracy reported is always that of the first part.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from headway.job import Json
from headway.models.bundle import Bundle
from headway.models.calibration import PRIOR_SCALE, calibration_error, fit_scale, log_loss
from headway.models.classifier import Classifier, Floats
from headway.models.epochs import Epoch, Progress, Settings, plateau_of
from headway.models.scores import confusion_matrix, scores_of
from headway.models.split import held_out
from headway.models.trainer import Trainer, mean_loss
from headway.models.vectors import (
    Matrix,
    choose_columns,
    document_frequencies,
    inverse_frequencies,
    weigh,
)

REFIT_EPOCHS: Final = 3
"""Epochs over all rows at the end; from measured weights the third changes next to nothing."""


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
        progress: Progress = Progress(),  # noqa: B008 - frozen
        weights: bytes | None = None,
    ) -> None:
        """`counts` is of shape (N, buckets), `targets` holds N positions in `labels`. `progress`
        and `weights` continue an earlier training of the same rows."""
        self._counts = counts
        self._targets = targets
        self._labels = tuple(labels)
        self._settings = settings
        self._held = held_out(targets, settings.validation, settings.seed)
        self._columns = choose_columns(document_frequencies(counts), self._width)
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
    def held_out_rows(self) -> int:
        """How many rows the figures are measured on."""
        return int(self._held.sum())

    def weights(self) -> bytes:
        """The trainer's state, to be given to the training that goes on."""
        return self._present_trainer.state()

    def bundle(self, parameters: Mapping[str, Json]) -> Bundle:
        """The finished model, after `epochs()` has ended."""
        trainer = self._present_trainer
        classifier = Classifier(
            classes=self._labels,
            buckets=self._columns,
            idf=self._idf(np.ones(len(self._targets), dtype=np.bool_)),
            weights=trainer.weights.astype(np.float32),
            bias=trainer.bias.astype(np.float32),
            scale=self.progress.measured["scale"],
        )
        return Bundle(classifier, self.progress.measured, parameters)

    def _measure(self, on_pass: Callable[[], None]) -> Iterator[Epoch]:
        idf = self._idf(~self._held)
        trainer = self._trainer_for(~self._held, idf)
        unseen = weigh(self._counts[self._held], self._columns, idf)
        while len(self.progress.curve) < self._settings.epochs and not self._stops_early():
            train_loss = trainer.epoch(on_pass)
            epoch = self._judge(trainer, unseen, train_loss)
            self.progress = Progress(curve=(*self.progress.curve, epoch))
            yield epoch
        margins = unseen @ trainer.weights + trainer.bias
        measured = self._measured(margins)
        self.progress = Progress("refit", self.progress.curve, measured=measured)

    def _refit(self, on_pass: Callable[[], None]) -> Iterator[Epoch]:
        everything = np.ones(len(self._targets), dtype=np.bool_)
        start = self._trainer
        trainer = self._trainer_for(everything, self._idf(everything))
        if start is not None:
            trainer.weights, trainer.bias = start.weights, start.bias
        while self.progress.refitted < (REFIT_EPOCHS if self._held.any() else 0):
            train_loss = trainer.epoch(on_pass)
            done = self.progress.refitted + 1
            self.progress = Progress("refit", self.progress.curve, done, self.progress.measured)
            yield Epoch("refit", done, train_loss)

    def _trainer_for(self, rows: NDArray[np.bool_], idf: NDArray[np.float32]) -> Trainer:
        matrix = weigh(self._counts[rows], self._columns, idf)
        self._trainer = Trainer(matrix, self._targets[rows], len(self._labels))
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
        accuracy = float((chosen(margins) == targets).mean())
        loss = mean_loss(margins, targets, len(self._labels))
        return Epoch("measure", number, train_loss, loss, accuracy)

    def _stops_early(self) -> bool:
        return self._settings.early_stopping and self.plateau is not None

    def _measured(self, margins: Floats) -> dict[str, Json]:
        """The figures of the last measured epoch; those of accuracy are None without such rows."""
        rows = {"rows": len(self._targets), "held_out": self.held_out_rows}
        if not self._held.any():
            unknown = dict.fromkeys(("accuracy", "macro_f1", "log_loss", "calibration_error"))
            return {**rows, **unknown, "scale": PRIOR_SCALE}
        targets = self._targets[self._held]
        scale = fit_scale(margins, targets)
        predicted = chosen(margins)
        scores = scores_of(confusion_matrix(targets, predicted, len(self._labels)), self._labels)
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

    def _idf(self, rows: NDArray[np.bool_]) -> NDArray[np.float32]:
        frequencies = document_frequencies(self._counts[rows])[self._columns]
        return inverse_frequencies(frequencies, int(rows.sum()))

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


def chosen(margins: Floats) -> NDArray[np.int64]:
    """The class of each row of margins (N, C) or (N, 1)."""
    if margins.shape[1] == 1:
        return (margins[:, 0] > 0).astype(np.int64)
    best: NDArray[np.int64] = margins.argmax(axis=1)
    return best


def _confidences(margins: Floats) -> Floats:
    """The softmax's largest entry per row."""
    if margins.shape[1] == 1:
        margins = np.concatenate([np.zeros_like(margins), margins], axis=1)
    confidences: Floats = 1.0 / np.exp(margins - margins.max(axis=1, keepdims=True)).sum(axis=1)
    return confidences
