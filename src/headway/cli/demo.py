"""`headway demo`: the main job from end to end, on a service of its own, watched live."""

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headway.cli.arguments import port
from headway.cli.demo_view import DemoView
from headway.cli.split import split_csv
from headway.client import Client, JobHandle
from headway.data.samples import SAMPLE_CSV
from headway.errors import HeadwayError

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo works on."""

    train: Path
    test: Path
    columns: Mapping[str, str]
    """`text` and `label`, where the user named them."""


def run(given: argparse.Namespace) -> int:
    """Start a service, run the main job; exit code 0 when all of it worked."""
    view = DemoView()
    with tempfile.TemporaryDirectory(prefix="headway-demo-") as folder:
        plan = _plan(given, Path(folder))
        data_dir = given.data_dir or Path(folder) / "data"
        with _service(data_dir, given.port) as url, Client(url, "alice", "secret123") as client:
            view.say(f"A service of its own runs at {url}\n")
            _main_job(client, plan, view)
            if sys.stdout.isatty() and not given.exit:
                view.say(f"\nStill serving {url}/docs (alice / secret123). Ctrl-C ends it.")
                _until_interrupted()
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="headway demo",
        description="Import, train, evaluate and predict, on a service of its own.",
    )
    parser.add_argument("--csv", type=Path, help="your own file instead of the bundled sample")
    parser.add_argument("--test", type=Path, help="file to examine on; else a fifth of --csv")
    parser.add_argument("--text", help="the column with the texts; else guessed")
    parser.add_argument("--label", help="the column with the labels; else guessed")
    parser.add_argument("--data-dir", type=Path, help="where to keep it; else nowhere")
    parser.add_argument("--port", type=port, default=0, help="port; else any free one")
    parser.add_argument("--exit", action="store_true", help="do not keep serving at the end")
    return parser


def _plan(given: argparse.Namespace, folder: Path) -> Plan:
    columns = {"text": given.text, "label": given.label}
    columns = {name: value for name, value in columns.items() if value is not None}
    source = given.csv or SAMPLE_CSV
    for file in filter(None, (source, given.test)):
        if not file.is_file():
            raise HeadwayError(f"expected a CSV file, got {file}: there is none")
    if given.test is not None:
        return Plan(source, given.test, columns)
    return Plan(*split_csv(source, folder), columns)


def _main_job(client: Client, plan: Plan, view: DemoView) -> None:
    """Import both files, train on one, evaluate and predict on the other."""
    _import(client, view, "train", plan.train)
    imported = _import(client, view, "test", plan.test)
    trained, training_seconds = _run(
        client, view, "train", "train_model", {"data": "demo-train", "name": "demo", **plan.columns}
    )
    judged, _ = _run(
        client, view, "evaluate", "evaluate_model",
        {"data": "demo-test", "model": "demo", **plan.columns},
    )  # fmt: skip
    text = {key: value for key, value in plan.columns.items() if key == "text"}
    predicted, seconds = _run(
        client, view, "predict", "batch_predict", {"data": "demo-test", "model": "demo", **text}
    )
    view.report(
        "What came of it",
        {
            "learned from": f"{trained['rows']:,} rows, {len(trained['classes'])} classes",
            "training": f"{trained['epochs_run']} epochs in {training_seconds:.2f} s",
            "accuracy on held-out rows": f"{trained['accuracy']:.4f}",
            "accuracy on the test rows": f"{judged['accuracy']:.4f} of {judged['rows']:,}",
            "macro F1": f"{judged['macro_f1']:.4f}",
            "calibration error": f"{judged['calibration_error']:.4f}",
            "batch prediction": f"{predicted['predicted'] / max(seconds, 1e-3):,.0f} texts/s",
        },
    )
    texts = _texts(imported, plan)
    view.predictions((one, client.predict(one, "demo")) for one in texts)


def _import(client: Client, view: DemoView, name: str, file: Path) -> dict[str, Any]:
    return _show(client.import_csv(file, name=f"demo-{name}"), f"import {name} rows", view)


def _run(
    client: Client, view: DemoView, title: str, job_type: str, request: Mapping[str, Any]
) -> tuple[dict[str, Any], float]:
    """Submit, watch, and give the result with the seconds from start to end."""
    job = client.submit(job_type, request)
    result = _show(job, title, view)
    ended = job.now()
    assert ended.started_at is not None
    assert ended.completed_at is not None
    return result, (ended.completed_at - ended.started_at).total_seconds()


def _show(job: JobHandle, title: str, view: DemoView) -> dict[str, Any]:
    view.follow(title, job.events())
    return dict(job.result())


def _texts(imported: Mapping[str, Any], plan: Plan) -> list[str]:
    """A few texts of the test rows."""
    summary = imported["summary"]
    column = plan.columns.get("text") or summary["text_column"]
    return [str(row[column]) for row in summary["sample_rows"][:4]]


@contextlib.contextmanager
def _service(data_dir: Path, number: int) -> Iterator[str]:
    """A service in a process of its own; the URL it serves, once it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headway", "serve", "--port", str(number), "--data-dir", data_dir],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C ends the demo, and the demo ends the service
        env={"HEADWAY_LOG_LEVEL": "warning"} | os.environ,  # its log would stand amid the pictures
    )
    try:
        yield _ready_url(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _ready_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    first = process.stdout.readline()
    found = re.search(r"http://\S+", first)
    if found is None:
        raise HeadwayError(f"expected the service to start, got: {first.strip() or 'no word'}")
    with Client(found.group()) as client:
        client.wait_until_ready(START_SECONDS)
    return found.group()


def _until_interrupted() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
