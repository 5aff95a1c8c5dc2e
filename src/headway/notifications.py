"""Who is told of the end of jobs: the door to it for HTTP and Python."""

from collections.abc import Mapping, Sequence

from headway.delivery.signing import new_secret
from headway.errors import NotFound
from headway.job import Json
from headway.notices import Reach, Target, targets_of
from headway.store.contract import Store
from headway.store.values.history import AttemptRecord
from headway.store.values.notices import Delivery, NoticeSettings


class Notifications:
    """Each user's settings, and what was sent about a job. Who may ask is checked before."""

    def __init__(self, store: Store, reach: Reach) -> None:
        self._store = store.notices
        self._jobs = store.jobs
        self._reach = reach

    def settings(self, owner: str) -> NoticeSettings:
        """Whom the user wants told of jobs that do not say, and the secret that signs it."""
        return self._store.settings(owner, new_secret())

    def checked(
        self, owner: str, wishes: Sequence[Mapping[str, Json]], *, below: str
    ) -> list[Target]:
        """The targets somebody asks for, each of which can be signed; or `InvalidInput`."""
        targets = targets_of(wishes, self._reach, below)
        if targets:
            self.settings(owner)  # from now on there is a secret
        return targets

    def choose(self, owner: str, wishes: Sequence[Mapping[str, Json]]) -> NoticeSettings:
        """Tell these of every job that does not say whom to tell; or `InvalidInput`."""
        targets = targets_of(wishes, self._reach, "/targets")
        self.settings(owner)
        self._store.choose(owner, targets)
        return self.settings(owner)

    def change_secret(self, owner: str) -> NoticeSettings:
        """Sign with a new secret from now on; for a day with the former one too."""
        self.settings(owner)
        self._store.change_secret(owner, new_secret())
        return self.settings(owner)

    def deliveries(self, job_id: str) -> list[Delivery]:
        """What was sent, or is to be sent, about a job, in the order it came to be."""
        return self._store.deliveries(job_id)

    def attempts(self, delivery_id: str) -> list[AttemptRecord]:
        """The ended attempts of a delivery."""
        return self._jobs.attempts(delivery_id)

    def replay(self, job_id: str, delivery_id: str) -> Delivery:
        """Send what a delivery of the job has sent once more, under the same id of the message."""
        if all(one.id != delivery_id for one in self.deliveries(job_id)):
            raise NotFound(f"expected a delivery of job {job_id}, got: {delivery_id[:80]!r}")
        again = self._store.replay(delivery_id)
        return next(one for one in self.deliveries(job_id) if one.id == again)
