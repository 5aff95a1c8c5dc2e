"""`evaluate_model`: how good a model is on a labelled data set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Self

import numpy as np

from headway.context import Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.models.batch import predict_many
from headway.models.calibration import BINS, calibration_bins, error_of_bins
from headway.models.classifier import Classifier, Floats
from headway.models.scores import scores_of
from headway.operations.inputs import labelled_rows, open_model
from headway.operations.requests.evaluate import EvaluateModel

MAX_LABELS: Final = 2_000
_MAX_MATRIX: Final = 200
"""Classes up to which the confusion matrix is part of the result: 40,000 numbers."""


def evaluate_model(request: EvaluateModel, ctx: Context) -> dict[str, Json]:
    """Give accuracy, F1, calibration and the confusion matrix of a model on a data set. A label the
    model does not know is a class it never predicts. Rows without text or label are left out."""
    model_id, bundle = open_model(ctx)
    rows = labelled_rows(ctx, request.text, request.label)
    tally = Tally.of_json(ctx.resumed.state["tally"]) if ctx.resumed else Tally()
    done = int(ctx.resumed.state["done"]) if ctx.resumed else 0
    for chunk in rows.chunks(done):
        tally.add(bundle.classifier, chunk.texts, chunk.labels)
        ctx.checkpoint({"done": chunk.done, "tally": tally.as_json()})
        ctx.progress(100 * chunk.done / rows.total, f"{chunk.done:,} of {rows.total:,} rows")
    return {"model_id": model_id, **tally.report(bundle.classifier.classes)}


class Tally:
    """Counts true and predicted labels, and how confidence compares with being right."""

    def __init__(self) -> None:
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._bins: Floats = np.zeros((3, BINS))

    def add(self, classifier: Classifier, texts: Sequence[str], labels: Sequence[str]) -> None:
        """Ask the model about more rows."""
        found = predict_many(classifier, texts)
        self._pairs.update(zip(labels, found.labels, strict=True))
        right = [label == answer for label, answer in zip(labels, found.labels, strict=True)]
        self._bins += calibration_bins(found.confidences, np.array(right, dtype=np.bool_))
        known = len({label for label, _ in self._pairs})
        if known > MAX_LABELS:
            raise NotRetryable(
                f"expected at most {MAX_LABELS:,} different labels, got more;"
                " name the right column in `label`"
            )

    def as_json(self) -> dict[str, Json]:
        """The counts as JSON, for `of_json`."""
        pairs = [[*pair, count] for pair, count in sorted(self._pairs.items())]
        return {"pairs": pairs, "bins": self._bins.tolist()}

    @classmethod
    def of_json(cls, saved: Mapping[str, Json]) -> Self:
        """The inverse of `as_json`."""
        tally = cls()
        tally._pairs.update({(true, found): count for true, found, count in saved["pairs"]})
        tally._bins = np.array(saved["bins"])
        return tally

    def report(self, classes: Sequence[str]) -> dict[str, Json]:
        """Everything the counts tell; `confusion` is None for more than 200 classes."""
        labels = [*classes, *sorted({true for true, _ in self._pairs} - set(classes))]
        codes = {label: code for code, label in enumerate(labels)}
        confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
        for (true, found), count in self._pairs.items():
            confusion[codes[true], codes[found]] = count
        if not confusion.any():
            raise NotRetryable("expected rows with a text and a label, got none; name the columns")
        scores = scores_of(confusion, labels)
        return {
            "rows": self._pairs.total(),
            "accuracy": scores.accuracy,
            "macro_f1": scores.macro_f1,
            "weighted_f1": scores.weighted_f1,
            "calibration_error": error_of_bins(self._bins),
            "per_class": [score.as_json() for score in scores.per_class],
            "confusion": {"labels": labels, "matrix": confusion.tolist()}
            if len(labels) <= _MAX_MATRIX
            else None,
        }
