"""docs/states.md draws exactly the moves that `headway.job` allows, and tells the bounds of `headway.verdict`."""

import re
from pathlib import Path

from headway.job import FINISHED, MOVES, Status
from headway.verdict import MAX_CRASHES, MAX_INTERRUPTIONS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "states.md").read_text()
ARROWS = re.findall(r"^ +(\S+) --> ([^\s:]+)(?::.+)?$", PAGE, flags=re.MULTILINE)


def test_the_arrows_are_the_moves() -> None:
    drawn = {(source, target) for source, target in ARROWS if "[*]" not in (source, target)}
    allowed = {
        (source.value, target.value) for source, targets in MOVES.items() for target in targets
    }
    assert drawn == allowed


def test_no_arrow_is_drawn_twice() -> None:
    assert len(ARROWS) == len(set(ARROWS))


def test_a_job_begins_pending_and_ends_in_a_finished_state() -> None:
    assert {target for source, target in ARROWS if source == "[*]"} == {Status.PENDING.value}
    assert {source for source, target in ARROWS if target == "[*]"} == {
        status.value for status in FINISHED
    }


def test_the_bounds_are_those_of_the_code() -> None:
    assert f"after {MAX_CRASHES} in a row" in PAGE
    assert f"after {MAX_INTERRUPTIONS} in a row" in PAGE
