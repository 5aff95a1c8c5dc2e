"""Confidence that deserves its name: the softmax's scale is set on rows that training did not see."""

from collections.abc import Callable
from math import exp, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from headway.models.classifier import Floats

PRIOR_SCALE: Final = 3.0
"""Where the scale stays when there are no held-out rows: what the public sets come to."""
_PRIOR_WEIGHT: Final = 4.0
"""The prior counts as much as a handful of rows, so that three right answers mean no certainty."""
_GOLDEN: Final = 0.6180339887498949
BINS: Final = 15


def fit_scale(margins: Floats, targets: NDArray[np.int64]) -> float:
    """The scale of least log loss on these margins (N, C) or (N, 1), drawn toward the prior when
    rows are few. Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017."""

    def cost(log_scale: float) -> float:
        return (
            log_loss(margins * exp(log_scale), targets) * len(targets)
            + _PRIOR_WEIGHT * (log_scale - log(PRIOR_SCALE)) ** 2
        )

    return exp(_least(cost, -2.0, 4.0))


def log_loss(margins: Floats, targets: NDArray[np.int64]) -> float:
    """The mean of -ln(probability of the true class), 0 for no rows."""
    if not len(targets):
        return 0.0
    if margins.shape[1] == 1:
        margins = np.concatenate([np.zeros_like(margins), margins], axis=1)
    top = margins.max(axis=1)
    total = np.log(np.exp(margins - top[:, np.newaxis]).sum(axis=1)) + top
    return float((total - margins[np.arange(len(targets)), targets]).mean())


def calibration_error(confidences: Floats, correct: NDArray[np.bool_]) -> float:
    """The expected calibration error, 0 to 1: how far confidence is from accuracy in 15 bins of
    equal width, weighted by their rows; 0 for no rows."""
    return error_of_bins(calibration_bins(confidences, correct))


def calibration_bins(confidences: Floats, correct: NDArray[np.bool_]) -> Floats:
    """Per bin the rows, the sum of confidences and the right answers; shape (3, 15). Bins of
    several batches may be added up."""
    bins = np.minimum((confidences * BINS).astype(np.int64), BINS - 1)
    weights = (np.ones(len(bins)), confidences, correct.astype(np.float64))
    return np.stack([np.bincount(bins, weights=each, minlength=BINS) for each in weights])


def error_of_bins(bins: Floats) -> float:
    """The expected calibration error of what `calibration_bins` counted."""
    rows, confidence, hits = bins
    return float(np.abs(confidence - hits).sum() / max(1.0, rows.sum()))


def _least(cost: Callable[[float], float], low: float, high: float) -> float:
    """Golden-section search: 40 steps narrow the bracket to a hundred-millionth."""
    for _ in range(40):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if cost(left) <= cost(right):
            high = right
        else:
            low = left
    return (low + high) / 2
