"""Roles, and tokens that mean nothing any more before they expire."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("role", sa.Text(), server_default=sa.text("'user'"), nullable=False)
    )
    op.add_column(
        "users", sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column(
        "users",
        sa.Column("generation", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_table(
        "ended_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ended_tokens")),
        sqlite_with_rowid=False,
    )
