"""What clients asked for and what they were answered, one JSON line each, only ever added to."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["ok", "fail", "unknown"]


@dataclass(frozen=True)
class Entry:
    """One request: it was granted, refused, or nobody can tell, because somebody died meanwhile."""

    key: str
    outcome: Outcome
    job: str | None = None


class History:
    """A file that survives whoever writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, key: str) -> None:
        """A request is about to be made. Without an end its outcome is unknown."""
        self._add({"key": key})

    def end(self, key: str, outcome: Outcome, job: str | None = None) -> None:
        """The answer to the request begun last with this key."""
        self._add({"key": key, "outcome": outcome, "job": job})

    def read(self) -> list[Entry]:
        """Every request, in the order they began."""
        entries: list[Entry] = []
        open_at: dict[str, int] = {}
        for line in self._lines():
            key = str(line["key"])
            if "outcome" not in line:
                open_at[key] = len(entries)
                entries.append(Entry(key, "unknown"))
            else:
                job = None if line["job"] is None else str(line["job"])
                entries[open_at.pop(key)] = Entry(key, line["outcome"], job)  # type: ignore[arg-type]
        return entries

    def _lines(self) -> Iterator[dict[str, object]]:
        if self._path.exists():
            for text in self._path.read_text().splitlines():
                yield json.loads(text)

    def _add(self, line: dict[str, object]) -> None:
        # One write of one line: a kill leaves it whole or not there.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)
