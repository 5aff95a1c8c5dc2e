"""What is known about a column: its guessed type, how many values it has, which ones; in bounds."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from headway.errors import NotRetryable
from headway.job import Json

MAX_LABELS: Final = 1_000
"""A column with more different values than this is no label column; they are not counted."""
MAX_DISTINCT: Final = 20_000
"""Different values are counted up to here."""
LONGEST_LABEL: Final = 200
_LONG: Final = 40
"""Of longer values only a digest is remembered."""
_GLANCE: Final = 20

# Read alike by Python and by Arrow.
TYPES: Final[Mapping[str, str]] = {
    "integer": r"[+-]?[0-9]{1,18}",
    # Each digit has one place to go: `[0-9]+\.?[0-9]*` would try a million of them in every split.
    "number": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "boolean": r"(?i:true|false|yes|no)",
    "date": (
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
    ),
}
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


def reads_as(values: Any, type: str) -> Any:
    """For each value of an Arrow array, whether all of it reads as the type."""
    return pc.match_substring_regex(values, rf"\A(?:{TYPES[type]})\z")


class Column:
    """Takes a column's values chunk by chunk and tells what they are like."""

    def __init__(self, name: str, most_distinct: int = MAX_DISTINCT) -> None:
        self.name = name
        self.nulls = 0
        self.values = 0
        self._most_distinct = most_distinct
        self._characters = 0
        self._shortest: int | None = None
        self._longest: int | None = None
        self._types = list(TYPES)
        self._counts: Counter[str] | None = Counter()
        self._distinct: set[str] = set()

    def add(self, values: Any) -> None:
        """Take more values, an Arrow array of them or any iterable; None is an empty cell."""
        given = values if isinstance(values, pa.Array) else pa.array(list(values), pa.string())
        present = given.drop_null() if given.null_count else given
        self.nulls += given.null_count
        self.values += len(present)
        if len(present):
            self._measure(present)
            self._types = [one for one in self._types if _all_read_as(present, one)]
            self._count(present)

    def _measure(self, values: Any) -> None:
        lengths = pc.utf8_length(values)
        ends = pc.min_max(lengths).as_py()
        self._characters += pc.sum(lengths).as_py()
        self._shortest = _of_both(min, self._shortest, ends["min"])
        self._longest = _of_both(max, self._longest, ends["max"])

    def _count(self, values: Any) -> None:
        if self._counts is None and len(self._distinct) >= self._most_distinct:
            return
        found = values.value_counts()
        different = found.field("values").to_pylist()
        if len(self._distinct) < self._most_distinct:
            self._distinct.update(map(_remembered, different))
        if self._counts is not None:
            self._counts.update(
                dict(zip(different, found.field("counts").to_pylist(), strict=True))
            )
            if len(self._counts) > MAX_LABELS or max(map(len, different)) > LONGEST_LABEL:
                self._counts = None

    def merge(self, state: Mapping[str, Json]) -> None:
        """Take the values of the column that `state` was asked of, as if they had been added here."""
        self.nulls += state["nulls"]
        self.values += state["values"]
        self._characters += state["characters"]
        self._shortest = _of_both(min, self._shortest, state["shortest"])
        self._longest = _of_both(max, self._longest, state["longest"])
        self._types = [one for one in self._types if one in state["types"]]
        if self._counts is not None and state["counts"] is not None:
            self._counts.update(state["counts"])
        if state["counts"] is None or len(self._counts or ()) > MAX_LABELS:
            self._counts = None
        if len(self._distinct) < self._most_distinct:
            self._distinct.update(state["distinct"])

    @property
    def type(self) -> str:
        """`integer`, `number`, `boolean`, `date` or `text`: what every value reads as."""
        return self._types[0] if self._types and self.values else "text"

    @property
    def distinct(self) -> int:
        """How many different values there are; at `most_distinct` it means at least so many."""
        return min(len(self._distinct), self._most_distinct)

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
        """Name, type, counts and lengths."""
        return {
            "name": self.name,
            "type": self.type,
            "nulls": self.nulls,
            "distinct": self.distinct,
            "distinct_exact": len(self._distinct) < self._most_distinct,
            "min_length": self._shortest or 0,
            "mean_length": round(self.mean_length, 1),
            "max_length": self._longest or 0,
        }

    def state(self) -> dict[str, Json]:
        """All of it as JSON, to go on from after a stop."""
        return {
            "nulls": self.nulls,
            "values": self.values,
            "characters": self._characters,
            "shortest": self._shortest,
            "longest": self._longest,
            "types": self._types,
            "counts": self._counts,
            "distinct": sorted(self._distinct),
        }

    def restore(self, state: Mapping[str, Json]) -> None:
        """Become what `state` was asked of."""
        self.nulls, self.values = state["nulls"], state["values"]
        self._characters = state["characters"]
        self._shortest, self._longest = state["shortest"], state["longest"]
        self._types = list(state["types"])
        self._counts = None if state["counts"] is None else Counter(state["counts"])
        self._distinct = set(state["distinct"])


def _of_both(choose: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)


def _all_read_as(values: Any, type: str) -> bool:
    pattern = re.compile(TYPES[type])
    if not all(map(pattern.fullmatch, values.slice(0, _GLANCE).to_pylist())):
        return False
    return bool(pc.all(reads_as(values, type)).as_py())


def _remembered(value: str) -> str:
    """A value, or what stands for a long one."""
    if len(value) <= _LONG:
        return value
    return hashlib.blake2b(value.encode(), digest_size=16).hexdigest() + "..."


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


def chosen_column(
    names: Sequence[str], wanted: str | None, guessed: str | None, purpose: str
) -> str:
    """The column to use: the one wanted, else the guessed one. `NotRetryable` if there is none."""
    name = wanted or guessed
    if name is None or name not in names:
        got = "none that looks like it" if name is None else repr(name)
        raise NotRetryable(
            f"expected a {purpose} column among {', '.join(map(repr, names[:20]))},"
            f" got: {got}; name one in the request"
        )
    return name


def _named(columns: Sequence[Column], names: Sequence[str]) -> Column | None:
    by_name: Mapping[str, Column] = {column.name.strip().lower(): column for column in columns}
    return next((by_name[name] for name in names if name in by_name), None)
