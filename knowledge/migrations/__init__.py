"""Migrations: how a database of any earlier version becomes one of this version."""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from knowledge.database import DatabaseError

log = logging.getLogger(__name__)


def upgrade(connection: sa.Connection) -> None:
    """Bring the schema to the last migration's; raises DatabaseError for one that is newer than that."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    script = ScriptDirectory.from_config(config)
    with connection.begin():
        current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise DatabaseError(
            f"The database has schema {current!r}, which this version does not know: it was written by a "
            "newer faq-assistant. Install that version, or restore a backup."
        )
    if current == script.get_current_head():
        return
    with connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    log.info("database schema brought from %s to %s", current, script.get_current_head())
