"""What `batch_predict` takes."""

from typing import Final, Self

from pydantic import Field, model_validator

from headway.context import DatasetName, ModelName
from headway.operations.requests.base import ColumnName, OperationRequest, Text, exactly_one

MAX_TEXTS: Final = 100_000


class BatchPredict(OperationRequest):
    """Classify many texts."""

    texts: list[Text] | None = Field(
        default=None, min_length=1, max_length=MAX_TEXTS, description="The texts to classify."
    )
    data: DatasetName | None = Field(
        default=None, description="A data set of texts, in place of `texts`."
    )
    text: ColumnName | None = Field(
        default=None, description="The data set's column with the texts; without it, guessed."
    )
    model: ModelName = Field(default="default", description="The model to ask.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        exactly_one(texts=self.texts, data=self.data)
        return self
