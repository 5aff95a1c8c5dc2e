"""scripts/structure measures what it says it measures."""

import subprocess
import sys
from pathlib import Path

STRUCTURE = Path(__file__).resolve().parent.parent / "scripts" / "structure"

ONE = '''\
import headway.two

def f():
    """Two lines
    of promise."""
    return 1
'''
TWO = """\
from headway import one

def g(): ...

async def h():
    a = 1
    return a
"""


def test_the_figures_are_those_of_the_source(tmp_path: Path) -> None:
    package = tmp_path / "headway"
    package.mkdir()
    (package / "one.py").write_text(ONE)
    (package / "two.py").write_text(TWO)
    answer = subprocess.run(
        [sys.executable, STRUCTURE, package], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert "median 2, 90th percentile 3, longest 3 (two.py:h)" in answer.stdout
    assert "longest file       7 (two.py)" in answer.stdout
    assert "import cycles      1" in answer.stdout
    assert "headway.one <-> headway.two" in answer.stdout
