"""The demo: the first thing that a new user sees."""

import os
import subprocess
import sys

from tests.conftest import ROOT


def test_the_demo_shows_a_model_being_made_and_no_log_amid_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "headway", "demo"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    for shown in ("train rows", "epoch  10", "accuracy on the test rows", "Asked at once"):
        assert shown in ended.stdout
    assert "headway.requests" not in ended.stdout + ended.stderr
