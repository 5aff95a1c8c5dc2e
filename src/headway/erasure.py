"""Removes a user with everything that is his: the one way, whichever door it is asked at."""

from contextlib import suppress
from dataclasses import dataclass

from headway.artifacts import ArtifactFiles
from headway.errors import AlreadyFinished, Conflict, NotFound
from headway.owners import owners_of
from headway.prediction_log import PredictionLog
from headway.queue import Queue
from headway.store.contract import Store


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed with a user."""

    jobs: int
    artifacts: int
    predictions: int


class Eraser:
    """Removes users. A step that was done is not undone when the next fails: ask again."""

    def __init__(
        self, store: Store, queue: Queue, files: ArtifactFiles, predictions: PredictionLog
    ) -> None:
        self._store = store
        self._queue = queue
        self._files = files
        self._predictions = predictions

    def erase(self, name: str, *, shared: bool) -> Erased:
        """Remove the user, his jobs, artefacts, keys, statistics and lines in the prediction log.

        Raise `NotFound`, or `Conflict` while others can use what he shares, unless `shared` says
        that it goes too. Published files go with the workers' next look for what belongs to
        nobody, within a day or so.
        """
        user = self._store.users.get(name)
        held = self._store.erasure.holdings(name)
        if user is None and not (held.jobs or held.artifacts):
            raise NotFound("expected the name of a user, got another")
        if held.shared and not shared:
            raise Conflict(
                f"{held.shared} versions of data sets or models are shared with everybody: share them"
                " no more, or say that they may go too"
            )
        if user is not None:
            self._store.users.change(name, disabled=True)  # nothing new comes meanwhile
        for owner in owners_of(name):
            self._remove_jobs(owner)
        removed = self._predictions.erase(name)
        self._store.erasure.erase_rest(name)
        return Erased(held.jobs, held.artifacts, removed)

    def _cancel_jobs(self, owner: str) -> None:
        while unfinished := self._store.erasure.unfinished(owner):
            for job_id in unfinished:
                with suppress(AlreadyFinished, NotFound):
                    self._queue.cancel(job_id, owner)

    def _remove_jobs(self, owner: str) -> None:
        while self._store.erasure.holdings(owner).jobs:
            self._cancel_jobs(owner)  # those that came before it was known that he is disabled
            for job_id in self._store.erasure.erase_jobs(owner):
                self._files.drop_job(job_id)
