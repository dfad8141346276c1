"""The channel of golden questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("golden_questions", sa.Column("channel", sa.String(60)))


def downgrade() -> None:
    op.drop_column("golden_questions", "channel")
