"""The rows of a training: looked through once for their labels, then read again for what is needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from headway.context import Context
from headway.errors import NotRetryable
from headway.models.epochs import Settings
from headway.models.features import Features
from headway.models.split import held_out
from headway.models.vectors import Matrix, count_grams, stack
from headway.operations.inputs import LabelledChunk, labelled_rows
from headway.operations.requests.train import Example, TrainModel

MAX_CLASSES: Final = 1_000
MAX_CELLS: Final = 1 << 27
"""Rows times classes: a gigabyte for each of the few arrays of that shape."""
_CHUNK: Final = 5_000


class Source(Protocol):
    """Rows that can be read more than once."""

    @property
    def total(self) -> int:
        """How many rows there are to read."""

    def chunks(self) -> Iterator[LabelledChunk]:
        """Yield those that have a text and a label."""


@dataclass(frozen=True, slots=True)
class Examples:
    """The rows of a request that brings its own."""

    examples: Sequence[Example]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.examples)

    def chunks(self) -> Iterator[LabelledChunk]:
        """Yield all of them."""
        for start in range(0, len(self.examples), _CHUNK):
            part = self.examples[start : start + _CHUNK]
            done = start + len(part)
            texts, labels = [one.text for one in part], [one.label for one in part]
            yield LabelledChunk(done, texts, labels, range(start, done))


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look through the rows told; row i is the same for all fields."""

    classes: tuple[str, ...]
    """The different labels of the rows to learn from, in order."""
    targets: NDArray[np.int64]
    """The label of each row, as a position in `classes`."""
    lengths: NDArray[np.int64]
    """Characters of each text."""
    numbers: NDArray[np.int64]
    """The number of each row in its own source."""
    validation: NDArray[np.bool_] | None
    """Marks the rows of a given validation set; None where a share is to be held out."""
    hashes: NDArray[np.int64]
    """Equal for equal texts; good for this process only."""

    def held(self, settings: Settings) -> NDArray[np.bool_]:
        """Marks the rows that accuracy is measured on."""
        if self.validation is not None:
            return self.validation
        return held_out(self.targets, settings.validation, settings.seed)

    def shared_texts(self, held: NDArray[np.bool_]) -> int:
        """How many of the held-out rows have a text that occurs among the others too."""
        return int(np.isin(self.hashes[held], self.hashes[~held]).sum())


class TrainingRows:
    """The rows to learn from, followed by those of a given validation set."""

    def __init__(self, request: TrainModel, ctx: Context) -> None:
        self._ctx = ctx
        learned: Source = (
            labelled_rows(ctx, request.text, request.label)
            if request.examples is None
            else Examples(request.examples)
        )
        self._sources = [learned]
        if request.validation_data is not None:
            field = "validation_data"
            self._sources.append(labelled_rows(ctx, request.text, request.label, field=field))

    def survey(self) -> Survey:
        """Look through all rows. `NotRetryable` if no classifier can be made of their labels."""
        labels: list[list[str]] = []
        seen: list[tuple[int, int, int]] = []
        for source in self._sources:
            labels.append([])
            for chunk in source.chunks():
                labels[-1] += chunk.labels
                lengths, hashes = map(len, chunk.texts), map(hash, chunk.texts)
                seen += zip(lengths, chunk.numbers, hashes, strict=True)
        classes = _classes(labels[0])
        _check_validation(labels[1:], classes)
        codes = {label: code for code, label in enumerate(classes)}
        targets = np.array([codes[label] for label in chain(*labels)], dtype=np.int64)
        lengths, numbers, hashes = np.array(seen, dtype=np.int64).T
        validation = np.arange(len(targets)) >= len(labels[0]) if len(labels) > 1 else None
        return Survey(classes, targets, lengths, numbers, validation, hashes)

    def counted(self, features: Features, start: float, end: float) -> Matrix:
        """All texts as counts of grams, showing progress from `start` to `end` per cent."""
        parts: list[Matrix] = []
        total, done = sum(source.total for source in self._sources), 0
        for source in self._sources:
            for chunk in source.chunks():
                parts.append(count_grams(chunk.texts, features))
                read = done + chunk.done
                percent = start + (end - start) * read / max(1, total)
                self._ctx.progress(percent, f"read {read:,} of {total:,} rows")
            done += source.total
        return stack(parts)

    def texts_at(self, positions: Sequence[int] | NDArray[np.int64]) -> list[str]:
        """The texts of some rows, in the order of `positions`."""
        wanted = {int(position): "" for position in positions}
        for position, text in enumerate(self._texts()):
            if position in wanted:
                wanted[position] = text
        return [wanted[int(position)] for position in positions]

    def _texts(self) -> Iterator[str]:
        for source in self._sources:
            for chunk in source.chunks():
                yield from chunk.texts


def _classes(labels: Sequence[str]) -> tuple[str, ...]:
    """The different labels in order, if a classifier can be made of them."""
    classes = tuple(sorted(set(labels)))
    if len(classes) < 2:
        raise NotRetryable(
            "expected rows of at least 2 different labels, got:"
            f" {', '.join(map(repr, classes)) or 'no row with a text and a label'};"
            " name the right columns in `text` and `label`"
        )
    if len(classes) > MAX_CLASSES or len(classes) * len(labels) > MAX_CELLS:
        raise NotRetryable(
            f"expected at most {min(MAX_CLASSES, MAX_CELLS // len(labels)):,} different labels for"
            f" {len(labels):,} rows, got: {len(classes):,}; name the right column in `label`"
        )
    return classes


def _check_validation(given: Sequence[Sequence[str]], classes: Sequence[str]) -> None:
    for labels in given:
        unknown = sorted(set(labels) - set(classes))
        if unknown or not labels:
            got = ", ".join(map(repr, unknown[:5])) or "no row with a text and a label"
            raise NotRetryable(
                f"expected validation rows of labels that the training rows have, got: {got};"
                " filter or map the labels of the validation set first"
            )
