"""The base of all tables. Times are seconds since the epoch, UTC.

What is large (inputs) lies beside the job's row, because SQLite rewrites a row as a whole and
because most reads of a job do not want it.
"""

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite makes a rowid alias of INTEGER PRIMARY KEY only."""


def required(name: str, kind: type | sa.types.TypeEngine[Any], default: str = "") -> sa.Column[Any]:
    """A column that is never null."""
    return sa.Column(
        name, kind, nullable=False, server_default=sa.text(default) if default else None
    )
