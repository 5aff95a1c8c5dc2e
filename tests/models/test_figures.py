import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_fscore_support
from sklearn.metrics import log_loss as sklearn_log_loss

from headway.models.calibration import (
    PRIOR_SCALE,
    calibration_bins,
    calibration_error,
    error_of_bins,
    fit_scale,
    log_loss,
)
from headway.models.scores import confusion_matrix, scores_of


@pytest.mark.filterwarnings("ignore")  # scikit-learn warns of 0/0, which is 0 for it as for us
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=50))
def test_scores_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    """Per class and in the mean, also for classes that do not occur."""
    truth, found = (np.array(side) for side in zip(*pairs, strict=True))
    scores = scores_of(confusion_matrix(truth, found, 4), "abcd")
    expected = precision_recall_fscore_support(truth, found, labels=range(4), zero_division=0)
    ours = [(one.precision, one.recall, one.f1, one.support) for one in scores.per_class]
    np.testing.assert_allclose(np.array(ours).T, expected)
    assert scores.macro_f1 == pytest.approx(f1_score(truth, found, average="macro"))
    assert scores.weighted_f1 == pytest.approx(f1_score(truth, found, average="weighted"))
    assert scores.accuracy == pytest.approx((truth == found).mean())


def test_log_loss_agrees_with_scikit_learn() -> None:
    """For two classes, with one margin, and for more."""
    random = np.random.default_rng(0)
    margins, targets = random.normal(size=(50, 3)), random.integers(0, 3, 50)
    probabilities = np.exp(margins) / np.exp(margins).sum(axis=1, keepdims=True)
    assert log_loss(margins, targets) == pytest.approx(sklearn_log_loss(targets, probabilities))
    second = 1 / (1 + np.exp(-margins[:, 0]))
    assert log_loss(margins[:, :1], targets % 2) == pytest.approx(
        sklearn_log_loss(targets % 2, second)
    )


def test_the_scale_is_found_that_made_the_labels() -> None:
    """Labels drawn from softmax(5 * margins) give a scale near 5; without rows the prior stays."""
    random = np.random.default_rng(1)
    margins = random.normal(size=(20_000, 3))
    noise = random.gumbel(size=margins.shape)
    assert fit_scale(margins, (5 * margins + noise).argmax(axis=1)) == pytest.approx(5, rel=0.05)
    nothing = np.empty(0, dtype=np.int64)
    assert fit_scale(np.empty((0, 3)), nothing) == pytest.approx(PRIOR_SCALE)


def test_three_right_answers_are_no_certainty() -> None:
    """Few rows move the scale a little only."""
    assert fit_scale(np.eye(3), np.arange(3)) < 2 * PRIOR_SCALE


def test_the_calibration_error_is_the_distance_from_accuracy() -> None:
    """Nine tenths sure and half right is an error of four tenths, however it is added up."""
    confidences, right = np.full(10, 0.9), np.arange(10) < 5
    assert calibration_error(confidences, right) == pytest.approx(0.4)
    halves = calibration_bins(confidences[:3], right[:3]) + calibration_bins(
        confidences[3:], right[3:]
    )
    assert error_of_bins(halves) == pytest.approx(0.4)
    assert calibration_error(np.empty(0), np.empty(0, dtype=np.bool_)) == 0
