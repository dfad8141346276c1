"""The store of articles: their present state, their history, and lists of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from knowledge import rows, translations
from knowledge.article import (
    MAX_QUESTION_LENGTH,
    Article,
    clean,
    is_article_id,
    knowledge_digest,
    language_tag,
    restore_article,
)
from knowledge.database import Database, now
from knowledge.errors import NotFoundError, StaleError
from knowledge.page import Page, check_limit, decode_cursor, encode_cursor
from knowledge.tables import article_revisions, article_tags, article_texts, articles

Outcome = Literal["created", "changed", "unchanged"]

_WRITER_LOCK = 4712  # PostgreSQL advisory lock: one writer of articles at a time, as SQLite has it


class ArticleNotFoundError(NotFoundError):
    """There is no article with this id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What storing an article did, and the article as it is stored now."""

    article: Article
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleVersion:
    """What tells an article's present state from every other one, without its texts."""

    id: str
    revision: int
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """One entry of an article's history; ``article`` is what it was from then on, or when it was deleted."""

    article: Article
    action: rows.Action
    changed_at: datetime
    changed_by: str


class ArticleStore:
    """Articles in a database. Content that does not change keeps its revision number."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, id: str) -> Article:
        """Return the article; raise ArticleNotFoundError."""
        found = self.get_many([id])
        if not found:
            raise _missing(id)
        return found[id]

    def get_many(self, ids: Iterable[str]) -> dict[str, Article]:
        """Return those of the articles that exist, by id."""
        wanted = sorted({id for id in ids if is_article_id(id)})
        with self.database.read() as connection:
            return {article.id: article for article in rows.load(connection, wanted)}

    def all(self) -> Iterator[Article]:
        """Yield every article in id order, as of one moment; close the iterator if it is not used up."""
        with self.database.read() as connection:
            yield from rows.load_all(connection)

    def count(self) -> int:
        """Return the number of articles."""
        with self.database.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(articles)) or 0

    def digest(self) -> str:
        """Return the SHA-256 (hexadecimal) of all content; equal knowledge has equal digests, on any database.

        ``knowledge_digest((article.id, article.digest()) for article in store.all())`` is the same.
        """
        with self.database.read() as connection:
            query = sa.select(articles.c.id, articles.c.digest).order_by(articles.c.id)
            return knowledge_digest((id, digest) for id, digest in connection.execute(query))

    def versions(self) -> list[ArticleVersion]:
        """Return the version of every article, in id order."""
        query = sa.select(articles.c.id, articles.c.revision, articles.c.digest).order_by(articles.c.id)
        with self.database.read() as connection:
            return [ArticleVersion(id=id, revision=n, digest=digest) for id, n, digest in connection.execute(query)]

    def page(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        tag: str | None = None,
        language: str | None = None,
        query: str | None = None,
    ) -> Page[Article]:
        """Return a page of the articles in id order that have the tag, a text in the language, and the words.

        ``query`` is found in an id as a whole, or word by word within one text, in any case. Raises
        CursorError for a cursor that is not ours, and InputError for a filter that cannot be one.
        """
        wanted = sa.select(articles.c.id).order_by(articles.c.id).limit(check_limit(limit) + 1)
        if cursor is not None:
            wanted = wanted.where(articles.c.id > decode_cursor(cursor, (str,))[0])
        if tag is not None:
            tag = clean(tag, field="tag", limit=100, required=False)
            wanted = wanted.where(
                sa.exists().where(article_tags.c.article_id == articles.c.id, article_tags.c.tag == tag)
            )
        of_article = article_texts.c.article_id == articles.c.id
        if language is not None:
            wanted = wanted.where(sa.exists().where(of_article, article_texts.c.language == language_tag(language)))
        if query is not None:
            folded = rows.fold(clean(query, field="query", limit=MAX_QUESTION_LENGTH, required=False))
            words = [article_texts.c.search_text.contains(word, autoescape=True) for word in folded.split()[:20]]
            if words:
                in_id = sa.func.lower(articles.c.id).contains(folded, autoescape=True)
                wanted = wanted.where(sa.or_(in_id, sa.exists().where(of_article, *words)))
        with self.database.read() as connection:
            ids = list(connection.scalars(wanted))
            items = rows.load(connection, ids[:limit])
        return Page(items=tuple(items), next_cursor=encode_cursor(ids[limit - 1]) if len(ids) > limit else None)

    def revisions(self, id: str) -> tuple[Revision, ...]:
        """Return the article's history, oldest first, deleted articles' too; raise ArticleNotFoundError."""
        found = []
        if is_article_id(id):
            query = (
                sa.select(article_revisions)
                .where(article_revisions.c.article_id == id)
                .order_by(article_revisions.c.revision)
            )
            with self.database.read() as connection:
                found = list(connection.execute(query))
        if not found:
            raise _missing(id)
        return tuple(
            Revision(
                article=restore_article(row.content, revision=row.revision, updated_at=row.changed_at),
                action=row.action,
                changed_at=row.changed_at,
                changed_by=row.changed_by,
            )
            for row in found
        )

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection for one transaction during which nobody else writes articles."""
        with self.database.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITER_LOCK)))
            yield connection

    def put(self, article: Article, *, by: str, expected_revision: int | None = None) -> Change:
        """Store the whole article; languages it lacks are gone afterwards.

        ``expected_revision`` is the one the caller saw, 0 for "does not exist yet". Raises StaleError
        when the stored one is another.
        """
        expected = None if expected_revision is None else {article.id: expected_revision}
        return self.put_many([article], by=by, expected_revisions=expected)[0]

    def put_many(
        self,
        some: Iterable[Article],
        *,
        by: str,
        expected_revisions: Mapping[str, int] | None = None,
        within: sa.Connection | None = None,
    ) -> tuple[Change, ...]:
        """Store articles with distinct ids, all or none; see ``put``.

        ``within`` is a connection from ``writing``, to do more in the same transaction.
        """
        by = clean(by, field="by", limit=200)
        given = {article.id: article for article in some}
        ids = sorted(given)
        digests = {id: article.digest() for id, article in given.items()}
        at = now()
        with self.writing() if within is None else nullcontext(within) as connection:
            states = rows.load_states(connection, ids)
            for id, expected in (expected_revisions or {}).items():
                _check_expected(id, states.get(id), expected)
            last = rows.load_last_revisions(connection, [id for id in ids if id not in states])
            created: list[Article] = []
            changed: list[Article] = []
            changes: dict[str, Change] = {}
            for id in ids:
                state = states.get(id)
                if state is None:
                    article = replace(given[id], revision=last.get(id, 0) + 1, updated_at=at)
                    created.append(article)
                    changes[id] = Change(article=article, outcome="created")
                elif state.digest != digests[id]:
                    article = replace(given[id], revision=state.revision + 1, updated_at=at)
                    changed.append(article)
                    changes[id] = Change(article=article, outcome="changed")
            rows.write(connection, created=created, changed=changed, digests=digests, at=at, by=by)
            translations.follow(connection, {article.id: article for article in (*created, *changed)}, at=at)
            for article in rows.load(connection, [id for id in ids if id not in changes]):
                changes[article.id] = Change(article=article, outcome="unchanged")
        return tuple(changes[id] for id in given)

    def delete(self, id: str, *, by: str, expected_revision: int | None = None) -> None:
        """Delete the article; its history stays, and the deletion is a revision of its own.

        Raises ArticleNotFoundError, and StaleError as ``put`` does.
        """
        by = clean(by, field="by", limit=200)
        at = now()
        with self.writing() as connection:
            found = rows.load(connection, [id]) if is_article_id(id) else []
            if not found:
                raise _missing(id)
            article = found[0]
            if expected_revision is not None:
                _check_expected(id, rows.Stored(article.revision, ""), expected_revision)
            connection.execute(sa.delete(articles).where(articles.c.id == id))
            translations.follow(connection, {id: None}, at=at)
            rows.remember(connection, "deleted", [replace(article, revision=article.revision + 1)], at=at, by=by)


def _missing(id: str) -> ArticleNotFoundError:
    return ArticleNotFoundError(f"There is no article {id[:128]!r}; look for its id in the list of articles.")


def _check_expected(id: str, state: rows.Stored | None, expected: int) -> None:
    revision = 0 if state is None else state.revision
    if revision == expected:
        return
    came = f"has revision {revision}" if revision else "does not exist (any more)"
    wanted = f"revision {expected} was expected" if expected else "it was expected not to exist yet"
    raise StaleError(f"Article {id!r} {came}; {wanted}: read it again and repeat the change.")
