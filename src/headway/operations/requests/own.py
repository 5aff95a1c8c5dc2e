"""What the operations for models of the user's own take."""

from pydantic import Field

from headway.context import FileId, ModelName
from headway.operations.requests.base import Name, OperationRequest, Text


class RegisterModel(OperationRequest):
    """Make an uploaded file a model of a kind that was registered with `@model`."""

    file: FileId = Field(description="The uploaded file.")
    format: str = Field(min_length=1, max_length=64, description="The name given to `@model`.")
    name: Name = Field(description="The model's name.")
    alias: Name | None = Field(default=None, description="An alias to give the new version.")


class AskModel(OperationRequest):
    """Ask a model of one's own about one text."""

    model: ModelName
    text: Text
