"""Where a data set or a model came from, and what came of it."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from headway.artifacts import BUNDLED, BUNDLED_PREFIX
from headway.http.auth import Caller, CallerDep
from headway.http.catalog import KINDS, Reference, reference_to
from headway.http.json_answer import json_answer
from headway.store.values.artifacts import Alias, AliasName, StoredArtifact
from headway.store.values.lineage import Lineage, LineageJob
from headway.wire.base import moment, moment_or_none
from headway.wire.catalog import LineageView

router = APIRouter(prefix="/api/v1", tags=["catalog"])

Node = dict[str, Any]
Edge = dict[str, str]


def _add_route(kind: str) -> None:
    @router.get(f"/{kind}s/{{ref}}/lineage", response_model=LineageView, name=f"{kind} lineage")
    def lineage(caller: CallerDep, ref: Reference) -> Response:
        """Data set, preprocessing, model, evaluation, alias: what this was made from, and what it
        was used for. Other users' jobs are left out, and what they keep to themselves has no name."""
        _, found = caller.parts.catalog.lineage(caller.name, kind, ref)
        return json_answer(_Graph(caller, found).document())


for _kind in KINDS:
    _add_route(_kind)


class _Graph:
    """Lineage as one reader may see it."""

    def __init__(self, caller: Caller, lineage: Lineage) -> None:
        self._caller = caller
        self._reader = caller.name
        self._lineage = lineage
        self._aliases: dict[str, Node] = {}
        self._visible = {
            id: one
            for id, one in lineage.artifacts.items()
            if one.shared or one.owner == caller.name
        }
        makers = {seq for seq, id in lineage.made if id in self._visible}
        self._jobs = {
            job.seq: job for job in lineage.jobs if job.owner == caller.name or job.seq in makers
        }

    def document(self) -> dict[str, Any]:
        """The nodes and edges, as `LineageView` has them."""
        edges = [*self._steps(), *self._names()]
        ends = {end for edge in edges for end in (edge["from"], edge["to"])} | set(self._visible)
        nodes = [_job(job) for job in self._jobs.values() if job.id in ends]
        nodes += [self._aliases[end] for end in sorted(ends & set(self._aliases))]
        known = {node["id"] for node in nodes}
        nodes += [self._artifact(id) for id in sorted(ends - known)]
        return {"nodes": nodes, "edges": edges}

    def _steps(self) -> Iterator[Edge]:
        for id, seq in self._lineage.used:
            if seq in self._jobs:
                yield _edge(id, self._jobs[seq].id, "read")
        for seq, id in self._lineage.made:
            if seq in self._jobs and id in self._visible:
                yield _edge(self._jobs[seq].id, id, "made")

    def _names(self) -> Iterator[Edge]:
        """The reader's aliases that point to what is shown, and the jobs that moved them there."""
        catalog = self._caller.parts.catalog
        own = {(one.kind, one.name) for one in self._visible.values() if one.owner == self._reader}
        jobs = {job.id for job in self._jobs.values()}
        for kind, name in sorted(own):
            for alias in catalog.aliases(self._reader, kind, name):
                if alias.artifact_id not in self._visible:
                    continue
                node = _alias(alias)
                self._aliases[node["id"]] = node
                yield _edge(alias.artifact_id, node["id"], "named")
                which = AliasName(owner=self._reader, kind=kind, name=name, alias=alias.alias)
                (last,) = catalog.moves(which, limit=1)
                if last.job_id in jobs and last.job_id is not None:
                    yield _edge(last.job_id, node["id"], "moved")

    def _artifact(self, id: str) -> Node:
        one = self._lineage.artifacts.get(id)
        if one is None:
            return _bundled_or_gone(id)
        if id not in self._visible:
            return _node(id, one.kind)
        return _stored(one, self._reader)


def _bundled_or_gone(id: str) -> Node:
    name = id.removeprefix(BUNDLED_PREFIX)
    for kind, names in BUNDLED.items():
        if name in names:
            return _node(id, kind, name=id)
    return _node(id, "unknown", deleted=True)


def _stored(one: StoredArtifact, reader: str) -> Node:
    return _node(
        one.id,
        one.kind,
        name=reference_to(one, reader).rpartition("@")[0],
        version=one.version,
        deleted=one.deleted_at is not None,
        at=moment(one.created_at),
    )


def _job(job: LineageJob) -> Node:
    at = moment_or_none(job.completed_at)
    return _node(job.id, "job", name=job.operation or None, status=job.status, at=at)


def _alias(alias: Alias) -> Node:
    called = f"{alias.name}@{alias.alias}"
    return _node(called, "alias", name=called, version=alias.version, at=moment(alias.moved_at))


def _node(id: str, type: str, **told: Any) -> Node:
    silent = {"name": None, "version": None, "status": None, "deleted": False, "at": None}
    return {"id": id, "type": type, **silent, **told}


def _edge(source: str, to: str, relation: str) -> Edge:
    return {"from": source, "to": to, "relation": relation}
