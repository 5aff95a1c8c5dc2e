"""What the requests of the built-in operations have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A new artefact's name: letters, digits, dot, dash and underscore, at most 100."""
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=1_000_000)]


class OperationRequest(BaseModel):
    """The base of all: unknown fields and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class RowRange(OperationRequest):
    """Consecutive rows of a data set."""

    first: int = Field(default=0, ge=0, lt=2**53, description="The first row, from 0.")
    count: int = Field(ge=1, lt=2**53, description="How many rows.")


def exactly_one(**sources: object) -> None:
    """Raise `ValueError` unless one of these, and only one, is not None."""
    given = [name for name, value in sources.items() if value is not None]
    if len(given) != 1:
        raise ValueError(
            f"expected exactly one of {', '.join(sources)}, got: {', '.join(given) or 'neither'}"
        )


def two_columns(text: str | None, label: str | None) -> None:
    """Raise `ValueError` when both are named and are one: a text is not its own label."""
    if text is not None and text == label:
        raise ValueError(
            f"expected two columns, one for text and one for label, got: {text!r} twice"
        )
