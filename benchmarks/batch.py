"""A million real texts predicted from a data set: how fast, how much memory, how soon the first can be
read; then once more, with everything killed at about half.

    python -m benchmarks.batch [TEXTS]

The texts are those of the public sets (`HEADWAY_TEST_DATA`, default `../shared/data`), repeated.
"""

import contextlib
import csv
import hashlib
import itertools
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import httpx2

from benchmarks._service import ROOT, data_dir, row, serving

TEXTS = 1_000_000
SETS = ("sms_spam", "banking77", "movie_polarity")
PAGE = 10_000


def main(texts: int = TEXTS) -> None:
    """Print the figures of an undisturbed run, and of one that was killed."""
    os.environ["HEADWAY_MAX_BODY_MB"] = "2048"
    with data_dir() as directory:
        with serving(directory) as url:
            wait_until_ready(url)
            with Api(url) as api:
                _import(api, texts)
                undisturbed = _measure(api, url, texts)
        killed = _kill_at_half(directory, texts)
        with serving(directory) as url:
            wait_until_ready(url)
            with Api(url) as api:
                same = _digest(api, undisturbed) == _digest(api, killed)
                row("results of both runs", "equal" if same else "DIFFERENT")


class Api:
    """The service's API for one user, without the client's comfort: it is not what is measured."""

    def __init__(self, url: str) -> None:
        self.http = httpx2.Client(base_url=url, timeout=120)
        form = {"username": "alice", "password": "secret123"}
        token = self.http.post("/token", data=form).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def import_csv(self, file: Path, name: str) -> str:
        """Upload a file; the import's job id."""
        with file.open("rb") as stream:
            answer = self.http.post(
                "/imports", params={"name": name, "delimiter": ","}, files={"file": stream}
            )
        return str(answer.json()["task_id"])

    def submit(self) -> str:
        """Predict all of it; the job's id."""
        body = {"job_type": "batch_predict", "input": {"data": "million"}}
        return str(self.http.post("/api/v1/jobs", json=body).json()["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as it is now."""
        job: dict[str, Any] = self.http.get(f"/api/v1/jobs/{job_id}").json()
        return job

    def items(self, job_id: str, cursor: int, limit: int) -> list[dict[str, Any]]:
        """Results from index `cursor` on."""
        page = {"cursor": cursor, "limit": limit}
        answer = self.http.get(f"/api/v1/jobs/{job_id}/results", params=page)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


def wait_until_ready(url: str) -> None:
    """Return once jobs can be taken and run."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{url}/readyz").is_success:
                return
        time.sleep(0.02)
    raise SystemExit(f"expected {url} to be ready within 60 s")


def _import(api: Api, texts: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.csv"
        with file.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("text", "number"))
            writer.writerows(zip(itertools.cycle(real_texts()), range(texts), strict=False))
        began = time.monotonic()
        job_id = api.import_csv(file, "million")
        job = _finished(api, job_id)
    row("imported, rows", f"{job['counts'] or job['result']} in {time.monotonic() - began:.1f} s")


def real_texts() -> list[str]:
    """The different texts of the public sets."""
    folder = Path(os.environ.get("HEADWAY_TEST_DATA", ROOT.parent / "shared" / "data"))
    real = []
    for name in SETS:
        with (folder / f"{name}.train.csv").open(newline="", encoding="utf-8") as stream:
            real += [one["text"] for one in csv.DictReader(stream)]
    row("different texts", f"{len(real):,} of {sum(map(len, real)) / len(real):.0f} characters")
    return real


def _measure(api: Api, url: str, texts: int) -> str:
    """An undisturbed run; its job's id."""
    peaks: dict[str, int] = {}
    began = time.monotonic()
    job_id = api.submit()
    first = None
    while True:
        if first is None and api.items(job_id, 0, 1):
            first = time.monotonic() - began
        for name, peak in _peaks(url).items():
            peaks[name] = max(peaks.get(name, 0), peak)
        job = api.job(job_id)
        if job["completed_at"] is not None:
            break
        time.sleep(0.05)
    seconds = time.monotonic() - began
    assert job["status"] == "completed", job
    row("texts/s", f"{texts / seconds:,.0f} ({texts:,} in {seconds:.1f} s)")
    row("first results readable after", f"{first:.2f} s")
    row("peak memory, MB", ", ".join(f"{k} {v / 1e6:.0f}" for k, v in sorted(peaks.items())))
    return job_id


def _kill_at_half(directory: Path, texts: int) -> str:
    """A run whose service, worker, zygote and child are killed at about half; its job's id."""
    with contextlib.suppress(BaseException), serving(directory) as url:
        wait_until_ready(url)
        with Api(url) as api:
            job_id = api.submit()
            while (done := api.job(job_id)["counts"]["succeeded"]) < texts // 2:
                time.sleep(0.02)
        for pid in _tree(url):
            os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
    with serving(directory) as url:
        wait_until_ready(url)
        ready = time.monotonic() - killed
        with Api(url) as api:
            while (job := api.job(job_id))["counts"]["succeeded"] <= done:
                time.sleep(0.02)
            again = time.monotonic() - killed
            spent = _cpu_seconds(url)
            job = _finished(api, job_id)
            total = time.monotonic() - killed
    row("killed at", f"{done:,} of {texts:,}, in {job['shards'] or 1} shards")
    row("service ready / new results after the kill", f"{ready:.2f} s / {again:.2f} s")
    row("CPU seconds of each process by then", spent)
    row("completed after the kill", f"{total:.1f} s; interruptions {job['interruptions']}")
    return job_id


def _finished(api: Api, job_id: str) -> dict[str, Any]:
    while (job := api.job(job_id))["completed_at"] is None:
        time.sleep(0.05)
    assert job["status"] == "completed", job
    return job


def _digest(api: Api, job_id: str) -> str:
    """A hash of every result, in order."""
    digest = hashlib.sha256()
    cursor = 0
    while items := api.items(job_id, cursor, PAGE):
        for item in items:
            digest.update(repr(sorted(item.items())).encode())
        cursor = items[-1]["index"] + 1
    return f"{cursor} {digest.hexdigest()}"


def _tree(url: str) -> dict[int, str]:
    """The processes of the service, by what they are: API, worker, zygote, child."""
    port = url.rpartition(":")[2]
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
            commands[int(folder.name)] = (folder / "cmdline").read_text()
    roots = [
        pid
        for pid, parent in parents.items()
        if parent == os.getpid() and "uvicorn" in commands[pid]
    ]
    assert len(roots) == 1, (roots, port)
    found = {roots[0]: "API"}
    for pid in sorted(parents, key=lambda one: one):
        if found.get(parents[pid]) == "API":
            found[pid] = "worker"
    for pid, parent in parents.items():
        if found.get(parent) == "worker":
            found[pid] = "zygote"
    for pid, parent in parents.items():
        if found.get(parent) == "zygote":
            found[pid] = "child"
    return found


def _cpu_seconds(url: str) -> str:
    """What each process has computed so far: on a machine that others load, the clock says less."""
    ticks = os.sysconf("SC_CLK_TCK")
    told = []
    for pid, name in _tree(url).items():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            told.append(f"{name} {sum(map(int, fields[11:13])) / ticks:.2f}")
    return ", ".join(told)


def _peaks(url: str) -> dict[str, int]:
    """The most memory that each process has held so far, in bytes."""
    peaks: dict[str, int] = {}
    for pid, name in _tree(url).items():
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            peak = next(int(one.split()[1]) for one in lines if one.startswith("VmHWM")) * 1024
            peaks[name] = max(peaks.get(name, 0), peak)
    return peaks


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
