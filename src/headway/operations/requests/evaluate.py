"""What `evaluate_model` takes."""

from pydantic import Field

from headway.context import DatasetName, ModelName
from headway.operations.requests.base import ColumnName, OperationRequest, RowRange


class EvaluateModel(OperationRequest):
    """Compare a model's answers with a labelled data set."""

    model: ModelName = Field(default="default", description="The model to judge.")
    against: ModelName | None = Field(
        default=None, description="Another model to compare it with, on the same rows."
    )
    data: DatasetName = Field(description="The data set to judge it by.")
    text: ColumnName | None = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    label: ColumnName | None = Field(
        default=None, description="The column with the labels; without it, guessed."
    )
    rows: RowRange | None = Field(
        default=None, description="Only these rows of the data set; without it, all."
    )
    seed: int = Field(
        default=0, ge=0, lt=2**63, description="Draws the samples that a comparison rests on."
    )
