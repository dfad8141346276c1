"""Machines' translations of articles as the database keeps them, and what an edit of an article does to them.

A translation belongs to the words it was made of, by their digest: an edit elsewhere in the article leaves it
as it is, and words that come back find theirs again. Until the index is built anew customers are given the
earlier words, with the earlier translation; so an edit deletes nothing, it marks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from knowledge.article import MAX_ID_LENGTH, MAX_LANGUAGE_LENGTH, Article, Text
from knowledge.database import UtcTime, metadata
from knowledge.rows import chunks
from knowledge.tables import byte_ordered

Field = Literal["answer", "question"]

MAX_ENGINE_LENGTH = 64  # characters
MAX_VERSION_LENGTH = 200  # characters

_LOCK = 4713  # PostgreSQL advisory lock: serials are given in the order of commits, as SQLite has it

translations = sa.Table(
    "translations",
    metadata,
    # Digest of what was translated, by whom and into what; of an approved one, of article, field and language.
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("article_id", byte_ordered(MAX_ID_LENGTH), nullable=False),
    sa.Column("article_revision", sa.Integer, nullable=False),  # that had the words when they were translated
    sa.Column("field", byte_ordered(16), nullable=False),
    sa.Column("source_language", byte_ordered(MAX_LANGUAGE_LENGTH), nullable=False),  # as the article names it
    sa.Column("target_language", byte_ordered(MAX_LANGUAGE_LENGTH), nullable=False),
    sa.Column("engine", sa.String(MAX_ENGINE_LENGTH), nullable=False),
    sa.Column("engine_version", sa.String(MAX_VERSION_LENGTH), nullable=False),
    sa.Column("glossary_digest", sa.String(64), nullable=False),  # of the terms that apply; empty where none does
    sa.Column("source_digest", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),  # ready, review, failed, approved, forgotten
    sa.Column("faults", sa.JSON, nullable=False),  # list of strings; why a failed one must not be sent
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("serial", sa.Integer, nullable=False, index=True),  # grows with every change of any row
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("stale_at", UtcTime),  # since when the article has other words
    sa.Index(None, "article_id", "target_language", "field", "id"),
)


def source_digest(text: str) -> str:
    """Return the SHA-256 (hexadecimal) of the text that was translated."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def next_serial(connection: sa.Connection) -> int:
    """Return the serial of a change; until the transaction ends nobody else is given one.

    Call it before the first row is changed, so that two transactions never wait for each other.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    return (connection.scalar(sa.select(sa.func.max(translations.c.serial))) or 0) + 1


def follow(connection: sa.Connection, present: Mapping[str, Article | None], *, at: datetime) -> None:
    """Mark the translations of articles that were just written or deleted (None), in the same transaction.

    A translation is stale while its article lacks the words it was made of. An approved one goes with the
    person's text it became; where a person wrote that text anew it counts as made of the present words.
    """
    serial = next_serial(connection)
    columns = translations.c
    for some in chunks(sorted(present)):
        found = connection.execute(
            sa.select(translations).where(columns.article_id.in_(some), columns.status != "forgotten")
        ).all()
        changes: list[dict[str, Any]] = []
        digests: dict[tuple[str, str, str], str | None] = {}
        for row in found:
            article = present[row.article_id]
            place = (row.article_id, row.source_language, row.field)
            if place not in digests:
                digests[place] = _digest(article, row.source_language, row.field)
            changed = _followed(row, article, digests[place], at)
            if changed is not None:
                changes.append({**changed, "serial": serial, "this_id": row.id})
        if changes:
            names = [name for name in changes[0] if name != "this_id"]
            connection.execute(
                sa.update(translations)
                .where(columns.id == sa.bindparam("this_id"))
                .values({name: sa.bindparam(name) for name in names}),
                changes,
            )


def _followed(row: Any, article: Article | None, digest: str | None, at: datetime) -> dict[str, Any] | None:  # noqa: ANN401
    """Return what a row becomes; None where it stays as it is."""
    state = {
        "status": row.status,
        "text": row.text,
        "article_revision": row.article_revision,
        "source_digest": row.source_digest,
        "stale_at": row.stale_at,
    }
    before = dict(state)
    if row.status == "approved":
        person = None if article is None else human_text(article, row.target_language)
        if article is None or person is None:
            return {**state, "status": "forgotten", "text": ""}
        written = person.answer if row.field == "answer" else person.question
        if written != row.text:
            state |= {"text": written, "article_revision": article.revision}
            state |= {"source_digest": digest or row.source_digest}
    is_stale = digest != state["source_digest"]
    state["stale_at"] = (row.stale_at or at) if is_stale else None
    return None if state == before else state


def human_text(article: Article, language: str) -> Text | None:
    """Return what a person wrote in exactly this language."""
    return next((text for text in article.texts if text.language == language and text.origin == "human"), None)


def _digest(article: Article | None, language: str, field: str) -> str | None:
    text = None if article is None else next((text for text in article.texts if text.language == language), None)
    if text is None:
        return None
    return source_digest(text.answer if field == "answer" else text.question)
