"""Golden questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "golden_questions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("article_id", sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")),
        sa.Column("language", sa.String(35)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_golden_questions")),
    )


def downgrade() -> None:
    op.drop_table("golden_questions")
