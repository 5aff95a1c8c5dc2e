"""Hashes of the files that hold item results. Those published before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("parts", sa.Column("sha256", sa.Text(), nullable=True))
