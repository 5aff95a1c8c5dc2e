"""A data set whose text and label go through a pipeline, while the other columns wait."""

from collections.abc import Iterator

from headway.data.datasets import Chunk, Dataset
from headway.operations.pipeline import Row
from headway.operations.requests.preprocess import Recipe


class Table:
    """Gives the rows in, and takes them back with everything else they had."""

    def __init__(self, dataset: Dataset, recipe: Recipe) -> None:
        """`NotRetryable` if a column is missing that the recipe needs."""
        guessed_text, guessed_label = dataset.guessed_columns()
        self._dataset = dataset
        self.names = dataset.names
        self._text = dataset.column(recipe.text, guessed_text, "text")
        self._label = recipe.label or guessed_label
        if recipe.label is not None or needs_labels(recipe):
            self._label = dataset.column(recipe.label, guessed_label, "label")
        self._chunk = Chunk(0, {})

    @property
    def total(self) -> int:
        """How many rows there are."""
        return self._dataset.rows

    @property
    def labelled(self) -> bool:
        """Whether there is a column of labels."""
        return self._label is not None

    def rows(self, start: int = 0) -> Iterator[tuple[int, str | None, str | None]]:
        """Yield numbers, texts and labels from row `start` on."""
        for chunk in self._dataset.read(self.names, start):
            self._chunk = chunk
            nothing = [None] * len(chunk)
            labels = chunk.columns[self._label] if self._label is not None else nothing
            numbers = range(chunk.start, chunk.start + len(chunk))
            yield from zip(numbers, chunk.columns[self._text], labels, strict=True)

    @property
    def characters(self) -> int:
        """How many the texts of the chunk have that was read last."""
        return sum(len(text or "") for text in self._chunk.columns[self._text])

    def values(self, row: Row) -> list[str]:
        """All columns of a row that came out of the pipeline before the next one went in."""
        new = {self._text: row.text, self._label: row.label}
        at = row.number - self._chunk.start
        return [
            (new[name] if name in new else self._chunk.columns[name][at]) or ""
            for name in self.names
        ]


def needs_labels(recipe: Recipe) -> bool:
    """Whether a step can do nothing without labels."""
    return any(
        step.step in ("filter_labels", "map_labels", "balance")
        or (step.step == "drop_duplicates" and step.by == "text_and_label")
        for step in recipe.steps
    )
