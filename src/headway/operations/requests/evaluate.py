"""What `evaluate_model` takes."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from headway.context import ColumnOf, DatasetName, ModelName
from headway.operations.requests.base import ColumnName, OperationRequest, RowRange, two_columns


class EvaluateModel(OperationRequest):
    """Compare a model's answers with a labelled data set."""

    model: ModelName = Field(default="default", description="The model to judge.")
    against: ModelName | None = Field(
        default=None, description="Another model to compare it with, on the same rows."
    )
    data: DatasetName = Field(description="The data set to judge it by.")
    text: Annotated[ColumnName | None, ColumnOf("data", "text")] = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    label: Annotated[ColumnName | None, ColumnOf("data", "label")] = Field(
        default=None, description="The column with the labels; without it, guessed."
    )
    rows: RowRange | None = Field(
        default=None, description="Only these rows of the data set; without it, all."
    )
    seed: int = Field(
        default=0, ge=0, lt=2**63, description="Draws the samples that a comparison rests on."
    )

    @model_validator(mode="after")
    def _two_columns(self) -> Self:
        two_columns(self.text, self.label)
        return self
