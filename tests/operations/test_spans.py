"""Large inputs in stretches: together they are the whole, and come to the same."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from headway.context import Artifact
from headway.operation import MOST_SHARDS
from headway.operations import evaluate, predict
from headway.operations.requests.base import RowRange
from headway.operations.requests.evaluate import EvaluateModel
from headway.operations.requests.predict import BatchPredict
from headway.operations.spans import SHARD_ROWS, UNDIVIDED, spans
from tests.operations.fake_context import FakeContext

CUTS = (RowRange(first=0, count=4_999), RowRange(first=4_999, count=3_001),
        RowRange(first=8_000, count=4_000))  # fmt: skip


@given(st.integers(0, 50_000_000))
def test_spans_cover_all_rows_in_order_and_are_of_nearly_equal_length(total: int) -> None:
    found = spans(total)
    if total < UNDIVIDED:
        assert found == []
        return
    assert [one.first for one in found] == [0, *(one.first + one.count for one in found)][:-1]
    assert sum(one.count for one in found) == total
    lengths = {one.count for one in found}
    assert max(lengths) - min(lengths) <= 1
    assert 2 <= len(found) <= MOST_SHARDS
    assert min(lengths) > predict.MOST_IN_RESULT
    assert len(found) == MOST_SHARDS or max(lengths) <= SHARD_ROWS


def test_shards_of_a_prediction_come_to_what_the_whole_does(
    tmp_path: Path, own_model: Artifact, small: Artifact
) -> None:
    """The same counts, and the same items in the same order."""
    artifacts = {"model": own_model, "data": small}
    request = BatchPredict(data="small", model="own")
    whole = FakeContext(tmp_path, artifacts)
    expected = predict.batch_predict(request, whole)
    shards = [FakeContext(tmp_path, artifacts, shard=number) for number in range(len(CUTS))]
    results = [
        predict.batch_predict(request.model_copy(update={"rows": rows}), ctx)
        for rows, ctx in zip(CUTS, shards, strict=True)
    ]
    assert [ctx.expected for ctx in shards] == [rows.count for rows in CUTS]
    assert predict.merge(request, results, whole) == expected
    items = [{**item, "index": None} for ctx in shards for item in ctx.durable]
    assert items == [{**item, "index": None} for item in whole.durable]


def test_shards_of_an_evaluation_come_to_what_the_whole_does(
    tmp_path: Path, own_model: Artifact, small: Artifact
) -> None:
    """Every figure, the worst mistakes and their rows too."""
    artifacts = {"model": own_model, "data": small}
    request = EvaluateModel(data="small", model="own")
    whole = FakeContext(tmp_path, artifacts)
    expected = evaluate.evaluate_model(request, whole)
    results = [
        evaluate.evaluate_model(
            request.model_copy(update={"rows": rows}),
            FakeContext(tmp_path, artifacts, shard=number),
        )
        for number, rows in enumerate(CUTS)
    ]
    merged = evaluate.merge(request, results, whole)
    assert merged.pop("calibration_error") == pytest.approx(expected.pop("calibration_error"))
    bins = zip(merged.pop("reliability"), expected.pop("reliability"), strict=True)
    assert all(found == pytest.approx(wanted) for found, wanted in bins)
    assert merged == expected


def test_a_large_input_is_split_and_a_small_one_is_not(
    tmp_path: Path, default_model: Artifact, small: Artifact
) -> None:
    ctx = FakeContext(tmp_path, {"model": default_model, "data": small})
    assert predict.split(BatchPredict(data="small"), ctx) == []
    assert evaluate.split(EvaluateModel(data="small"), ctx) == []
    assert predict.split(BatchPredict(texts=["a"] * 1000), ctx) == []
    assert not ctx.expected
    texts = [f"text {number}" for number in range(UNDIVIDED)]
    shards = predict.split(BatchPredict(texts=texts), ctx)
    assert [text for one in shards for text in one.texts or ()] == texts
    assert (len(shards), ctx.expected) == (2, UNDIVIDED)


def test_rows_beyond_the_data_set_are_none(
    tmp_path: Path, default_model: Artifact, small: Artifact
) -> None:
    """What is there of them is answered."""
    ctx = FakeContext(tmp_path, {"model": default_model, "data": small})
    request = BatchPredict(data="small", rows=RowRange(first=11_990, count=50))
    assert predict.batch_predict(request, ctx)["total"] == 10
    with pytest.raises(ValidationError, match="rows with `data` only"):
        BatchPredict(texts=["a"], rows=RowRange(count=1))
