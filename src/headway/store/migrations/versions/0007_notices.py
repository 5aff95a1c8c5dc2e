"""Who is told of the end of a job, and the deliveries to them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "notices",
        sa.Column("job", key, nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_notices")),
    )
    op.create_table(
        "contacts",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("former", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_contacts")),
    )
    op.create_table(
        "deliveries",
        sa.Column("job", key, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_about", "deliveries", ["about"])
