"""Which features and which penalty suit a data set, tried out on its training rows within a budget.

Each candidate is trained on four fifths of a sample and judged on the fifth; once if that is dear,
up to five times with another fifth if it is cheap. Rows held out to measure the model take no part,
so its accuracy stays honest. The budget is counted in characters, not in seconds: the same rows and
seed choose the same, on any machine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headway.job import Json
from headway.models.features import Features
from headway.models.grams import BUCKETS
from headway.models.scores import confusion_matrix, scores_of
from headway.models.split import folds_of, held_out, row_weights
from headway.models.trainer import Trainer, chosen
from headway.models.vectors import (
    Matrix,
    choose_columns,
    count_grams,
    document_frequencies,
    inverse_frequencies,
    stack,
    weigh,
)

FIFTHS: Final = 5
EPOCHS: Final = 5
"""Enough to rank candidates; the weights are thrown away."""
BUDGET: Final = 16_000_000
"""Characters times columns of weights that one trial may read."""
MOST_ROWS: Final = 10_000
MOST_CHARACTERS: Final = 50_000_000
"""Data sets beyond are trained on words: their runs of characters would fill gigabytes."""
_CHUNK: Final = 4_000


class Candidate(NamedTuple):
    """What may be chosen."""

    features: Features
    penalty: float


CANDIDATES: Final = (
    Candidate("words", 1.0),
    Candidate("characters", 1.0),
    Candidate("words+characters", 1.0),
    Candidate("words+characters", 3.0),
    Candidate("words+characters", 10.0),
)
"""The cheapest first: it wins a tie."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How a candidate did."""

    features: Features
    penalty: float
    accuracy: float
    """The mean over the fifths it was judged on."""
    macro_f1: float

    def as_json(self) -> dict[str, Json]:
        """The fields under their own names, for `Trial(**...)`."""
        return asdict(self)


def best_of(trials: Sequence[Trial]) -> Trial:
    """The most accurate, by macro F1 among equals, the first among those."""
    return max(trials, key=lambda trial: (trial.accuracy, trial.macro_f1))


def candidates_for(characters: int, penalty: float | None) -> list[Candidate]:
    """What to try on texts of so many characters; a penalty asked for is not varied."""
    kept = CANDIDATES[:1] if characters > MOST_CHARACTERS else CANDIDATES
    if penalty is None:
        return list(kept)
    return [Candidate(features, penalty) for features in dict.fromkeys(c.features for c in kept)]


def rows_to_try(
    targets: NDArray[np.int64], lengths: NDArray[np.int64], width: int, seed: int
) -> NDArray[np.int64]:
    """Positions of the rows to try candidates on: all, or a share of every class that is within
    the budget."""
    affordable = BUDGET / max(1.0, float(lengths.mean()) * width)
    share = min(MOST_ROWS, affordable) / max(1, len(targets))
    if share >= 1.0:
        return np.arange(len(targets))
    return np.flatnonzero(held_out(targets, share, seed))


class Tryout:
    """The texts to try candidates on, counted once."""

    def __init__(
        self,
        texts: Sequence[str],
        targets: NDArray[np.int64],
        classes: int,
        seed: int,
        class_weights: tuple[float, ...] | Literal["balanced"] | None = None,
    ) -> None:
        parts = [
            count_grams(texts[start : start + _CHUNK], "words+characters")
            for start in range(0, len(texts), _CHUNK)
        ]
        self._counts = stack(parts)
        self._targets = targets
        self._classes = classes
        self._class_weights = class_weights
        self._fifths = folds_of(targets, FIFTHS, seed)
        characters = sum(map(len, texts)) * (1 if classes == 2 else classes)
        self.rounds = max(1, min(FIFTHS, BUDGET // max(1, characters)))
        """How many of the fifths each candidate is judged on."""

    def judge(self, candidate: Candidate, on_pass: Callable[[], None] = lambda: None) -> Trial:
        """Train the candidate anew for each round, and give its mean scores."""
        scores = [self._round(candidate, number, on_pass) for number in range(self.rounds)]
        accuracy, macro_f1 = np.mean(scores, axis=0).tolist()
        return Trial(candidate.features, candidate.penalty, accuracy, macro_f1)

    def _round(
        self, candidate: Candidate, number: int, on_pass: Callable[[], None]
    ) -> tuple[float, float]:
        unseen = self._fifths == number
        learned, columns, idf = self._columns(candidate.features, ~unseen)
        trainer = Trainer(
            weigh(learned, columns, idf),
            self._targets[~unseen],
            self._classes,
            penalty=candidate.penalty,
            row_weights=row_weights(self._targets[~unseen], self._class_weights, self._classes),
        )
        for _ in range(EPOCHS):
            trainer.epoch(on_pass)
        found = weigh(self._counts[unseen], columns, idf) @ trainer.weights + trainer.bias
        confusion = confusion_matrix(self._targets[unseen], chosen(found), self._classes)
        scores = scores_of(confusion, [""] * self._classes)
        return scores.accuracy, scores.macro_f1

    def _columns(
        self, features: Features, rows: NDArray[np.bool_]
    ) -> tuple[Matrix, NDArray[np.int32], NDArray[np.float32]]:
        """The counts of these rows, and the columns of these features with their idf."""
        counts = self._counts[rows]
        frequencies = document_frequencies(counts)
        if features == "words":
            frequencies[BUCKETS:] = 0
        elif features == "characters":
            frequencies[:BUCKETS] = 0
        columns = choose_columns(frequencies, 1 if self._classes == 2 else self._classes)
        return counts, columns, inverse_frequencies(frequencies[columns], int(rows.sum()))


def trials(
    tryout: Tryout,
    candidates: Sequence[Candidate],
    done: Sequence[Trial] = (),
    on_pass: Callable[[], None] = lambda: None,
) -> Iterator[Trial]:
    """Judge the candidates that are not done yet, in their order."""
    known: Mapping[tuple[str, float], Trial] = {(t.features, t.penalty): t for t in done}
    for candidate in candidates:
        if tuple(candidate) not in known:
            yield tryout.judge(candidate, on_pass)
