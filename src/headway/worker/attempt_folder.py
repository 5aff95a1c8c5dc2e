"""What an attempt has on its machine: a directory of its own, and the artefacts it works with."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headway.artifacts import ArtifactFiles
from headway.context import Artifact
from headway.worker.start import Start


class AttemptFolder:
    """Made when something is put into it: most short attempts leave nothing."""

    def __init__(self, start: Start, files: ArtifactFiles) -> None:
        self._start = start
        self._files = files
        self._path: Path | None = None
        self._artifacts: dict[str, Artifact] = {}

    @property
    def made(self) -> bool:
        """Whether there is one."""
        return self._path is not None

    def path(self) -> Path:
        """Where it is; made if missing."""
        if self._path is None:
            self._path = self._files.attempt_dir(self._start.job_id, self._start.token)
        return self._path

    def scratch(self) -> Path:
        """What the attempt does not leave behind lies there; made if missing."""
        path = self.path() / "scratch"
        path.mkdir(exist_ok=True)
        return path

    def clear_scratch(self) -> None:
        """Remove what the attempt does not leave behind."""
        if self._path is not None:
            shutil.rmtree(self._path / "scratch", ignore_errors=True)

    def fetch(self) -> None:
        """Get what the attempt works with, where that is on no disk of this machine yet."""
        if self._files.depot is not None:
            for name in self._start.uses:
                self.artifact(name)

    def artifact(self, name: str) -> Artifact | None:
        """The artefact that the input field `name` refers to; None if it refers to none."""
        if name in self._start.uses and name not in self._artifacts:
            self._artifacts[name] = self._start.artifact(name, self._held(self._start.uses[name]))
        return self._artifacts.get(name)

    def _held(self, one: Mapping[str, Any]) -> Path:
        """An artefact's file, which stays while the attempt runs; of what is bundled, no path.

        A copy from the depot may be removed when others need its room, so the attempt holds one
        more link to it.
        """
        if not one["path"]:
            return Path()
        path = self._files.local(one["path"], one["sha256"])
        if self._files.depot is None:
            return path
        held = self.scratch() / path.name
        if not held.exists():
            os.link(path, held)
        return held
