import json
from pathlib import Path

import pytest

from headway.artifacts import hash_file
from headway.context import Artifact, Redo
from headway.data.samples import bundled_rows
from headway.errors import CorruptArtifact, Interrupted, NotRetryable
from headway.operations.predict import MOST_IN_RESULT, batch_predict
from headway.operations.requests.predict import BatchPredict
from headway.operations.texts import CHUNK
from tests.operations.conftest import write
from tests.operations.fake_context import FakeContext, Saved

TEXTS = [*(text for text, _ in bundled_rows("sample")), *["my parcel"] * CHUNK, "", "zzz qqq"]


def test_every_text_gets_an_answer_in_the_order_sent(
    tmp_path: Path, default_model: Artifact
) -> None:
    """The result lists one prediction per text, and the items say the same."""
    ctx = FakeContext(tmp_path, {"model": default_model})
    result = batch_predict(BatchPredict(texts=TEXTS), ctx)
    assert result["total"] == len(result["predictions"]) == ctx.expected == len(TEXTS)
    assert result.keys() == {"predictions", "total"}
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
    data = Artifact(id="d", kind="dataset", name="gaps", path=path, sha256=hash_file(path))
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


def test_a_data_set_that_was_changed_is_refused(tmp_path: Path, default_model: Artifact) -> None:
    """A row that was put in by hand is answered by nobody."""
    path = tmp_path / "rows.parquet"
    write(path, ("text",), [("where is my parcel",)])
    data = Artifact(id="d", kind="dataset", name="rows", path=path, sha256=hash_file(path))
    write(path, ("text",), [("where is my money",)])
    with pytest.raises(CorruptArtifact, match=r"expected rows.parquet to have the hash"):
        batch_predict(
            BatchPredict(data="rows"), FakeContext(tmp_path, {"model": default_model, "data": data})
        )


def test_items_come_back_under_the_names_their_user_gave_them(
    tmp_path: Path, own_model: Artifact
) -> None:
    """Those without a text fail for themselves; every answer says which version gave it."""
    items = [{"custom_id": "a", "text": "where is my parcel"}, {"custom_id": "b", "text": None},
             {"text": "I want my money back"}]  # fmt: skip
    ctx = FakeContext(tmp_path, {"model": own_model})
    result = batch_predict(BatchPredict.model_validate({"items": items, "model": "own"}), ctx)
    assert [one["custom_id"] for one in ctx.durable] == ["a", "b", None]
    assert ["error" in one for one in ctx.durable] == [False, True, False]
    assert {one["model"] for one in ctx.durable} == {"own@1"}
    alone = batch_predict(
        BatchPredict(texts=["I want my money back"]), FakeContext(tmp_path, {"model": own_model})
    )
    assert result["predictions"][2] == {"custom_id": None} | alone["predictions"][0]


def test_a_data_sets_column_names_its_rows(tmp_path: Path, default_model: Artifact) -> None:
    """And may be the text itself."""
    path = tmp_path / "named.parquet"
    write(path, ("key", "text"), [("k1", "where is my parcel"), ("k2", "refund please")])
    data = Artifact(id="d", kind="dataset", name="named", path=path, sha256=hash_file(path))
    for column, expected in (
        ("key", ["k1", "k2"]),
        ("text", ["where is my parcel", "refund please"]),
    ):
        ctx = FakeContext(tmp_path, {"model": default_model, "data": data})
        request = BatchPredict(data="named", text="text", custom_id=column)
        assert batch_predict(request, ctx)["predicted"] == 2
        assert [one["custom_id"] for one in ctx.durable] == expected
    nameless = BatchPredict(data="named", text="text", custom_id="nope")
    ctx = FakeContext(tmp_path, {"model": default_model, "data": data})
    with pytest.raises(NotRetryable, match="custom_id column"):
        batch_predict(nameless, ctx)


def test_more_texts_than_a_result_can_hold_are_counted_there(
    tmp_path: Path, default_model: Artifact
) -> None:
    """Each answer is an item all the same."""
    ctx = FakeContext(tmp_path, {"model": default_model})
    result = batch_predict(BatchPredict(texts=["my parcel"] * (MOST_IN_RESULT + 1)), ctx)
    assert "predictions" not in result
    assert result["predicted"] == len(ctx.durable) == MOST_IN_RESULT + 1


def test_items_that_failed_are_asked_about_again_and_nothing_else_is(
    tmp_path: Path, own_model: Artifact
) -> None:
    """In the items and in the result; counts over an interruption included."""
    items = [{"custom_id": str(n), "text": "my parcel"} for n in range(4)]
    request = BatchPredict.model_validate({"items": items, "model": "own"})
    whole = FakeContext(tmp_path, {"model": own_model})
    expected = batch_predict(request, whole)
    broken = [dict(row) for row in whole.durable]
    broken[1] |= {"prediction": None, "confidence": None, "error": "no answer came"}
    broken[2] |= {"confidence": 0.123}  # as only the first run could have said it
    ctx = whole.after()
    ctx.durable, ctx.to_redo = list(broken), [Redo(0, broken)]
    result = batch_predict(request, ctx)
    assert ctx.durable[1] == whole.durable[1]
    assert ctx.durable[2]["confidence"] == 0.123
    assert [one["confidence"] for one in result["predictions"]] == [
        one["confidence"] for one in ctx.durable
    ]
    assert result["total"] == expected["total"]


def test_rows_of_a_data_set_that_failed_again_are_counted_as_such(
    tmp_path: Path, default_model: Artifact
) -> None:
    """Those that have an answer now are counted under it."""
    path = tmp_path / "again.parquet"
    write(path, ("text",), [("where is my parcel",), ("",), ("refund please",)])
    data = Artifact(id="d", kind="dataset", name="again", path=path, sha256=hash_file(path))
    first = FakeContext(tmp_path, {"model": default_model, "data": data})
    batch_predict(BatchPredict(data="again", text="text"), first)
    broken = [dict(row) for row in first.durable]
    lost = broken[2]["prediction"]
    broken[2] |= {"prediction": None, "error": "no answer came"}
    ctx = first.after()
    ctx.to_redo = [Redo(0, broken)]
    state = json.loads(first.checkpoints[-1].text)
    state["labels"][lost] -= 1
    state["predicted"] -= 1
    ctx.resumed = Saved(json.dumps(state), None)
    result = batch_predict(BatchPredict(data="again", text="text"), ctx)
    assert (result["predicted"], result["failed"]) == (2, 1)
    assert ctx.durable[2] == first.durable[2]
