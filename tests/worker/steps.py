"""What the operations that log their steps did, held against what the store let them save.

The order of the lines proves nothing: a process that is stopped between an answer and the line it
writes about it writes that line late. What counts is the store's own order, in which claims and
checkpoints are written one after the other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headway.events import Event
from headway.job import Status

FENCED = ("status", "resume", "checkpoint")
"""The kinds of events that a fence is read from."""


@dataclass(frozen=True)
class Line:
    """One thing an attempt did."""

    word: str
    """`step`: its effect happened; `saved`: its checkpoint was acknowledged."""
    step: int
    token: int
    pid: int
    number: int
    """The checkpoint that was saved, or the newest that a step stands behind; 0 for none."""


def lines_of(file: Path) -> list[Line]:
    """Everything that was done, by all attempts."""
    if not file.exists():
        return []
    whole, _, _ = file.read_text().rpartition("\n")  # the last may be half written
    fields = [line.split() for line in whole.splitlines()]
    return [Line(word, *map(int, numbers)) for word, *numbers in fields]


def most_redone(lines: Iterable[Line]) -> int:
    """How often the most repeated step was done."""
    counts = Counter(one.step for one in lines if one.word == "step")
    return max(counts.values(), default=0)


@dataclass(frozen=True)
class Fence:
    """Which checkpoints the store took from each attempt, in the order of its transactions."""

    saved: Mapping[int, Sequence[int]]
    """Their numbers, by the token of the attempt whose claim was the last to be given then."""
    out_of_turn: Sequence[int] = ()
    """Numbers that did not follow the one before, nor the one the attempt had resumed from."""

    def before(self, token: int) -> int:
        """The newest checkpoint there was when this attempt was given its claim; 0 for none."""
        earlier = [self.saved[one] for one in sorted(self.saved) if one < token and self.saved[one]]
        return earlier[-1][-1] if earlier else 0


def fence_of(events: Iterable[Event]) -> Fence:
    """Read it from a job's history: each claim is an event, and raises the token by one."""
    saved: dict[int, list[int]] = {}
    out_of_turn = []
    newest = 0
    for event in events:
        if event.kind == "status" and event.data["status"] == Status.RUNNING:
            saved[len(saved) + 1] = []
        elif event.kind == "resume":
            newest = int(event.data["resumed_from"]["checkpoint"])
        elif event.kind == "checkpoint":
            number = int(event.data["number"])
            if number != newest + 1:
                out_of_turn.append(number)
            saved[len(saved)].append(number)
            newest = number
    return Fence(saved, out_of_turn)


def redone_after_saved(lines: Iterable[Line], fence: Fence) -> list[Line]:
    """Steps of attempts that did not begin behind the newest checkpoint there was."""
    return [one for one in lines if one.word == "step" and one.number < fence.before(one.token)]


def stale(lines: Iterable[Line], fence: Fence) -> list[Line]:
    """Checkpoints acknowledged to an attempt that the store did not take while it held the claim."""
    return [
        one
        for one in lines
        if one.word == "saved" and one.number not in fence.saved.get(one.token, ())
    ]
