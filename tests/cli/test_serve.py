"""`headway serve`, as far as only its own process can tell."""

import os
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

from tests.cli.conftest import ROOT

TELLS = """
import gc, sys
from headway.cli import main
code = main(["serve", "--port", "0", "--no-worker"])
print(gc.get_freeze_count(), len(gc.get_objects()))
sys.exit(code)
"""


def test_the_url_of_an_address_with_colons_can_be_asked(data_dir: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "headway", "serve", "--host", "::1", "--port", "0", "--no-worker"],
        env=os.environ | {"HEADWAY_DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[2]
    try:
        assert url.startswith("http://[::1]:")
        with urlopen(f"{url}/healthz", timeout=60) as answer:
            assert answer.status == HTTPStatus.OK
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_what_is_there_at_the_start_is_never_searched_for_garbage(data_dir: Path) -> None:
    """It is most of what there is, and a search would hold up whoever asks just then."""
    process = subprocess.Popen(
        [sys.executable, "-c", TELLS],
        env=os.environ
        | {"HEADWAY_DATA_DIR": str(data_dir), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "Development mode" not in process.stdout.readline():
        pass  # its greeting has two lines
    process.terminate()
    told, _ = process.communicate(timeout=60)
    frozen, all_objects = map(int, told.split())
    assert process.returncode == 0
    assert frozen > all_objects / 2
