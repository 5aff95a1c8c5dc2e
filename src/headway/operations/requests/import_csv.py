"""What `import_csv` takes."""

import codecs
from typing import Literal

from pydantic import Field, field_validator

from headway.context import FileId
from headway.operations.requests.base import Name, OperationRequest


class ImportCsv(OperationRequest):
    """Turn a CSV, JSON Lines or Parquet file, plain or packed with gzip or zstd, into a data set."""

    file: FileId | None = Field(
        default=None, description="An uploaded file; without it, the bundled sample."
    )
    name: Name | None = Field(
        default=None, description="The data set's name; without it, one made from the file's name."
    )
    filename: str | None = Field(
        default=None, max_length=255, description="What the file was called where it came from."
    )
    format: Literal["csv", "jsonl", "parquet"] | None = Field(
        default=None, description="What kind of file it is; without it, found out."
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
    columns: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=20_000,
        description="Names for all columns, in their order, in place of those in the header.",
    )
    types: dict[str, Literal["integer", "number", "boolean", "date"]] | None = Field(
        default=None,
        description="What the values of these columns must read as; a row whose value does not is"
        " a broken one.",
    )
    max_errors: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="The share of broken rows beyond which the import fails. Without it 0.01, and"
        " ten broken rows are forgiven however short the file is.",
    )

    @field_validator("columns")
    @classmethod
    def _distinct_names(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and (len(set(value)) < len(value) or not all(map(str.strip, value))):
            raise ValueError("expected names that are different and not blank")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            known = codecs.lookup(value)
        except (LookupError, ValueError):  # a NUL in the name
            raise ValueError(f"expected an encoding such as utf-8, got: {value!r}") from None
        # Python also lists codecs that are none of text, such as base64.
        if not known._is_text_encoding:  # noqa: SLF001 - no public way
            raise ValueError(f"expected an encoding of text such as utf-8, got: {value!r}")
        return value
