"""Articles, their texts, tags and history, and imports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from knowledge.database import UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _byte_ordered(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "articles",
        sa.Column("id", _byte_ordered(128), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_until", sa.Date()),
        sa.Column("review_by", sa.Date()),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
    )
    op.create_table(
        "article_texts",
        sa.Column("article_id", _byte_ordered(128), nullable=False),
        sa.Column("language", _byte_ordered(35), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("alternate_questions", sa.JSON(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "language", name=op.f("pk_article_texts")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_texts_article_id"), ondelete="CASCADE"
        ),
    )
    op.create_table(
        "article_tags",
        sa.Column("article_id", _byte_ordered(128), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "position", name=op.f("pk_article_tags")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_tags_article_id"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_article_tags_tag_article_id"), "article_tags", ["tag", "article_id"])
    op.create_table(
        "article_revisions",
        sa.Column("article_id", _byte_ordered(128), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "revision", name=op.f("pk_article_revisions")),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("filename", sa.Text()),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("encoding", sa.String(32), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("applied_at", UtcTime()),
        sa.Column("applied_by", sa.Text()),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_expires_at"), "imports", ["expires_at"])


def downgrade() -> None:
    op.drop_table("imports")
    op.drop_table("article_revisions")
    op.drop_table("article_tags")
    op.drop_table("article_texts")
    op.drop_table("articles")
