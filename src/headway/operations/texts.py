"""Where the texts of a batch come from: the request itself, or a data set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from headway.job import Json
from headway.operations.spans import Stretch

CHUNK: Final = 2_000
"""Texts of a request that are predicted, and can be read, together; of all else, a chunk of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Some consecutive texts; None where there is none."""

    start: int
    texts: Sequence[str | None]
    ids: Sequence[str | None] | None = None
    """Their users' own names for them."""
    lines: Sequence[int] | None = None
    """Where each stands in its file."""
    errors: Mapping[int, str] = field(default_factory=dict)
    """Why there is no text at these places."""
    share: float = 0.0
    """How much of all texts is done with these, from 0 to 1."""
    place: Json = None
    """What the source goes on from after these, where a number is not enough."""

    @property
    def end(self) -> int:
        """The number of the first text after these."""
        return self.start + len(self.texts)

    def only(self, places: Sequence[int]) -> "Texts":
        """Those at these places."""
        return Texts(
            start=self.start,
            texts=[self.texts[one] for one in places],
            ids=None if self.ids is None else [self.ids[one] for one in places],
            lines=None if self.lines is None else [self.lines[one] for one in places],
            errors={n: self.errors[one] for n, one in enumerate(places) if one in self.errors},
        )


class TextSource(Protocol):
    """Where texts come from."""

    @property
    def total(self) -> int | None:
        """How many there are; None while nobody has read them all."""

    def chunks(self, start: int, place: Json = None) -> Iterator[Texts]:
        """The texts from number `start` on, which is at the `place` that came with those before."""

    def some(self, start: int, count: int) -> Texts:
        """So many texts from number `start` on. Cheap for numbers that grow from call to call."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The texts of the request itself."""

    texts: Sequence[str | None]
    ids: Sequence[str | None] | None

    @property
    def total(self) -> int:
        """See `TextSource.total`."""
        return len(self.texts)

    def chunks(self, start: int, place: Json = None) -> Iterator[Texts]:
        """See `TextSource.chunks`."""
        for first in range(start, self.total, CHUNK):
            yield self.some(first, CHUNK)

    def some(self, start: int, count: int) -> Texts:
        """See `TextSource.some`."""
        part = slice(start, start + count)
        return Texts(
            start=start,
            texts=self.texts[part],
            ids=None if self.ids is None else self.ids[part],
            share=min(1.0, part.stop / self.total),
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of some rows of a data set."""

    rows: Stretch
    text: str
    id: str | None

    @property
    def total(self) -> int:
        """See `TextSource.total`."""
        return self.rows.total

    def chunks(self, start: int, place: Json = None) -> Iterator[Texts]:
        """See `TextSource.chunks`."""
        names = dict.fromkeys((self.text, *([self.id] if self.id is not None else ())))
        for chunk in self.rows.read(list(names), start):
            yield Texts(
                start=chunk.start,
                texts=chunk.columns[self.text],
                ids=None if self.id is None else chunk.columns[self.id],
                share=(chunk.start + len(chunk)) / self.total,
            )

    def some(self, start: int, count: int) -> Texts:
        """See `TextSource.some`: a part is a chunk, or the rest of one."""
        return next(self.chunks(start))
