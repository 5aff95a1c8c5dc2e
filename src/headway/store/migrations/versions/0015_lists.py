"""Indexes in which the jobs of each list stand in order, by operation and owner."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_OWN = "parent IS NULL"
_ENDED_BADLY = "status IN ('failed', 'cancelled')"


def upgrade() -> None:
    op.drop_index("ix_jobs_owner_seq", "jobs")
    op.drop_index("ix_jobs_ended_badly", "jobs")
    for name, columns, rows in (
        ("ix_jobs_listed", ["operation", "owner", "seq"], _OWN),
        (
            "ix_jobs_ended_badly",
            ["operation", "owner", "status", "seq"],
            f"{_OWN} AND {_ENDED_BADLY}",
        ),
        (
            "ix_jobs_ended_badly_of_all",
            ["operation", "status", "seq"],
            f"{_OWN} AND seq > 0 AND {_ENDED_BADLY}",
        ),
    ):
        op.create_index(
            name, "jobs", columns, sqlite_where=sa.text(rows), postgresql_where=sa.text(rows)
        )
