"""The prediction log and the users' request counts: written after the answer, many at a time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from headway.http.intake import Committer
from headway.store.identity import Users


@dataclass(frozen=True, slots=True)
class Prediction:
    """One line of the log."""

    time: str
    user: str
    text: str
    prediction: str


class Ledger:
    """Appends predictions to a JSON Lines file and counts them for their users."""

    def __init__(self, file: Path, users: Users) -> None:
        self._file = file
        self._users = users
        self._committer: Committer[Prediction, None] = Committer(self._write, "headway-ledger")

    async def record(self, prediction: Prediction) -> None:
        """Return once the line is in the file and the request is counted."""
        await self._committer.put([prediction])

    def close(self) -> None:
        """Write what is waiting. Closing twice is fine."""
        self._committer.close()

    def _write(self, predictions: Sequence[Prediction]) -> list[None]:
        lines = b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in predictions)
        with self._file.open("ab", buffering=0) as file:  # one write: lines of processes never mix
            file.write(lines)
        self._users.count_requests(Counter(one.user for one in predictions))
        return [None] * len(predictions)
