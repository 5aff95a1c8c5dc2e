"""What the routes work with: opened together on first use, closed in reverse."""

import atexit
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256

from anyio import to_thread

from headway.catalog import Catalog
from headway.http.cursors import Cursors
from headway.http.feed import Feed
from headway.http.in_flight import aside
from headway.http.intake import Committer
from headway.http.ledger import Ledger
from headway.http.predictors import Predictors
from headway.http.rates import Rates
from headway.http.readiness import Readiness
from headway.http.seats import Seats
from headway.identity.accounts import Accounts
from headway.identity.tickets import Tickets
from headway.identity.tokens import Tokens, signing_secret
from headway.queue import Queue
from headway.settings import Settings
from headway.store.identity import Keys
from headway.store.values.submission import Decided, Submission
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
    readiness: Readiness
    seats: Seats
    waits: Seats
    """Of requests that wait for a job's end, which are streams that say one thing."""
    rates: Rates
    repeat_secret: bytes
    """Under which repeated requests are recognised."""
    referring: frozenset[str]
    """Operations whose input names artefacts: to check it, the store must be read."""

    @classmethod
    def open(cls, settings: Settings, *, foreign_users: bool = False) -> "Parts":
        """Open the service and start its engine."""
        service = open_service(settings)
        with ExitStack() as opening:
            opening.callback(service.close)  # should one of the others fail
            parts = cls._around(service, settings, foreign_users=foreign_users)
            service.start()
            opening.pop_all()
        return parts

    @classmethod
    def _around(cls, service: Service, settings: Settings, *, foreign_users: bool) -> "Parts":
        secret = signing_secret(settings)
        tokens = Tokens(secret, settings.mode)
        positions = Cursors(secret, b"position")
        return cls(
            settings=settings,
            service=service,
            queue=service.queue,
            catalog=service.catalog,
            accounts=Accounts(service.store, tokens, settings, foreign=foreign_users, aside=aside),
            keys=service.store.keys,
            tickets=Tickets(tokens, service.store.users),
            cursors=Cursors(secret),
            positions=positions,
            predictors=Predictors(service.catalog, service.files),
            intake=Committer(service.queue.accept, "headway-intake"),
            ledger=Ledger(service.predictions, service.store.users),
            feed=Feed(service.queue, positions),
            readiness=Readiness(service.queue.oversight),
            seats=Seats(settings.max_streams),
            waits=Seats(settings.max_streams),
            rates=Rates(settings.max_requests_per_second),
            repeat_secret=sha256(b"headway-repeats" + secret).digest(),
            referring=frozenset(one.name for one in service.registry if one.references),
        )

    def begin_end(self) -> None:
        """End the streams, and tell the worker to stop; nobody waits."""
        self.feed.end_streams()
        self.service.engine.drain()

    def close(self) -> None:
        """End the streams, write what is waiting, stop the engine. One that cannot be closed
        leaves none of the others open."""
        with ExitStack() as closing:
            for one in (self.service, self.accounts, self.ledger, self.intake, self.feed):
                closing.callback(one.close)  # in reverse


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
