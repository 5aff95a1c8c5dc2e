"""What the operations that log their steps did: read back, and held to their promises."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One thing an attempt did, in the order of the file."""

    word: str
    """`step`: its effect happened; `saved`: its checkpoint was acknowledged."""
    step: int
    token: int
    pid: int


def lines_of(file: Path) -> list[Line]:
    """Everything that was done, by all attempts."""
    if not file.exists():
        return []
    fields = [line.split() for line in file.read_text().splitlines()]
    return [Line(word, int(step), int(token), int(pid)) for word, step, token, pid in fields]


def most_redone(lines: list[Line]) -> int:
    """How often the most repeated step was done."""
    counts = Counter(one.step for one in lines if one.word == "step")
    return max(counts.values(), default=0)


def redone_after_saved(lines: list[Line]) -> list[Line]:
    """Steps done again although a checkpoint behind them had been acknowledged."""
    saved = -1
    wrong = []
    for one in lines:
        if one.word == "saved":
            saved = max(saved, one.step)
        elif one.step <= saved:
            wrong.append(one)
    return wrong


def stale(lines: list[Line]) -> list[Line]:
    """Checkpoints acknowledged to an attempt after a later one had begun."""
    newest = 0
    wrong = []
    for one in lines:
        newest = max(newest, one.token)
        if one.word == "saved" and one.token < newest:
            wrong.append(one)
    return wrong
