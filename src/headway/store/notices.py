"""Who is told of the end of a job: chosen with the job or by its owner, and written as a job of its
own in the transaction in which it ends."""

from collections.abc import Sequence
from typing import Final

from headway.ids import new_id
from headway.job import FINISHED, Json, Status
from headway.notices import OPERATION, Target
from headway.owners import DELIVERIES, behind, user_of
from headway.store.database import Database, Row, Transaction
from headway.store.inserting import insert_jobs
from headway.store.loads import Changes
from headway.store.repeat import repeating
from headway.store.rows import dumps, loads
from headway.store.values.notices import Delivery, NoticeSettings
from headway.store.values.submission import Submission

ATTEMPTS: Final = 10
PRIORITY: Final = 2
_BOTH_SECRETS_SECONDS: Final = 86_400.0
"""After a change, what is sent is signed with the old secret too for so long."""

_TARGETS: Final = """
SELECT jobs.id, jobs.operation, jobs.owner, jobs.status, jobs.completed_at, jobs.error,
  coalesce(notices.targets, contacts.targets), contacts.secret,
  CASE WHEN contacts.changed_at > :now - :both THEN contacts.former END
FROM jobs
LEFT JOIN notices ON notices.job = jobs.seq
LEFT JOIN contacts ON contacts.owner = jobs.owner
WHERE {those} AND coalesce(notices.targets, contacts.targets) IS NOT NULL
  AND coalesce(jobs.parent IS NULL, FALSE)
ORDER BY jobs.seq
"""
"""The jobs are looked up by number: the last condition is within a function, so that a planner does not
take an index of all of which it is true."""


def announce(db: Database, tx: Transaction, ended: Sequence[int], now: float) -> None:
    """Make a delivery, a job of its own, for each target of these jobs, which have just ended."""
    if not ended:
        return
    those = db.among("jobs.seq", f"SELECT job FROM {db.rows_of({'job': 'bigint'})} AS r")  # nosec B608 - `rows_of`
    rows = tx.rows(
        _TARGETS.format(those=those),
        {"rows": dumps([[seq] for seq in ended]), "now": now, "both": _BOTH_SECRETS_SECONDS},
    )
    wanted = [(row, target) for row in rows for target in loads(row[6]) if row[3] in target["on"]]
    if wanted:
        _deliver(
            db, tx, [(row[0], row[2], target, _input(row, target)) for row, target in wanted], now
        )


def _deliver(
    db: Database, tx: Transaction, wanted: Sequence[tuple[str, str, Json, Json]], now: float
) -> list[str]:
    """Submit deliveries: about which job, of whom, to what target, and their input; their ids."""
    submissions = [
        Submission(
            id=new_id(),
            operation=OPERATION,
            owner=behind(owner, DELIVERIES),
            input=dumps(body).encode(),
            priority=PRIORITY,
            max_attempts=ATTEMPTS,
        )
        for _, owner, _, body in wanted
    ]
    changes = Changes()
    for one in submissions:
        changes.add(one.owner, unfinished=1, active=1)
    changes.save(tx)
    made = insert_jobs(db, tx, submissions, now)
    tx.run_many(
        "INSERT INTO deliveries (job, about, target) VALUES (:job, :about, :target)",
        [
            {"job": job.seq, "about": about, "target": dumps(target)}
            for job, (about, _, target, _) in zip(made, wanted, strict=True)
        ],
    )
    return [job.id for job in made]


def _input(row: Row, target: Json) -> Json:
    id, operation, owner, status, at, error, _, secret, former = row
    return {
        "target": {kind: to for kind, to in target.items() if kind != "on"},
        "job_id": id,
        "job_type": operation,
        "owner": owner,
        "status": status,
        "completed_at": at,
        "error": error,
        "secrets": [one for one in (secret, former) if one is not None],
    }


@repeating
class SqlNotices:
    """See `store.contract.Notices`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def settings(self, owner: str, secret: str) -> NoticeSettings:
        """See `Notices.settings`."""
        with self._db.write() as tx:
            tx.run(
                "INSERT INTO contacts (owner, secret, changed_at) VALUES (:owner, :secret, :now)"
                " ON CONFLICT (owner) DO NOTHING",
                {"owner": owner, "secret": secret, "now": 0.0},
            )
            row = tx.row(
                "SELECT targets, secret FROM contacts WHERE owner = :owner", {"owner": owner}
            )
        assert row is not None
        targets = [] if row[0] is None else [_target(one) for one in loads(row[0])]
        return NoticeSettings(targets=targets, secret=row[1])

    def choose(self, owner: str, targets: Sequence[Target]) -> None:
        """See `Notices.choose`."""
        kept = dumps([one.told() for one in targets]) if targets else None
        with self._db.write() as tx:
            tx.run(
                "UPDATE contacts SET targets = :targets WHERE owner = :owner",
                {"owner": owner, "targets": kept},
            )

    def change_secret(self, owner: str, secret: str) -> None:
        """See `Notices.change_secret`."""
        with self._db.write() as tx:
            tx.run(
                "UPDATE contacts SET former = secret, secret = :secret, changed_at = :now"
                " WHERE owner = :owner",
                {"owner": owner, "secret": secret, "now": self._db.now(tx)},
            )

    def deliveries(self, job_id: str) -> list[Delivery]:
        """See `Notices.deliveries`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "SELECT jobs.id, jobs.status, jobs.created_at, jobs.completed_at, jobs.error,"
                " jobs.run_at, deliveries.target FROM deliveries"
                " JOIN jobs ON jobs.seq = deliveries.job"
                " WHERE deliveries.about = :about ORDER BY deliveries.job",
                {"about": job_id},
            )
        return [
            Delivery(
                id=id,
                status=Status(status),
                target=_target(loads(target)),
                created_at=created_at,
                completed_at=completed_at,
                error=error,
                next_at=run_at if status == Status.PENDING else None,
            )
            for id, status, created_at, completed_at, error, run_at, target in rows
        ]

    def replay(self, delivery_id: str) -> str:
        """See `Notices.replay`."""
        with self._db.write() as tx:
            row = tx.row(
                "SELECT about, target, body, owner FROM deliveries"
                " JOIN jobs ON jobs.seq = deliveries.job JOIN inputs ON inputs.job = jobs.seq"
                " WHERE jobs.id = :id",
                {"id": delivery_id},
            )
            assert row is not None, "whoever asks has seen it in the list"
            about, target, body, owner = row
            again = {"message_id": delivery_id} | loads(body)
            wanted = [(about, user_of(owner), loads(target), again)]
            return _deliver(self._db, tx, wanted, self._db.now(tx))[0]


def _target(told: Json) -> Target:
    kind, to = next((kind, to) for kind, to in told.items() if kind != "on")
    return Target(kind, to, frozenset(map(Status, told.get("on", FINISHED))))
