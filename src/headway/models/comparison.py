"""Whether one model is better than another, or the rows just happened to suit it."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headway.job import Json
from headway.models.classifier import Floats

SAMPLES: Final = 1_000
LEVEL: Final = 0.95
_CELLS_AT_ONCE: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What two models said about the same rows, equal rows counted together; entry i of each."""

    truth: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    rows: NDArray[np.int64]
    classes: int
    """Truth and answers are 0 to classes - 1."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the first model is ahead of the second; below 0 where it is behind."""

    difference: float
    low: float
    """Lower bound of the interval."""
    high: float
    ahead: float
    """The share of samples in which the first was ahead."""

    def as_json(self) -> dict[str, Json]:
        """The fields under their own names."""
        return {
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "ahead": self.ahead,
        }


def paired_bootstrap(outcomes: Outcomes, seed: int) -> dict[str, Difference]:
    """The differences in `accuracy` and `macro_f1`, with an interval that holds 95 % of what other
    rows of the same kind would have given; the same for the same outcomes and seed.

    Rows are drawn again with replacement, the same ones for both models, and the bounds are the
    percentiles of the differences. Sources: Efron and Tibshirani, "An Introduction to the
    Bootstrap", 1993, chapter 13; Koehn, "Statistical Significance Tests for Machine Translation
    Evaluation", EMNLP 2004, for the pairing. Drawing rows is drawing from a multinomial
    distribution over the different outcomes, so the work does not grow with the rows.
    """
    first, second = _Scorer(outcomes, outcomes.first), _Scorer(outcomes, outcomes.second)
    drawn = [first.scores(draws) - second.scores(draws) for draws in _draws(outcomes.rows, seed)]
    present = outcomes.rows[np.newaxis, :]
    seen = first.scores(present) - second.scores(present)
    samples = np.concatenate(drawn)
    return {
        name: _difference(float(seen[0, at]), samples[:, at])
        for at, name in enumerate(("accuracy", "macro_f1"))
    }


def _draws(rows: NDArray[np.int64], seed: int) -> Any:
    random = np.random.default_rng(seed)
    shares, total = rows / rows.sum(), int(rows.sum())
    at_once = max(1, _CELLS_AT_ONCE // len(rows))
    for start in range(0, SAMPLES, at_once):
        yield random.multinomial(total, shares, size=min(at_once, SAMPLES - start))


class _Scorer:
    """Scores many samples of the rows at once."""

    def __init__(self, outcomes: Outcomes, found: NDArray[np.int64]) -> None:
        right = outcomes.truth == found
        self._right = right
        self._hits = _one_hot(outcomes.truth, outcomes.classes, right)
        everything = np.ones(len(right), dtype=np.bool_)
        self._sizes = _one_hot(outcomes.truth, outcomes.classes, everything) + _one_hot(
            found, outcomes.classes, everything
        )

    def scores(self, draws: NDArray[np.int64]) -> Floats:
        """Accuracy and macro F1 per sample; shape (samples, 2)."""
        accuracy = draws[:, self._right].sum(axis=1) / draws.sum(axis=1)
        hits, sizes = (self._hits @ draws.T), (self._sizes @ draws.T)
        f1 = 2.0 * hits / np.maximum(sizes, 1)
        macro_f1 = f1.sum(axis=0) / np.maximum((sizes > 0).sum(axis=0), 1)
        return np.stack([accuracy, macro_f1], axis=1)


def _one_hot(codes: NDArray[np.int64], classes: int, marked: NDArray[np.bool_]) -> Any:
    """Shape (classes, outcomes): 1 where a marked outcome is of the class."""
    at = np.flatnonzero(marked)
    return sparse.csr_array(
        (np.ones(len(at), dtype=np.int64), (codes[at], at)), shape=(classes, len(codes))
    )


def _difference(seen: float, samples: Floats) -> Difference:
    outside = (1.0 - LEVEL) / 2
    low, high = np.quantile(samples, [outside, 1.0 - outside]).tolist()
    return Difference(seen, low, high, float((samples > 0).mean()))
