"""The process that takes jobs in; started again whenever it was killed."""

import os
import subprocess
import sys
from pathlib import Path

from tests.worker.site import ROOT


class Api:
    """`tests.crash.submitter`, kept alive."""

    def __init__(self, directory: Path, folder: Path, jobs: int) -> None:
        self._places = [str(directory), str(folder)]
        self.jobs = jobs
        """How many it takes in, all in all, when it is started next."""
        self.process = self._start()

    def ensure(self) -> None:
        """Start it again if it has ended."""
        if self.process.poll() is not None:
            self.process = self._start()

    def stop(self) -> None:
        """End it as its user would."""
        self.process.terminate()
        assert self.process.wait(60) == 0

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.crash.submitter", *self._places, str(self.jobs)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        )
