"""What `batch_predict` takes."""

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from headway.context import ColumnOf, DatasetName, FileId, ModelName
from headway.operations.requests.base import (
    ColumnName,
    OperationRequest,
    RowRange,
    Text,
    exactly_one,
)
from headway.operations.requests.files import Written

MAX_TEXTS: Final = 100_000


class Item(OperationRequest):
    """A text under a name of the user's own."""

    custom_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    text: Text | None


class BatchPredict(Written):
    """Classify many texts: some in the request, a data set or an uploaded file of any size."""

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
    file: FileId | None = Field(
        default=None,
        description="An uploaded file in place of them: CSV, JSON Lines, Parquet or lines of text.",
    )
    text: Annotated[ColumnName | None, ColumnOf("data", "text")] = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    custom_id: Annotated[ColumnName | None, ColumnOf("data")] = Field(
        default=None,
        description="The column whose values come back as `custom_id`; of a file also one of that"
        " name, if there is one.",
    )
    rows: RowRange | None = Field(
        default=None, description="Only these rows of the data set; without it, all."
    )
    model: ModelName = Field(default="default", description="The model to ask.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        exactly_one(texts=self.texts, items=self.items, data=self.data, file=self.file)
        if self.data is None and self.file is None and self.custom_id is not None:
            raise ValueError("expected custom_id with `data` or `file` only, got it without them")
        if self.data is None and self.rows is not None:
            raise ValueError("expected rows with `data` only, got them without it")
        described = [one for one in Written.model_fields if getattr(self, one) is not None]
        if self.file is None and described:
            raise ValueError(f"expected {described[0]} with `file` only, got it without a file")
        return self
