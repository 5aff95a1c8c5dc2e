"""A trained text classifier, and the hand-written path for one text. numpy only.

A text becomes a sparse vector: (1 + ln count) * idf per gram that training saw, scaled to length 1;
words and characters make two halves of one length.
Its margins are that vector times the weights plus a bias; softmax(scale * margins) are the
probabilities. Two classes have one column of weights, the margin of the second class.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import exp, log, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.models.features import HALF, PARTS, Features, has_halves, width_of

Floats = NDArray[np.float64]


class Prediction(NamedTuple):
    """What a model says about one text."""

    label: str
    confidence: float
    """The probability of `label`, 0 to 1."""
    probabilities: Floats
    """In the order of the model's classes; they add up to 1."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """The numbers of a trained model; `C` classes, `D` columns (grams that training saw)."""

    classes: tuple[str, ...]
    buckets: NDArray[np.int32]
    """The bucket of each column, growing; shape (D,)."""
    idf: NDArray[np.float32]
    """Shape (D,)."""
    weights: NDArray[np.float32]
    """Shape (D, C), or (D, 1) for two classes."""
    bias: NDArray[np.float32]
    """Shape (C,) or (1,)."""
    scale: float
    """Inverse temperature of the softmax, set on held-out rows."""
    features: Features = "words"

    def predict_one(self, text: str) -> Prediction:
        """Classify one text; equal to the batch path within 1e-9. A text without a known gram
        gets what the bias alone says."""
        probabilities = self._softmax(self._margins(text) * self.scale)
        best = int(probabilities.argmax())
        return Prediction(self.classes[best], float(probabilities[best]), probabilities)

    def _margins(self, text: str) -> Floats:
        margins = self.bias64
        for buckets_of in PARTS[self.features]:
            counts = self._column_counts(buckets_of(text))
            if counts:
                margins = margins + self._margins_of_part(counts)
        return margins

    def _margins_of_part(self, counts: dict[int, int]) -> Floats:
        columns = np.fromiter(counts, np.intp, len(counts))
        values = self.idf64.take(columns)
        for position, count in enumerate(counts.values()):
            if count > 1:
                values[position] *= 1.0 + log(count)
        margins: Floats = values @ self.weights64.take(columns, axis=0)
        margins *= self.part_length / sqrt(values.dot(values))
        return margins

    def _column_counts(self, buckets: list[int]) -> dict[int, int]:
        counts: dict[int, int] = {}
        for column in map(self._column_lookup, buckets):
            if column >= 0:
                counts[column] = counts.get(column, 0) + 1
        return counts

    def _softmax(self, scaled: Floats) -> Floats:
        """One row of scaled margins as probabilities; the same formula as `probabilities_of`,
        without what arrays of one row would cost."""
        if len(self.classes) == 2:
            second = 1.0 / (1.0 + exp(min(_FAR, -float(scaled[0]))))
            return np.array((1.0 - second, second))
        weights: Floats = np.exp(scaled - scaled.max())
        weights /= weights.sum()
        return weights

    def probabilities_of(self, margins: Floats) -> Floats:
        """Margins of shape (N, C) or (N, 1) as probabilities of shape (N, C)."""
        if len(self.classes) == 2:
            margins = np.concatenate([np.zeros_like(margins), margins], axis=1)
        scaled = margins * self.scale
        scaled -= scaled.max(axis=1, keepdims=True)
        np.exp(scaled, out=scaled)
        scaled /= scaled.sum(axis=1, keepdims=True)
        return scaled

    @cached_property
    def column_of(self) -> NDArray[np.int32]:
        """The column of every bucket, -1 for those that training did not see; 4 or 8 MB."""
        columns = np.full(width_of(self.features), -1, dtype=np.int32)
        columns[self.buckets] = np.arange(len(self.buckets), dtype=np.int32)
        return columns

    @cached_property
    def _column_lookup(self) -> Callable[[int], int]:
        # A memoryview gives plain integers, several times faster than an array does.
        return self.column_of.data.__getitem__

    @cached_property
    def part_length(self) -> float:
        """The length of each half of a text's vector: 1 where there is only one."""
        return HALF if has_halves(self.buckets) else 1.0

    @cached_property
    def idf64(self) -> Floats:
        """`idf` in the precision of all arithmetic."""
        return self.idf.astype(np.float64)

    @cached_property
    def weights64(self) -> Floats:
        """`weights` in the precision of all arithmetic, one row per column, C order."""
        return np.ascontiguousarray(self.weights, dtype=np.float64)

    @cached_property
    def bias64(self) -> Floats:
        """`bias` in the precision of all arithmetic."""
        return self.bias.astype(np.float64)


_FAR: Final = 700.0
"""exp() of more overflows; the probability is 0 or 1 long before."""
