"""Jobs, and what is kept beside their rows: what was asked for, by which keys, and what is left."""

import sqlalchemy as sa

from headway.store.states import (
    DELAYED,
    ENDED_BADLY,
    HELD,
    OF_ALL,
    OWN,
    READY,
    RUNNING,
    UNFINISHED,
)
from headway.store.tables.schema import KEY, metadata, required

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("seq", KEY, primary_key=True),
    required("id", sa.Text()),
    required("operation", sa.Text()),
    required("owner", sa.Text()),
    required("status", sa.Text()),
    sa.Column("waiting_for", sa.Text()),
    required("priority", sa.Integer()),
    required("turn", sa.BigInteger(), "0"),
    sa.Column("run_at", sa.Double()),
    required("created_at", sa.Double()),
    sa.Column("started_at", sa.Double()),
    sa.Column("completed_at", sa.Double()),
    required("version", sa.Integer(), "1"),
    required("last_event", sa.Integer(), "0"),
    required("lease_token", sa.Integer(), "0"),
    sa.Column("worker", sa.Text()),
    sa.Column("claimed_at", sa.Double()),
    required("progress", sa.Double(), "0"),
    sa.Column("message", sa.Text()),
    sa.Column("total", sa.Integer()),
    required("succeeded", sa.Integer(), "0"),
    required("failed", sa.Integer(), "0"),
    required("attempt", sa.Integer(), "0"),
    required("max_attempts", sa.Integer(), "1"),
    required("crashes", sa.Integer(), "0"),
    required("interruptions", sa.Integer(), "0"),
    required("crashes_in_a_row", sa.Integer(), "0"),
    required("interruptions_in_a_row", sa.Integer(), "0"),
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
    sqlite_where=sa.text(READY),
    postgresql_where=sa.text(READY),
)  # fmt: skip
sa.Index(
    "ix_jobs_delayed",
    jobs.c.run_at, jobs.c.operation,  # the operation, so that counting them reads no job
    sqlite_where=sa.text(DELAYED),
    postgresql_where=sa.text(DELAYED),
)  # fmt: skip
sa.Index(
    "ix_jobs_running",
    jobs.c.worker,
    sqlite_where=sa.text(RUNNING),
    postgresql_where=sa.text(RUNNING),
)

# All but shards, for the lists of one owner and for those of one operation. One index for both, since
# PostgreSQL writes into it whenever a job changes.
sa.Index(
    "ix_jobs_listed",
    jobs.c.operation, jobs.c.owner, jobs.c.seq,
    sqlite_where=sa.text(OWN),
    postgresql_where=sa.text(OWN),
)  # fmt: skip

# What ended otherwise than it should: rare among many that ended well, so that a list of it would
# walk along all of these. A job that is submitted, begun and completed comes into neither.
sa.Index(
    "ix_jobs_ended_badly",
    jobs.c.operation, jobs.c.owner, jobs.c.status, jobs.c.seq,
    sqlite_where=sa.text(f"{OWN} AND {ENDED_BADLY}"),
    postgresql_where=sa.text(f"{OWN} AND {ENDED_BADLY}"),
)  # fmt: skip
sa.Index(
    "ix_jobs_ended_badly_of_all",
    jobs.c.operation, jobs.c.status, jobs.c.seq,
    sqlite_where=sa.text(f"{OF_ALL} AND {ENDED_BADLY}"),
    postgresql_where=sa.text(f"{OF_ALL} AND {ENDED_BADLY}"),
)  # fmt: skip
# What is due and waits until other jobs of its owner end, in the order it may then be claimed.
sa.Index(
    "ix_jobs_held",
    jobs.c.owner, jobs.c.priority, jobs.c.seq,
    sqlite_where=sa.text(HELD),
    postgresql_where=sa.text(HELD),
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
    sqlite_where=sa.text(f"unique_key IS NOT NULL AND {UNFINISHED}"),
    postgresql_where=sa.text(f"unique_key IS NOT NULL AND {UNFINISHED}"),
)  # fmt: skip

inputs = sa.Table(
    "inputs",
    metadata,
    sa.Column("job", KEY, primary_key=True),
    required("body", sa.Text()),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("scope", sa.Text(), primary_key=True),
    sa.Column("key", sa.Text(), primary_key=True),
    required("fingerprint", sa.Text()),
    required("job", sa.BigInteger()),
    required("at", sa.Double()),
    sqlite_with_rowid=False,
)
sa.Index("ix_idempotency_job", idempotency.c.job)

# What requests that make no job were answered, by their keys. Without a status: not yet.
answers = sa.Table(
    "answers",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("scope", sa.Text(), primary_key=True),
    sa.Column("key", sa.Text(), primary_key=True),
    required("fingerprint", sa.Text()),
    sa.Column("status", sa.Integer()),
    sa.Column("body", sa.Text()),
    required("at", sa.Double()),
    sqlite_with_rowid=False,
)
sa.Index("ix_answers_at", answers.c.at)

# What is left of a job whose history was removed. Numbered in the order of removal, so that the
# oldest are found without an index by time.
tombstones = sa.Table(
    "tombstones",
    metadata,
    sa.Column("seq", KEY, primary_key=True),
    required("id", sa.Text()),
    required("owner", sa.Text()),
    required("operation", sa.Text()),
    required("status", sa.Text()),
    required("completed_at", sa.Double()),
    required("pruned_at", sa.Double()),
    sa.UniqueConstraint("id"),
)
