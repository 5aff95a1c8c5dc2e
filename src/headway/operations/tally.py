"""What an evaluation counts: in bounds, as JSON between two attempts, and as a report at the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Self

import numpy as np

from headway.errors import NotRetryable
from headway.job import Json
from headway.models.calibration import BINS, calibration_bins, error_of_bins
from headway.models.classifier import Floats
from headway.models.comparison import LEVEL, SAMPLES, Outcomes, paired_bootstrap
from headway.models.scores import Counts, confusion_matrix, scores_of
from headway.operations.inputs import LabelledChunk
from headway.own_model import Answer

MAX_LABELS: Final = 2_000
MAX_NAMES: Final = 4_000
"""Labels and answers together: the matrix of them has 128 MB at most."""
MAX_MATRIX: Final = 200
"""Classes up to which the whole confusion matrix is part of the result: 40,000 numbers."""
NO_ANSWER: Final = ""
"""The label of what a model had no answer to."""
MISTAKES: Final = 50
"""Wrong answers and confused pairs that are named."""
_SHOWN: Final = 200
"""Characters shown of a text."""


class Tally:
    """Counts labels and answers, how confidence compares with being right, and the worst mistakes;
    of one model or of two."""

    def __init__(self) -> None:
        self._outcomes: Counter[tuple[str, ...]] = Counter()
        self._bins: list[Floats] = []
        self._mistakes: list[dict[str, Json]] = []

    def add(self, chunk: LabelledChunk, answers: Sequence[Sequence[Answer]]) -> None:
        """Take what each of the models said about more rows; the mistakes are those of the first."""
        found = [[one["prediction"] or NO_ANSWER for one in said] for said in answers]
        self._outcomes.update(zip(chunk.labels, *found, strict=True))
        bins = [_bins(chunk.labels, said) for said in answers]
        so_far = self._bins or [np.zeros_like(one) for one in bins]
        self._bins = [one + more for one, more in zip(so_far, bins, strict=True)]
        self._mistakes = _worst([*self._mistakes, *_mistakes(chunk, answers[0])])
        self._check_labels()

    def merge(self, other: Self) -> None:
        """Take all that another has counted. In one order the sums are the same to the last bit."""
        self._outcomes.update(other._outcomes)
        so_far = self._bins or [np.zeros_like(one) for one in other._bins]
        self._bins = [one + more for one, more in zip(so_far, other._bins, strict=True)]
        self._mistakes = _worst([*self._mistakes, *other._mistakes])
        self._check_labels()

    @property
    def rows(self) -> int:
        """How many were counted."""
        return self._outcomes.total()

    def _check_labels(self) -> None:
        if len({label for label, *_ in self._outcomes}) > MAX_LABELS:
            raise NotRetryable(
                f"expected at most {MAX_LABELS:,} different labels, got more;"
                " name the right column in `label`"
            )
        if len({name for outcome in self._outcomes for name in outcome}) > MAX_NAMES:
            raise NotRetryable(
                f"expected at most {MAX_NAMES:,} different labels and answers, got more; only a"
                " model whose answers are labels can be judged"
            )

    def as_json(self) -> dict[str, Json]:
        """The counts as JSON, for `of_json`: each label once, since many pairs of them occur."""
        labels = sorted({name for outcome in self._outcomes for name in outcome})
        codes = {label: code for code, label in enumerate(labels)}
        return {
            "labels": labels,
            "outcomes": [
                [*(codes[name] for name in outcome), count]
                for outcome, count in sorted(self._outcomes.items())
            ],
            "bins": [bins.tolist() for bins in self._bins],
            "mistakes": self._mistakes,
        }

    @classmethod
    def of_json(cls, saved: Mapping[str, Json]) -> Self:
        """The inverse of `as_json`."""
        tally = cls()
        labels = saved["labels"]
        for *outcome, count in saved["outcomes"]:
            tally._outcomes[tuple(labels[code] for code in outcome)] = count
        tally._bins = [np.array(bins) for bins in saved["bins"]]
        tally._mistakes = saved["mistakes"]
        return tally

    def report(self, seed: int) -> dict[str, Json]:
        """Everything the counts tell, of all labels that are in the data or were given as answers.
        `confusion` is None for more than 200 labels, `comparison` for one model, and
        `calibration_error` where no answer came with a confidence."""
        labels, outcomes = self._judged()
        confusion = _confusion(outcomes.truth, outcomes.first, outcomes)
        return {
            "rows": self.rows,
            **_figures(confusion, labels, self._bins[0]),
            "reliability": _reliability(self._bins[0]),
            "per_class": [one.as_json() for one in scores_of(confusion, labels).per_class],
            "confusion": {"labels": labels, "matrix": confusion.tolist()}
            if len(labels) <= MAX_MATRIX
            else None,
            "confused_labels": _confused(confusion, labels),
            "mistakes": self._mistakes,
            "comparison": self._comparison(outcomes, labels, seed) if len(self._bins) > 1 else None,
        }

    def figures(self) -> list[dict[str, Json]]:
        """The scores alone, of each of the models."""
        labels, outcomes = self._judged()
        found = (outcomes.first, outcomes.second)
        return [
            _figures(_confusion(outcomes.truth, said, outcomes), labels, bins)
            for said, bins in zip(found, self._bins, strict=False)
        ]

    def _judged(self) -> tuple[list[str], Outcomes]:
        """All labels that are in the data or were given as answers, and the outcomes in them."""
        if not self._outcomes:
            raise NotRetryable("expected rows with a text and a label, got none; name the columns")
        labels = sorted({name for outcome in self._outcomes for name in outcome})
        return labels, self._coded(labels)

    def _coded(self, labels: Sequence[str]) -> Outcomes:
        codes = {label: code for code, label in enumerate(labels)}
        found = sorted(self._outcomes.items())
        coded = np.array([[codes[name] for name in outcome] for outcome, _ in found])
        counts = np.array([count for _, count in found])
        return Outcomes(coded[:, 0], coded[:, 1], coded[:, -1], counts, len(labels))

    def _comparison(self, outcomes: Outcomes, labels: Sequence[str], seed: int) -> dict[str, Json]:
        first, second = (outcomes.truth == said for said in (outcomes.first, outcomes.second))
        other = _confusion(outcomes.truth, outcomes.second, outcomes)
        return {
            **_figures(other, labels, self._bins[1]),
            "differences": {
                name: difference.as_json()
                for name, difference in paired_bootstrap(outcomes, seed).items()
            },
            "level": LEVEL,
            "samples": SAMPLES,
            "seed": seed,
            "right": {
                "both": int(outcomes.rows[first & second].sum()),
                "model_only": int(outcomes.rows[first & ~second].sum()),
                "against_only": int(outcomes.rows[~first & second].sum()),
                "neither": int(outcomes.rows[~first & ~second].sum()),
            },
        }


def _bins(labels: Sequence[str], said: Sequence[Answer]) -> Floats:
    """Of the answers that came with a confidence: the others promise nothing."""
    sure = [
        (one["confidence"], label == one["prediction"])
        for label, one in zip(labels, said, strict=True)
        if one["confidence"] is not None
    ]
    confidences = np.array([confidence for confidence, _ in sure], dtype=np.float64)
    return calibration_bins(confidences, np.array([right for _, right in sure], dtype=np.bool_))


def _mistakes(chunk: LabelledChunk, said: Sequence[Answer]) -> list[dict[str, Json]]:
    rows = zip(chunk.numbers, chunk.texts, chunk.labels, said, strict=True)
    return [
        {
            "row": number,
            "text": text[:_SHOWN],
            "label": label,
            "prediction": one["prediction"],
            "confidence": one["confidence"],
        }
        for number, text, label, one in rows
        if label != one["prediction"]
    ]


def _worst(mistakes: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """The surest first, then those that came without a confidence."""

    def order(one: dict[str, Json]) -> tuple[float, int]:
        confidence = one["confidence"]
        return (1.0 if confidence is None else -confidence, one["row"])

    return sorted(mistakes, key=order)[:MISTAKES]


def _confusion(truth: Counts, found: Counts, outcomes: Outcomes) -> Counts:
    return confusion_matrix(truth, found, outcomes.classes, outcomes.rows)


def _figures(confusion: Counts, labels: Sequence[str], bins: Floats) -> dict[str, Json]:
    scores = scores_of(confusion, labels)
    return {
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "weighted_f1": scores.weighted_f1,
        "calibration_error": error_of_bins(bins) if bins[0].any() else None,
    }


def _reliability(bins: Floats) -> list[dict[str, Json]]:
    """The curve: how often answers of about one confidence are right; empty bins are left out."""
    return [
        {
            "from": number / BINS,
            "to": (number + 1) / BINS,
            "rows": int(rows),
            "confidence": confidence / rows,
            "accuracy": hits / rows,
        }
        for number, (rows, confidence, hits) in enumerate(bins.T.tolist())
        if rows
    ]


def _confused(confusion: Counts, labels: Sequence[str]) -> list[dict[str, Json]]:
    """The pairs of labels that were taken for each other most often."""
    wrong = confusion - np.diag(confusion.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:MISTAKES]
    return [
        {"label": labels[truth], "prediction": labels[found], "rows": int(wrong[truth, found])}
        for truth, found in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[truth, found]
    ]
