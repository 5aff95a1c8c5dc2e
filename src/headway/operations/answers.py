"""The answers to the texts of a batch: chunk by chunk, readable at once, and never asked for again."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import orjson

from headway.context import Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.answering import Answering
from headway.operations.texts import Texts, TextSource
from headway.own_model import Answer

MOST_LISTED_BYTES: Final = 3 * 2**20
"""Of the answers that a result lists: it has 4 MiB at most."""
MOST_LABELS: Final = 1_000
"""Different answers that are counted one by one; a model that gives more does not classify."""
_NO_TEXT: Final = "expected a text, got an empty cell"


@dataclass(slots=True)
class Counted:
    """How many texts have an answer, and how often each answer was given."""

    predicted: int = 0
    labels: Counter[str] | None = field(default_factory=Counter)
    """None once there are more than 1,000 different ones."""

    @classmethod
    def of_json(cls, saved: Mapping[str, Json]) -> Self:
        """The inverse of `as_json`."""
        labels = saved["labels"]
        return cls(saved["predicted"], None if labels is None else Counter(labels))

    def as_json(self) -> dict[str, Json]:
        """The fields under their own names."""
        labels = None if self.labels is None else dict(sorted(self.labels.items()))
        return {"predicted": self.predicted, "labels": labels}

    def add(self, answers: Iterable[Answer]) -> None:
        """Count more; those that failed have none."""
        found = [one["prediction"] for one in answers if "error" not in one]
        self.merge(Counted(len(found), Counter(found)))

    def merge(self, other: "Counted") -> None:
        """Add what another has counted."""
        self.predicted += other.predicted
        if self.labels is None or other.labels is None:
            self.labels = None
            return
        self.labels.update(other.labels)
        if len(self.labels) > MOST_LABELS:
            self.labels = None


class Listing:
    """All answers in their order, as long as a result can hold them."""

    def __init__(self, answers: list[Answer] | None) -> None:
        self.answers = answers
        """None once they do not fit."""
        self._bytes = len(orjson.dumps(answers))

    def add(self, answers: Sequence[Answer]) -> None:
        """List more."""
        if self.answers is None:
            return
        self._bytes += len(orjson.dumps(answers))
        self.answers += answers
        if self._bytes > MOST_LISTED_BYTES:
            self.answers = None

    def replace(self, first: int, answers: Sequence[Answer]) -> None:
        """Put these in the place of those from number `first` on."""
        if self.answers is not None:
            listed = self.answers
            listed[first : first + len(answers)] = answers
            self._bytes = len(orjson.dumps(listed))
            self.add(())


def answer_all(
    source: TextSource, model: Answering, ctx: Context, *, listed: bool
) -> dict[str, Json]:
    """Answer the texts after those that an earlier attempt has answered. The result lists all
    answers if `listed` and where they fit, else it counts them."""
    progress = _Progress.of(source, model, ctx, listed=listed)
    for first, rows in _redo(source, model, ctx, progress.counted):
        progress.listing.replace(first, [_told(row) for row in rows])
        progress.save(ctx)
    for chunk in source.chunks(progress.done, progress.place):
        answers = _answers(model, chunk)
        progress.add(chunk, answers)
        ctx.items(list(_numbered(chunk.start, answers, model.name)))
        progress.save(ctx)
        of_all = "" if source.total is None else f" of {source.total:,}"
        ctx.progress(100 * chunk.share, f"{chunk.end:,}{of_all} texts")
    if not progress.done:
        raise NotRetryable("expected texts, got none: the file has no rows; choose another file")
    if source.total is None:
        ctx.expect_items(progress.done)
    return progress.result(model)


@dataclass(slots=True)
class _Progress:
    """What is answered so far."""

    done: int
    place: Json
    counted: Counted
    listing: Listing
    listed: bool
    keeps: bool
    """Whether checkpoints hold the listing. To ask a model of ours again costs microseconds, less
    than to keep what it said; one of the user's own may say something else the next time."""

    @classmethod
    def of(cls, source: TextSource, model: Answering, ctx: Context, *, listed: bool) -> Self:
        """Where the last checkpoint left off."""
        keeps = listed and not model.repeats
        if ctx.resumed is None:
            return cls(0, None, Counted(), Listing([]), listed, keeps)
        state = ctx.resumed.state
        done = int(state["done"])
        listing = Listing([])
        if keeps:
            kept = ctx.resumed.blob()
            listing = Listing(None if kept is None else orjson.loads(kept))
        elif listed:
            for chunk in source.chunks(0):
                if chunk.start >= done:
                    break
                listing.add(_answers(model, chunk))
        return cls(done, state["place"], Counted.of_json(state), listing, listed, keeps)

    def add(self, chunk: Texts, answers: Sequence[Answer]) -> None:
        """A chunk is answered."""
        self.done, self.place = chunk.end, chunk.place
        self.counted.add(answers)
        if self.listed:
            self.listing.add(answers)

    def save(self, ctx: Context) -> None:
        """Make it readable, and never do it again."""
        answers = self.listing.answers if self.keeps else None
        blob = None if answers is None else orjson.dumps(answers)
        ctx.checkpoint({"done": self.done, "place": self.place, **self.counted.as_json()}, blob)

    def result(self, model: Answering) -> dict[str, Json]:
        """What the job comes to."""
        if self.listed and self.listing.answers is not None:
            # The contract's shape, and nothing more; each item under /results names its model.
            return {"predictions": self.listing.answers, "total": self.done}
        failed = self.done - self.counted.predicted
        counts = {"total": self.done, **self.counted.as_json(), "failed": failed}
        return {**counts, "model": model.name, "model_id": model.id}


def _redo(
    source: TextSource, model: Answering, ctx: Context, counted: Counted
) -> Iterator[tuple[int, Sequence[Answer]]]:
    """Ask again about the items that failed, if their user wants that; the parts they are in."""
    for part in ctx.redo:
        failed = part.failed
        answers = _answers(model, source.some(part.first, len(part.rows)).only(failed))
        rows = [dict(row) for row in part.rows]
        for place, answer in zip(failed, answers, strict=True):
            rows[place] = {"index": part.first + place, **answer, "model": model.name}
        counted.add(answers)
        ctx.replace_items(part.first, rows)
        yield part.first, rows


def _told(row: Answer) -> Answer:
    """An item as the result lists it."""
    return {name: value for name, value in row.items() if name not in ("index", "model")}


def _answers(model: Answering, chunk: Texts) -> list[Answer]:
    """One answer per text, under its user's name for it and with its line in the file; a missing
    text is an error of its own."""
    given = iter(model.answers([text for text in chunk.texts if text is not None]))
    answers = [
        next(given) if text is not None else _missing(chunk.errors.get(place, _NO_TEXT))
        for place, text in enumerate(chunk.texts)
    ]
    if chunk.lines is not None:
        answers = [{"line": line} | one for line, one in zip(chunk.lines, answers, strict=True)]
    if chunk.ids is not None:
        answers = [{"custom_id": id} | one for id, one in zip(chunk.ids, answers, strict=True)]
    return answers


def _missing(why: str) -> Answer:
    return {"prediction": None, "confidence": None, "error": why}


def _numbered(start: int, answers: Sequence[Answer], model: str) -> Iterator[Answer]:
    for index, answer in enumerate(answers, start=start):
        yield {"index": index, **answer, "model": model}
