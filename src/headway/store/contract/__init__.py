"""What every store promises. Each method is one transaction; none of them calls anybody.

All times are seconds since the epoch by the database's own clock.
"""

from typing import Protocol

from headway.store.contract.aliases import Aliases
from headway.store.contract.answers import Answers
from headway.store.contract.artifacts import Artifacts
from headway.store.contract.attempts import Attempts
from headway.store.contract.bell import Bell
from headway.store.contract.events import Events
from headway.store.contract.jobs import Jobs
from headway.store.contract.notices import Notices
from headway.store.contract.overview import Overview
from headway.store.contract.pauses import Pauses
from headway.store.contract.retention import Retention
from headway.store.contract.upkeep import Upkeep
from headway.store.contract.workers import Workers
from headway.store.identity import Erasure, Keys, SignIns, Users
from headway.store.values.meters import StoreHealth


class Store(Protocol):
    """Keeps jobs and everything that happened to them."""

    @property
    def jobs(self) -> Jobs: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def workers(self) -> Workers: ...
    @property
    def events(self) -> Events: ...
    @property
    def overview(self) -> Overview: ...
    @property
    def pauses(self) -> Pauses: ...
    @property
    def artifacts(self) -> Artifacts: ...
    @property
    def aliases(self) -> Aliases: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def users(self) -> Users: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def sign_ins(self) -> SignIns: ...
    @property
    def erasure(self) -> Erasure: ...
    @property
    def retention(self) -> Retention: ...
    @property
    def upkeep(self) -> Upkeep: ...
    @property
    def bell(self) -> Bell: ...

    def changed(self) -> bool:
        """True when somebody committed since this was asked last by this thread, or it can't tell."""

    def health(self) -> StoreHealth:
        """Prove with a write that the store can be written, and say which one it is."""

    def close(self) -> None:
        """Close every connection. Closing twice is fine."""
