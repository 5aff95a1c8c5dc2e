"""How much of the queue each owner takes, what waits for a limit, and what is paused."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "loads",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("unfinished", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_loads")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pauses",
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("operation", name=op.f("pk_pauses")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_jobs_held",
        "jobs",
        ["owner", "priority", "seq"],
        sqlite_where=sa.text("status = 'pending' AND waiting_for = 'limit'"),
        postgresql_where=sa.text("status = 'pending' AND waiting_for = 'limit'"),
    )
    op.execute(
        "INSERT INTO loads (owner, unfinished, active) SELECT owner, count(*),"
        " sum(CASE WHEN status = 'running' OR waiting_for IS NULL THEN 1 ELSE 0 END)"
        " FROM jobs WHERE status IN ('pending', 'running') GROUP BY owner"
    )
