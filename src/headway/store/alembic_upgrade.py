"""The only place that imports Alembic, so that a database at its newest schema never does."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory


def upgrade_to_head(connection: sa.Connection, scripts: Path, head: str) -> bool:
    """Upgrade within the connection's transaction; False when the revision found is unknown."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        return False
    command.upgrade(config, head)
    return True
