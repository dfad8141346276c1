"""Translation memory: what an engine translated once is not translated again.

The table is the truth, shared by all replicas and the command line; a bounded mirror in memory answers
without the disk. ``look`` learns what others wrote, and drops what changed from the mirror.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from knowledge.database import Database, DatabaseError, now
from knowledge.tables import article_texts
from knowledge.translations import Field, next_serial, source_digest, translations

Status = Literal["ready", "review", "failed", "approved"]

CAPACITY = 10_000  # pairs of article and language mirrored in memory; about 20 MB at 1,000 characters each
KEPT_STALE = timedelta(days=30)  # an earlier generation may be made to answer again
_TIDY_EVERY = 100  # changes
_NOT_WRITTEN = -1  # in place of a serial

_COLUMNS = translations.c


@dataclass(frozen=True, kw_only=True, slots=True)
class TranslationKey:
    """What a remembered text is a translation of, and by whom; the revision is told, and tells nothing apart."""

    article_id: str
    article_revision: int
    field: Field
    source_language: str  # as the article names it
    target_language: str
    engine: str
    engine_version: str
    source_digest: str
    glossary_digest: str = ""

    @property
    def id(self) -> str:
        """The key in 64 hexadecimal digits."""
        return _digest(
            self.article_id,
            self.field,
            self.source_language,
            self.target_language,
            self.engine,
            self.engine_version,
            self.glossary_digest,
            self.source_digest,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """A row of the memory; a failed one's text must not be sent, and ``faults`` say why."""

    id: str
    key: TranslationKey
    status: Status
    text: str
    faults: tuple[str, ...]
    created_at: datetime
    stale_at: datetime | None


