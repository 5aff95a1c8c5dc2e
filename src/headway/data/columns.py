"""What is known about a column: its guessed type, how many values it has, which ones; in bounds."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from headway.job import Json

MAX_LABELS: Final = 1_000
"""A column with more different values than this is no label column; they are not counted."""
MAX_DISTINCT: Final = 20_000
"""Different values are counted up to here."""

_TYPES: Final = (
    ("integer", re.compile(r"[+-]?\d{1,18}")),
    ("number", re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")),
    ("boolean", re.compile(r"true|false|yes|no", re.IGNORECASE)),
    (
        "date",
        re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?"),
    ),
)
_TEXT_NAMES: Final = (
    "text",
    "message",
    "body",
    "content",
    "review",
    "description",
    "sentence",
    "ticket",
)
_LABEL_NAMES: Final = (
    "label",
    "category",
    "class",
    "target",
    "sentiment",
    "intent",
    "topic",
    "tag",
)


class Column:
    """Takes a column's values chunk by chunk and tells what they are like."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nulls = 0
        self.values = 0
        self._characters = 0
        self._types = list(_TYPES)
        self._counts: Counter[str] | None = Counter()
        self._distinct: set[int] = set()

    def add(self, values: Iterable[str | None]) -> None:
        """Take more values; None is an empty cell."""
        given = list(values)
        present = [value for value in given if value is not None]
        self.nulls += len(given) - len(present)
        self.values += len(present)
        self._characters += sum(map(len, present))
        self._types = [
            (name, pattern) for name, pattern in self._types if all(map(pattern.fullmatch, present))
        ]
        self._count(present)

    def _count(self, values: list[str]) -> None:
        if len(self._distinct) < MAX_DISTINCT:
            self._distinct.update(map(hash, values))
        if self._counts is not None:
            self._counts.update(values)
            if len(self._counts) > MAX_LABELS:
                self._counts = None

    @property
    def type(self) -> str:
        """`integer`, `number`, `boolean`, `date` or `text`: what every value reads as."""
        return self._types[0][0] if self._types and self.values else "text"

    @property
    def distinct(self) -> int:
        """How many different values there are; `MAX_DISTINCT` or more means at least so many."""
        return len(self._distinct)

    @property
    def mean_length(self) -> float:
        """Characters per value."""
        return self._characters / max(1, self.values)

    @property
    def labels(self) -> dict[str, int] | None:
        """How often each value occurs, the most frequent first; None for more than `MAX_LABELS`."""
        if self._counts is None:
            return None
        return dict(sorted(self._counts.items(), key=lambda item: (-item[1], item[0])))

    def as_json(self) -> dict[str, Json]:
        """Name, type and counts."""
        return {
            "name": self.name,
            "type": self.type,
            "nulls": self.nulls,
            "distinct": min(self.distinct, MAX_DISTINCT),
            "distinct_exact": self.distinct < MAX_DISTINCT,
            "mean_length": round(self.mean_length, 1),
        }


def guess_text_column(columns: Sequence[Column]) -> str | None:
    """The column that holds texts: one named so, else the one with the longest values."""
    named = _named(columns, _TEXT_NAMES)
    if named is not None:
        return named.name
    texts = [column for column in columns if column.type == "text" and column.values]
    return max(texts, key=lambda column: column.mean_length).name if texts else None


def guess_label_column(columns: Sequence[Column], text: str | None) -> str | None:
    """The column that holds labels: one named so, else the one with the fewest different values,
    at least 2 and at most one for every two rows."""
    others = [column for column in columns if column.name != text]
    named = _named(others, _LABEL_NAMES)
    if named is not None:
        return named.name
    few = [c for c in others if c.labels is not None and 2 <= c.distinct <= max(2, c.values // 2)]
    return min(few, key=lambda column: column.distinct).name if few else None


def _named(columns: Sequence[Column], names: Sequence[str]) -> Column | None:
    by_name: Mapping[str, Column] = {column.name.strip().lower(): column for column in columns}
    return next((by_name[name] for name in names if name in by_name), None)
