"""What `train_model` takes."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from headway.context import ColumnOf, DatasetName
from headway.operations.requests.base import (
    ColumnName,
    Label,
    Name,
    OperationRequest,
    Text,
    exactly_one,
    two_columns,
)

MAX_EXAMPLES: Final = 100_000


Weight = Annotated[float, Field(gt=0, le=1e6)]


class Example(OperationRequest):
    """A text and what it is."""

    text: Text
    label: Label


class TrainModel(OperationRequest):
    """Train a text classifier on a data set or on examples."""

    data: DatasetName | None = Field(default=None, description="The data set to learn from.")
    examples: list[Example] | None = Field(
        default=None,
        max_length=MAX_EXAMPLES,
        description="What to learn from, in place of a data set; at least two different labels.",
    )
    text: Annotated[ColumnName | None, ColumnOf("data", "text")] = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    label: Annotated[ColumnName | None, ColumnOf("data", "label", least=2)] = Field(
        default=None, description="The column with the labels; without it, guessed."
    )
    name: Name = Field(default="text-classifier", description="The model's name.")
    alias: Name | None = Field(default=None, description="An alias to give the new version.")
    epochs: int = Field(
        default=10, ge=1, le=1000, description="Passes of training; all of them are run."
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**63,
        description="Chooses the rows that are held out. The same seed and rows give the same model.",
    )
    early_stopping: bool = Field(default=False, description="Stop once the loss is on a plateau.")
    validation: float = Field(
        default=0.1, gt=0, le=0.5, description="The share of rows held out to measure accuracy on."
    )
    validation_data: DatasetName | None = Field(
        default=None,
        description="A data set to measure accuracy on, with columns as in `data`, in place of a share.",
    )
    features: Literal["words", "characters", "words+characters", "auto"] = Field(
        default="words",
        description="What of a text counts: words and word pairs, runs of 3 to 5 characters within"
        " words, both, or whatever did best in a tryout on some of the training rows.",
    )
    penalty: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="The weight of errors against that of large weights, the `C` of a linear SVM;"
        " without it 1, or what `auto` chose.",
    )
    class_weights: Literal["balanced"] | dict[Label, Weight] | None = Field(
        default=None,
        description="How much a row of each label counts, 1 where none is named; `balanced` gives"
        " every label the same sum.",
    )

    @model_validator(mode="after")
    def _two_columns(self) -> Self:
        two_columns(self.text, self.label)
        return self

    @model_validator(mode="after")
    def _one_validation(self) -> Self:
        if self.validation_data is not None and "validation" in self.model_fields_set:
            raise ValueError("expected one of validation, validation_data, got both; leave one out")
        return self

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
