"""What is odd about rows that could be read: told to the user, and left as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headway.data.tables import Batch
from headway.job import Json

_TOLD: Final = 10
"""Lines that are named."""
_C1: Final = "[\u0080-\u009f]"
_C1_LEAD: Final = 0xC2
"""The first byte of each of these characters in UTF-8."""

_REPEATED: Final = "rows that repeat the header are among the rows: several tables in one file?"
_CONTROLS: Final = (
    "rows with characters from U+0080 to U+009F, which no text has: it was probably Windows-1252"
    " that was taken for Latin-1 before it came here"
)


@dataclass
class Oddity:
    """Rows of one kind of oddness."""

    count: int = 0
    lines: list[int] = field(default_factory=list)
    """The first of them."""

    def add(self, batch: Batch, found: Any) -> None:
        """Take note of the rows for which an Arrow array says so."""
        rows = pc.indices_nonzero(found)
        self.count += len(rows)
        self.lines += [batch.lines[row] for row in rows[: _TOLD - len(self.lines)].to_pylist()]

    def merge(self, other: "Oddity", lines: int) -> None:
        """Take note of the rows that another has, so many lines further on."""
        self.count += other.count
        self.lines += [line + lines for line in other.lines[: _TOLD - len(self.lines)]]


class Oddities:
    """Looks at rows batch by batch; costs next to nothing where nothing is odd."""

    def __init__(self, names: Sequence[str], *, has_header: bool) -> None:
        self._names = names if has_header and len(names) > 1 else ()
        self._headers = Oddity()
        self._controls = Oddity()

    def add(self, batch: Batch) -> None:
        """Look at more rows."""
        if not batch.rows:
            return
        repeated = self._repeats_header(batch)
        if repeated is not None:
            self._headers.add(batch, repeated)
        found: Any = None
        for column in batch.columns:
            if _has_byte(column, _C1_LEAD):
                here = pc.fill_null(pc.match_substring_regex(column, _C1), False)
                found = here if found is None else pc.or_(found, here)
        if found is not None:
            self._controls.add(batch, found)

    def merge(self, state: Mapping[str, Json], lines: int) -> None:
        """Take what `state` was asked of, so many lines further on."""
        self._headers.merge(Oddity(**state["headers"]), lines)
        self._controls.merge(Oddity(**state["controls"]), lines)

    def _repeats_header(self, batch: Batch) -> Any:
        """Which rows are the header again; None when none is."""
        found: Any = None
        for name, column in zip(self._names, batch.columns, strict=False):
            here = pc.fill_null(pc.equal(column, pa.scalar(name, pa.string())), False)
            found = here if found is None else pc.and_(found, here)
            if not pc.any(found).as_py():
                return None
        return found

    def warnings(self) -> list[dict[str, Json]]:
        """A sentence for each kind of oddness, with how many rows and where."""
        told = (
            ("repeated_header", self._headers, _REPEATED),
            ("control_characters", self._controls, _CONTROLS),
        )
        return [
            {"code": code, "count": found.count, "lines": found.lines, "message": message}
            for code, found, message in told
            if found.count
        ]

    def state(self) -> dict[str, Json]:
        """All of it as JSON, to go on from after a stop."""
        return {"headers": asdict(self._headers), "controls": asdict(self._controls)}

    def restore(self, state: Mapping[str, Json]) -> None:
        """Become what `state` was asked of."""
        self._headers = Oddity(**state["headers"])
        self._controls = Oddity(**state["controls"])


def _has_byte(column: Any, byte: int) -> bool:
    """Whether the bytes that the column's texts stand in have this one; those of others may too."""
    texts = column.buffers()[-1]
    return texts is not None and bool((np.frombuffer(texts, np.uint8) == byte).any())
