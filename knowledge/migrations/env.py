"""Alembic's entry: runs the migrations on the connection that ``Database.migrate`` hands over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from knowledge.database import metadata

connection = context.config.attributes["connection"]
if not isinstance(connection, sa.Connection):
    raise TypeError(f"expected a connection from Database.migrate, got {connection!r}")

# SQLite cannot alter most things in place: batch mode copies the table instead.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
