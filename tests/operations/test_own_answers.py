"""Models of the user's own in the operations that ask about many texts."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headway.artifacts import hash_file
from headway.context import Artifact, Redo
from headway.errors import Interrupted, NotRetryable
from headway.operations.answers import MOST_LABELS, Counted
from headway.operations.evaluate import evaluate_model
from headway.operations.predict import batch_predict
from headway.operations.promote import promote_model
from headway.operations.requests.evaluate import EvaluateModel
from headway.operations.requests.predict import BatchPredict
from headway.operations.requests.promote import PromoteModel
from headway.operations.texts import CHUNK
from headway.own_model import OwnModel, model
from tests.operations.conftest import write
from tests.operations.fake_context import FakeContext

TEXTS = [f"text {number}" for number in range(3 * CHUNK)]


class Sampling:
    """Never says the same twice, as a model with a temperature; counts what it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def load(self, path: Path) -> "Sampling":
        return self

    def predict(self, texts: list[str]) -> list[Any]:
        self.asked += texts
        if "bad" in texts:
            raise ValueError("no idea")
        return [f"answer {len(self.asked)}" for _ in texts]


class Saying:
    """Says what it was made to say, with that confidence."""

    def __init__(self, of: Any, confidence: float | None = None) -> None:
        self._of, self._confidence = of, confidence

    def load(self, path: Path) -> "Saying":
        return self

    def predict(self, texts: list[str]) -> list[Any]:
        return [(self._of(text), self._confidence) for text in texts]


def context(folder: Path, own: Any, **artifacts: Artifact) -> FakeContext:
    path = folder / "own.bin"
    path.write_bytes(b"own")
    mine = Artifact(
        id="m", kind="model", name="own", path=path, sha256=hash_file(path),
        owner="alice", meta={"format": "own"},
    )  # fmt: skip
    kind: OwnModel = model("own", batch=500)(own)
    return FakeContext(folder, {"model": mine, **artifacts}, own_models={"own": kind})


def labelled(folder: Path, rows: list[tuple[str, str]]) -> Artifact:
    path = folder / "rows.parquet"
    write(path, ("text", "label"), rows)
    return Artifact(id="d", kind="dataset", name="rows", path=path, sha256=hash_file(path))


def test_a_resumed_batch_asks_only_about_the_rest_and_tells_what_its_items_say(
    tmp_path: Path,
) -> None:
    own = Sampling()
    first = context(tmp_path, own)
    first.interrupt_at = 2
    with pytest.raises(Interrupted):
        batch_predict(BatchPredict(texts=TEXTS), first)
    second = first.after()
    result = batch_predict(BatchPredict(texts=TEXTS), second)
    assert own.asked == TEXTS
    assert [one["prediction"] for one in result["predictions"]] == [
        one["prediction"] for one in second.durable
    ]


def test_a_failed_item_that_is_tried_again_is_all_that_is_asked_about(tmp_path: Path) -> None:
    own = Sampling()
    first = context(tmp_path, own)
    result = batch_predict(BatchPredict(texts=["a", "bad", "c"]), first)
    assert [one["error"] for one in result["predictions"] if "error" in one] == ["no idea"]
    own.asked.clear()
    again = first.after()
    again.to_redo = [Redo(0, [dict(row) for row in first.durable])]
    result = batch_predict(BatchPredict(texts=["a", "bad", "c"]), again)
    assert own.asked == ["bad"]
    assert [one["prediction"] for one in result["predictions"]] == [
        one["prediction"] for one in again.durable
    ]


def test_answers_that_are_no_labels_are_not_counted_one_by_one(tmp_path: Path) -> None:
    """Else each of them would be in every checkpoint, and in the result."""
    data = labelled(tmp_path, [(text, "x") for text in TEXTS])
    ctx = context(tmp_path, Saying(str.upper), data=data)
    result = batch_predict(BatchPredict(data="rows", model="own", text="text"), ctx)
    assert (result["predicted"], result["failed"]) == (len(TEXTS), 0)
    assert result["labels"] is None
    assert max(len(one.text) for one in ctx.checkpoints) < 50 * MOST_LABELS


def test_answers_too_long_for_a_result_are_counted_in_it(tmp_path: Path) -> None:
    """They are all among the items."""
    ctx = context(tmp_path, Saying(lambda text: text * 100))
    result = batch_predict(BatchPredict(texts=TEXTS), ctx)
    assert (result["total"], result["predicted"]) == (len(TEXTS), len(TEXTS))
    assert "predictions" not in result
    assert len(ctx.durable) == len(TEXTS)


def test_counts_of_shards_add_up_also_where_some_counted_no_labels() -> None:
    few, many = Counted(2, Counter(a=2)), Counted(9, None)
    few.merge(Counted(1, Counter(b=1)))
    assert few.as_json() == {"predicted": 3, "labels": {"a": 2, "b": 1}}
    few.merge(many)
    assert few.as_json() == {"predicted": 12, "labels": None}


def test_confidence_that_nobody_gave_is_not_judged(tmp_path: Path) -> None:
    data = labelled(tmp_path, [("a", "x"), ("b", "y"), ("c", "x")])
    told = evaluate_model(
        EvaluateModel(model="own", data="rows"), context(tmp_path, Saying(lambda _: "x"), data=data)
    )
    assert told["accuracy"] == 2 / 3
    assert told["calibration_error"] is None
    assert told["reliability"] == []
    assert told["mistakes"][0]["confidence"] is None
    sure = context(tmp_path, Saying(lambda _: "x", 1.0), data=data)
    told = evaluate_model(EvaluateModel(model="own", data="rows"), sure)
    assert told["calibration_error"] == pytest.approx(1 / 3)


def test_a_model_whose_answers_are_no_labels_is_not_judged(tmp_path: Path) -> None:
    """The matrix of all it ever said would take gigabytes."""
    data = labelled(tmp_path, [(text, f"{number % 3}") for number, text in enumerate(TEXTS)])
    ctx = context(tmp_path, Saying(str.upper), data=data)
    with pytest.raises(NotRetryable, match="different labels and answers, got more"):
        evaluate_model(EvaluateModel(model="own", data="rows"), ctx)
    with pytest.raises(NotRetryable, match="different labels and answers, got more"):
        promote_model(PromoteModel(model="own", data="rows", alias="champion"), ctx)


def test_a_column_of_ids_is_no_label_column(tmp_path: Path, own_model: Artifact) -> None:
    data = labelled(tmp_path, [(text, text) for text in TEXTS])
    ctx = FakeContext(tmp_path, {"model": own_model, "data": data}, owner=own_model.owner)
    with pytest.raises(NotRetryable, match="name the right column in `label`"):
        promote_model(PromoteModel(model="own", data="rows", alias="champion", label="label"), ctx)
