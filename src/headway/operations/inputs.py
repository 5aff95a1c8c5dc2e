"""Opening what a request names: the artefact that was pinned for it, or what the package brings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headway.artifacts import BUNDLED_PREFIX, check_file
from headway.context import Artifact, Context
from headway.data.datasets import Dataset
from headway.data.samples import bundled_dataset
from headway.errors import NotRetryable
from headway.models.bundle import DEFAULT_BUNDLE, Bundle
from headway.operations.requests.base import RowRange
from headway.operations.spans import Stretch


@dataclass(frozen=True, slots=True)
class LabelledChunk:
    """Rows that have a text and a label."""

    done: int
    """Rows up to the end of this chunk, the incomplete ones among them."""
    texts: Sequence[str]
    labels: Sequence[str]
    numbers: Sequence[int]
    """The number of each row in its source, from 0."""


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """The texts and labels of some rows of a data set, to be read in chunks."""

    stretch: Stretch
    text: str
    label: str

    @property
    def total(self) -> int:
        """All rows, the incomplete ones among them."""
        return self.stretch.total

    def chunks(self, start: int = 0) -> Iterator[LabelledChunk]:
        """Yield the rows from `start` on; those without a text or a label are left out."""
        for chunk in self.stretch.read([self.text, self.label], start):
            done = chunk.start + len(chunk)
            first = self.stretch.first + chunk.start
            rows = zip(
                chunk.columns[self.text],
                chunk.columns[self.label],
                range(first, first + len(chunk)),
                strict=True,
            )
            kept = [row for row in rows if row[0] is not None and row[1] is not None]
            texts, labels, numbers = zip(*kept, strict=True) if kept else ((), (), ())
            yield LabelledChunk(done, texts, labels, numbers)


def labelled_rows(
    ctx: Context,
    text: str | None,
    label: str | None,
    *,
    field: str = "data",
    rows: RowRange | None = None,
) -> LabelledRows:
    """The data set in a field, or some of its rows, with the columns asked for or guessed."""
    dataset = open_dataset(ctx, field)
    guessed_text, guessed_label = dataset.guessed_columns()
    return LabelledRows(
        Stretch.of(dataset, rows),
        dataset.column(text, guessed_text, "text"),
        dataset.column(label, guessed_label, "label"),
    )


def open_dataset(ctx: Context, field: str = "data") -> Dataset:
    """The data set in a field, checked against its hash."""
    artifact = _artifact(ctx, field)
    if artifact.id.startswith(BUNDLED_PREFIX):
        return Dataset(bundled_dataset(artifact.id.removeprefix(BUNDLED_PREFIX), ctx.shared))
    check_file(artifact.path, artifact.sha256)
    return Dataset(artifact.path, artifact.meta)


def open_model(ctx: Context, field: str = "model") -> tuple[str, Bundle]:
    """The id and the bundle of the model in a field, checked against its hash."""
    artifact = _artifact(ctx, field)
    if artifact.id.startswith(BUNDLED_PREFIX):
        return artifact.id, Bundle.load(DEFAULT_BUNDLE)
    return artifact.id, Bundle.load(artifact.path, artifact.sha256)


def _artifact(ctx: Context, field: str) -> Artifact:
    artifact = ctx.artifact(field)
    if artifact is None:
        raise NotRetryable(f"expected an artefact for the field {field!r}, got none")
    return artifact
