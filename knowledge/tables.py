"""Tables of the knowledge room: articles, their texts, tags and history, and imports."""

from __future__ import annotations

import sqlalchemy as sa

from knowledge.article import MAX_ID_LENGTH, MAX_LANGUAGE_LENGTH
from knowledge.database import UtcTime, metadata


def byte_ordered(length: int) -> sa.String:
    """Return a string type that sorts by bytes on every database, whatever its locale.

    Cursors and digests rely on one order of ids; PostgreSQL's own follows the cluster's language.
    """
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


articles = sa.Table(
    "articles",
    metadata,
    sa.Column("id", byte_ordered(MAX_ID_LENGTH), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),  # Article.digest()
    sa.Column("url", sa.Text),
    sa.Column("valid_from", sa.Date),
    sa.Column("valid_until", sa.Date),
    sa.Column("review_by", sa.Date),
    sa.Column("updated_at", UtcTime, nullable=False),
)

article_texts = sa.Table(
    "article_texts",
    metadata,
    sa.Column(
        "article_id",
        byte_ordered(MAX_ID_LENGTH),
        sa.ForeignKey("articles.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("language", byte_ordered(MAX_LANGUAGE_LENGTH), primary_key=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("alternate_questions", sa.JSON, nullable=False),  # list of strings
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    # The words above in folded case: databases fold only the letters of their own locale.
    sa.Column("search_text", sa.Text, nullable=False),
)

article_tags = sa.Table(
    "article_tags",
    metadata,
    sa.Column(
        "article_id",
        byte_ordered(MAX_ID_LENGTH),
        sa.ForeignKey("articles.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tag", sa.Text, nullable=False),
    sa.Index(None, "tag", "article_id"),
)

article_revisions = sa.Table(
    "article_revisions",
    metadata,
    # No foreign key: history outlives its article.
    sa.Column("article_id", byte_ordered(MAX_ID_LENGTH), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("action", sa.String(16), nullable=False),  # created, changed, deleted
    sa.Column("content", sa.JSON, nullable=False),  # Article.content()
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),  # previewed, applied
    sa.Column("filename", sa.Text),
    sa.Column("format", sa.String(32), nullable=False),
    sa.Column("encoding", sa.String(32), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("applied_at", UtcTime),
    sa.Column("applied_by", sa.Text),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("report", sa.LargeBinary, nullable=False),  # zlib of the JSON of rows, counts and warnings
    sa.Column("payload", sa.LargeBinary),  # zlib of the JSON of the articles to write; gone once applied
)
