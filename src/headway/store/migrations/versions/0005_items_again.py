"""Parts whose failed items are to be tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "parts", sa.Column("redo", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
