"""What becomes of those who want a job: one of their own, one that stands for it, or a limit."""

from collections.abc import Sequence

from headway.errors import LimitReached
from headway.limits import Limits
from headway.store.database import Database, Transaction
from headway.store.inserting import due_at_of, insert_jobs
from headway.store.loads import admit
from headway.store.unique import Identity, first_of_each, identity, unfinished
from headway.store.values.submission import Added, Submission


def decide(
    db: Database, tx: Transaction, wishes: Sequence[Submission], now: float, limits: Limits
) -> dict[str, Added | LimitReached]:
    """A job for each wish, a new one or the one that stands for it; or the limit it passes."""
    taken: dict[Identity, Added | LimitReached] = {
        key: Added(job, existing=True) for key, job in unfinished(tx, wishes).items()
    }
    fresh = first_of_each(wishes, taken)
    due = frozenset(one.id for one in fresh if due_at_of(one, now) is None)
    admission = admit(tx, fresh, due, limits)
    made = insert_jobs(db, tx, admission.admitted, now, admission.held)
    decided: dict[str, Added | LimitReached] = {
        **{job.id: Added(job) for job in made},
        **admission.refused,
    }
    for one in fresh:
        if (key := identity(one)) is not None:
            answer = decided[one.id]
            taken[key] = Added(answer.job, existing=True) if isinstance(answer, Added) else answer
    stood_for = [(one.id, identity(one)) for one in wishes if one.id not in decided]
    return decided | {id: taken[key] for id, key in stood_for if key is not None}
