"""Articles as rows of tables: loading and writing them in bulk, inside a caller's transaction."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

import sqlalchemy as sa

from knowledge.article import Article, Text
from knowledge.tables import article_revisions, article_tags, article_texts, articles

Action = Literal["created", "changed", "deleted"]

_CHUNK = 500  # ids in one statement; SQLite allows 32,766 parameters, older builds 999

T = TypeVar("T")


class Stored(NamedTuple):
    """What must be known of a stored article to decide whether to write it."""

    revision: int
    digest: str


def fold(text: str) -> str:
    """Return the text as it is searched: without case, in NFC."""
    return unicodedata.normalize("NFC", text.casefold())


def chunks(items: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """Yield the items in their order, at most ``size`` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def load_all(connection: sa.Connection) -> Iterator[Article]:
    """Yield every article in id order, with three queries in all."""
    yield from _assemble(
        connection.execute(sa.select(articles).order_by(articles.c.id)),
        connection.execute(_TEXTS),
        connection.execute(_TAGS),
    )


def load(connection: sa.Connection, ids: Sequence[str]) -> list[Article]:
    """Return those of the articles that exist, in id order."""
    found: list[Article] = []
    for some in chunks(sorted(ids)):
        found += _assemble(
            connection.execute(sa.select(articles).where(articles.c.id.in_(some)).order_by(articles.c.id)),
            connection.execute(_TEXTS.where(article_texts.c.article_id.in_(some))),
            connection.execute(_TAGS.where(article_tags.c.article_id.in_(some))),
        )
    return found


def load_states(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Stored]:
    """Return revision and digest of those of the articles that exist."""
    states: dict[str, Stored] = {}
    for some in chunks(ids):
        query = sa.select(articles.c.id, articles.c.revision, articles.c.digest).where(articles.c.id.in_(some))
        for id, revision, digest in connection.execute(query):
            states[id] = Stored(revision, digest)
    return states


def load_last_revisions(connection: sa.Connection, ids: Sequence[str]) -> dict[str, int]:
    """Return the highest revision in the history of each article that ever existed."""
    last: dict[str, int] = {}
    for some in chunks(ids):
        query = (
            sa.select(article_revisions.c.article_id, sa.func.max(article_revisions.c.revision))
            .where(article_revisions.c.article_id.in_(some))
            .group_by(article_revisions.c.article_id)
        )
        last.update((id, revision) for id, revision in connection.execute(query))
    return last


def write(
    connection: sa.Connection,
    *,
    created: Sequence[Article],
    changed: Sequence[Article],
    digests: dict[str, str],
    at: datetime,
    by: str,
) -> None:
    """Write articles that do not exist yet and replace those that do, each with its new revision number."""
    head = {"updated_at": at}
    if created:
        connection.execute(sa.insert(articles), [_head(article, digests) | head for article in created])
    if changed:
        connection.execute(
            sa.update(articles).where(articles.c.id == sa.bindparam("this_id")),
            [_head(article, digests) | head | {"this_id": article.id} for article in changed],
        )
        for some in chunks([article.id for article in changed]):
            connection.execute(sa.delete(article_texts).where(article_texts.c.article_id.in_(some)))
            connection.execute(sa.delete(article_tags).where(article_tags.c.article_id.in_(some)))
    for some_articles in chunks([*created, *changed]):
        _insert(
            connection, article_texts, (_text(article.id, text) for article in some_articles for text in article.texts)
        )
        _insert(
            connection,
            article_tags,
            (
                {"article_id": article.id, "position": position, "tag": tag}
                for article in some_articles
                for position, tag in enumerate(article.tags)
            ),
        )
    remember(connection, "created", created, at=at, by=by)
    remember(connection, "changed", changed, at=at, by=by)


def remember(connection: sa.Connection, action: Action, some: Sequence[Article], *, at: datetime, by: str) -> None:
    """Add the articles, as they are now, to the history under their revision numbers."""
    for part in chunks(some):
        _insert(
            connection,
            article_revisions,
            (
                {
                    "article_id": article.id,
                    "revision": article.revision,
                    "action": action,
                    "content": article.content(),
                    "changed_at": at,
                    "changed_by": by,
                }
                for article in part
            ),
        )


_TEXTS = sa.select(
    article_texts.c.article_id,
    article_texts.c.language,
    article_texts.c.question,
    article_texts.c.alternate_questions,
    article_texts.c.answer,
    article_texts.c.origin,
).order_by(article_texts.c.article_id, article_texts.c.language)

_TAGS = sa.select(article_tags.c.article_id, article_tags.c.tag).order_by(
    article_tags.c.article_id, article_tags.c.position
)


def _assemble(heads: Iterable[Any], texts: Iterable[Any], tags: Iterable[Any]) -> Iterator[Article]:
    """Join three streams that are all ordered by article id."""
    texts, tags = iter(texts), iter(tags)
    text, tag = next(texts, None), next(tags, None)
    for id, revision, _, url, valid_from, valid_until, review_by, updated_at in heads:
        own_texts: list[Text] = []
        while text is not None and text[0] == id:
            _, language, question, alternates, answer, origin = text
            own_texts.append(
                Text(
                    language=language,
                    question=question,
                    answer=answer,
                    alternate_questions=tuple(alternates),
                    origin=origin,
                )
            )
            text = next(texts, None)
        own_tags: list[str] = []
        while tag is not None and tag[0] == id:
            own_tags.append(tag[1])
            tag = next(tags, None)
        yield Article(
            id=id,
            texts=tuple(own_texts),
            tags=tuple(own_tags),
            url=url,
            valid_from=valid_from,
            valid_until=valid_until,
            review_by=review_by,
            revision=revision,
            updated_at=updated_at,
        )


def _head(article: Article, digests: dict[str, str]) -> dict[str, Any]:
    return {
        "id": article.id,
        "revision": article.revision,
        "digest": digests[article.id],
        "url": article.url,
        "valid_from": article.valid_from,
        "valid_until": article.valid_until,
        "review_by": article.review_by,
    }


def _text(article_id: str, text: Text) -> dict[str, Any]:
    return {
        "article_id": article_id,
        "language": text.language,
        "question": text.question,
        "alternate_questions": list(text.alternate_questions),
        "answer": text.answer,
        "origin": text.origin,
        "search_text": fold("\n".join((text.question, *text.alternate_questions, text.answer))),
    }


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    if listed:
        connection.execute(sa.insert(table), listed)
