"""What `train_model` takes."""

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from headway.context import DatasetName
from headway.operations.requests.base import ColumnName, Name, OperationRequest, Text, exactly_one

MAX_EXAMPLES: Final = 100_000


class Example(OperationRequest):
    """A text and what it is."""

    text: Text
    label: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class TrainModel(OperationRequest):
    """Train a text classifier on a data set or on examples."""

    data: DatasetName | None = Field(default=None, description="The data set to learn from.")
    examples: list[Example] | None = Field(
        default=None,
        max_length=MAX_EXAMPLES,
        description="What to learn from, in place of a data set; at least two different labels.",
    )
    text: ColumnName | None = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    label: ColumnName | None = Field(
        default=None, description="The column with the labels; without it, guessed."
    )
    name: Name = Field(default="text-classifier", description="The model's name.")
    alias: Name | None = Field(default=None, description="An alias to give the new version.")
    epochs: int = Field(
        default=10, ge=1, le=1000, description="Passes of training; all of them are run."
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="Chooses the rows that are held out.")
    early_stopping: bool = Field(default=False, description="Stop once the loss is on a plateau.")
    validation: float = Field(
        default=0.1, gt=0, le=0.5, description="The share of rows held out to measure accuracy on."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        exactly_one(data=self.data, examples=self.examples)
        if self.examples is not None:
            labels = {example.label for example in self.examples}
            if len(labels) < 2:
                raise ValueError(
                    "expected examples of at least 2 different labels, got:"
                    f" {', '.join(map(repr, labels)) or 'no examples'}; add examples of another label"
                )
        return self
