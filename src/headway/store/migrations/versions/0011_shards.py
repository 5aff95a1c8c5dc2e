"""Jobs split into shards: each shard's place, and how many a job has."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_SHARDS = "parent IS NOT NULL"
_WAITING = "parent IS NOT NULL AND status = 'pending'"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("shard", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("shards", sa.Integer(), nullable=True))
    op.create_index(
        "ix_jobs_shards",
        "jobs",
        ["parent", "shard"],
        unique=True,
        sqlite_where=sa.text(_SHARDS),
        postgresql_where=sa.text(_SHARDS),
    )
    op.create_index(
        "ix_jobs_waiting_shards",
        "jobs",
        ["operation", "waiting_for"],
        sqlite_where=sa.text(_WAITING),
        postgresql_where=sa.text(_WAITING),
    )
