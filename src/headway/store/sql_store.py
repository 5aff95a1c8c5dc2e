"""The store of any SQL database: the tables' code put together."""

from collections.abc import Callable
from typing import Protocol

from headway.store.aliases import SqlAliases
from headway.store.answers import SqlAnswers
from headway.store.artifacts import SqlArtifacts
from headway.store.attempts import SqlAttempts
from headway.store.contract.bell import Bell
from headway.store.database import TOUCH, Database
from headway.store.erasure import SqlErasure
from headway.store.events import SqlEvents
from headway.store.jobs import SqlJobs
from headway.store.keys import SqlKeys
from headway.store.notices import SqlNotices
from headway.store.overview import SqlOverview
from headway.store.pauses import SqlPauses
from headway.store.retention import SqlRetention
from headway.store.sign_ins import SqlSignIns
from headway.store.upkeep import SqlUpkeep
from headway.store.users import SqlUsers
from headway.store.values.meters import StoreHealth
from headway.store.workers import SqlWorkers


class OpenDatabase(Database, Protocol):
    """A database with a name, a version and an end."""

    @property
    def engine_name(self) -> str: ...
    @property
    def version(self) -> str: ...
    def changed(self) -> bool:
        """See `Store.changed`."""


class SqlStore:
    """See `store.contract.Store`."""

    def __init__(self, database: OpenDatabase, bell: Bell, close: Callable[[], None]) -> None:
        self._database = database
        self._close = close
        self._closed = False
        self.bell = bell
        self.jobs = SqlJobs(database)
        self.attempts = SqlAttempts(database)
        self.workers = SqlWorkers(database)
        self.events = SqlEvents(database)
        self.overview = SqlOverview(database)
        self.pauses = SqlPauses(database)
        self.artifacts = SqlArtifacts(database)
        self.aliases = SqlAliases(database)
        self.answers = SqlAnswers(database)
        self.users = SqlUsers(database)
        self.notices = SqlNotices(database)
        self.keys = SqlKeys(database)
        self.sign_ins = SqlSignIns(database)
        self.erasure = SqlErasure(database)
        self.retention = SqlRetention(database)
        self.upkeep = SqlUpkeep(database)

    def changed(self) -> bool:
        """See `Store.changed`."""
        return self._database.changed()

    def health(self) -> StoreHealth:
        """See `Store.health`."""
        with self._database.write() as tx:
            tx.run(TOUCH)
        return StoreHealth(
            engine=self._database.engine_name,
            version=self._database.version,
            writable=True,
            workers=len(self.workers.alive()),
        )

    def close(self) -> None:
        """See `Store.close`."""
        if not self._closed:
            self._closed = True
            self.bell.close()
            self._close()
