"""`headway work`: run a worker until it is told to stop."""

import argparse
import sys
from pathlib import Path

from headway.cli.logs import log_to_stderr
from headway.cli.starting import find_modules_here
from headway.settings import Settings
from headway.wiring import open_store, open_worker
from headway.worker.signals import stop_on_signals, stop_without_supervisor


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="headway work", description="Run a worker.")
    parser.add_argument("--data-dir", type=Path, help="where the jobs are")
    parser.add_argument("--slots", type=int, help="CPU-bound jobs at a time")
    parser.add_argument("--lifeline", action="store_true", help=argparse.SUPPRESS)
    return parser


def run(given: argparse.Namespace) -> int:
    """Open, work; exit code 0 after a stop."""
    find_modules_here()
    log_to_stderr()
    settings = Settings.from_env(data_dir=given.data_dir, slots=given.slots)
    store = open_store(settings)
    try:
        worker = open_worker(settings, store, embedded=given.lifeline)
        stop_on_signals(worker.stop)
        if given.lifeline:
            stop_without_supervisor(worker.stop, sys.stdin.fileno())
        worker.run()
    finally:
        store.close()
    return 0
