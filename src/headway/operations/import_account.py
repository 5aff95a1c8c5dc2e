"""What became of the records of an import: every one is counted once, and the bad ones are told."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from headway.data.csv_records import RowError
from headway.data.oddities import Oddities
from headway.data.tables import Batch
from headway.errors import NotRetryable
from headway.job import Json

MAX_ERRORS: Final = 0.01
FORGIVEN: Final = 10
"""Broken rows that fail no import unless the request says otherwise, if there are as many good."""
REPORTED: Final = 100
_PREFLIGHT: Final = 0.5
"""With more than this share of the first records broken, something is wrong with all of them."""


@dataclass
class Account:
    """Counts of an import so far; `rows + rejected + blank` is the number of records seen."""

    limit: float | None = None
    rows: int = 0
    blank: int = 0
    rejected: int = 0
    repaired: int = 0
    seen: int = 0
    errors: list[RowError] = field(default_factory=list)
    """The first hundred of the rejected."""
    repairs: list[RowError] = field(default_factory=list)
    """The first hundred of the repaired."""

    def add(self, batch: Batch, rejected: Sequence[RowError]) -> None:
        """Take note of a batch's records; the rejected ones include those of the batch itself."""
        self.seen += batch.seen
        self.blank += batch.blank
        self.rejected += len(rejected)
        self.rows = self.seen - self.blank - self.rejected
        self.repaired += len(batch.repaired)
        self.errors += rejected[: REPORTED - len(self.errors)]
        self.repairs += batch.repaired[: REPORTED - len(self.repairs)]

    def merge(self, state: Mapping[str, Json], lines: int) -> None:
        """Take the records of the account that `state` was asked of, so many lines further on."""
        self.rows += state["rows"]
        self.blank += state["blank"]
        self.seen += state["records"]
        self.rejected += state["row_errors"]
        self.repaired += state["repaired"]
        self.errors += _moved(state["errors"], lines)[: REPORTED - len(self.errors)]
        self.repairs += _moved(state["repairs"], lines)[: REPORTED - len(self.repairs)]

    def fault_at_first(self) -> str | None:
        """What is wrong when most of the first records are broken: there is no use in going on."""
        share = max(_PREFLIGHT, self.limit or 0.0)
        if self.rejected <= max(FORGIVEN, share * (self.rows + self.rejected)):
            return None
        reason, times = Counter(error.reason for error in self.errors).most_common(1)[0]
        example = next(error for error in self.errors if error.reason == reason)
        return (
            f"expected rows, got {self.rejected:,} broken ones among the first"
            f" {self.rows + self.rejected:,}. Of the first {len(self.errors)} of them, {times} say:"
            f" {reason}; as line {example.line} does: {example.text[:80]!r}."
            " Name the delimiter, the quote, the encoding or whether there is a header"
        )

    def fault_in_all(self) -> str | None:
        """What is wrong when too many records were broken, or none was a row."""
        allowed = (self.rows + self.rejected) * (MAX_ERRORS if self.limit is None else self.limit)
        if self.limit is None:
            allowed = max(allowed, min(FORGIVEN, self.rows))
        if self.rows and self.rejected <= allowed:
            return None
        if not self.rejected:
            return "expected a CSV file with rows, got a header only; choose another file"
        worst = self.errors[0]
        if not self.rows:
            return (
                f"expected rows, got {self.rejected:,} broken ones and no good one; the first, on"
                f" line {worst.line}: {worst.reason}. Name the delimiter, the encoding or whether"
                " there is a header"
            )
        return (
            f"expected at most {int(allowed):,} broken rows, got: {self.rejected:,} beside"
            f" {self.rows:,} good ones; the first, on line {worst.line}: {worst.reason}."
            " Name the delimiter or the encoding, or a higher `max_errors`: a share of all rows, up"
            " to 1"
        )

    def counts(self) -> dict[str, Json]:
        """The counts; the first three sum to the fourth."""
        return {
            "rows": self.rows,
            "row_errors": self.rejected,
            "blank": self.blank,
            "records": self.seen,
            "repaired": self.repaired,
        }

    def state(self) -> dict[str, Json]:
        """All of it as JSON, to go on from after a stop."""
        return {
            **self.counts(),
            "errors": [error.as_json() for error in self.errors],
            "repairs": [error.as_json() for error in self.repairs],
        }

    def restore(self, state: Mapping[str, Json]) -> None:
        """Become what `state` was asked of."""
        self.rows, self.blank, self.seen = state["rows"], state["blank"], state["records"]
        self.rejected, self.repaired = state["row_errors"], state["repaired"]
        self.errors = [RowError(**one) for one in state["errors"]]
        self.repairs = [RowError(**one) for one in state["repairs"]]


def found(account: Account, oddities: Oddities, detected: Mapping[str, Json]) -> dict[str, Json]:
    """What was found in the records that were read: a part of every result, that of an import which
    fails too."""
    return {
        "row_errors": [error.as_json() for error in account.errors],
        "row_error_count": account.rejected,
        "counts": account.counts(),
        "repairs": [error.as_json() for error in account.repairs],
        "summary": {"warnings": oddities.warnings()},
        "detected": dict(detected),
    }


def refuse(fault: str | None, known: Callable[[], dict[str, Json]]) -> None:
    """Fail, where there is a fault, with what is known all the same."""
    if fault is not None:
        raise NotRetryable(fault, result=known())


def _moved(errors: Sequence[Mapping[str, Json]], lines: int) -> list[RowError]:
    return [RowError(one["line"] + lines, one["reason"], one["text"]) for one in errors]
