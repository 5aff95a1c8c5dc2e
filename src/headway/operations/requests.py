"""What the operations take. Everything a request alone can get wrong is refused here, before there
is a job."""

import codecs
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from headway.context import DatasetName, FileId, ModelName

MAX_TEXTS: Final = 100_000
MAX_EXAMPLES: Final = 100_000

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A new artefact's name: letters, digits, dot, dash and underscore, at most 100."""
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=1_000_000)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ImportCsv(_Request):
    """Turn a CSV file into a data set."""

    file: FileId | None = Field(
        default=None, description="An uploaded file; without it, the bundled sample."
    )
    name: Name | None = Field(
        default=None, description="The data set's name; without it, one made from the file's name."
    )
    filename: str | None = Field(
        default=None, max_length=255, description="What the file was called where it came from."
    )
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        default=None, description="What separates the fields; without it, found out."
    )
    encoding: str | None = Field(
        default=None, max_length=40, description="The text's encoding; without it, found out."
    )
    has_header: bool | None = Field(
        default=None, description="Whether the first row holds names; without it, found out."
    )
    max_errors: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="The share of broken rows beyond which the import fails. Without it 0.01, and"
        " ten broken rows are forgiven however short the file is.",
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            known = codecs.lookup(value)
        except LookupError:
            raise ValueError(f"expected an encoding such as utf-8, got: {value!r}") from None
        # Python also lists codecs that are none of text, such as base64.
        if not known._is_text_encoding:  # noqa: SLF001 - no public way
            raise ValueError(f"expected an encoding of text such as utf-8, got: {value!r}")
        return value


class Example(_Request):
    """A text and what it is."""

    text: Text
    label: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class TrainModel(_Request):
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
        _exactly_one(data=self.data, examples=self.examples)
        if self.examples is not None:
            labels = {example.label for example in self.examples}
            if len(labels) < 2:
                raise ValueError(
                    "expected examples of at least 2 different labels, got:"
                    f" {', '.join(map(repr, labels)) or 'no examples'}; add examples of another label"
                )
        return self


class BatchPredict(_Request):
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
        _exactly_one(texts=self.texts, data=self.data)
        return self


class EvaluateModel(_Request):
    """Compare a model's answers with a labelled data set."""

    model: ModelName = Field(default="default", description="The model to judge.")
    data: DatasetName = Field(description="The data set to judge it by.")
    text: ColumnName | None = Field(
        default=None, description="The column with the texts; without it, guessed."
    )
    label: ColumnName | None = Field(
        default=None, description="The column with the labels; without it, guessed."
    )


def _exactly_one(**sources: object) -> None:
    given = [name for name, value in sources.items() if value is not None]
    if len(given) != 1:
        raise ValueError(
            f"expected exactly one of {', '.join(sources)}, got: {', '.join(given) or 'neither'}"
        )
