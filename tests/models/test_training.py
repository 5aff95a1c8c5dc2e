from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.data.samples import bundled_rows
from headway.models.epochs import Progress, Settings, plateau_of
from headway.models.split import held_out
from headway.models.trainer import Trainer
from headway.models.training import Training
from headway.models.vectors import choose_columns, count_grams, document_frequencies

TEXTS, LABELS = zip(*list(bundled_rows("sample"))[:1_000], strict=True)
CLASSES = sorted(set(LABELS))
COUNTS = count_grams(TEXTS)
TARGETS = np.array([CLASSES.index(label) for label in LABELS])


def training(
    settings: Settings, progress: Progress | None = None, weights: bytes | None = None
) -> Training:
    return Training(
        COUNTS, TARGETS, CLASSES, settings, progress=progress or Progress(), weights=weights
    )


def finished(one: Training, path: Path) -> str:
    for _ in one.epochs():
        pass
    return one.bundle({}).save(path)


def test_the_same_rows_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    """Another seed holds out other rows, and gives another model file."""
    first = finished(training(Settings(epochs=3)), tmp_path / "a")
    assert finished(training(Settings(epochs=3)), tmp_path / "b") == first
    assert finished(training(Settings(epochs=3, seed=1)), tmp_path / "c") != first


@pytest.mark.parametrize("stop", [1, 4, 10, 12])
def test_ten_epochs_are_four_and_six_after_a_reload(tmp_path: Path, stop: int) -> None:
    """Bit for bit, wherever the first process stopped, the refit included."""
    whole = training(Settings())
    expected = finished(whole, tmp_path / "whole")
    part = training(Settings())
    for number, _ in enumerate(part.epochs(), start=1):
        if number == stop:
            break
    later = training(Settings(), Progress.of_json(part.progress.as_json()), part.weights())
    assert finished(later, tmp_path / "later") == expected
    assert later.progress.curve == whole.progress.curve


def test_no_epoch_makes_the_training_loss_much_worse() -> None:
    """Each step lowers the penalised loss, so the plain one falls but for its last digits."""
    losses = [
        epoch.train_loss for epoch in training(Settings()).epochs() if epoch.phase == "measure"
    ]
    assert losses[0] > losses[-1]
    assert all(later < earlier * 1.02 for earlier, later in pairwise(losses))


@pytest.mark.parametrize("weights", [1 << 24, 1_200], ids=["room for all", "the rarest go"])
def test_measured_figures_do_not_depend_on_held_out_texts(
    monkeypatch: pytest.MonkeyPatch, weights: int
) -> None:
    """Changing the held-out texts changes no weight of the measured model, nor which there are."""
    monkeypatch.setattr("headway.models.vectors.MAX_WEIGHTS", weights)
    marked = held_out(TARGETS, 0.1, 0)
    garbled = [
        f"nothing of it {text[:40]}" * 3 if mark else text
        for mark, text in zip(marked, TEXTS, strict=True)
    ]
    one, other = (
        training(Settings(epochs=2)),
        Training(count_grams(garbled), TARGETS, CLASSES, Settings(epochs=2)),
    )
    for each in (one, other):
        runner = each.epochs()
        next(runner), next(runner)
    losses = [[epoch.train_loss for epoch in each.progress.curve] for each in (one, other)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


def test_what_a_pass_raises_leaves_the_weights_alone() -> None:
    """A cancel in the middle of an epoch cannot leave half a step behind."""
    trainer = Trainer(np.eye(4)[:, :3], np.array([0, 1, 2, 0]), 3)
    before = trainer.state()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.epoch(stop)
    assert trainer.state() == before


def test_weights_of_another_training_are_refused() -> None:
    """The shapes must fit the rows."""
    state = Trainer(np.eye(4), np.array([0, 1, 2, 0]), 3).state()
    with pytest.raises(ValueError, match="expected weights of"):
        Trainer(np.eye(4), np.array([0, 1, 1, 0]), 2).restore(state)


def test_the_rarest_grams_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of weights is bounded, whatever the number of classes."""
    monkeypatch.setattr("headway.models.vectors.MAX_WEIGHTS", 600)
    frequencies = document_frequencies(COUNTS)
    kept = choose_columns(frequencies, 6)
    assert len(kept) == 100
    assert frequencies[kept].min() >= np.sort(frequencies)[-100]


def test_what_is_seen_later_gets_the_columns_that_are_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headway.models.vectors.MAX_WEIGHTS", 3)
    now, later = np.array([1, 0, 2, 0, 1]), np.array([1, 9, 2, 7, 8])
    assert choose_columns(now, 1, later).tolist() == [0, 2, 4]
    monkeypatch.setattr("headway.models.vectors.MAX_WEIGHTS", 4)
    assert choose_columns(now, 1, later).tolist() == [0, 1, 2, 4]


@given(st.lists(st.integers(0, 4), max_size=60), st.floats(0.01, 0.5), st.integers(0, 3))
def test_every_class_keeps_a_row_and_gives_its_share(
    labels: list[int], share: float, seed: int
) -> None:
    """The same rows are held out each time."""
    targets = np.array(labels, dtype=np.int64)
    marked = held_out(targets, share, seed)
    assert (marked == held_out(targets, share, seed)).all()
    for label in set(labels):
        mine = targets == label
        assert (mine & ~marked).any()
        assert abs((mine & marked).sum() - share * mine.sum()) <= 1
    if max(map(labels.count, labels), default=0) >= 2:
        assert marked.any()


def test_a_plateau_is_three_epochs_without_a_better_loss() -> None:
    """Its number is that of the best epoch."""
    assert plateau_of([0.5, 0.4, 0.4, 0.4]) is None
    assert plateau_of([0.5, 0.4, 0.4, 0.4, 0.4, 0.1]) == 2
    assert plateau_of([0.5, 0.4, 0.3, 0.2]) is None
