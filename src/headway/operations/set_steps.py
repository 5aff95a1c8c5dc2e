"""The steps that need to know all rows: what each of them decides, from a few bytes per row."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from headway.errors import NotRetryable
from headway.operations.requests.preprocess import Balance, Split

PARTS: Final = ("train", "validation", "test")

MOST_COPIES: Final = int(np.iinfo(np.uint16).max)
"""Of one row, as its copies are counted."""

NO_LABEL: Final = -1


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known about the rows that reach a step; entry i of each is of row i."""

    texts: NDArray[np.uint64]
    """Equal for equal texts."""
    labels: NDArray[np.int32]
    """A number for each different label, and `NO_LABEL` for the rows without one."""
    parts: NDArray[np.int8]
    """Positions in `PARTS`; 0 for all before a split."""

    def repeated(self, copies: NDArray[np.uint16]) -> "Marks":
        """The marks of the rows that leave a step."""
        return Marks(
            np.repeat(self.texts, copies),
            np.repeat(self.labels, copies),
            np.repeat(self.parts, copies),
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What a step does with the rows that reach it."""

    copies: NDArray[np.uint16]
    """How often each row goes on: 0 drops it."""
    parts: NDArray[np.int8]
    """The part each row is of from now on."""


def first_of_each(marks: Marks, *, with_label: bool) -> Decision:
    """Keep the first of rows with equal texts, or with equal texts and labels."""
    keys = marks.texts
    if with_label:
        keys = keys ^ (marks.labels.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    copies = np.zeros(len(keys), dtype=np.uint16)
    copies[np.unique(keys, return_index=True)[1]] = 1
    return Decision(copies, marks.parts)


def split(marks: Marks, step: Split, seed: int) -> Decision:
    """Put every row into a part, equal texts into the same one. Of each label every part gets its
    share, to within a row where no texts are equal."""
    groups, group_of, sizes = _groups(marks.texts)
    places = _places(marks.labels[groups], sizes, np.random.default_rng(seed))
    bounds = np.cumsum([step.train, step.validation])
    parts = np.searchsorted(bounds, places, side="right")
    if not step.test:  # rounding may leave a sliver above the last bound
        parts = np.minimum(parts, 1 if step.validation else 0)
    return Decision(np.ones(len(group_of), dtype=np.uint16), parts[group_of].astype(np.int8))


def _groups(
    texts: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of each group of equal texts the first row, in order; the group of each row; the sizes."""
    _, first, group_of, sizes = np.unique(
        texts, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[group_of], sizes[order]


def _places(
    labels: NDArray[np.int32], sizes: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.float64]:
    """A place from 0 to 1 for every group: those of a label in random order, evenly apart, with a
    random start, so that labels of a few rows do not all miss the same part."""
    shuffled = random.permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    ordered, rows = labels[order], sizes[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    label_of = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(ordered)))
    before = np.cumsum(rows) - rows
    before -= before[starts][label_of]
    totals = np.add.reduceat(rows, starts) if len(starts) else rows
    offsets = random.random(len(starts))
    places = np.empty(len(labels))
    places[order] = (before + offsets[label_of] * rows) / totals[label_of]
    return places


def balance(marks: Marks, step: Balance, seed: int) -> Decision:
    """Give every label of the first part as many rows as the rarest has, or the most frequent.

    Rows without a label go on as they are: they are of none that could have too few."""
    copies = np.ones(len(marks.labels), dtype=np.uint16)
    rows = np.flatnonzero((marks.parts == 0) & (marks.labels != NO_LABEL))
    if not len(rows):  # that there is nothing left is told of what is written
        return Decision(copies, marks.parts)
    labels = marks.labels[rows]
    counts = np.bincount(labels)
    present = counts[counts > 0]
    wanted = int(present.min() if step.method == "undersample" else present.max())
    _refuse_too_many_copies(wanted, int(present.min()))
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    by_label = rows[shuffled[np.argsort(labels[shuffled], kind="stable")]]
    for mine in np.split(by_label, np.cumsum(present)[:-1]):
        whole, rest = divmod(wanted, len(mine))
        copies[mine] = whole
        copies[mine[:rest]] += 1
    return Decision(copies, marks.parts)


def _refuse_too_many_copies(wanted: int, rarest: int) -> None:
    most = -(-wanted // rarest)
    if most > MOST_COPIES:
        raise NotRetryable(
            f"expected to balance with at most {MOST_COPIES:,} copies of a row, got {most:,};"
            " undersample, or drop the rarest label with filter_labels"
        )
