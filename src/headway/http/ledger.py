"""The prediction log and the users' request counts: written after the answer, many at a time."""

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from headway.http.intake import Committer
from headway.prediction_log import PredictionLog
from headway.store.identity import Users

PRUNE_SECONDS: Final = 3_600.0

log = logging.getLogger("headway")


@dataclass(frozen=True, slots=True)
class Prediction:
    """One line of the log."""

    time: str
    user: str
    text: str
    prediction: str


class Ledger:
    """Appends predictions to the log and counts them for their users; removes what is too old."""

    def __init__(self, log: PredictionLog, users: Users) -> None:
        self._log = log
        self._users = users
        self._committer: Committer[Prediction, None] = Committer(self._write, "headway-ledger")
        self._closed = threading.Event()
        self._pruner = threading.Thread(target=self._prune, name="headway-prune-log", daemon=True)
        self._pruner.start()

    async def record(self, prediction: Prediction) -> None:
        """Return once the line is in the file and the request is counted."""
        await self._committer.put([prediction])

    def close(self) -> None:
        """Write what is waiting. Closing twice is fine."""
        self._closed.set()
        self._committer.close()

    def _write(self, predictions: Sequence[Prediction]) -> list[None]:
        lines = b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in predictions)
        self._log.append(lines)
        self._users.count_requests(Counter(one.user for one in predictions))
        return [None] * len(predictions)

    def _prune(self) -> None:
        """Also where nobody asks for predictions any more."""
        while True:
            try:
                for file in self._log.prune():
                    log.info("removed %s: its time was over", file.name)
            except OSError as error:
                log.warning("could not look after the prediction log, trying later: %s", error)
            if self._closed.wait(PRUNE_SECONDS):
                return
