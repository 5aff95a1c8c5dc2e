"""How good predictions are: accuracy, precision, recall, F1 and the confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.job import Json
from headway.models.classifier import Floats

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class against all others; each figure is 0 where it would be 0/0."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    """Rows that truly are of this class."""

    def as_json(self) -> dict[str, Json]:
        """The fields under their own names."""
        return {
            "label": self.label,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "support": self.support,
        }


@dataclass(frozen=True, slots=True)
class Scores:
    """Everything a confusion matrix tells; all shares are 0 to 1."""

    accuracy: float
    macro_f1: float
    """The plain mean over the classes."""
    weighted_f1: float
    """The mean over the classes by support."""
    per_class: tuple[ClassScore, ...]


def confusion_matrix(
    targets: Counts, predicted: Counts, classes: int, rows: Counts | None = None
) -> Counts:
    """Rows are the true classes, columns the predicted ones; shape (classes, classes). Each pair
    counts once, or as many times as `rows` says."""
    cells = np.bincount(targets * classes + predicted, rows, minlength=classes * classes)
    return cells.astype(np.int64).reshape(classes, classes)


def scores_of(confusion: Counts, labels: Sequence[str]) -> Scores:
    """The scores of a confusion matrix. The macro mean leaves out classes that neither occur nor
    were predicted, as scikit-learn does."""
    hits = confusion.diagonal()
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _share(hits, predicted), _share(hits, support)
    f1 = _share(2 * hits, support + predicted)
    present = (support + predicted) > 0
    return Scores(
        accuracy=float(hits.sum() / max(1, support.sum())),
        macro_f1=float(f1[present].mean()) if present.any() else 0.0,
        weighted_f1=float((f1 * support).sum() / max(1, support.sum())),
        per_class=tuple(
            ClassScore(label, float(p), float(r), float(f), int(s))
            for label, p, r, f, s in zip(labels, precision, recall, f1, support, strict=True)
        ),
    )


def _share(part: Counts, whole: Counts) -> Floats:
    share: Floats = part / np.maximum(whole, 1)
    return share
