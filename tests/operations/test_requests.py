import subprocess
import sys

import pytest
from pydantic import BaseModel, ValidationError

from headway.job import Json
from headway.operations import BUILTIN
from headway.operations.requests.evaluate import EvaluateModel
from headway.operations.requests.import_csv import ImportCsv
from headway.operations.requests.predict import BatchPredict
from headway.operations.requests.preprocess import Preprocess
from headway.operations.requests.promote import PromoteModel
from headway.operations.requests.train import TrainModel
from headway.registry import Registry

LOWER = {"step": "lower_case"}
LABELS = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]


def test_knowing_the_operations_imports_no_numbers() -> None:
    """An API process that lists the schemas pays for Pydantic only."""
    code = (
        "import sys, headway.operations as o; [one.input.model_json_schema() for one in o.BUILTIN];"
        "print([m for m in ('numpy', 'scipy', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_operation_loads_its_function() -> None:
    """What is declared by name exists under that name."""
    for operation in Registry(BUILTIN):
        assert getattr(operation.load(), "__name__", None) == operation.name
        # Those that share a process keep a model loaded, or wait for others; all else is work for
        # a core.
        assert operation.is_async == (operation.name in {"ask_model", "deliver_notice"})


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": "1"}, {"epochs": True}, {"epochs": " 3 "}, {"seed": "7"}, {"validation": "0.2"},
     {"early_stopping": "yes"}, {"early_stopping": 1}, {"class_weights": {"x": "2"}}],
)  # fmt: skip
def test_another_type_is_refused_and_not_turned_into_the_right_one(wrong: dict[str, Json]) -> None:
    with pytest.raises(ValidationError) as refused:
        TrainModel.model_validate({"data": "sample", **wrong})
    assert refused.value.errors()[0]["loc"][0] == next(iter(wrong))
    assert TrainModel.model_validate({"data": "sample", "penalty": 1}).penalty == 1


def test_the_options_of_an_import_may_be_text() -> None:
    """They come as a query."""
    assert ImportCsv.model_validate({"has_header": "true", "max_errors": "0.5"}).max_errors == 0.5


def test_the_fields_that_name_artefacts_are_known() -> None:
    """The queue pins these before the job exists."""
    references = {operation.name: dict(operation.references) for operation in BUILTIN}
    assert references == {
        "import_csv": {"file": "file"},
        "preprocess": {"data": "dataset"},
        "train_model": {"data": "dataset", "validation_data": "dataset"},
        "batch_predict": {"data": "dataset", "file": "file", "model": "model"},
        "evaluate_model": {"model": "model", "against": "model", "data": "dataset"},
        "promote_model": {
            "model": "model",
            "data": "dataset",
            "against": "model",
            "replaces": "model",
        },
        "register_model": {"file": "file"},
        "ask_model": {"model": "model"},
        "deliver_notice": {},
    }


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (TrainModel, {}),
        (TrainModel, {"data": "sample", "examples": LABELS}),
        (TrainModel, {"examples": LABELS[:1]}),
        (TrainModel, {"data": "sample", "epochs": 0}),
        (TrainModel, {"data": "sample", "epochs": 1001}),
        (TrainModel, {"data": "sample", "name": "../x"}),
        (TrainModel, {"data": "sample", "features": "pictures"}),
        (TrainModel, {"data": "sample", "penalty": 0}),
        (TrainModel, {"data": "sample", "class_weights": {"x": 0}}),
        (TrainModel, {"data": "sample", "class_weights": "heavy"}),
        (TrainModel, {"data": "sample", "validation": 0.2, "validation_data": "sample"}),
        (TrainModel, {"data": "sample", "surprise": 1}),
        (BatchPredict, {}),
        (BatchPredict, {"texts": []}),
        (BatchPredict, {"texts": ["a"], "data": "sample"}),
        (EvaluateModel, {"model": "m"}),
        (EvaluateModel, {"data": "sample", "text": "t", "label": "t"}),
        (TrainModel, {"data": "sample", "text": "t", "label": "t"}),
        (Preprocess, {"data": "sample", "text": "t", "label": "t", "steps": [LOWER]}),
        (PromoteModel, {"model": "m", "alias": "a", "data": "d", "text": "t", "label": "t"}),
        (ImportCsv, {"delimiter": "::"}),
        (ImportCsv, {"delimiter": "\n"}),
        (ImportCsv, {"columns": ["a", "a"]}),
        (ImportCsv, {"types": {"a": "colour"}}),
        (ImportCsv, {"encoding": "base64"}),
        (ImportCsv, {"encoding": "cp037"}),
        (ImportCsv, {"encoding": "punycode"}),
        (ImportCsv, {"encoding": "undefined"}),
        (ImportCsv, {"encoding": "unicode_escape"}),
        (ImportCsv, {"encoding": "klingon"}),
        (ImportCsv, {"max_errors": float("nan")}),
    ],
)
def test_a_request_that_can_never_work_is_refused(model: type[BaseModel], value: Json) -> None:
    """Before a job is made of it."""
    with pytest.raises(ValidationError):
        model.model_validate(value)
