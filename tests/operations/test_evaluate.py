from pathlib import Path

import pytest

from headway.artifacts import hash_file
from headway.context import Artifact
from headway.data.samples import bundled_rows
from headway.errors import Interrupted
from headway.operations.evaluate import evaluate_model
from headway.operations.requests.evaluate import EvaluateModel
from headway.operations.requests.train import Example, TrainModel
from headway.operations.train import train_model
from tests.operations.conftest import write
from tests.operations.fake_context import FakeContext


def test_an_evaluation_tells_how_good_the_model_is(
    tmp_path: Path, default_model: Artifact, sample: Artifact
) -> None:
    """The figures agree with the confusion matrix."""
    ctx = FakeContext(tmp_path, {"model": default_model, "data": sample})
    result = evaluate_model(EvaluateModel(data="sample"), ctx)
    matrix = result["confusion"]["matrix"]
    assert sum(map(sum, matrix)) == result["rows"] == 3_000
    assert sum(matrix[i][i] for i in range(len(matrix))) / 3_000 == result["accuracy"] > 0.9
    assert 0.9 < result["macro_f1"] < 1
    assert 0 <= result["calibration_error"] < 0.2
    assert [one["label"] for one in result["per_class"]] == result["confusion"]["labels"]


def test_an_interrupted_evaluation_ends_with_the_same_figures(
    tmp_path: Path, own_model: Artifact, small: Artifact
) -> None:
    """The counts made before the interruption are kept, and none is made twice."""
    request = EvaluateModel(data="small", model="own")
    artifacts = {"model": own_model, "data": small}
    expected = evaluate_model(request, FakeContext(tmp_path, artifacts))
    first = FakeContext(tmp_path, artifacts, interrupt_at=2)
    with pytest.raises(Interrupted):
        evaluate_model(request, first)
    assert evaluate_model(request, first.after()) == expected


def test_a_label_the_model_does_not_know_counts_as_missed(
    tmp_path: Path, default_model: Artifact
) -> None:
    """It has a line of its own, a recall of 0, and lowers the accuracy."""
    path = tmp_path / "new.parquet"
    write(path, ("text", "label"), [("where is my parcel", "delivery"), ("a poem", "poetry")])
    data = Artifact(id="d", kind="dataset", name="new", path=path, sha256=hash_file(path))
    ctx = FakeContext(tmp_path, {"model": default_model, "data": data})
    result = evaluate_model(EvaluateModel(data="new"), ctx)
    (poetry,) = (one for one in result["per_class"] if one["label"] == "poetry")
    assert (poetry["recall"], poetry["support"]) == (0, 1)
    assert "poetry" in result["confusion"]["labels"]
    assert result["accuracy"] <= 0.5


def test_mistakes_come_the_surest_first(
    tmp_path: Path, default_model: Artifact, small: Artifact
) -> None:
    """Each with its row, its text and what was said; none of them is right."""
    ctx = FakeContext(tmp_path, {"model": default_model, "data": small})
    result = evaluate_model(EvaluateModel(data="small"), ctx)
    mistakes = result["mistakes"]
    rows = list(bundled_rows("sample")) * 4
    assert len(mistakes) == 50
    order = [(-one["confidence"], one["row"]) for one in mistakes]
    assert order == sorted(order)
    for one in mistakes:
        assert (one["text"], one["label"]) == (rows[one["row"]][0][:200], rows[one["row"]][1])
        assert one["prediction"] != one["label"]
    assert result["confused_labels"][0]["rows"] >= result["confused_labels"][-1]["rows"] > 0


def test_the_reliability_curve_adds_up_to_the_calibration_error(
    tmp_path: Path, default_model: Artifact, sample: Artifact
) -> None:
    """Its bins hold every row, and their gaps weighted by rows are the error."""
    ctx = FakeContext(tmp_path, {"model": default_model, "data": sample})
    result = evaluate_model(EvaluateModel(data="sample"), ctx)
    curve = result["reliability"]
    assert sum(one["rows"] for one in curve) == 3_000
    assert all(one["from"] <= one["confidence"] <= one["to"] for one in curve)
    gaps = sum(abs(one["confidence"] - one["accuracy"]) * one["rows"] for one in curve)
    assert gaps / 3_000 == pytest.approx(result["calibration_error"])


def test_two_models_are_compared_on_the_same_rows(
    tmp_path: Path, default_model: Artifact, sample: Artifact
) -> None:
    """A model that was trained on half of the labels is behind the one that knows all, and both
    figures are those of evaluations of their own."""
    train = FakeContext(tmp_path / "train")
    known = [row for row in bundled_rows("sample") if row[1] in ("login", "delivery")][:200]
    train_model(TrainModel(examples=[Example(text=t, label=n) for t, n in known], epochs=2), train)
    path = tmp_path / "half.npz"
    path.write_bytes(train.published[0].content)
    half = Artifact(id="h", kind="model", name="half", path=path, sha256=hash_file(path))
    artifacts = {"model": default_model, "against": half, "data": sample}
    request = EvaluateModel(data="sample", against="half")
    result = evaluate_model(request, FakeContext(tmp_path, artifacts))
    alone = evaluate_model(EvaluateModel(data="sample"), FakeContext(tmp_path, artifacts))
    other = evaluate_model(
        EvaluateModel(data="sample"), FakeContext(tmp_path, {"model": half, "data": sample})
    )
    comparison = result["comparison"]
    assert result["against_id"] == "h"
    assert result["accuracy"] == alone["accuracy"]
    assert comparison["accuracy"] == other["accuracy"]
    assert comparison["macro_f1"] == other["macro_f1"]
    assert sum(comparison["right"].values()) == 3_000
    ahead = comparison["differences"]["accuracy"]
    assert 0 < ahead["low"] < ahead["difference"] < ahead["high"]
    assert ahead["difference"] == pytest.approx(result["accuracy"] - comparison["accuracy"])
    assert alone["comparison"] is None


def test_an_interrupted_comparison_ends_with_the_same_figures(
    tmp_path: Path, own_model: Artifact, default_model: Artifact, small: Artifact
) -> None:
    """The interval included."""
    request = EvaluateModel(data="small", model="own", against="default", seed=7)
    artifacts = {"model": own_model, "against": default_model, "data": small}
    expected = evaluate_model(request, FakeContext(tmp_path, artifacts))
    first = FakeContext(tmp_path, artifacts, interrupt_at=2)
    with pytest.raises(Interrupted):
        evaluate_model(request, first)
    assert evaluate_model(request, first.after()) == expected


def test_many_labels_give_pairs_in_place_of_a_matrix(
    tmp_path: Path, default_model: Artifact
) -> None:
    """The result stays in bounds."""
    path = tmp_path / "many.parquet"
    write(path, ("text", "label"), [(f"text {n}", f"label {n % 250}") for n in range(1_000)])
    data = Artifact(id="d", kind="dataset", name="many", path=path, sha256=hash_file(path))
    ctx = FakeContext(tmp_path, {"model": default_model, "data": data})
    result = evaluate_model(EvaluateModel(data="many"), ctx)
    assert result["confusion"] is None
    assert len(result["confused_labels"]) == len(result["mistakes"]) == 50
