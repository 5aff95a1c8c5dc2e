"""How long jobs took, counted by some bounds; and the traces they belong to."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("traceparent", sa.Text()))
    for i in range(7):
        op.add_column(
            "tallies",
            sa.Column(f"bound_{i}", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        )
