"""Unique keys: one unfinished job of an owner and operation under each."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_UNFINISHED = "unique_key IS NOT NULL AND status IN ('pending', 'running')"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("unique_key", sa.Text(), nullable=True))
    op.create_index(
        "ix_jobs_unique",
        "jobs",
        ["owner", "operation", "unique_key"],
        unique=True,
        sqlite_where=sa.text(_UNFINISHED),
        postgresql_where=sa.text(_UNFINISHED),
    )
