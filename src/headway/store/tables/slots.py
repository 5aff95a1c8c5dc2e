"""Who gets the next slot, who runs it, and how it went."""

import sqlalchemy as sa

from headway.store.tables.schema import metadata, required

# How jobs ended, by the minute, and in minute 0 all those before. One row for each worker, so that
# no two wait for each other. `bound_i` counts what took up to the i-th of some bounds.
tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("minute", sa.BigInteger(), primary_key=True),
    sa.Column("operation", sa.Text(), primary_key=True),
    sa.Column("outcome", sa.Text(), primary_key=True),
    sa.Column("worker", sa.Text(), primary_key=True),
    required("count", sa.BigInteger()),
    required("seconds", sa.Double()),
    required("squares", sa.Double()),
    *(required(f"bound_{i}", sa.BigInteger(), "0") for i in range(7)),
    sqlite_with_rowid=False,
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("priority", sa.Integer(), primary_key=True),
    required("turn", sa.BigInteger()),
    sqlite_with_rowid=False,
)

# How many jobs of each owner have not ended, and how many of those are ready or running.
loads = sa.Table(
    "loads",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    required("unfinished", sa.BigInteger()),
    required("active", sa.BigInteger()),
    sqlite_with_rowid=False,
)

# Operations of which nothing is claimed until somebody resumes them.
pauses = sa.Table(
    "pauses",
    metadata,
    sa.Column("operation", sa.Text(), primary_key=True),
    required("at", sa.Double()),
    sqlite_with_rowid=False,
)

serving = sa.Table(
    "serving",
    metadata,
    sa.Column("priority", sa.Integer(), primary_key=True, autoincrement=False),
    required("turn", sa.BigInteger()),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.Text(), primary_key=True),
    required("host", sa.Text()),
    required("pid", sa.Integer()),
    required("slots", sa.Integer()),
    required("operations", sa.Text()),
    sa.Column("place", sa.Text()),
    required("started_at", sa.Double()),
    required("beat_at", sa.Double()),
    required("expires_at", sa.Double()),
    sa.Column("left_at", sa.Double()),
    required("async_slots", sa.Integer(), "0"),
    sqlite_with_rowid=False,
)
