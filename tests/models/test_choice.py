import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headway.models.choice import (
    BUDGET,
    CANDIDATES,
    MOST_CHARACTERS,
    Candidate,
    Trial,
    Tryout,
    best_of,
    candidates_for,
    rows_to_try,
    trials,
)
from headway.models.split import folds_of, row_weights
from headway.models.trainer import Trainer

TEXTS = [f"{word} {number}" for number in range(40) for word in ("running", "reading")]
TARGETS = np.array([0, 1] * 40)


def test_the_most_accurate_wins_and_the_cheapest_among_equals() -> None:
    """Macro F1 decides between equal accuracies, the order between equal figures."""
    equal = [Trial(c.features, c.penalty, 0.9, 0.8) for c in CANDIDATES]
    assert best_of(equal) == equal[0]
    assert best_of([*equal, Trial("characters", 9.0, 0.9, 0.81)]).penalty == 9.0
    assert best_of([*equal, Trial("characters", 8.0, 0.91, 0.1)]).penalty == 8.0


def test_large_data_sets_are_tried_on_words_alone() -> None:
    """Where runs of characters would not fit into memory."""
    assert candidates_for(MOST_CHARACTERS + 1, None) == [Candidate("words", 1.0)]
    assert candidates_for(MOST_CHARACTERS + 1, 2.0) == [Candidate("words", 2.0)]
    assert len(candidates_for(MOST_CHARACTERS, None)) == len(CANDIDATES)


def test_what_is_tried_stays_within_the_budget() -> None:
    """Rows are left out, of every class alike, when texts are long or classes many."""
    targets, lengths = np.arange(20_000) % 50, np.full(20_000, 400)
    picked = rows_to_try(targets, lengths, 50, 0)
    assert len(picked) * 400 * 50 <= BUDGET * 1.1
    assert set(np.bincount(targets[picked])) == {len(picked) // 50}
    assert len(rows_to_try(targets[:900], np.full(900, 10), 1, 0)) == 900


def test_trials_that_are_done_are_not_made_again() -> None:
    """The others give what they would have given without an interruption."""
    tryout = Tryout(TEXTS, TARGETS, 2, seed=0)
    every = list(trials(tryout, CANDIDATES))
    assert tryout.rounds == 5
    assert [(one.features, one.penalty) for one in every] == list(CANDIDATES)
    later = Tryout(TEXTS, TARGETS, 2, seed=0)
    assert list(trials(later, CANDIDATES, every[:2])) == every[2:]


@given(st.lists(st.integers(0, 5), max_size=80), st.integers(2, 6), st.integers(0, 3))
def test_folds_deal_out_every_class_evenly(labels: list[int], folds: int, seed: int) -> None:
    """Two folds differ by one row of a class at most."""
    targets = np.array(labels, dtype=np.int64)
    dealt = folds_of(targets, folds, seed)
    assert (dealt == folds_of(targets, folds, seed)).all()
    for label in set(labels):
        counts = np.bincount(dealt[targets == label], minlength=folds)
        assert counts.max() - counts.min() <= 1
        assert len(counts) == folds


def test_a_row_of_weight_two_counts_as_two_rows() -> None:
    """The trained weights are the same as with the row twice."""
    rows = np.random.default_rng(0).normal(size=(12, 4))
    targets = np.arange(12) % 3
    weights = np.where(targets == 1, 2.0, 1.0)
    once = Trainer(rows, targets, 3, row_weights=weights)
    copies = weights.astype(int)
    twice = Trainer(np.repeat(rows, copies, axis=0), np.repeat(targets, copies), 3)
    for _ in range(8):
        once.epoch()
        twice.epoch()
    np.testing.assert_allclose(once.weights, twice.weights, atol=1e-6)


def test_balanced_weights_give_every_class_the_same_sum() -> None:
    """And leave the mean at 1."""
    targets = np.array([0] * 6 + [2] * 3 + [1])
    weights = row_weights(targets, "balanced", 3)
    assert weights is not None
    np.testing.assert_allclose(np.bincount(targets, weights=weights), 10 / 3)
    assert row_weights(targets, None, 3) is None
