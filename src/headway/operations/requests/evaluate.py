"""What `evaluate_model` takes."""

from pydantic import Field

from headway.context import DatasetName, ModelName
from headway.operations.requests.base import ColumnName, OperationRequest


class EvaluateModel(OperationRequest):
    """Compare a model's answers with a labelled data set."""

    model: ModelName = Field(default="default", description="The model to judge.")
    data: DatasetName = Field(description="The data set to judge it by.")
    text: ColumnName | None = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    label: ColumnName | None = Field(
        default=None, description="The column with the labels; without it, guessed."
    )
