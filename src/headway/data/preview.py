"""Some rows of a data set, to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headway.data.datasets import Dataset
from headway.data.samples import bundled_dataset


@dataclass(frozen=True, slots=True)
class Preview:
    """Rows from `start` on, and how many there are."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, str | None]]
    total: int


def preview(path: Path, start: int, limit: int) -> Preview:
    """Up to `limit` rows of a data set from row `start` on; only what holds them is read."""
    dataset = Dataset(path)
    names = dataset.names
    rows: list[dict[str, str | None]] = []
    for chunk in dataset.read(names, start):
        columns = [chunk.columns[name][: limit - len(rows)] for name in names]
        rows += [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        if len(rows) >= limit:
            break
    return Preview(names, rows, dataset.rows)


def preview_bundled(name: str, cache: Path, start: int, limit: int) -> Preview:
    """The same of a data set that comes with the package, made now if nobody asked for it yet."""
    return preview(bundled_dataset(name, cache), start, limit)
