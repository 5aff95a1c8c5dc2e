"""What `batch_predict` takes."""

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from headway.context import DatasetName, ModelName
from headway.operations.requests.base import ColumnName, OperationRequest, Text, exactly_one

MAX_TEXTS: Final = 100_000


class Item(OperationRequest):
    """A text under a name of the user's own."""

    custom_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    text: Text | None


class BatchPredict(OperationRequest):
    """Classify many texts."""

    texts: list[Text] | None = Field(
        default=None, min_length=1, max_length=MAX_TEXTS, description="The texts to classify."
    )
    items: list[Item] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_TEXTS,
        description="The same, each with a `custom_id` that comes back with its answer.",
    )
    data: DatasetName | None = Field(
        default=None, description="A data set of texts, in place of `texts`."
    )
    text: ColumnName | None = Field(
        default=None, description="The data set's column with the texts; without it, guessed."
    )
    custom_id: ColumnName | None = Field(
        default=None, description="The data set's column whose values come back as `custom_id`."
    )
    model: ModelName = Field(default="default", description="The model to ask.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        exactly_one(texts=self.texts, items=self.items, data=self.data)
        if self.data is None and self.custom_id is not None:
            raise ValueError("expected custom_id with a data set only, got it without `data`")
        return self
