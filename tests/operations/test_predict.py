from pathlib import Path

import pytest

from headway.context import Artifact
from headway.data.samples import bundled_rows
from headway.errors import CorruptArtifact, Interrupted
from headway.operations.predict import CHUNK, batch_predict
from headway.operations.requests.predict import BatchPredict
from tests.operations.conftest import write
from tests.operations.fake_context import FakeContext

TEXTS = [*(text for text, _ in bundled_rows("sample")), *["my parcel"] * CHUNK, "", "zzz qqq"]


def test_every_text_gets_an_answer_in_the_order_sent(
    tmp_path: Path, default_model: Artifact
) -> None:
    """The result lists one prediction per text, and the items say the same."""
    ctx = FakeContext(tmp_path, {"model": default_model})
    result = batch_predict(BatchPredict(texts=TEXTS), ctx)
    assert result["total"] == len(result["predictions"]) == ctx.expected == len(TEXTS)
    assert result["model_id"] == "bundled:default"
    assert [item["index"] for item in ctx.durable] == list(range(len(TEXTS)))
    items = [{key: item[key] for key in ("prediction", "confidence")} for item in ctx.durable]
    assert items == result["predictions"]


def test_an_interrupted_prediction_answers_each_text_once(
    tmp_path: Path, default_model: Artifact
) -> None:
    """The items are those of an undisturbed run, and the result lists all answers."""
    request = BatchPredict(texts=TEXTS)
    whole = FakeContext(tmp_path, {"model": default_model})
    expected = batch_predict(request, whole)
    first = FakeContext(tmp_path, {"model": default_model}, interrupt_at=1)
    with pytest.raises(Interrupted):
        batch_predict(request, first)
    second = first.after()
    assert batch_predict(request, second) == expected
    assert second.durable == whole.durable


def test_a_data_set_is_predicted_chunk_by_chunk_and_counted(
    tmp_path: Path, own_model: Artifact, small: Artifact
) -> None:
    """The result holds counts, which stay right over an interruption."""
    request = BatchPredict(data="small", model="own")
    whole = FakeContext(tmp_path, {"model": own_model, "data": small})
    expected = batch_predict(request, whole)
    assert expected["total"] == expected["predicted"] == sum(expected["labels"].values()) == 12_000
    assert "predictions" not in expected
    first = FakeContext(tmp_path, {"model": own_model, "data": small}, interrupt_at=2)
    with pytest.raises(Interrupted):
        batch_predict(request, first)
    second = first.after()
    assert batch_predict(request, second) == expected
    assert second.durable == whole.durable


def test_a_row_without_a_text_is_a_failed_item(tmp_path: Path, default_model: Artifact) -> None:
    """It keeps its place, with an error in place of an answer."""
    path = tmp_path / "gaps.parquet"
    write(path, ("text",), [("where is my parcel",), ("",)])
    data = Artifact(id="d", kind="dataset", name="gaps", path=path, sha256="")
    ctx = FakeContext(tmp_path, {"model": default_model, "data": data})
    result = batch_predict(BatchPredict(data="gaps"), ctx)
    assert (result["predicted"], result["failed"]) == (1, 1)
    assert ctx.durable[1]["error"] == "expected a text, got an empty cell"


def test_a_model_file_that_was_changed_is_refused(tmp_path: Path, own_model: Artifact) -> None:
    """No answer comes from bytes other than those that were recorded."""
    path = tmp_path / "model.npz"
    path.write_bytes(own_model.path.read_bytes() + b"x")
    changed = Artifact(id="m", kind="model", name="own", path=path, sha256=own_model.sha256)
    with pytest.raises(CorruptArtifact, match="SHA-256"):
        batch_predict(BatchPredict(texts=["a"]), FakeContext(tmp_path, {"model": changed}))
