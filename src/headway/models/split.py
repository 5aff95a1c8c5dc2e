"""Which rows are held out, a share of every class, and how much each of the others counts."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headway.models.classifier import Floats


def held_out(targets: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """Mark the rows that training must not see, the same ones for the same labels and seed.

    Each class gives its rounded share and keeps at least one row; when that would hold out none,
    every class with two rows gives one. All classes of one row: nothing can be held out, and
    nothing is marked."""
    marked = np.zeros(len(targets), dtype=np.bool_)
    if not len(targets) or share <= 0:
        return marked
    counts = np.bincount(targets)
    quota = np.minimum(np.floor(counts * share + 0.5).astype(np.int64), np.maximum(counts - 1, 0))
    if not quota.any():
        quota = (counts >= 2).astype(np.int64)
    marked[_first_of_each(targets, quota, np.random.default_rng(seed))] = True
    return marked


def folds_of(targets: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """The number of each row's fold, 0 to folds - 1: every class is dealt out evenly, and the
    classes take turns in who begins, so that small ones do not all fall into the first fold."""
    by_class, rank = _dealt(targets, np.random.default_rng(seed))
    folds_by_row = np.empty(len(targets), dtype=np.int64)
    folds_by_row[by_class] = (rank + targets[by_class]) % folds
    return folds_by_row


def _first_of_each(
    targets: NDArray[np.int64], quota: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """The first `quota[c]` rows of each class c after a shuffle."""
    by_class, rank = _dealt(targets, random)
    return by_class[rank < quota[targets[by_class]]]


def _dealt(
    targets: NDArray[np.int64], random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows shuffled and ordered by class, and the rank of each within its class."""
    shuffled = random.permutation(len(targets))
    by_class = shuffled[np.argsort(targets[shuffled], kind="stable")]
    counts = np.bincount(targets)
    rank = np.arange(len(targets)) - np.repeat(np.cumsum(counts) - counts, counts)
    return by_class, rank


def row_weights(
    targets: NDArray[np.int64], asked: Sequence[float] | Literal["balanced"] | None, classes: int
) -> Floats | None:
    """The weight of each row by its class; None if all count the same. `balanced` gives every class
    the same sum, and keeps the mean at 1."""
    if asked is None:
        return None
    if asked == "balanced":
        counts = np.bincount(targets, minlength=classes)
        by_class = len(targets) / (max(1, (counts > 0).sum()) * np.maximum(counts, 1))
    else:
        by_class = np.asarray(asked, dtype=np.float64)
    weights: Floats = by_class[targets]
    return weights
