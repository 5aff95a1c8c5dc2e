"""The linear model and how it learns: one-versus-rest squared hinge loss by truncated Newton steps.

An epoch is one Newton step for all classes at once: a gradient over all rows, a few conjugate
gradient passes for the direction, and a step that never raises the loss. There is no learning rate
to tune and no random order, so an epoch depends on the weights before it and on nothing else.
Source: Lin, Weng, Keerthi, "Trust Region Newton Method for Logistic Regression", JMLR 9, 2008
(with a backtracking step in place of the trust region); the loss is that of LIBLINEAR's `-s 2`.
"""

import io
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from headway.models.classifier import Floats
from headway.models.vectors import Matrix

PENALTY: Final = 1.0
"""Weight of the loss against the squared length of the weights (the `C` of a linear SVM), unless
another is asked for."""
PASSES: Final = 5
"""Conjugate gradient passes over the rows in one epoch, at most."""
_ENOUGH: Final = 1e-2
"""A direction is good enough when its squared residual has shrunk to this share."""
_CONVERGED: Final = 1e-8
"""... or to this share of the squared gradient at zero weights."""
_HALVINGS: Final = 5


class Trainer:
    """Learns weights for rows (N, D) with class numbers 0..C-1, one epoch at a time."""

    def __init__(
        self,
        rows: Matrix,
        targets: NDArray[np.int64],
        classes: int,
        *,
        penalty: float = PENALTY,
        row_weights: Floats | None = None,
    ) -> None:
        """A row of weight 2 counts as if it stood there twice."""
        self._penalty = penalty
        self._row_weights = None if row_weights is None else row_weights[:, np.newaxis]
        self._rows = rows
        self._columns = rows.T
        self._signs = signs_of(targets, classes)
        width = self._signs.shape[1]
        self.weights: Floats = np.zeros((rows.shape[1], width))
        # Without a bias that fits the class sizes, the whole first epoch would go into finding it.
        self.bias: Floats = np.zeros(width)
        if len(targets):
            self.bias = np.average(self._signs, axis=0, weights=row_weights)
        self._yardstick = 4.0 * self._penalty**2 * _squares(self._back(self._signs))

    def epoch(self, on_pass: Callable[[], None] = lambda: None) -> float:
        """Take one step and return the mean loss per row and class after it. `on_pass` is called
        between passes over the rows; what it raises leaves the weights as they were."""
        margins = self.margins()
        wanting = self._signs * margins < 1.0
        gradient = self._gradient(margins, wanting)
        on_pass()
        direction, along = self._direction(gradient, wanting, on_pass)
        step = self._step(margins, direction, along)
        self.weights += step * direction[:-1]
        self.bias += step * direction[-1]
        return float(self._losses(margins + step * along).mean() / max(1, len(margins)))

    def margins(self) -> Floats:
        """The margins of all rows: shape (N, weight columns)."""
        margins: Floats = self._rows @ self.weights + self.bias
        return margins

    def _gradient(self, margins: Floats, wanting: NDArray[np.bool_]) -> Floats:
        gradient = self._back(np.where(wanting, margins - self._signs, 0.0))
        gradient *= 2.0 * self._penalty
        gradient[:-1] += self.weights
        gradient[-1] += self.bias
        return gradient

    def _direction(
        self, gradient: Floats, wanting: NDArray[np.bool_], on_pass: Callable[[], None]
    ) -> tuple[Floats, Floats]:
        """Solve Hessian * direction = -gradient roughly; also the direction's change of margins."""
        direction = np.zeros_like(gradient)
        along = np.zeros(self._signs.shape)
        residual = -gradient
        probe = residual.copy()
        size = _squares(residual)
        enough = np.maximum(_ENOUGH * size, _CONVERGED * self._yardstick)
        for _ in range(PASSES):
            if (size <= enough).all():
                break
            forward = self._rows @ probe[:-1] + probe[-1]
            curved = self._back(np.where(wanting, forward, 0.0))
            curved *= 2.0 * self._penalty
            curved += probe
            pace = size / np.maximum(_products(probe, curved), _TINY)
            direction += pace * probe
            along += pace * forward
            residual -= pace * curved
            before, size = size, _squares(residual)
            probe *= size / np.maximum(before, _TINY)
            probe += residual
            on_pass()
        return direction, along

    def _step(self, margins: Floats, direction: Floats, along: Floats) -> Floats:
        """Per class the first of 1, 1/2, 1/4 ... that does not raise its objective, else 0."""
        here = self._objective(margins, np.zeros(direction.shape[1]), direction)
        step = np.ones(direction.shape[1])
        for _ in range(_HALVINGS):
            worse = self._objective(margins + step * along, step, direction) > here
            if not worse.any():
                return step
            step[worse] /= 2.0
        step[self._objective(margins + step * along, step, direction) > here] = 0.0
        return step

    def _objective(self, margins: Floats, step: Floats, direction: Floats) -> Floats:
        # |w + s d|^2 = |w|^2 + 2 s w.d + s^2 d.d, without making w + s d
        cross = _products(self.weights, direction[:-1]) + self.bias * direction[-1]
        length = _squares(self.weights) + self.bias**2 + 2 * step * cross
        length += step**2 * _squares(direction)
        objective: Floats = 0.5 * length + self._penalty * self._losses(margins)
        return objective

    def _losses(self, margins: Floats) -> Floats:
        losses: Floats = self._weighted(np.maximum(0.0, 1.0 - self._signs * margins) ** 2)
        sums: Floats = losses.sum(axis=0)
        return sums

    def _back(self, values: Floats) -> Floats:
        """Rows transposed times weighted values, with a last line for the bias."""
        values = self._weighted(values)
        return np.concatenate([self._columns @ values, values.sum(axis=0, keepdims=True)])

    def _weighted(self, values: Floats) -> Floats:
        return values if self._row_weights is None else values * self._row_weights

    def state(self) -> bytes:
        """Everything another process needs to go on, bit for bit: an npz without pickles."""
        buffer = io.BytesIO()
        np.savez(buffer, weights=self.weights, bias=self.bias)
        return buffer.getvalue()

    def restore(self, state: bytes) -> None:
        """Continue from `state()` of a trainer of the same rows; refuse weights of other shape."""
        with np.load(io.BytesIO(state), allow_pickle=False) as saved:
            weights, bias = saved["weights"], saved["bias"]
        if weights.shape != self.weights.shape:
            raise ValueError(f"expected weights of {self.weights.shape}, got: {weights.shape}")
        self.weights, self.bias = weights, bias


def chosen(margins: Floats) -> NDArray[np.int64]:
    """The class of each row of margins (N, C) or (N, 1)."""
    if margins.shape[1] == 1:
        return (margins[:, 0] > 0).astype(np.int64)
    best: NDArray[np.int64] = margins.argmax(axis=1)
    return best


def mean_loss(margins: Floats, targets: NDArray[np.int64], classes: int) -> float:
    """The mean squared hinge loss per row and class of these margins; 0 for no rows."""
    losses = np.maximum(0.0, 1.0 - signs_of(targets, classes) * margins) ** 2
    return float(losses.mean()) if losses.size else 0.0


def signs_of(targets: NDArray[np.int64], classes: int) -> Floats:
    """+1 where a row is of the class, -1 elsewhere; two classes need one column only."""
    signs = np.where(targets[:, np.newaxis] == np.arange(classes), 1.0, -1.0)
    return signs[:, 1:] if classes == 2 else signs


def _squares(values: Floats) -> Floats:
    return _products(values, values)


def _products(left: Floats, right: Floats) -> Floats:
    products: Floats = np.einsum("dk,dk->k", left, right)
    return products


_TINY: Final = 1e-300