class TranslationMemory:
    """Remembered translations; safe to share between threads."""

    def __init__(self, database: Database, *, capacity: int = CAPACITY) -> None:
        """Mirror the translations of the ``capacity`` pairs of article and language used last."""
        self.database = database
        self.version = 0  # grows whenever what is remembered may have changed
        self._capacity = capacity
        self._lock = threading.Lock()
        self._mirror: OrderedDict[tuple[str, str], tuple[Remembered, ...]] = OrderedDict()
        self._seen: int | None = None  # serial of the last change that the mirror knows of

    def peek(self, article_id: str, languages: Iterable[str]) -> tuple[Remembered, ...] | None:
        """Return what is remembered of an article in these languages; None where that asks for the disk."""
        found: tuple[Remembered, ...] = ()
        with self._lock:
            for language in languages:
                rows = self._mirror.get((article_id, language))
                if rows is None:
                    return None
                self._mirror.move_to_end((article_id, language))
                found += rows
        return found

    def load(self, article_id: str, languages: Sequence[str]) -> tuple[Remembered, ...]:
        """Return what is remembered of an article in these languages, from the table; raises DatabaseError."""
        before = self.version
        query = sa.select(translations).where(
            _COLUMNS.article_id == article_id,
            _COLUMNS.target_language.in_(languages),
            _COLUMNS.status != "forgotten",
        )
        with self.database.read() as connection:
            found = tuple(remembered(row) for row in connection.execute(query))
        with self._lock:
            if self.version == before:  # else something was changed meanwhile
                for language in languages:
                    self._keep(article_id, language, tuple(row for row in found if _language(row) == language))
        return found

    def find(self, key: TranslationKey) -> Remembered | None:
        """Return what is remembered under this very key; raises DatabaseError."""
        known = self.peek(key.article_id, [key.target_language])
        if known is None:
            known = self.load(key.article_id, [key.target_language])
        return next((row for row in known if row.id == key.id), None)

    def states(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Return status and faults of all that is remembered, by id; raises DatabaseError."""
        query = sa.select(_COLUMNS.id, _COLUMNS.status, _COLUMNS.faults).where(_COLUMNS.status != "forgotten")
        with self.database.read() as connection:
            return {id: (status, tuple(faults)) for id, status, faults in connection.execute(query)}

    def put(
        self, key: TranslationKey, text: str, *, status: Status = "ready", faults: Sequence[str] = ()
    ) -> Remembered:
        """Remember a translation; one that is held for review stays as it is. Raises DatabaseError.

        Returns what is remembered now.
        """
        made = Remembered(
            id=key.id, key=key, status=status, text=text, faults=tuple(faults), created_at=now(), stale_at=None
        )
        try:
            made, serial = self._write(made)
        except DatabaseError:
            self._mirror_row(made, None)  # this process shall not ask the engine again
            raise
        self._mirror_row(made, serial)
        return made

    def look(self) -> bool:
        """Learn what others changed; return whether anything did. One indexed value is read; raises DatabaseError."""
        with self.database.read() as connection:
            last = connection.scalar(sa.select(sa.func.max(_COLUMNS.serial))) or 0
            seen = self._seen
            if last == seen:
                return False
            changed: list[tuple[str, str]] = []
            if seen is not None and last > seen:
                query = sa.select(_COLUMNS.article_id, _COLUMNS.target_language).where(_COLUMNS.serial > seen)
                changed = [(id, language) for id, language in connection.execute(query.distinct())]
        with self._lock:
            if self._seen != seen:  # this process wrote meanwhile; the next look is soon
                return True
            if seen is None or last < seen:
                self._mirror.clear()
            for place in changed:
                self._mirror.pop(place, None)
            self._seen = last
            self.version += 1
        return True

    def warm(self) -> int:
        """Read what is remembered into memory, as much as it holds; return the number of texts."""
        self.look()
        before = self.version
        query = (
            sa.select(translations)
            .where(_COLUMNS.status != "forgotten", _COLUMNS.stale_at.is_(None))
            .order_by(_COLUMNS.article_id, _COLUMNS.target_language)
        )
        places: dict[tuple[str, str], list[Remembered]] = {}
        with self.database.read() as connection:
            for row in connection.execute(query):
                place = (row.article_id, row.target_language)
                if place not in places and len(places) >= self._capacity:
                    break
                places.setdefault(place, []).append(remembered(row))
        with self._lock:
            if self.version == before:
                for (id, language), rows in places.items():
                    self._keep(id, language, tuple(rows))
        return sum(map(len, places.values()))

    def forget(self, article_id: str, language: str | None = None) -> int:
        """Forget what machines made of an article, in one language or all; return the number of texts.

        What a person approved stays. Raises DatabaseError.
        """
        conditions = [_COLUMNS.article_id == article_id, _COLUMNS.status.not_in(("approved", "forgotten"))]
        if language is not None:
            conditions.append(_COLUMNS.target_language == language)
        with self.database.write() as connection:
            serial = next_serial(connection)
            count = connection.execute(
                sa.update(translations).where(*conditions).values(status="forgotten", text="", faults=[], serial=serial)
            ).rowcount
        self.drop(article_id)
        return int(count)

    def drop(self, article_id: str) -> None:
        """Read an article's translations anew when they are next needed, for they were changed elsewhere."""
        with self._lock:
            for place in [place for place in self._mirror if place[0] == article_id]:
                del self._mirror[place]
            self.version += 1

    def _write(self, made: Remembered) -> tuple[Remembered, int]:
        key = made.key
        texts = article_texts.c
        column = texts.answer if key.field == "answer" else texts.question
        present = sa.select(column).where(texts.article_id == key.article_id, texts.language == key.source_language)
        with self.database.write() as connection:
            serial = next_serial(connection)
            before = connection.execute(sa.select(translations).where(_COLUMNS.id == made.id)).one_or_none()
            if before is not None and before.status == "review" and made.status == "ready":
                return remembered(before), _NOT_WRITTEN
            words = connection.scalar(present)
            is_stale = words is None or source_digest(words) != key.source_digest
            row = _row(made, serial, made.created_at if is_stale else None)
            if before is None:
                connection.execute(sa.insert(translations).values(row))
            else:
                connection.execute(sa.update(translations).where(_COLUMNS.id == made.id).values(row))
            if serial % _TIDY_EVERY == 0:
                _tidy(connection, serial)
        return made, serial

    def _mirror_row(self, made: Remembered, serial: int | None) -> None:
        """Mirror what was written under a serial; None says that it could not be."""
        place = (made.key.article_id, made.key.target_language)
        with self._lock:
            rows = self._mirror.get(place)
            others = tuple(row for row in rows or () if row.id != made.id)
            if serial is None:
                if rows is None:
                    self._seen = None  # there may be more in the table: once it can be read, all is read anew
                self._keep(*place, (*others, made))
            elif self._seen is not None and serial == self._seen + 1:
                self._seen = serial
                if rows is not None:
                    self._keep(*place, (*others, made))
            else:  # others wrote too; the next look tells what
                self._mirror.pop(place, None)
            self.version += 1

    def _keep(self, article_id: str, language: str, rows: tuple[Remembered, ...]) -> None:
        self._mirror[article_id, language] = rows
        self._mirror.move_to_end((article_id, language))
        while len(self._mirror) > self._capacity:
            self._mirror.popitem(last=False)


def approved_id(article_id: str, field: Field, language: str) -> str:
    """Return the id of the row that tells what a person approved; there is one for each field and language."""
    return _digest("approved", article_id, field, language)


def remembered(row: Any) -> Remembered:  # noqa: ANN401 - a row of the table
    """Return a row of the table as a record."""
    key = TranslationKey(
        article_id=row.article_id,
        article_revision=row.article_revision,
        field=row.field,
        source_language=row.source_language,
        target_language=row.target_language,
        engine=row.engine,
        engine_version=row.engine_version,
        source_digest=row.source_digest,
        glossary_digest=row.glossary_digest,
    )
    return Remembered(
        id=row.id,
        key=key,
        status=row.status,
        text=row.text,
        faults=tuple(row.faults),
        created_at=row.created_at,
        stale_at=row.stale_at,
    )


def _row(made: Remembered, serial: int, stale_at: datetime | None) -> dict[str, Any]:
    key = made.key
    return {
        "id": made.id,
        "article_id": key.article_id,
        "article_revision": key.article_revision,
        "field": key.field,
        "source_language": key.source_language,
        "target_language": key.target_language,
        "engine": key.engine,
        "engine_version": key.engine_version,
        "glossary_digest": key.glossary_digest,
        "source_digest": key.source_digest,
        "status": made.status,
        "faults": list(made.faults),
        "text": made.text,
        "serial": serial,
        "created_at": made.created_at,
        "stale_at": stale_at,
    }


def approve(connection: sa.Connection, made: Remembered) -> None:
    """Write what a person approved, inside a caller's transaction, which writes the article as well."""
    serial = next_serial(connection)
    connection.execute(sa.delete(translations).where(_COLUMNS.id == made.id))
    connection.execute(sa.insert(translations).values(_row(made, serial, None)))


def _tidy(connection: sa.Connection, serial: int) -> None:
    """Delete what was stale, forgotten or made anew by a newer engine or glossary long ago.

    Never the last change, whose serial must stay the greatest.
    """
    old = now() - KEPT_STALE
    newer = translations.alias("newer").c
    same = ("article_id", "target_language", "field", "source_language", "source_digest")
    is_made_anew = sa.exists().where(
        *(newer[name] == _COLUMNS[name] for name in same),
        newer.status.in_(("ready", "failed")),
        newer.created_at > _COLUMNS.created_at,
    )
    connection.execute(
        sa.delete(translations).where(
            _COLUMNS.serial < serial,
            sa.or_(
                sa.and_(_COLUMNS.stale_at < old, _COLUMNS.status != "approved"),
                sa.and_(_COLUMNS.status == "forgotten", _COLUMNS.created_at < old),
                sa.and_(_COLUMNS.status.in_(("ready", "failed")), _COLUMNS.created_at < old, is_made_anew),
            ),
        )
    )


def _language(row: Remembered) -> str:
    return row.key.target_language


def _digest(*parts: str) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
