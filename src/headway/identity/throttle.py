"""Sign-ins that fail too often are held up, by account and by address, without locking out whom
the account belongs to.

Counted in the store: over all processes, and over a restart. The names and addresses are hashed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import Final, NamedTuple

from headway.errors import TooManyFailures
from headway.settings import Settings
from headway.store.identity import Failures, SignIns

WINDOW: Final = 900.0
KNOWN_FOR: Final = 30 * 86_400.0
"""An address from which somebody signed in stays known to be his for so long."""
_REMEMBER_AGAIN: Final = 86_400.0
_IN_DEVELOPMENT: Final = 100
_IN_PRODUCTION: Final = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """How many sign-ins may fail within the window."""

    pair: int
    """For one account from one address."""

    @property
    def account(self) -> int:
        """For one account, from wherever."""
        return 5 * self.pair

    @property
    def address(self) -> int:
        """From one address, for whichever accounts."""
        return 5 * self.pair

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """What is set, or else what suits the mode."""
        suits = _IN_DEVELOPMENT if settings.mode == "development" else _IN_PRODUCTION
        return cls(settings.sign_in_failures or suits)


class Throttle:
    """Decides whether a password is looked at. Its methods block."""

    def __init__(self, sign_ins: SignIns, limits: Limits) -> None:
        self._sign_ins = sign_ins
        self._limits = limits

    def check(self, name: str, address: str) -> None:
        """Raise `TooManyFailures` if this sign-in must wait.

        An account that is tried from everywhere is still open to an address that has not failed
        for it, and to one that its user has signed in from.
        """
        pair, account, place = _subjects(name, address)
        found = self._sign_ins.failures((pair, account, place), WINDOW)
        own = _Hold.of(found[pair], self._limits.pair)
        others = [_Hold.of(found[place], self._limits.address)]
        if found[pair]:
            others.append(_Hold.of(found[account], self._limits.account))
        longest = max(own, *others)
        if own.seconds or (longest.seconds and not self._sign_ins.has_succeeded(pair, KNOWN_FOR)):
            raise _too_many(longest)

    def failed(self, name: str, address: str) -> None:
        """Count a failure."""
        self._sign_ins.fail(_subjects(name, address), WINDOW)

    def succeeded(self, name: str, address: str) -> None:
        """Forgive this address what failed for this account, and know it from now on."""
        pair, _, _ = _subjects(name, address)
        failed = self._sign_ins.failures((pair,), WINDOW)[pair]
        if failed or not self._sign_ins.has_succeeded(pair, _REMEMBER_AGAIN):
            self._sign_ins.succeed(pair)


def _subjects(name: str, address: str) -> tuple[str, str, str]:
    told = (f"pair\0{name}\0{address}", f"account\0{name}", f"address\0{address}")
    pair, account, place = (
        sha256(one.encode("utf-8", "surrogatepass")).hexdigest()[:32] for one in told
    )
    return pair, account, place


class _Hold(NamedTuple):
    """How long failures hold up one more sign-in, and what they are counted against."""

    seconds: int
    """Until so many lie out of the window that one more is allowed; 0 if it is now."""
    limit: int
    failed: int

    @classmethod
    def of(cls, failures: Sequence[Failures], limit: int) -> "_Hold":
        """What these failures, the oldest first, come to."""
        failed = sum(one.count for one in failures)
        over, wait = failed - limit + 1, 0
        for one in failures:
            if over > 0:
                wait = max(1, ceil(WINDOW - one.age))
            over -= one.count
        return cls(wait, limit, failed)


def _too_many(hold: _Hold) -> TooManyFailures:
    return TooManyFailures(
        f"Too many sign-ins have failed (HEADWAY_SIGN_IN_FAILURES); try again in {hold.seconds} s",
        retry_after=hold.seconds,
        limit=hold.limit,
        current=hold.failed,
    )
