"""Idempotency keys: the same request again gives the same job again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from headway.errors import KeyReused, LimitReached
from headway.job import Job
from headway.store.database import Transaction
from headway.store.loads import lists_of
from headway.store.rows import job_where
from headway.store.values.submission import Added, Decided, IdempotencyKey, Submission


def save_keys(tx: Transaction, granted: Sequence[tuple[Submission, Job]], now: float) -> None:
    """Keep the submissions' keys, in the transaction of their jobs."""
    rows = [
        _row(one.owner, key, job, now)
        for one, job in granted
        if (key := one.idempotency) is not None
    ]
    tx.run_many(_INSERT, rows)


def save_key(tx: Transaction, key: IdempotencyKey, job: Job, now: float) -> None:
    """Keep the key of what was done to a job, in that transaction."""
    tx.run(_INSERT, _row(job.owner, key, job, now))


_INSERT: Final = (
    "INSERT INTO idempotency (owner, scope, key, fingerprint, job, at)"
    " VALUES (:owner, :scope, :key, :fingerprint, :job, :at)"
)


def _row(owner: str, key: IdempotencyKey, job: Job, now: float) -> dict[str, object]:
    return {
        "owner": owner,
        "scope": key.scope,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "job": job.seq,
        "at": now,
    }


def is_repeated(tx: Transaction, owner: str, key: IdempotencyKey) -> bool:
    """True when this request was made before. Raise `KeyReused` if another one was, by this key."""
    found = tx.value(
        "SELECT fingerprint FROM idempotency"
        " WHERE owner = :owner AND scope = :scope AND key = :key",
        {"owner": owner, "scope": key.scope, "key": key.key},
    )
    if found not in (None, key.fingerprint):
        raise KeyReused(REUSED)
    return found is not None


def name_of(owner: str, key: IdempotencyKey) -> str:
    """A name for a key that one transaction at a time may look up and keep."""
    return f"key {owner}\0{key.scope}\0{key.key}"


def names_of_keys(submissions: Sequence[Submission]) -> set[str]:
    """The name of each key that came with them."""
    return {
        name_of(one.owner, one.idempotency) for one in submissions if one.idempotency is not None
    }


def replays(tx: Transaction, submissions: Sequence[Submission]) -> dict[str, Decided]:
    """Answers for those submissions whose key was used in an earlier transaction."""
    answers: dict[str, Decided] = {}
    for one in submissions:
        if one.idempotency is None:
            continue
        found = tx.row(
            "SELECT fingerprint, job, at FROM idempotency"
            " WHERE owner = :owner AND scope = :scope AND key = :key",
            {"owner": one.owner, "scope": one.idempotency.scope, "key": one.idempotency.key},
        )
        if found is not None:
            job = job_where(tx, "seq = :seq", {"seq": found[1]})
            # A job and the key it was made for are written at one moment; a job that stood for
            # the request is older than the key.
            existing = job is not None and job.created_at != found[2]
            answers[one.id] = _replay(one, found[0], job, existing=existing)
    return answers


def _replay(
    one: Submission, fingerprint: str, job: Job | None, *, existing: bool
) -> Added | KeyReused:
    key = one.idempotency
    if key is not None and job is not None and fingerprint == key.fingerprint:
        return Added(job, replayed=True, existing=existing)
    return KeyReused(REUSED)


def refused_lists(
    submissions: Sequence[Submission], answers: Mapping[str, Decided]
) -> dict[str, Decided]:
    """The answers to all that come together with one whose key came with another request: before,
    as its answer says, or ahead of it in this transaction."""
    refused: dict[str, Decided] = {}
    came: dict[object, str] = {}
    for together in lists_of(submissions):
        keys = {
            (_identity(one), one.idempotency.fingerprint)
            for one in together
            if one.idempotency is not None
        }
        if (
            any(isinstance(answers.get(one.id), KeyReused) for one in together)
            or any(came.get(identity, fingerprint) != fingerprint for identity, fingerprint in keys)
            or len(dict(keys)) < len(keys)
        ):
            refused |= {one.id: KeyReused(REUSED) for one in together}
        else:
            came |= keys
    return refused


REUSED: Final = (
    "expected the same request as before with this Idempotency-Key, got another one;"
    " use a new key for a new request"
)


def _identity(one: Submission) -> object:
    key = one.idempotency
    return one.id if key is None else (one.owner, key.scope, key.key)


def first_of_each_key(submissions: Sequence[Submission]) -> list[Submission]:
    """Drop the twins: requests with one key that were gathered into one transaction."""
    first: dict[object, Submission] = {}
    for one in submissions:
        first.setdefault(_identity(one), one)
    return list(first.values())


def answer_twin(
    one: Submission,
    wishes: Sequence[Submission],
    decided: Mapping[str, Added | LimitReached],
) -> Decided:
    """The answer to a submission whose key came twice in one group: that of the first one."""
    twin = next(other for other in wishes if _identity(other) == _identity(one))
    answer = decided[twin.id]
    return replace(answer, replayed=True) if isinstance(answer, Added) else answer
