"""The tables, as the newest migration leaves them. Times are seconds since the epoch, UTC.

What is large (inputs) lies beside the job's row, because SQLite rewrites a row as a whole and
because most reads of a job do not want it.
"""

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite makes a rowid alias of INTEGER PRIMARY KEY only."""


def _required(
    name: str, kind: type | sa.types.TypeEngine[Any], default: str = ""
) -> sa.Column[Any]:
    return sa.Column(
        name, kind, nullable=False, server_default=sa.text(default) if default else None
    )


jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("seq", _Key, primary_key=True),
    _required("id", sa.Text()),
    _required("operation", sa.Text()),
    _required("owner", sa.Text()),
    _required("status", sa.Text()),
    sa.Column("waiting_for", sa.Text()),
    _required("priority", sa.Integer()),
    _required("turn", sa.BigInteger(), "0"),
    sa.Column("run_at", sa.Double()),
    _required("created_at", sa.Double()),
    sa.Column("started_at", sa.Double()),
    sa.Column("completed_at", sa.Double()),
    _required("version", sa.Integer(), "1"),
    _required("last_event", sa.Integer(), "0"),
    _required("lease_token", sa.Integer(), "0"),
    sa.Column("worker", sa.Text()),
    sa.Column("claimed_at", sa.Double()),
    _required("progress", sa.Double(), "0"),
    sa.Column("message", sa.Text()),
    sa.Column("total", sa.Integer()),
    _required("succeeded", sa.Integer(), "0"),
    _required("failed", sa.Integer(), "0"),
    _required("attempt", sa.Integer(), "0"),
    _required("max_attempts", sa.Integer(), "1"),
    _required("crashes", sa.Integer(), "0"),
    _required("interruptions", sa.Integer(), "0"),
    _required("crashes_in_a_row", sa.Integer(), "0"),
    _required("interruptions_in_a_row", sa.Integer(), "0"),
    sa.Column("timeout", sa.Double()),
    sa.Column("parent", sa.Text()),
    sa.Column("resumed_from", sa.Text()),
    sa.Column("uses", sa.Text()),
    sa.Column("metadata", sa.Text()),
    sa.Column("error", sa.Text()),
    sa.Column("result", sa.Text()),
    sa.Column("unique_key", sa.Text()),
    sa.Column("traceparent", sa.Text()),
    sa.Column("shard", sa.Integer()),
    sa.Column("shards", sa.Integer()),
    sa.UniqueConstraint("id"),
    sqlite_autoincrement=True,  # a pruned job's number must not come back in somebody's cursor
)

# What can be claimed, in the order it is claimed. Rows that wait for anything are not in it, so
# no claim ever steps over them.
sa.Index(
    "ix_jobs_ready",
    jobs.c.operation, jobs.c.priority, jobs.c.turn, jobs.c.seq,
    sqlite_where=sa.text("status = 'pending' AND waiting_for IS NULL"),
    postgresql_where=sa.text("status = 'pending' AND waiting_for IS NULL"),
)  # fmt: skip
sa.Index(
    "ix_jobs_delayed",
    jobs.c.run_at, jobs.c.operation,  # the operation, so that counting them reads no job
    sqlite_where=sa.text("status = 'pending' AND waiting_for IN ('time', 'retry')"),
    postgresql_where=sa.text("status = 'pending' AND waiting_for IN ('time', 'retry')"),
)  # fmt: skip
sa.Index(
    "ix_jobs_running",
    jobs.c.worker,
    sqlite_where=sa.text("status = 'running'"),
    postgresql_where=sa.text("status = 'running'"),
)
sa.Index("ix_jobs_owner_seq", jobs.c.owner, jobs.c.seq)
# What is due and waits until other jobs of its owner end, in the order it may then be claimed.
sa.Index(
    "ix_jobs_held",
    jobs.c.owner, jobs.c.priority, jobs.c.seq,
    sqlite_where=sa.text("status = 'pending' AND waiting_for = 'limit'"),
    postgresql_where=sa.text("status = 'pending' AND waiting_for = 'limit'"),
)  # fmt: skip
# Unique, so that no job is split twice.
sa.Index(
    "ix_jobs_shards",
    jobs.c.parent, jobs.c.shard,
    unique=True,
    sqlite_where=sa.text("parent IS NOT NULL"),
    postgresql_where=sa.text("parent IS NOT NULL"),
)  # fmt: skip
# What of a queue are shards, so that it can be told without them.
sa.Index(
    "ix_jobs_waiting_shards",
    jobs.c.operation, jobs.c.waiting_for,
    sqlite_where=sa.text("parent IS NOT NULL AND status = 'pending'"),
    postgresql_where=sa.text("parent IS NOT NULL AND status = 'pending'"),
)  # fmt: skip
sa.Index(
    "ix_jobs_unique",
    jobs.c.owner, jobs.c.operation, jobs.c.unique_key,
    unique=True,
    sqlite_where=sa.text("unique_key IS NOT NULL AND status IN ('pending', 'running')"),
    postgresql_where=sa.text("unique_key IS NOT NULL AND status IN ('pending', 'running')"),
)  # fmt: skip

# Whom to tell of a job's end, where it was said with the job.
notices = sa.Table(
    "notices",
    metadata,
    sa.Column("job", _Key, primary_key=True),
    _required("targets", sa.Text()),
)

# Whom else, and what signs what they get.
contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("targets", sa.Text()),
    _required("secret", sa.Text()),
    sa.Column("former", sa.Text()),
    _required("changed_at", sa.Double()),
)

# Which job a delivery, a job itself, tells of, by its public id.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("job", _Key, primary_key=True),
    _required("about", sa.Text()),
    _required("target", sa.Text()),
)
sa.Index("ix_deliveries_about", deliveries.c.about)

inputs = sa.Table(
    "inputs",
    metadata,
    sa.Column("job", _Key, primary_key=True),
    _required("body", sa.Text()),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("position", _Key, primary_key=True),
    _required("job", sa.BigInteger()),
    _required("number", sa.Integer()),
    _required("kind", sa.Text()),
    _required("at", sa.Double()),
    _required("data", sa.Text()),
    sqlite_autoincrement=True,  # a cursor must never see a position twice
)
sa.Index("ix_events_job_number", events.c.job, events.c.number, unique=True)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("job", sa.BigInteger(), primary_key=True),
    sa.Column("token", sa.Integer(), primary_key=True),
    _required("worker", sa.Text()),
    _required("started_at", sa.Double()),
    _required("ended_at", sa.Double()),
    _required("reason", sa.Text()),
    sa.Column("error", sa.Text()),
    sa.Column("traceback", sa.Text()),
    sa.Column("peak_memory", sa.BigInteger()),
    sa.Column("cpu_seconds", sa.Double()),
    sqlite_with_rowid=False,
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("job", sa.BigInteger(), primary_key=True),
    sa.Column("number", sa.Integer(), primary_key=True),
    _required("token", sa.Integer()),
    _required("state", sa.Text()),
    sa.Column("path", sa.Text()),
    sa.Column("sha256", sa.Text()),
    _required("items", sa.Integer()),
    _required("at", sa.Double()),
    sqlite_with_rowid=False,
)

parts = sa.Table(
    "parts",
    metadata,
    sa.Column("job", sa.BigInteger(), primary_key=True),
    sa.Column("first", sa.Integer(), primary_key=True),
    _required("count", sa.Integer()),
    _required("failed", sa.Integer()),
    _required("path", sa.Text()),
    _required("size", sa.BigInteger()),
    _required("redo", sa.Boolean(), "false"),
    sqlite_with_rowid=False,
)

# Two marks of a running job's progress, some seconds apart: what its rate is told by. Beside the
# job, because most jobs end before they have said how far they are.
paces = sa.Table(
    "paces",
    metadata,
    sa.Column("job", sa.BigInteger(), primary_key=True),
    _required("token", sa.Integer()),
    _required("older_at", sa.Double()),
    _required("older", sa.Double()),
    _required("newer_at", sa.Double()),
    _required("newer", sa.Double()),
    sqlite_with_rowid=False,
)

# How jobs ended, by the minute, and in minute 0 all those before. One row for each worker, so that
# no two wait for each other. `bound_i` counts what took up to the i-th of some bounds.
tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("minute", sa.BigInteger(), primary_key=True),
    sa.Column("operation", sa.Text(), primary_key=True),
    sa.Column("outcome", sa.Text(), primary_key=True),
    sa.Column("worker", sa.Text(), primary_key=True),
    _required("count", sa.BigInteger()),
    _required("seconds", sa.Double()),
    _required("squares", sa.Double()),
    *(_required(f"bound_{i}", sa.BigInteger(), "0") for i in range(7)),
    sqlite_with_rowid=False,
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("priority", sa.Integer(), primary_key=True),
    _required("turn", sa.BigInteger()),
    sqlite_with_rowid=False,
)

# How many jobs of each owner have not ended, and how many of those are ready or running.
loads = sa.Table(
    "loads",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    _required("unfinished", sa.BigInteger()),
    _required("active", sa.BigInteger()),
    sqlite_with_rowid=False,
)

# Operations of which nothing is claimed until somebody resumes them.
pauses = sa.Table(
    "pauses",
    metadata,
    sa.Column("operation", sa.Text(), primary_key=True),
    _required("at", sa.Double()),
    sqlite_with_rowid=False,
)

serving = sa.Table(
    "serving",
    metadata,
    sa.Column("priority", sa.Integer(), primary_key=True, autoincrement=False),
    _required("turn", sa.BigInteger()),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.Text(), primary_key=True),
    _required("host", sa.Text()),
    _required("pid", sa.Integer()),
    _required("slots", sa.Integer()),
    _required("operations", sa.Text()),
    sa.Column("place", sa.Text()),
    _required("started_at", sa.Double()),
    _required("beat_at", sa.Double()),
    _required("expires_at", sa.Double()),
    sa.Column("left_at", sa.Double()),
    _required("async_slots", sa.Integer(), "0"),
    sqlite_with_rowid=False,
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("scope", sa.Text(), primary_key=True),
    sa.Column("key", sa.Text(), primary_key=True),
    _required("fingerprint", sa.Text()),
    _required("job", sa.BigInteger()),
    _required("at", sa.Double()),
    sqlite_with_rowid=False,
)
sa.Index("ix_idempotency_job", idempotency.c.job)

# What is left of a job whose history was removed. Numbered in the order of removal, so that the
# oldest are found without an index by time.
tombstones = sa.Table(
    "tombstones",
    metadata,
    sa.Column("seq", _Key, primary_key=True),
    _required("id", sa.Text()),
    _required("owner", sa.Text()),
    _required("operation", sa.Text()),
    _required("status", sa.Text()),
    _required("completed_at", sa.Double()),
    _required("pruned_at", sa.Double()),
    sa.UniqueConstraint("id"),
)

artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("seq", _Key, primary_key=True),
    _required("id", sa.Text()),
    _required("kind", sa.Text()),
    _required("owner", sa.Text()),
    _required("name", sa.Text()),
    _required("version", sa.Integer()),
    _required("path", sa.Text()),
    _required("sha256", sa.Text()),
    _required("size", sa.BigInteger()),
    _required("meta", sa.Text()),
    _required("created_at", sa.Double()),
    sa.Column("job", sa.BigInteger()),
    sa.Column("made_by", sa.Text()),
    _required("shared", sa.Boolean(), "false"),
    sa.Column("deleted_at", sa.Double()),
    sa.UniqueConstraint("id"),
    sa.UniqueConstraint("owner", "kind", "name", "version"),
)
sa.Index("ix_artifacts_owner_kind_seq", artifacts.c.owner, artifacts.c.kind, artifacts.c.seq)
sa.Index("ix_artifacts_job", artifacts.c.job)
sa.Index(
    "ix_artifacts_shared",
    artifacts.c.kind, artifacts.c.seq,
    sqlite_where=sa.text("shared"),
    postgresql_where=sa.text("shared"),
)  # fmt: skip

# Which jobs read which artefact, by its public id: those that come with the package have no row.
uses = sa.Table(
    "uses",
    metadata,
    sa.Column("artifact", sa.Text(), primary_key=True),
    sa.Column("job", sa.BigInteger(), primary_key=True),
    sqlite_with_rowid=False,
)
sa.Index("ix_uses_job", uses.c.job)

aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("kind", sa.Text(), primary_key=True),
    sa.Column("name", sa.Text(), primary_key=True),
    sa.Column("alias", sa.Text(), primary_key=True),
    _required("artifact", sa.BigInteger()),
    _required("at", sa.Double()),
    sqlite_with_rowid=False,
)

# Every move an alias ever made; `back` is the move that a rollback leads to.
alias_moves = sa.Table(
    "alias_moves",
    metadata,
    sa.Column("seq", _Key, primary_key=True),
    _required("owner", sa.Text()),
    _required("kind", sa.Text()),
    _required("name", sa.Text()),
    _required("alias", sa.Text()),
    sa.Column("artifact", sa.BigInteger()),
    sa.Column("back", sa.BigInteger()),
    _required("at", sa.Double()),
    sa.Column("made_by", sa.Text()),
)
sa.Index(
    "ix_alias_moves_owner_kind_name_alias_seq",
    alias_moves.c.owner, alias_moves.c.kind, alias_moves.c.name, alias_moves.c.alias,
    alias_moves.c.seq,
)  # fmt: skip
sa.Index("ix_aliases_artifact", aliases.c.artifact)

users = sa.Table(
    "users",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    _required("password_hash", sa.Text()),
    _required("disabled", sa.Boolean(), "false"),
    _required("created_at", sa.Double()),
    _required("role", sa.Text(), "'user'"),
    _required("demo", sa.Boolean(), "false"),
    _required("generation", sa.BigInteger(), "0"),
    sqlite_with_rowid=False,
)

# Tokens that somebody signed out of before they expired: a token carries all else that is known
# of it, so only these need a row.
ended_tokens = sa.Table(
    "ended_tokens",
    metadata,
    sa.Column("id", sa.Text(), primary_key=True),
    _required("expires_at", sa.Double()),
    sqlite_with_rowid=False,
)

# A key is known by its hash: whoever reads the table cannot use one.
api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text(), primary_key=True),
    _required("digest", sa.Text()),
    _required("owner", sa.Text()),
    _required("name", sa.Text()),
    _required("scopes", sa.Text()),
    _required("created_at", sa.Double()),
    sa.Column("expires_at", sa.Double()),
    sa.Column("last_used_at", sa.Double()),
    sa.UniqueConstraint("digest"),
    sa.UniqueConstraint("owner", "name"),
    sqlite_with_rowid=False,
)

# Failed sign-ins by the minute, and places from which one succeeded. A subject is a hash.
sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    sa.Column("minute", sa.BigInteger(), primary_key=True),
    sa.Column("subject", sa.Text(), primary_key=True),
    _required("count", sa.BigInteger()),
    sqlite_with_rowid=False,
)
sa.Index("ix_sign_in_failures_subject", sign_in_failures.c.subject)

sign_in_places = sa.Table(
    "sign_in_places",
    metadata,
    sa.Column("subject", sa.Text(), primary_key=True),
    _required("at", sa.Double()),
    sqlite_with_rowid=False,
)

# Beside `users`, because it changes with every request and has owners who cannot sign in.
requests = sa.Table(
    "requests",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    _required("count", sa.BigInteger()),
    _required("at", sa.Double()),
    sqlite_with_rowid=False,
)
