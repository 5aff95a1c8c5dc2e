"""What the operations that read an uploaded file may be told about how it is written."""

import codecs
from typing import Literal

from pydantic import Field, field_validator

from headway.data.line_codecs import is_line_codec
from headway.operations.requests.base import OperationRequest

FileFormat = Literal["csv", "jsonl", "parquet", "text"]


class Written(OperationRequest):
    """How a file is written; what is left out is found out."""

    format: FileFormat | None = Field(
        default=None,
        description="What kind of file it is; without it, found out. In `text` every line is a"
        " text.",
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        pattern=r'^[^\r\n"]$',
        description="What separates the fields of a CSV; without it, found out.",
    )
    quote: Literal['"', "'"] | None = Field(
        default=None, description="What stands around fields; without it, found out."
    )
    escape: Literal["\\"] | None = Field(
        default=None,
        description="What stands before a quote inside of a field, where it is not doubled;"
        " without it, found out.",
    )
    encoding: str | None = Field(
        default=None, max_length=40, description="The text's encoding; without it, found out."
    )
    has_header: bool | None = Field(
        default=None, description="Whether the first row holds names; without it, found out."
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            codecs.lookup(value)
        except (LookupError, ValueError):  # a NUL in the name
            raise ValueError(f"expected an encoding such as utf-8, got: {value!r}") from None
        if not is_line_codec(value):
            raise ValueError(f"expected an encoding of text such as utf-8, got: {value!r}")
        return value
