"""Rows through a list of steps, in bounded memory: a pass for each step that must know all rows,
and a last one that gives the rows out.

Such a step decides from a few bytes per row; its decision is kept, and later passes only follow it.
The same code runs on a whole data set and on a sample of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np

from headway.job import Json
from headway.operations.requests.preprocess import Balance, DropDuplicates, Recipe, Split, Step
from headway.operations.row_steps import RowStep, Value, row_step
from headway.operations.set_steps import NO_LABEL, Decision, Marks, balance, first_of_each, split

EXAMPLES: Final = 3
"""Rows shown per step, before and after."""
_SHOWN: Final = 200
"""Characters shown of a text."""


class Row(NamedTuple):
    """A row on its way."""

    number: int
    """Its number in the data set it came from."""
    text: Value
    label: Value
    part: int = 0


Rows = Iterable[tuple[int, Value, Value]]
"""Numbers, texts and labels."""


@dataclass
class StepReport:
    """What a step did."""

    step: str
    rows_in: int = 0
    rows_out: int = 0
    changed: int = 0
    examples: list[dict[str, Json]] = field(default_factory=list)

    def note(self, row: Row, after: Sequence[Row]) -> None:
        """Count a row that reached the step, and show it if it is one of the first it touched."""
        self.rows_in += 1
        self.rows_out += len(after)
        same = len(after) == 1 and (after[0].text, after[0].label) == (row.text, row.label)
        self.changed += len(after) == 1 and not same
        if not same and len(self.examples) < EXAMPLES:
            self.examples.append(
                {"row": row.number, "before": _shown(row), "after": [_shown(one) for one in after]}
            )

    def as_json(self) -> dict[str, Json]:
        """The counts; `changed` are rows that went on once, but not as they came."""
        return {
            "step": self.step,
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "changed": self.changed,
            "examples": self.examples,
        }


class Pipeline:
    """A recipe on its way through a data set. Take `decisions()` one by one, then `rows()`."""

    def __init__(self, recipe: Recipe, *, labelled: bool) -> None:
        self.steps: list[Step] = recipe.steps
        self._seed = recipe.seed
        self._row_steps = [row_step(step, labelled=labelled) for step in recipe.steps]
        self._decided: list[Decision] = []

    @property
    def undecided(self) -> int:
        """How many steps have yet to decide."""
        return self._row_steps.count(None) - len(self._decided)

    def follow(self, decisions: Iterable[Decision]) -> None:
        """Take over what was decided before, for the first of the steps that decide."""
        self._decided += decisions

    def decide(self, rows: Rows) -> list[Decision]:
        """Let the next step decide, and those that follow it directly: one pass over the rows."""
        at = self._next_to_decide()
        marks = self._marks(self._through(rows, at, reports=None))
        decided: list[Decision] = []
        while at < len(self.steps) and self._row_steps[at] is None:
            decision = _decision(self.steps[at], marks, self._seed)
            marks = Marks(marks.texts, marks.labels, decision.parts).repeated(decision.copies)
            decided.append(decision)
            at += 1
        self._decided += decided
        return decided

    def rows(self, rows: Rows, reports: Sequence[StepReport]) -> Iterator[Row]:
        """Yield what all steps make of the rows, once all have decided; fill in a report each. With
        reports that are filled in already it goes on with the rows after those they tell of."""
        yield from self._through(rows, len(self.steps), reports)

    def reports(self) -> list[StepReport]:
        """An empty report for each step."""
        return [StepReport(step.step) for step in self.steps]

    def _next_to_decide(self) -> int:
        deciding = [at for at, step in enumerate(self._row_steps) if step is None]
        return deciding[len(self._decided)]

    def _through(self, rows: Rows, end: int, reports: Sequence[StepReport] | None) -> Iterator[Row]:
        """The rows as they leave the steps before `end`."""
        decided = iter(self._decided)
        stages = [
            _Applying(step)
            if step is not None
            else _Following(next(decided), 0 if reports is None else reports[at].rows_in)
            for at, step in enumerate(self._row_steps[:end])
        ]
        for number, text, label in rows:
            present = [Row(number, text, label)]
            for at, stage in enumerate(stages):
                leaving = [stage(row) for row in present]
                if reports is not None:
                    for row, after in zip(present, leaving, strict=True):
                        reports[at].note(row, after)
                present = [row for after in leaving for row in after]
                if not present:
                    break
            yield from present

    @staticmethod
    def _marks(rows: Iterable[Row]) -> Marks:
        known: dict[Value, int] = {None: NO_LABEL, "": NO_LABEL}
        gathered = np.fromiter(
            (
                (_mark_of(row.text), known.setdefault(row.label, len(known) - 2), row.part)
                for row in rows
            ),
            dtype=[("text", np.uint64), ("label", np.int32), ("part", np.int8)],
        )
        return Marks(gathered["text"], gathered["label"], gathered["part"])


class _Applying:
    """A stage that looks at each row alone."""

    def __init__(self, step: RowStep) -> None:
        self._step = step

    def __call__(self, row: Row) -> tuple[Row, ...]:
        after = self._step(row.text, row.label)
        if after is None:
            return ()
        if after == (row.text, row.label):
            return (row,)
        return (row._replace(text=after[0], label=after[1]),)


class _Following:
    """A stage that follows a decision, row by row."""

    def __init__(self, decision: Decision, start: int) -> None:
        # memoryviews give plain integers one by one; a list would hold those of all rows
        self._copies: Iterator[int] = iter(decision.copies[start:].data)
        self._parts: Iterator[int] = iter(decision.parts[start:].data)

    def __call__(self, row: Row) -> tuple[Row, ...]:
        part = next(self._parts)
        here = row if part == row.part else row._replace(part=part)
        return (here,) * next(self._copies)


def _decision(step: Step, marks: Marks, seed: int) -> Decision:
    match step:
        case DropDuplicates():
            return first_of_each(marks, with_label=step.by == "text_and_label")
        case Split():
            return split(marks, step, seed)
        case Balance():
            return balance(marks, step, seed)
        case _:
            raise TypeError(f"expected a step that decides about all rows, got {step.step!r}")


def _mark_of(text: Value) -> int:
    """The same for equal texts, on every machine; 64 bits: of ten million different texts two are
    alike with a chance of three in a million."""
    content = b"\xff" if text is None else text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def _shown(row: Row) -> dict[str, Json]:
    text = row.text if row.text is None else row.text[:_SHOWN]
    return {"text": text, "label": row.label}
