"""Columns that an input names are held against what is known of its data set."""

from typing import Annotated

import pytest
from pydantic import BaseModel

from headway.artifacts import BUNDLED_DATASET
from headway.context import ColumnOf
from headway.errors import InvalidInput
from headway.job import Json
from headway.named_columns import check_columns
from headway.operations.requests.evaluate import EvaluateModel
from headway.operations.requests.predict import BatchPredict
from headway.operations.requests.preprocess import Preprocess
from headway.operations.requests.promote import PromoteModel
from headway.operations.requests.train import TrainModel

SAME: dict[str, Json] = {
    "columns": [
        {"name": "message", "distinct": 9, "distinct_exact": True},
        {"name": "queue", "distinct": 1, "distinct_exact": True},
    ],
    "text_column": "message",
    "label_column": None,
}


@pytest.mark.parametrize("model", [TrainModel, EvaluateModel, PromoteModel, Preprocess])
@pytest.mark.parametrize("field", ["text", "label"])
def test_a_column_that_is_not_there_is_refused(model: type[BaseModel], field: str) -> None:
    with pytest.raises(InvalidInput, match="'text', 'label', got: 'nope'; name one") as refused:
        check_columns(model, {"data": "sample", field: "nope"}, {"data": BUNDLED_DATASET})
    assert [pointer for pointer, _ in refused.value.errors] == [f"/input/{field}"]
    for name in ("text", "label"):
        check_columns(model, {"data": "sample", field: name}, {"data": BUNDLED_DATASET})


def test_names_of_the_users_items_are_a_column_too() -> None:
    with pytest.raises(InvalidInput, match="got: 'id'") as refused:
        check_columns(BatchPredict, {"custom_id": "id"}, {"data": SAME})
    assert [pointer for pointer, _ in refused.value.errors] == ["/input/custom_id"]


def test_a_column_that_nobody_named_must_have_been_found() -> None:
    with pytest.raises(InvalidInput, match="a label column among 'message', 'queue', got: none"):
        check_columns(EvaluateModel, {}, {"data": SAME})
    check_columns(Preprocess, {}, {"data": SAME})  # which needs none
    check_columns(BatchPredict, {}, {"data": SAME})


def test_one_label_is_nothing_to_learn() -> None:
    with pytest.raises(InvalidInput, match=r"at least 2 different values .* got 1 in 'queue'"):
        check_columns(TrainModel, {"label": "queue"}, {"data": SAME})
    check_columns(EvaluateModel, {"label": "queue"}, {"data": SAME})


def test_where_nothing_is_known_nothing_is_refused() -> None:
    """A data set that an operation of the user's published, a file, texts in the request."""

    class Mine(BaseModel):
        column: Annotated[str, ColumnOf("data")]

    check_columns(Mine, {"column": "x"}, {})
    check_columns(Mine, {"column": "x"}, {"data": {"rows": 3}})
