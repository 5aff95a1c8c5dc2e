"""docs/security.md tells of every probe, and names what shows it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
ROW = re.compile(r"^\| S(\d+) \|([^|]+)\|([^|]+)\|([^|]+)\|$", re.MULTILINE)
PLACE = re.compile(r"`((?:tests|docs)/[^`]+)`")


def test_each_of_forty_probes_has_a_row() -> None:
    assert sorted(int(number) for number, *_ in ROW.findall(TEXT)) == list(range(1, 41))


def test_each_row_names_what_is_there() -> None:
    for number, _, shown, result in ROW.findall(TEXT):
        places = PLACE.findall(shown)
        assert places, f"S{number} names no test"
        assert result.strip(), f"S{number} has no result"
        for place in places:
            assert (ROOT / place).exists(), f"S{number}: there is no {place}"
