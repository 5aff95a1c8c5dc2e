"""An index of the jobs that failed or were cancelled, which are rare among all of an owner's."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_ENDED_BADLY = "parent IS NULL AND status IN ('failed', 'cancelled')"


def upgrade() -> None:
    op.create_index(
        "ix_jobs_ended_badly",
        "jobs",
        ["owner", "status", "seq"],
        sqlite_where=sa.text(_ENDED_BADLY),
        postgresql_where=sa.text(_ENDED_BADLY),
    )
