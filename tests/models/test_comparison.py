import numpy as np
import pytest
from sklearn.metrics import f1_score

from headway.models.comparison import Outcomes, paired_bootstrap


def outcomes(truth: list[int], first: list[int], second: list[int], rows: list[int]) -> Outcomes:
    arrays = [np.array(values) for values in (truth, first, second, rows)]
    return Outcomes(arrays[0], arrays[1], arrays[2], arrays[3], classes=3)


UNEVEN = outcomes([0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 2, 0], [0, 0, 1, 0, 1, 0], [40, 5, 20, 9, 7, 3])


def test_the_differences_are_those_of_the_rows() -> None:
    """As scikit-learn scores them, one by one."""
    truth, first, second = (
        np.repeat(values, UNEVEN.rows) for values in (UNEVEN.truth, UNEVEN.first, UNEVEN.second)
    )
    found = paired_bootstrap(UNEVEN, seed=0)
    accuracy = (truth == first).mean() - (truth == second).mean()
    macro_f1 = f1_score(truth, first, average="macro") - f1_score(truth, second, average="macro")
    assert found["accuracy"].difference == pytest.approx(accuracy)
    assert found["macro_f1"].difference == pytest.approx(macro_f1)


def test_the_interval_agrees_with_drawing_the_rows_one_by_one() -> None:
    """The bounds are those of a plain bootstrap over rows, to within what drawing again moves."""
    truth, first, second = (
        np.repeat(values, UNEVEN.rows) for values in (UNEVEN.truth, UNEVEN.first, UNEVEN.second)
    )
    random = np.random.default_rng(1)
    differences = []
    for _ in range(1_000):
        drawn = random.integers(0, len(truth), len(truth))
        right = (truth[drawn] == first[drawn]).mean(), (truth[drawn] == second[drawn]).mean()
        differences.append(right[0] - right[1])
    found = paired_bootstrap(UNEVEN, seed=0)["accuracy"]
    assert found.low == pytest.approx(np.quantile(differences, 0.025), abs=0.03)
    assert found.high == pytest.approx(np.quantile(differences, 0.975), abs=0.03)


def test_equal_answers_differ_by_nothing() -> None:
    """And no sample has either of them ahead."""
    same = outcomes([0, 1, 2], [0, 1, 1], [0, 1, 1], [30, 20, 10])
    for found in paired_bootstrap(same, seed=3).values():
        assert (found.difference, found.low, found.high, found.ahead) == (0, 0, 0, 0)


def test_a_clear_lead_is_told_from_a_small_one() -> None:
    """An interval above 0 says that other rows would have told the same."""
    clear = outcomes([0, 0, 1], [0, 0, 1], [0, 1, 1], [100, 40, 100])
    assert paired_bootstrap(clear, seed=0)["accuracy"].low > 0
    small = outcomes([0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 0, 1], [100, 4, 3, 100])
    found = paired_bootstrap(small, seed=0)["accuracy"]
    assert found.low < 0 < found.high
    assert 0.3 < found.ahead < 0.9


def test_the_same_seed_gives_the_same_interval() -> None:
    """Another one another."""
    one, same, other = (paired_bootstrap(UNEVEN, seed)["macro_f1"] for seed in (1, 1, 2))
    assert one == same != other
