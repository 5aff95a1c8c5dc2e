"""What attempts leave: events, checkpoints, items, their pace, and how they ended."""

import sqlalchemy as sa

from headway.store.tables.schema import KEY, metadata, required

events = sa.Table(
    "events",
    metadata,
    sa.Column("position", KEY, primary_key=True),
    required("job", sa.BigInteger()),
    required("number", sa.Integer()),
    required("kind", sa.Text()),
    required("at", sa.Double()),
    required("data", sa.Text()),
    sqlite_autoincrement=True,  # a cursor must never see a position twice
)
sa.Index("ix_events_job_number", events.c.job, events.c.number, unique=True)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("job", sa.BigInteger(), primary_key=True),
    sa.Column("token", sa.Integer(), primary_key=True),
    required("worker", sa.Text()),
    required("started_at", sa.Double()),
    required("ended_at", sa.Double()),
    required("reason", sa.Text()),
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
    required("token", sa.Integer()),
    required("state", sa.Text()),
    sa.Column("path", sa.Text()),
    sa.Column("sha256", sa.Text()),
    required("items", sa.Integer()),
    required("at", sa.Double()),
    sqlite_with_rowid=False,
)

parts = sa.Table(
    "parts",
    metadata,
    sa.Column("job", sa.BigInteger(), primary_key=True),
    sa.Column("first", sa.Integer(), primary_key=True),
    required("count", sa.Integer()),
    required("failed", sa.Integer()),
    required("path", sa.Text()),
    required("size", sa.BigInteger()),
    required("redo", sa.Boolean(), "false"),
    sa.Column("sha256", sa.Text()),
    sqlite_with_rowid=False,
)

# Two marks of a running job's progress, some seconds apart: what its rate is told by. Beside the
# job, because most jobs end before they have said how far they are.
paces = sa.Table(
    "paces",
    metadata,
    sa.Column("job", sa.BigInteger(), primary_key=True),
    required("token", sa.Integer()),
    required("older_at", sa.Double()),
    required("older", sa.Double()),
    required("newer_at", sa.Double()),
    required("newer", sa.Double()),
    sqlite_with_rowid=False,
)
