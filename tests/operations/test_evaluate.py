from pathlib import Path

import pytest

from headway.context import Artifact
from headway.errors import Interrupted
from headway.operations.evaluate import evaluate_model
from headway.operations.requests.evaluate import EvaluateModel
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
    data = Artifact(id="d", kind="dataset", name="new", path=path, sha256="")
    ctx = FakeContext(tmp_path, {"model": default_model, "data": data})
    result = evaluate_model(EvaluateModel(data="new"), ctx)
    assert result["confusion"]["labels"][-1] == "poetry"
    assert result["per_class"][-1]["recall"] == 0
    assert result["accuracy"] <= 0.5
