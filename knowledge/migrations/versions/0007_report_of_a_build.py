"""The report of the gate that a build went through."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("index_builds", sa.Column("report", sa.JSON()))


def downgrade() -> None:
    op.drop_column("index_builds", "report")
