"""What was made from what."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from headway.job import Status
from headway.store.values.artifacts import StoredArtifact


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageJob:
    """A job as lineage knows it. Its status is None once its history was removed."""

    seq: int
    id: str
    operation: str
    status: Status | None
    owner: str
    completed_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Artefacts, and the jobs between them."""

    artifacts: Mapping[str, StoredArtifact]
    """By id. Bundled ones, and those that nobody knows any more, are not in it."""
    jobs: Sequence[LineageJob]
    used: Collection[tuple[str, int]]
    """(artefact id, job seq): the job read it."""
    made: Collection[tuple[int, str]]
    """(job seq, artefact id): the job published it."""
