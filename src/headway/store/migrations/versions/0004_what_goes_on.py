"""What estimates and the overview are made from: marks of progress, tallies of outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "paces",
        sa.Column("job", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("older_at", sa.Double(), nullable=False),
        sa.Column("older", sa.Double(), nullable=False),
        sa.Column("newer_at", sa.Double(), nullable=False),
        sa.Column("newer", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_paces")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tallies",
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("squares", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "minute", "operation", "outcome", "worker", name=op.f("pk_tallies")
        ),
        sqlite_with_rowid=False,
    )
    op.add_column(
        "workers",
        sa.Column("async_slots", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    # With the operation in it, delayed jobs are counted without reading them.
    op.drop_index("ix_jobs_delayed", table_name="jobs")
    op.create_index(
        "ix_jobs_delayed",
        "jobs",
        ["run_at", "operation"],
        sqlite_where=sa.text("status = 'pending' AND waiting_for IN ('time', 'retry')"),
        postgresql_where=sa.text("status = 'pending' AND waiting_for IN ('time', 'retry')"),
    )
