"""What the routes work with: opened together on first use, closed in reverse."""

import atexit
import threading
from dataclasses import dataclass

from anyio import to_thread

from headway.catalog import Catalog
from headway.http.accounts import Accounts
from headway.http.cursors import Cursors
from headway.http.feed import Feed
from headway.http.intake import Committer
from headway.http.ledger import Ledger
from headway.http.predictors import Predictors
from headway.http.rates import Rates
from headway.http.seats import Seats
from headway.http.tickets import Tickets
from headway.http.tokens import Tokens, signing_secret
from headway.queue import Queue
from headway.settings import Settings
from headway.store.identity import Keys
from headway.store.values import Decided, Submission
from headway.wiring import Service, open_service


@dataclass(frozen=True, slots=True)
class Parts:
    """The open service and everything HTTP keeps beside it. Nothing here belongs to one loop."""

    settings: Settings
    service: Service
    queue: Queue
    catalog: Catalog
    accounts: Accounts
    keys: Keys
    tickets: Tickets
    cursors: Cursors
    positions: Cursors
    """Places in the history of all jobs."""
    predictors: Predictors
    intake: Committer[Submission, Decided]
    ledger: Ledger
    feed: Feed
    seats: Seats
    rates: Rates
    referring: frozenset[str]
    """Operations whose input names artefacts: to check it, the store must be read."""

    @classmethod
    def open(cls, settings: Settings, *, foreign_users: bool = False) -> "Parts":
        """Open the service and start its engine."""
        service = open_service(settings)
        secret = signing_secret(settings)
        tokens = Tokens(secret, settings.mode)
        positions = Cursors(secret, b"position")
        parts = cls(
            settings=settings,
            service=service,
            queue=service.queue,
            catalog=service.catalog,
            accounts=Accounts(service.store, tokens, settings, foreign=foreign_users),
            keys=service.store.keys,
            tickets=Tickets(tokens, service.store.users),
            cursors=Cursors(secret),
            positions=positions,
            predictors=Predictors(service.catalog, service.files),
            intake=Committer(service.queue.accept, "headway-intake"),
            ledger=Ledger(service.predictions, service.store.users),
            feed=Feed(service.queue, positions),
            seats=Seats(settings.max_streams),
            rates=Rates(settings.max_requests_per_second),
            referring=frozenset(one.name for one in service.registry if one.references),
        )
        service.start()
        return parts

    def begin_end(self) -> None:
        """End the streams, and tell the worker to stop; nobody waits."""
        self.feed.end_streams()
        self.service.engine.drain()

    def close(self) -> None:
        """End the streams, write what is waiting, stop the engine."""
        self.feed.close()
        self.intake.close()
        self.ledger.close()
        self.accounts.close()
        self.service.close()


class LazyParts:
    """The parts of one application, opened by whoever needs them first.

    A `TestClient` used without `with` runs no lifespan, so the first request may be that one.
    """

    def __init__(self, settings: Settings, *, foreign_users: bool = False) -> None:
        self._settings = settings
        self._foreign_users = foreign_users
        self._lock = threading.Lock()
        self._parts: Parts | None = None

    async def opened(self) -> Parts:
        """The parts; the first caller waits while a thread opens them."""
        if self._parts is not None:
            return self._parts
        return await to_thread.run_sync(self.open)

    def open(self) -> Parts:
        """The parts, from any thread."""
        with self._lock:
            if self._parts is not None:
                return self._parts
            parts = self._parts = Parts.open(self._settings, foreign_users=self._foreign_users)
            atexit.register(self.close)
            return parts

    def close(self) -> None:
        """Close what was opened. Closing twice is fine."""
        with self._lock:
            parts, self._parts = self._parts, None
        atexit.unregister(self.close)
        if parts is not None:
            parts.close()
