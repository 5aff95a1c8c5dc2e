"""`headway work`, with short leases, that is not told what became of one of its commits.

python -m tests.worker.unsure claim|checkpoint work ...
"""

import sys
from collections.abc import Sequence
from typing import Final

from headway import cli
from headway.errors import OutcomeUnknown
from headway.limits import UNLIMITED, Limits
from headway.store.attempts import SqlAttempts
from headway.store.values.attempts import Claim, Report, Want
from headway.worker import lease
from tests.worker.quick_leases import BEAT_SECONDS, LEASE_SECONDS

_claim: Final = SqlAttempts.claim
_record: Final = SqlAttempts.record
_left: Final = [sys.argv[1]] if __name__ == "__main__" else []


def claim(
    self: SqlAttempts, worker: str, wants: Sequence[Want], limits: Limits = UNLIMITED
) -> list[Claim]:
    """See `Attempts.claim`."""
    claims = _claim(self, worker, wants, limits)
    _forget("claim", happened=bool(claims))
    return claims


def record(self: SqlAttempts, reports: Sequence[Report]) -> set[tuple[int, int]]:
    """See `Attempts.record`."""
    held = _record(self, reports)
    _forget("checkpoint", happened=any(one.checkpoint for one in reports))
    return held


def _forget(act: str, *, happened: bool) -> None:
    if happened and act in _left:
        _left.remove(act)
        raise OutcomeUnknown("the answer was lost")


if __name__ == "__main__":
    vars(lease).update(BEAT_SECONDS=BEAT_SECONDS, LEASE_SECONDS=LEASE_SECONDS)
    type.__setattr__(SqlAttempts, "claim", claim)
    type.__setattr__(SqlAttempts, "record", record)
    del sys.argv[1]
    sys.exit(cli.main())
