"""What `promote_model` takes."""

from pydantic import Field

from headway.context import DatasetName, ModelName
from headway.operations.requests.base import ColumnName, Name, OperationRequest


class PromoteModel(OperationRequest):
    """Move an alias to a model of yours, if it is good enough on a data set."""

    model: ModelName = Field(description="The candidate, a model of yours.")
    alias: Name = Field(description="The alias to move.", examples=["champion"])
    data: DatasetName = Field(description="The labelled data set to judge by.")
    against: ModelName | None = Field(
        default=None,
        description="The model to compare with; without one the candidate has no rival.",
    )
    tolerance: float = Field(
        default=0.0, ge=0, le=1, description="How much worse its macro F1 may be."
    )
    at_least: float | None = Field(
        default=None, ge=0, le=1, description="A macro F1 that it must reach in any case."
    )
    text: ColumnName | None = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    label: ColumnName | None = Field(
        default=None, description="The column with the labels; without it, guessed."
    )
