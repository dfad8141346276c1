"""Translations keep their state: ready, held for review, failed, approved, and since when they are stale."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

from knowledge.database import UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEY = ("article_id", "field", "source_language", "target_language", "engine", "engine_version")
_AT_ONCE = 500  # rows


def _byte_ordered(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    connection = op.get_bind()
    earlier = sa.table(
        "translations",
        *(sa.column(name) for name in (*_KEY, "article_revision", "source_digest", "text")),
        sa.column("created_at", UtcTime()),
    )
    rows = {}
    for row in connection.execute(sa.select(earlier).order_by(earlier.c.article_revision)).mappings():
        parts = [*(row[name] for name in _KEY), "", row["source_digest"]]
        id = hashlib.sha256(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
        rows[id] = {**row, "id": id, "glossary_digest": "", "status": "ready", "faults": [], "serial": 1}
    op.drop_table("translations")
    made = op.create_table(
        "translations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("article_id", _byte_ordered(128), nullable=False),
        sa.Column("article_revision", sa.Integer(), nullable=False),
        sa.Column("field", _byte_ordered(16), nullable=False),
        sa.Column("source_language", _byte_ordered(35), nullable=False),
        sa.Column("target_language", _byte_ordered(35), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("engine_version", sa.String(200), nullable=False),
        sa.Column("glossary_digest", sa.String(64), nullable=False),
        sa.Column("source_digest", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("stale_at", UtcTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_translations")),
    )
    op.create_index(op.f("ix_translations_serial"), "translations", ["serial"])
    op.create_index(
        op.f("ix_translations_article_id_target_language_field_id"),
        "translations",
        ["article_id", "target_language", "field", "id"],
    )
    listed = list(rows.values())
    for start in range(0, len(listed), _AT_ONCE):
        connection.execute(sa.insert(made), listed[start : start + _AT_ONCE])


def downgrade() -> None:
    # A memory of what can be made again; approved texts are in their articles.
    op.drop_table("translations")
    op.create_table(
        "translations",
        sa.Column("article_id", sa.String(128), nullable=False),
        sa.Column("article_revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(16), nullable=False),
        sa.Column("source_language", sa.String(35), nullable=False),
        sa.Column("target_language", sa.String(35), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("engine_version", sa.String(200), nullable=False),
        sa.Column("source_digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "article_id",
            "article_revision",
            "field",
            "source_language",
            "target_language",
            "engine",
            "engine_version",
            name=op.f("pk_translations"),
        ),
    )
