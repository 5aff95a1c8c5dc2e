"""`headway work`: run a worker until it is told to stop."""

import argparse
import socket
import sys
from pathlib import Path

from headway.cli.arguments import csv_list
from headway.cli.starting import find_modules_here
from headway.events.log import log_to
from headway.settings import Settings
from headway.wiring import open_store, open_worker, run_celery_worker
from headway.worker.signals import follow_lifeline, stop_on_signals


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="headway work", description="Run a worker.")
    parser.add_argument("--data-dir", type=Path, help="where the jobs are")
    parser.add_argument("--slots", type=int, help="CPU-bound jobs at a time")
    parser.add_argument(
        "--queues", type=csv_list, help="run jobs of these queues only, separated by commas"
    )
    parser.add_argument("--engine", choices=["local", "celery"], help="what brings it to jobs")
    parser.add_argument("--lifeline", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--place", help=argparse.SUPPRESS)
    return parser


def run(given: argparse.Namespace) -> int:
    """Open, work; exit code 0 after a stop."""
    find_modules_here()
    settings = Settings.from_env(
        data_dir=given.data_dir,
        slots=given.slots,
        queues=given.queues,
        engine=given.engine,
    )
    log_to(sys.stderr, settings.log_level)
    return run_celery_worker(settings) if settings.engine == "celery" else _work(settings, given)


def _work(settings: Settings, given: argparse.Namespace) -> int:
    store = open_store(settings)
    try:
        worker = open_worker(settings, store, place=_place(settings, given))
        stop_on_signals(worker.stop)
        if given.lifeline:
            follow_lifeline(sys.stdin.fileno(), ring=worker.look, stop=worker.stop)
        worker.run()
    finally:
        store.close()
    return 0


def _place(settings: Settings, given: argparse.Namespace) -> str | None:
    """What whoever supervises us holds the only lock of: by default the data directory, here."""
    if given.lifeline and given.place is None:
        return f"{socket.gethostname()}:{settings.data_dir.resolve()}"
    place: str | None = given.place
    return place
