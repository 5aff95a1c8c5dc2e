"""The processes that take jobs in and run them; started again whenever they were killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.worker.site import MODULE, NOTHING, ROOT, as_variables


class Api:
    """`tests.crash.submitter`, kept alive; and with Celery, which embeds no worker, one of those."""

    def __init__(
        self, directory: Path, folder: Path, jobs: int, settings: Mapping[str, Any] = NOTHING
    ) -> None:
        self._directory = directory
        self._folder = folder
        self._settings = settings
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.jobs = jobs
        """How many it takes in, all in all, when it is started next."""
        self.ensure()

    @property
    def pids(self) -> list[int]:
        """Whoever has workers or the core of one below, and whoever submits."""
        return [process.pid for process in self._processes.values()]

    def ensure(self) -> None:
        """Start again what has ended."""
        submitter = ["tests.crash.submitter", str(self._folder), str(self.jobs)]
        self._ensure("submitter", submitter)
        if self._settings.get("engine") == "celery":
            self._ensure("worker", ["headway", "work"])

    def wait(self) -> None:
        """Return when all have ended."""
        for process in self._processes.values():
            process.wait(60)

    def stop(self) -> None:
        """End those that are there, as their user would: those that cannot hear yet, by the signal."""
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()
                assert process.wait(60) in (0, -signal.SIGTERM)

    def _ensure(self, name: str, command: list[str]) -> None:
        if name in self._processes and self._processes[name].poll() is None:
            return
        with (self._folder / f"{name}.out").open("ab") as out:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                stdout=out,
                stderr=out,
                env={
                    **os.environ,
                    "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
                    "HEADWAY_DATA_DIR": str(self._directory),
                    "HEADWAY_OPERATIONS": MODULE,
                    "HEADWAY_SLOTS": "2",
                    "HEADWAY_GRACE": "1",
                    **as_variables(self._settings),
                },
            )
