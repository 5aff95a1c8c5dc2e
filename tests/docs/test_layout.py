"""docs/layout.md shows the folders that exist and the tiers that are enforced."""

import re
from pathlib import Path

from tests.test_architecture import TIERS

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(
    r"^```\n(.+?)^```$", (ROOT / "docs" / "layout.md").read_text(), flags=re.MULTILINE | re.DOTALL
)


def test_the_tiers_are_those_of_the_test() -> None:
    drawn = [set(line.split()) for line in reversed(BLOCKS[2].splitlines())]
    assert drawn == [set(tier) for tier in TIERS[:-1]]
    assert TIERS[-1] == ("__init__", "__main__")


def test_every_part_of_the_package_is_in_the_picture() -> None:
    shown = set(re.findall(r"^  (\w+)(?:/|\.py) ", BLOCKS[1], flags=re.MULTILINE))
    package = ROOT / "src" / "headway"
    there = {
        path.stem
        for path in package.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert there - {"__init__", "__main__"} <= shown
