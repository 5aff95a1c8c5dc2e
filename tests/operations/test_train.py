from pathlib import Path

import pytest

from headway.context import Artifact
from headway.errors import Cancelled, Interrupted, NotRetryable
from headway.models.bundle import Bundle
from headway.operations import train
from headway.operations.requests.train import Example, TrainModel
from headway.operations.train import train_model
from tests.operations.fake_context import FakeContext

EXAMPLES = [
    Example(text=text, label=label)
    for text, label in [
        ("the parcel is late", "delivery"),
        ("my parcel never came", "delivery"),
        ("where is the parcel", "delivery"),
        ("I cannot sign in", "login"),
        ("the password is refused", "login"),
        ("sign in fails", "login"),
    ]
]


@pytest.fixture(autouse=True)
def checkpoint_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "_CHECKPOINT_SECONDS", 0.0)


def test_training_publishes_a_model_and_reports_its_held_out_accuracy(
    tmp_path: Path, sample: Artifact
) -> None:
    """The model is published with its metrics, and one point of the curve exists per epoch."""
    ctx = FakeContext(tmp_path, {"data": sample})
    result = train_model(TrainModel(data="sample", alias="best"), ctx)
    (model,) = ctx.published
    assert (model.kind, model.name, model.alias) == ("model", "text-classifier", "best")
    assert result["model_id"] == "model:text-classifier"
    assert result["epochs"] == result["epochs_run"] == len(result["curve"]) == 10
    assert result["held_out"] == 300
    assert 0.85 < result["accuracy"] < 0.99
    assert list(ctx.metrics) == list(range(1, 11))
    assert set(ctx.metrics[1]) == {"loss", "accuracy", "macro_f1", "train_loss"}
    assert ctx.percents == sorted(ctx.percents)


def test_the_published_model_can_be_loaded_and_asked(tmp_path: Path) -> None:
    """A model trained on a handful of examples knows them."""
    ctx = FakeContext(tmp_path)
    train_model(TrainModel(examples=EXAMPLES), ctx)
    path = tmp_path / "model.npz"
    path.write_bytes(ctx.published[0].content)
    assert Bundle.load(path).classifier.predict_one("the parcel never came").label == "delivery"


@pytest.mark.parametrize("checkpoint", [1, 4, 10, 11, 12])
def test_a_training_interrupted_anywhere_gives_the_same_model(
    tmp_path: Path, sample: Artifact, checkpoint: int
) -> None:
    """After an interruption at any epoch, the bundle has the bytes of an undisturbed run."""
    request = TrainModel(data="sample")
    whole = FakeContext(tmp_path / "whole", {"data": sample})
    expected = train_model(request, whole)

    first = FakeContext(tmp_path / "parts", {"data": sample}, interrupt_at=checkpoint)
    with pytest.raises(Interrupted):
        train_model(request, first)
    second = first.after()
    result = train_model(request, second)

    assert second.published[0].content == whole.published[0].content
    assert result == expected
    assert second.metrics == whole.metrics


def test_a_cancelled_training_stops_between_two_passes(tmp_path: Path, sample: Artifact) -> None:
    """Progress is reported several times an epoch, and a cancel ends the training there."""
    ctx = FakeContext(tmp_path, {"data": sample}, cancel_at=5)
    with pytest.raises(Cancelled):
        train_model(TrainModel(data="sample", epochs=1000), ctx)
    assert not ctx.published
    assert len(ctx.metrics) <= 2


def test_stopping_early_is_opt_in(tmp_path: Path, sample: Artifact) -> None:
    """A plateau is reported either way; only `early_stopping` ends the training there."""
    all_run = train_model(
        TrainModel(data="sample", epochs=30), FakeContext(tmp_path, {"data": sample})
    )
    stopped = train_model(
        TrainModel(data="sample", epochs=30, early_stopping=True),
        FakeContext(tmp_path, {"data": sample}),
    )
    assert all_run["epochs_run"] == 30
    assert stopped["epochs_run"] < 30
    assert all_run["plateau"] == stopped["plateau"] is not None


def test_one_row_of_each_label_trains_without_a_measure(tmp_path: Path) -> None:
    """Where nothing can be held out, accuracy is unknown rather than flattering."""
    result = train_model(TrainModel(examples=EXAMPLES[2:4]), FakeContext(tmp_path))
    assert result["held_out"] == 0
    assert result["accuracy"] is None


def test_a_column_of_one_label_is_refused(tmp_path: Path, sample: Artifact) -> None:
    """The error says what was expected, what came and what to do."""
    ctx = FakeContext(tmp_path, {"data": sample})
    with pytest.raises(NotRetryable, match="expected at most 1,000 different labels"):
        train_model(TrainModel(data="sample", text="label", label="text"), ctx)
    with pytest.raises(NotRetryable, match="'nothing'; name one in the request"):
        train_model(TrainModel(data="sample", label="nothing"), ctx)
