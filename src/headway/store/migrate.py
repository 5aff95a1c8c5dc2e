"""Brings a database to the schema this version of the code expects."""

import importlib
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from headway.errors import StoreUnusable

HEAD: Final = "0015"
"""The newest migration; a test holds it to the folder."""

_LOCK: Final = 0x6865_6164_7761_7900
"""The name, as a number, of the lock that whoever migrates a PostgreSQL database holds."""

_SCRIPTS: Final = Path(__file__).with_name("migrations")


def upgrade(engine: sa.Engine, where: object) -> None:
    """Run the migrations that are missing, all in one transaction.

    Raise `StoreUnusable` when the database was made by a newer version.
    """
    if current_revision(engine) == HEAD:
        return  # without importing Alembic, which takes longer than all else at start
    alembic = importlib.import_module("headway.store.alembic_upgrade")
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:  # several processes may come at once: the first does it, the others find it done
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        found = alembic.upgrade_to_head(connection, _SCRIPTS, HEAD)
        connection.commit()
    if not found:
        raise StoreUnusable(
            f"expected {where} at schema {HEAD} or before, got {current_revision(engine)}: it was"
            " made by a newer version of Headway; use that version, or restore a backup"
        )


def current_revision(engine: sa.Engine) -> str | None:
    """The schema's version in the database; None when it is empty."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        value: Any = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if value is None else str(value)
