"""Data sets, models and files as the database knows them, and the names of their versions."""

from collections.abc import Mapping
from dataclasses import dataclass

from headway.job import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArtifact:
    """A data set, a model or an uploaded file, as the database knows it."""

    id: str
    kind: str
    name: str
    version: int
    owner: str
    path: str
    """Relative to the artefacts' root."""
    sha256: str
    size: int
    meta: Mapping[str, Json]
    created_at: float
    seq: int = 0
    """The inner sequence that lists are ordered by; never shown outside."""
    job_id: str | None = None
    """The job that made it; known also when that job's history was removed."""
    shared: bool = False
    """Whether everybody sees it."""
    deleted_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasName:
    """An alias, wherever it points."""

    owner: str
    kind: str
    name: str
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """An alias and the version it points to."""

    name: str
    alias: str
    artifact_id: str
    version: int
    moved_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasMove:
    """One move of an alias; without an artefact, its removal."""

    artifact_id: str | None
    version: int | None
    at: float
    job_id: str | None
    """The job whose verdict moved it; None for a user's own hand."""
