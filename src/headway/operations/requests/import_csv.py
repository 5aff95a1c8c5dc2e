"""What `import_csv` takes."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator

from headway.context import FileId
from headway.operations.requests.base import Name
from headway.operations.requests.files import Written


class ImportCsv(Written):
    """Turn a CSV, JSON Lines, Parquet or text file, plain or packed with gzip or zstd, into a data set."""

    model_config = ConfigDict(strict=False)  # its options come as the text of a query too

    file: FileId | None = Field(
        default=None, description="An uploaded file; without it, the bundled sample."
    )
    name: Name | None = Field(
        default=None, description="The data set's name; without it, one made from the file's name."
    )
    filename: str | None = Field(
        default=None, max_length=255, description="What the file was called where it came from."
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
        " ten broken rows are forgiven in a short file, if as many are good.",
    )

    @field_validator("columns")
    @classmethod
    def _distinct_names(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and (len(set(value)) < len(value) or not all(map(str.strip, value))):
            raise ValueError("expected names that are different and not blank")
        return value


class ImportShard(ImportCsv):
    """One of the spans that a large file is imported in; `import_csv` makes these for itself."""

    opening: dict[str, Any]
    """How the file is written."""
    detected: dict[str, Any]
    """The same, as its user is told."""
    start: tuple[int, int]
    """The offset and the line of its first record; see `cuts.Span`."""
    end: int | None
