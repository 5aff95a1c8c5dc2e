"""What operators ask of all jobs, and do to them: every door calls these."""

from collections.abc import Mapping

from headway.engine.contract import Engine
from headway.registry import Registry
from headway.shared_outlook import SharedOutlook
from headway.store.contract import Store
from headway.store.values.meters import Depth, Ended, Meters, StoreHealth
from headway.store.values.workers import WorkerLoad


class Oversight:
    """Tells how all jobs are doing, and holds operations back. It does not ask who asks."""

    def __init__(
        self, store: Store, registry: Registry, engine: Engine, outlook: SharedOutlook
    ) -> None:
        self._store = store
        self._registry = registry
        self._engine = engine
        self._outlook = outlook

    def workers(self) -> list[WorkerLoad]:
        """The living workers, and what each of them runs."""
        return self._store.overview.workers()

    def depth(self) -> list[Depth]:
        """How many jobs of each operation wait or run."""
        return self._store.overview.depth()

    def ended(self) -> list[Ended]:
        """How jobs ended in each minute of the last hour."""
        return self._store.overview.ended()

    def meters(self) -> Meters:
        """What the store knows of itself and of all jobs."""
        return self._store.overview.meters()

    def pause(self, operation: str) -> bool:
        """Begin no job of the operation from now on; what runs goes on. False if it was so."""
        paused = self._store.pauses.pause(self._registry.get(operation).name)
        self._outlook.forget()
        return paused

    def resume(self, operation: str) -> bool:
        """Begin jobs of the operation again; False if it was not paused. Raise `UnknownOperation` for
        one that is neither paused nor known here."""
        resumed = self._store.pauses.resume(operation)
        if not resumed:
            self._registry.get(operation)
        self._outlook.forget()
        self._engine.offer({operation})
        return resumed

    def paused(self) -> Mapping[str, float]:
        """The paused operations, and since when each is."""
        return self._store.pauses.all()

    def health(self) -> StoreHealth:
        """Facts about the store; raise `StoreError` when it cannot be written."""
        return self._store.health()
