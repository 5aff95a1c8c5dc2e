"""A training on real data that is killed at random again and again, beside one that nobody disturbs:
whether both give the same model, and how many seconds of work were done twice.

    python -m benchmarks.killed_training [KILLS] [COPIES] [EPOCHS]

Trains on `banking77` of `HEADWAY_TEST_DATA` (default `../shared/data`), so many copies of it. Each
kill takes the child, its zygote, the worker, or everything at once.
"""

import csv
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks._service import ROOT, data_dir, row, serving
from benchmarks.batch import Api, wait_until_ready
from headway.store.sqlite import open_sqlite
from tests.crash.nemesis import Nemesis
from tests.waiting import eventually
from tests.worker.processes import children_of, is_alive

NAME = "banking77"


def main(kills: int = 10, copies: int = 10, epochs: int = 40) -> None:
    """Print both trainings' seconds, what each kill cost, and whether the models are equal."""
    os.environ["HEADWAY_MAX_BODY_MB"] = "2048"
    with data_dir() as directory:
        with _api(directory) as (api, _):
            _import(api, copies)
            began = time.monotonic()
            undisturbed = _finished(api, _train(api, epochs))
            seconds = time.monotonic() - began
        row("undisturbed", f"{seconds:.1f} s, accuracy {undisturbed['result']['accuracy']:.4f}")
        killing = Killing(directory, gap=seconds / (kills + 4))
        began = time.monotonic()
        killed = killing.run(kills, epochs)
        row("killed", f"{len(killing.blows)} times, {time.monotonic() - began:.1f} s in all")
        for target, redone, came_from in killing.blows:
            row(f"  {target}", f"{redone:.1f} s since its last checkpoint, {came_from}")
        row("work done again", f"{sum(one[1] for one in killing.blows):.1f} s")
        row("crashes / interruptions", f"{killed['crashes']} / {killed['interruptions']}")
        equal = _model(directory, undisturbed) == _model(directory, killed)
        row("the models", "equal, byte for byte" if equal else "DIFFERENT")
        row("the results", "equal" if _told(undisturbed) == _told(killed) else "DIFFERENT")


@dataclass
class Killing:
    """A training, and who has it in for it."""

    directory: Path
    gap: float
    """Seconds between two blows, on average."""
    blows: list[tuple[str, float, str]] = field(default_factory=list)
    """What was killed, the seconds of work that were lost by it, and where it was by then."""

    def __post_init__(self) -> None:
        self._nemesis = Nemesis(len(NAME))
        self._chance = random.Random(len(NAME))
        self._job = ""

    def run(self, kills: int, epochs: int) -> dict[str, Any]:
        """The job, when it has ended in spite of so many blows."""
        while True:
            with _api(self.directory) as (api, top):
                self._job = self._job or _train(api, epochs)
                while len(self.blows) < kills and is_alive(top):
                    if not self._wait(api):
                        break
                    self._strike(top)
                if is_alive(top):
                    return _finished(api, self._job)

    def _wait(self, api: Api) -> bool:
        """Until it has moved on since the last blow, and for a while; False when it has ended."""
        saved = len(self._checkpoints())
        while len(self._checkpoints()) == saved:
            if api.job(self._job)["completed_at"] is not None:
                return False
            time.sleep(0.1)
        time.sleep(self._chance.uniform(0, 2 * self.gap))  # the point: any moment
        return api.job(self._job)["completed_at"] is None

    def _strike(self, top: int) -> None:
        target = self._nemesis.choose()
        before = len(self._nemesis.killed)
        self._nemesis.strike([top], target)
        at = time.time()
        if target == "everything":  # a busy machine takes its time to end what was killed
            eventually(lambda: not is_alive(top), within=60)
        if len(self._nemesis.killed) > before:
            *_, (saved, number) = self._checkpoints()
            self.blows.append((target, at - saved, f"checkpoint {number}"))

    def _checkpoints(self) -> list[tuple[float, object]]:
        store = open_sqlite(self.directory)
        events = store.events.of_job(self._job, kinds=["checkpoint"], limit=100_000)
        store.close()
        return [(one.at, one.data["number"]) for one in events]


@contextmanager
def _api(directory: Path) -> Iterator[tuple[Api, int]]:
    """The service, ready, and its process; that it was killed meanwhile is no error."""
    with serving(directory) as url:
        (top,) = children_of(os.getpid())
        wait_until_ready(url)
        with Api(url) as api:
            yield api, top


def _import(api: Api, copies: int) -> None:
    folder = Path(os.environ.get("HEADWAY_TEST_DATA", ROOT.parent / "shared" / "data"))
    with (folder / f"{NAME}.train.csv").open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / f"{NAME}.csv"
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(header)
            for _ in range(copies):
                writer.writerows(rows)
        _finished(api, api.import_csv(file, NAME))
    row("rows", f"{len(rows) * copies:,}: {copies} times {NAME}")


def _train(api: Api, epochs: int) -> str:
    input = {"data": NAME, "name": NAME, "epochs": epochs, "early_stopping": False}
    answer = api.http.post("/api/v1/jobs", json={"job_type": "train_model", "input": input})
    assert answer.is_success, answer.text
    return str(answer.json()["job_id"])


def _finished(api: Api, job_id: str) -> dict[str, Any]:
    while (job := api.job(job_id))["completed_at"] is None:
        time.sleep(0.2)
    assert job["status"] == "completed", job
    return job


def _model(directory: Path, job: Mapping[str, Any]) -> str:
    """The hash of the bundle that a training has published."""
    store = open_sqlite(directory)
    model = store.artifacts.get(job["result"]["model_id"])
    store.close()
    assert model is not None
    return model.sha256


def _told(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result, without what names this one model."""
    return {name: value for name, value in job["result"].items() if name != "model_id"}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
