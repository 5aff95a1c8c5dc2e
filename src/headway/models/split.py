"""Which rows are held out: a share of every class, the same ones for the same labels and seed."""

import numpy as np
from numpy.typing import NDArray


def held_out(targets: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """Mark the rows that training must not see. Each class gives its rounded share and keeps at
    least one row; when that would hold out none, every class with two rows gives one. All classes
    of one row: nothing can be held out, and nothing is marked."""
    marked = np.zeros(len(targets), dtype=np.bool_)
    if not len(targets) or share <= 0:
        return marked
    counts = np.bincount(targets)
    quota = np.minimum(np.floor(counts * share + 0.5).astype(np.int64), np.maximum(counts - 1, 0))
    if not quota.any():
        quota = (counts >= 2).astype(np.int64)
    marked[_first_of_each(targets, quota, np.random.default_rng(seed))] = True
    return marked


def _first_of_each(
    targets: NDArray[np.int64], quota: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """The first `quota[c]` rows of each class c after a shuffle."""
    shuffled = random.permutation(len(targets))
    by_class = shuffled[np.argsort(targets[shuffled], kind="stable")]
    counts = np.bincount(targets, minlength=len(quota))
    rank = np.arange(len(targets)) - np.repeat(np.cumsum(counts) - counts, counts)
    return by_class[rank < np.repeat(quota, counts)]
