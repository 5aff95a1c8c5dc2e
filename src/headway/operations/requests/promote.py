"""What `promote_model` takes."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from headway.context import ColumnOf, DatasetName, ModelName
from headway.operations.requests.base import ColumnName, Name, OperationRequest, two_columns


class PromoteModel(OperationRequest):
    """Move an alias to a model of yours, if it is good enough on a data set."""

    model: ModelName = Field(description="The candidate, a model of yours.")
    alias: Name = Field(description="The alias to move.", examples=["champion"])
    data: DatasetName = Field(description="The labelled data set to judge by.")
    against: ModelName | None = Field(
        default=None,
        description="The model to compare with; without one the candidate has no rival.",
    )
    replaces: ModelName | None = Field(
        default=None,
        description="Move the alias only if it still points to this version then; else the job"
        " fails.",
    )
    new: bool = Field(
        default=False, description="Move it only if there is no such alias; else the job fails."
    )
    tolerance: float = Field(
        default=0.0, ge=0, le=1, description="How much worse its macro F1 may be."
    )
    at_least: float | None = Field(
        default=None, ge=0, le=1, description="A macro F1 that it must reach in any case."
    )
    text: Annotated[ColumnName | None, ColumnOf("data", "text")] = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    label: Annotated[ColumnName | None, ColumnOf("data", "label")] = Field(
        default=None, description="The column with the labels; without it, guessed."
    )

    @model_validator(mode="after")
    def _two_columns(self) -> Self:
        two_columns(self.text, self.label)
        return self

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        if self.new and self.replaces is not None:
            raise ValueError("expected one of replaces, new, got both; leave one out")
        return self
