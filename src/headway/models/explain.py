"""Why a model says what it says of one text: how much each of the text's tokens weighs.

Exact, not estimated: the model is linear, so the weights and the bias add up to the score. What a
bucket stands for is read off the text itself, so no vocabulary is needed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt
from typing import Final

import numpy as np

from headway.models.characters import character_buckets_of, tokens_of
from headway.models.classifier import Classifier, Floats
from headway.models.features import PARTS
from headway.models.grams import BUCKETS, buckets_of, words_of

MOST: Final = 30
"""Tokens that an explanation lists; those that weigh most."""

Unit = tuple[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What speaks for a label (above 0) and against it (below 0), in units of log-odds."""

    label: str
    bias: float
    """What the model would say without a text."""
    tokens: Sequence[tuple[str, float]]
    """Words, word pairs and, where characters count, whole words for their characters; those that
    weigh most, either way, come first."""
    rest: float
    """All other tokens together."""

    @property
    def score(self) -> float:
        """The label's score above the mean of all labels': the sum of all the above."""
        return self.bias + sum(weight for _, weight in self.tokens) + self.rest


def explain(classifier: Classifier, text: str, *, most: int = MOST) -> Explanation:
    """The weight of each token of a text for the label that the model gives it."""
    label = classifier.predict_one(text).label
    target = classifier.classes.index(label)
    weights: dict[str, float] = {}
    for units in _units(classifier, text):
        for token, weight in _weights_of_part(classifier, units, target):
            weights[token] = weights.get(token, 0.0) + weight
    ranked = sorted(weights.items(), key=lambda one: (-abs(one[1]), one[0]))
    bias = _toward(classifier, classifier.bias64[np.newaxis, :], target)[0]
    return Explanation(
        label, float(bias), ranked[:most], float(sum(weight for _, weight in ranked[most:]))
    )


def _units(classifier: Classifier, text: str) -> Iterator[list[Unit]]:
    """The tokens of each half of the text's vector, with their buckets."""
    for part in PARTS[classifier.features]:
        if part is buckets_of:
            words = words_of(text)
            told = [*words, *(f"{first} {second}" for first, second in pairwise(words))]
            yield [(one, (bucket,)) for one, bucket in zip(told, buckets_of(text), strict=True)]
        else:
            yield [
                (token, [bucket + BUCKETS for bucket in character_buckets_of(token)])
                for token in tokens_of(text)
            ]


def _weights_of_part(
    classifier: Classifier, units: Sequence[Unit], target: int
) -> Iterator[tuple[str, float]]:
    columns = [
        [column for column in classifier.column_of[list(buckets)].tolist() if column >= 0]
        for _, buckets in units
    ]
    counts = Counter(column for known in columns for column in known)
    if not counts:
        return
    there = np.fromiter(counts, np.intp, len(counts))
    values = classifier.idf64[there] * [1.0 + log(count) for count in counts.values()]
    values *= classifier.part_length / sqrt(values.dot(values))
    shares = values * _toward(classifier, classifier.weights64[there], target)
    # A gram that occurs twice weighs once: each occurrence gets its share.
    each = {
        column: share / counts[column]
        for column, share in zip(counts, shares.tolist(), strict=True)
    }
    for (token, _), known in zip(units, columns, strict=True):
        yield token, sum(each[column] for column in known)


def _toward(classifier: Classifier, rows: Floats, target: int) -> Floats:
    """Weights of shape (N, C) or (N, 1) for this class against the mean of all, in log-odds."""
    if len(classifier.classes) == 2:
        return rows[:, 0] * (classifier.scale / 2 * (1 if target == 1 else -1))
    above: Floats = rows[:, target] - rows.mean(axis=1)
    return above * classifier.scale
