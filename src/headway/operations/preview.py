"""What a recipe would do, tried on the first rows of a data set: an answer at once."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from headway.data.datasets import Dataset
from headway.data.samples import bundled_dataset
from headway.job import Json
from headway.operations.pipeline import Pipeline
from headway.operations.requests.preprocess import PreviewRecipe
from headway.operations.set_steps import PARTS
from headway.operations.table import Table

MOST_CHARACTERS: Final = 2_000_000
"""The sample ends where its texts come to this many, so that long ones do not hold up the answer."""
_SHOWN_ROWS: Final = 20
_SHOWN_CHARACTERS: Final = 1_000

Tried = Iterator[tuple[int, str | None, str | None]]


def preview(path: Path, recipe: PreviewRecipe) -> dict[str, Json]:
    """The report of the steps on the first rows, and the first rows that come out. Steps that look
    at all rows see the sample alone: of shares and duplicates a whole data set may have others."""
    table = Table(Dataset(path), recipe)
    sample = list(_sample(table.rows(), recipe.rows))
    pipeline = Pipeline(recipe, labelled=table.labelled)
    while pipeline.undecided:
        pipeline.decide(sample)
    reports = pipeline.reports()
    rows = list(pipeline.rows(sample, reports))
    return {
        "sample": len(sample),
        "total": table.total,
        "rows_out": len(rows),
        "report": [report.as_json() for report in reports],
        "rows": [
            {
                "row": row.number,
                "part": PARTS[row.part] if recipe.splits else None,
                "text": row.text if row.text is None else row.text[:_SHOWN_CHARACTERS],
                "label": row.label,
            }
            for row in rows[:_SHOWN_ROWS]
        ],
    }


def preview_bundled(name: str, cache: Path, recipe: PreviewRecipe) -> dict[str, Json]:
    """The same of a data set that comes with the package."""
    return preview(bundled_dataset(name, cache), recipe)


def _sample(rows: Tried, most: int) -> Tried:
    characters = 0
    for number, text, label in islice(rows, most):
        characters += len(text or "")
        if number and characters > MOST_CHARACTERS:
            return
        yield number, text, label
