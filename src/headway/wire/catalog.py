"""What jobs are made from: operations, data sets and models."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from headway.wire.base import Answer, Request


class OperationView(Answer):
    """An operation that jobs can run, with the JSON Schema of its input."""

    job_type: str
    description: str | None
    input_schema: dict[str, Any]
    max_attempts: int
    timeout: float | None


class ArtifactView(Answer):
    """One version of a data set or a model."""

    id: str
    kind: str
    name: str
    version: int | None
    reference: str = Field(description="What to call it in a request")
    owner: str | None
    shared: bool
    bundled: bool
    aliases: list[str]
    size: int | None
    sha256: str | None
    created_at: datetime | None
    job_id: str | None
    meta: dict[str, Any]


class FileView(Answer):
    """An uploaded file."""

    id: str = Field(description="What to call it in a request")
    name: str
    size: int
    sha256: str
    created_at: datetime
    url: str


class Source(Answer):
    """What a version was made from."""

    id: str
    kind: str | None
    reference: str | None
    sha256: str | None


class ArtifactDetail(ArtifactView):
    """One version, and what went into it."""

    metrics: dict[str, Any]
    parameters: dict[str, Any]
    made_from: list[Source]
    links: dict[str, str]


class ShareRequest(Request):
    """Who sees a version."""

    shared: bool = Field(description="Whether every user sees it, or its owner alone")


class AliasRequest(Request):
    """Where an alias is to point."""

    version: int | str = Field(description="A version's number or id", examples=[3])
    expected: int | str | None = Field(
        default=None,
        description="Move it only if it points to this version now; 409 otherwise",
    )


class PromotionRequest(Request):
    """Which version is to be promoted, and how good it must be."""

    version: int | str = Field(description="A version's number or alias", examples=[3])
    data: str = Field(min_length=1, max_length=200, description="The labelled data set to judge by")
    expected: int | str | None = Field(
        default=None,
        description="Go on only if the alias points to this version now; 409 otherwise",
    )
    tolerance: float | None = Field(
        default=None, ge=0, le=1, description="How much worse than the present one it may be"
    )
    at_least: float | None = Field(default=None, ge=0, le=1, description="The least macro F1")
    text: str | None = Field(default=None, max_length=200, description="The column of the texts")
    label: str | None = Field(default=None, max_length=200, description="... and of the labels")


class AliasView(Answer):
    """An alias and the version it points to."""

    name: str
    alias: str
    reference: str
    version: int
    id: str
    moved_at: datetime


class AliasMoveView(Answer):
    """A move of an alias. Without a version it was removed."""

    version: int | None
    id: str | None
    at: datetime
    job_id: str | None


class LineageNode(Answer):
    """Something in the history of an artefact. What is not yours and not shared has no name."""

    id: str
    type: Literal["dataset", "model", "file", "job", "alias", "unknown"]
    name: str | None
    version: int | None
    status: str | None
    deleted: bool
    at: datetime | None


class LineageEdge(Answer):
    """`from` was read by, made, or is named by `to`."""

    source: str = Field(alias="from")
    to: str
    relation: Literal["read", "made", "named", "moved"]


class LineageView(Answer):
    """Data sets, jobs, models and aliases, and what leads from one to the other."""

    nodes: list[LineageNode]
    edges: list[LineageEdge]


class PreviewRow(Answer):
    """A row as it comes out of the steps, without the columns they are not about."""

    row: int
    part: Literal["train", "validation", "test"] | None
    text: str | None
    label: str | None


class StepOutcome(Answer):
    """What a step did."""

    step: str
    rows_in: int
    rows_out: int
    changed: int
    examples: list[dict[str, Any]]


class RecipePreview(Answer):
    """What the steps of a recipe made of the first rows of a data set."""

    sample: int
    total: int
    rows_out: int
    report: list[StepOutcome]
    rows: list[PreviewRow]


class RowsPage(Answer):
    """Rows of a data set, from `start` on."""

    columns: list[str]
    rows: list[dict[str, str | None]]
    start: int
    total: int
