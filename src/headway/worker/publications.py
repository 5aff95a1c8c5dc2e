"""What an attempt publishes: files as versions of a name, and moves of aliases."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4, uuid5

import orjson

from headway.artifacts import ArtifactFiles, hash_file
from headway.durable import sync_file
from headway.job import Json
from headway.worker.items import ROW_OPTIONS
from headway.worker.start import Start

_DATASETS: Final = UUID("5c7e1d8a-0b63-4e0f-9c55-6a2f4d3b8e71")
"""What the ids of data sets are made under."""


class Publications:
    """What the verdict of an attempt will make known."""

    def __init__(self, start: Start, files: ArtifactFiles) -> None:
        self._start = start
        self._files = files
        self.made: list[dict[str, Json]] = []

    def file(
        self, kind: str, name: str, file: Path, *, meta: Mapping[str, Json], alias: str | None
    ) -> str:
        """Keep the file, and publish it with the verdict; the id of the new artefact."""
        orjson.dumps(dict(meta), option=ROW_OPTIONS)  # what cannot be stored fails here, not later
        sync_file(file)
        sha256, size = hash_file(file), file.stat().st_size
        publication: dict[str, Json] = {
            "id": self._id(kind, name, sha256),
            "kind": kind,
            "name": name,
            "path": self._files.keep(file, kind, sha256),
            "sha256": sha256,
            "size": size,
            "meta": dict(meta),
            "alias": alias,
        }
        self.made.append(publication)
        return str(publication["id"])

    def _id(self, kind: str, name: str, sha256: str) -> str:
        """An id for a new artefact. A data set with the same content under the same name is the same
        version: its id is made of them, and what is known by it already is not added again."""
        if kind != "dataset":
            return str(uuid4())
        return str(uuid5(_DATASETS, f"{self._start.owner}/{name}/{sha256}"))

    def alias(self, field: str, alias: str, *, replaces: str | None, new: bool) -> None:
        """Point the alias to the artefact that the input's field names, with the verdict."""
        artifact = self._start.artifact(field, Path())
        before = [] if replaces is None else [self._start.artifact(replaces, Path()).id]
        self.made.append(
            {
                "id": artifact.id,
                "kind": artifact.kind,
                "name": artifact.name,
                "path": "",  # it is known under its id, and stays as it is
                "sha256": artifact.sha256,
                "size": 0,
                "meta": {},
                "alias": alias,
                "alias_from": before if before or new else None,
            }
        )
