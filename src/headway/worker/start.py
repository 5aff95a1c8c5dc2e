"""What a child is told at the start of an attempt. orjson writes it as it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from headway.artifacts import BUNDLED_PREFIX, ArtifactFiles
from headway.context import Artifact
from headway.operation import Operation
from headway.store.values.artifacts import StoredArtifact
from headway.store.values.attempts import Claim, StoredCheckpoint

NONE: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Everything an attempt needs to know. It needs no database."""

    job_id: str
    owner: str
    operation: str
    attempt: int
    token: int
    input: str
    """JSON."""
    root: str
    """Where artefacts are on this machine."""
    depot: str | None = None
    """Where they are for every machine."""
    uses: Mapping[str, Mapping[str, Any]]
    checkpoints: Sequence[Mapping[str, Any]]
    """Newest first."""
    redo: Sequence[Mapping[str, Any]] = ()
    """Parts whose failed items are to be tried again."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those of the worker's settings that its operation is told."""
    shard: int | None = None
    """Its place among the shards of its job; None when it is none."""
    results: Sequence[Any] | None = None
    """What the job's shards returned, when it is time to merge them."""
    traceparent: str | None = None
    """Where the operation's own part of the trace hangs."""

    def artifact(self, name: str, path: Path) -> Artifact:
        """The artefact that an input's field refers to, whose file is at `path`."""
        return Artifact(**{**self.uses[name], "path": path})


def start_of(
    claim: Claim,
    files: ArtifactFiles,
    settings: Mapping[str, Any] = NONE,
    *,
    traceparent: str | None = None,
) -> Start:
    """The start of a claim's attempt."""
    job = claim.job
    return Start(
        job_id=job.id,
        owner=job.owner,
        operation=job.operation,
        attempt=job.attempt + 1,
        token=claim.token,
        input=claim.input.decode(),
        root=str(files.root),
        depot=None if files.depot is None else files.depot.url,
        uses={name: _artifact(one) for name, one in claim.uses.items()},
        checkpoints=[_checkpoint(one) for one in claim.checkpoints],
        redo=[{"first": one.first, "path": one.path, "sha256": one.sha256} for one in claim.redo],
        settings=dict(settings),
        shard=job.shard,
        results=claim.results,
        traceparent=traceparent,
    )


def deleted_of(claim: Claim, operation: Operation) -> str | None:
    """A sentence about an artefact that the attempt would read and that is no more; None if all are
    there. A version may be deleted while its job is being made, or before a retry by hand."""
    for name, one in claim.uses.items():
        if isinstance(one, str) and not one.startswith(BUNDLED_PREFIX):
            kind = operation.references.get(name, "artefact")
            return (
                f"expected the {kind} that {name!r} names in the input, got one that was deleted"
                " before the attempt began; submit the job anew with another"
            )
    return None


def _artifact(one: StoredArtifact | str) -> dict[str, Any]:
    if isinstance(one, str):  # it comes with the package, which knows where
        kind_name = one.partition(":")[2]
        return {"id": one, "kind": "bundled", "name": kind_name, "path": "", "sha256": ""}
    return {
        "id": one.id,
        "kind": one.kind,
        "name": one.name,
        "path": one.path,
        "sha256": one.sha256,
        "version": one.version,
        "owner": one.owner,
        "meta": dict(one.meta),
    }


def _checkpoint(one: StoredCheckpoint) -> dict[str, Any]:
    return {
        "number": one.number,
        "items": one.items,
        "state": dict(one.state),
        "path": one.path,
        "sha256": one.sha256,
    }
