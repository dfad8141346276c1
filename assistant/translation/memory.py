"""Translation memory: what an engine translated once is not translated again.

The table is the truth, shared by all replicas; a bounded mirror in memory answers without the disk.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from knowledge.article import MAX_ID_LENGTH, MAX_LANGUAGE_LENGTH
from knowledge.database import Database, UtcTime, metadata, now

Field = Literal["answer", "question"]

CAPACITY = 10_000  # translations mirrored in memory; about 20 MB at 1,000 characters each
MAX_ENGINE_LENGTH = 64  # characters
MAX_VERSION_LENGTH = 200  # characters

translations = sa.Table(
    "translations",
    metadata,
    sa.Column("article_id", sa.String(MAX_ID_LENGTH), primary_key=True),
    sa.Column("article_revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("field", sa.String(16), primary_key=True),
    sa.Column("source_language", sa.String(MAX_LANGUAGE_LENGTH), primary_key=True),
    sa.Column("target_language", sa.String(MAX_LANGUAGE_LENGTH), primary_key=True),
    sa.Column("engine", sa.String(MAX_ENGINE_LENGTH), primary_key=True),
    sa.Column("engine_version", sa.String(MAX_VERSION_LENGTH), primary_key=True),
    # An article deleted and made anew may have the same id and revision with other words.
    sa.Column("source_digest", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TranslationKey:
    """What a remembered text is a translation of, and by whom."""

    article_id: str
    article_revision: int
    field: Field
    source_language: str
    target_language: str
    engine: str
    engine_version: str
    source_digest: str


def source_digest(text: str) -> str:
    """Return the SHA-256 (hexadecimal) of the text that was translated."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class TranslationMemory:
    """Remembered machine translations; safe to share between threads."""

    def __init__(self, database: Database, *, capacity: int = CAPACITY) -> None:
        """Keep the ``capacity`` translations used last in memory."""
        self._database = database
        self._capacity = capacity
        self._lock = threading.Lock()
        self._mirror: OrderedDict[TranslationKey, str] = OrderedDict()

    def peek(self, key: TranslationKey) -> str | None:
        """Return the translation if it is in memory; touches no disk."""
        with self._lock:
            text = self._mirror.get(key)
            if text is not None:
                self._mirror.move_to_end(key)
            return text

    def get(self, key: TranslationKey) -> str | None:
        """Return the translation, from memory or else from the table; raises DatabaseError."""
        text = self.peek(key)
        if text is None:
            query = sa.select(translations.c.text).where(*_conditions(key), *_source_condition(key))
            with self._database.read() as connection:
                text = connection.execute(query).scalar_one_or_none()
            if text is not None:
                self._mirror_text(key, text)
        return text

    def put(self, key: TranslationKey, text: str) -> None:
        """Remember a translation, and forget those of the article's earlier revisions; raises DatabaseError."""
        self._mirror_text(key, text)
        row = {
            "article_id": key.article_id,
            "article_revision": key.article_revision,
            "field": key.field,
            "source_language": key.source_language,
            "target_language": key.target_language,
            "engine": key.engine,
            "engine_version": key.engine_version,
            "source_digest": key.source_digest,
            "text": text,
            "created_at": now(),
        }
        outdated = sa.and_(
            translations.c.article_id == key.article_id, translations.c.article_revision < key.article_revision
        )
        try:
            with self._database.write() as connection:
                connection.execute(sa.delete(translations).where(sa.or_(outdated, sa.and_(*_conditions(key)))))
                connection.execute(sa.insert(translations).values(row))
        except sa.exc.IntegrityError:
            return  # another replica translated the same text by the same engine at the same moment

    def warm(self) -> int:
        """Read the newest translations into memory, as many as it holds; return their number."""
        names = [column.name for column in translations.primary_key.columns] + ["source_digest"]
        query = sa.select(translations).order_by(translations.c.created_at.desc()).limit(self._capacity)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        for row in reversed(rows):
            self._mirror_text(TranslationKey(**{name: row[name] for name in names}), row["text"])
        return len(rows)

    def forget(self, article_id: str) -> None:
        """Forget every translation of an article; raises DatabaseError."""
        with self._lock:
            for key in [key for key in self._mirror if key.article_id == article_id]:
                del self._mirror[key]
        with self._database.write() as connection:
            connection.execute(sa.delete(translations).where(translations.c.article_id == article_id))

    def _mirror_text(self, key: TranslationKey, text: str) -> None:
        with self._lock:
            self._mirror[key] = text
            self._mirror.move_to_end(key)
            while len(self._mirror) > self._capacity:
                self._mirror.popitem(last=False)


def _conditions(key: TranslationKey) -> list[sa.ColumnElement[bool]]:
    return [column == getattr(key, column.name) for column in translations.primary_key.columns]


def _source_condition(key: TranslationKey) -> list[sa.ColumnElement[bool]]:
    return [translations.c.source_digest == key.source_digest]
