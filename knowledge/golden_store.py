"""Golden questions as the database keeps them: one set, replaced as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from knowledge.article import MAX_ID_LENGTH, MAX_LANGUAGE_LENGTH
from knowledge.database import Database, metadata
from knowledge.errors import InputError, TooLargeError
from knowledge.golden import MAX_CHANNEL_LENGTH, GoldenQuestion
from knowledge.tables import articles, byte_ordered

MAX_QUESTIONS = 20_000
"""Of one set; asking two quick encoders so many takes a minute, and more would show nothing that these do not."""

_CHUNK = 1_000  # rows in one statement
_SHOWN = 5  # questions named in one message

golden_questions = sa.Table(
    "golden_questions",
    metadata,
    # SHA-256 of the question: the same after the set was replaced, and never twice.
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    # No foreign key: the question of an article that went away is worth keeping, and is reported.
    sa.Column("article_id", byte_ordered(MAX_ID_LENGTH)),
    sa.Column("language", sa.String(MAX_LANGUAGE_LENGTH)),
    sa.Column("channel", sa.String(MAX_CHANNEL_LENGTH)),
)


class GoldenStore:
    """The golden questions of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[GoldenQuestion, ...]:
        """Return every golden question, in the order they were given in."""
        columns = golden_questions.c
        query = sa.select(columns.question, columns.article_id, columns.language, columns.channel).order_by(
            columns.position
        )
        with self._database.read() as connection:
            return tuple(GoldenQuestion(**row._mapping) for row in connection.execute(query))

    def count(self) -> int:
        """Return how many there are."""
        with self._database.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(golden_questions)) or 0

    def replace(self, questions: Iterable[GoldenQuestion]) -> int:
        """Keep these golden questions and no others, all of them or none; return how many they are.

        A question that comes again with the same article is kept once. Raises InputError for one that comes
        with different articles, and TooLargeError for more than MAX_QUESTIONS.
        """
        distinct = distinct_questions(questions)
        rows = [
            {
                "id": hashlib.sha256(golden.question.encode()).hexdigest(),
                "position": position,
                "question": golden.question,
                "article_id": golden.article_id,
                "language": golden.language,
                "channel": golden.channel,
            }
            for position, golden in enumerate(distinct)
        ]
        with self._database.write() as connection:
            if connection.dialect.name == "postgresql":  # SQLite has one writer as it is
                connection.execute(sa.text("LOCK TABLE golden_questions IN SHARE ROW EXCLUSIVE MODE"))
            connection.execute(sa.delete(golden_questions))
            for start in range(0, len(rows), _CHUNK):
                connection.execute(sa.insert(golden_questions), rows[start : start + _CHUNK])
        return len(rows)

    def unknown_articles(self, questions: Iterable[GoldenQuestion]) -> tuple[str, ...]:
        """Return the article ids that golden questions name and no article has, sorted."""
        wanted = {golden.article_id for golden in questions if golden.article_id is not None}
        with self._database.read() as connection:
            known = set(connection.scalars(sa.select(articles.c.id)))
        return tuple(sorted(wanted - known))


def distinct_questions(questions: Iterable[GoldenQuestion]) -> Sequence[GoldenQuestion]:
    """Return the questions, each once; see ``GoldenStore.replace`` for what is refused."""
    kept: dict[str, GoldenQuestion] = {}
    disputed: dict[str, list[str]] = {}
    for golden in questions:
        before = kept.setdefault(golden.question, golden)
        if before.article_id != golden.article_id:
            disputed.setdefault(golden.question, [_article(before)]).append(_article(golden))
    if disputed:
        named = "; ".join(
            f"{question[:60]!r} ({', '.join(dict.fromkeys(ids))})" for question, ids in list(disputed.items())[:_SHOWN]
        )
        more = f"; and {len(disputed) - _SHOWN:,} more" if len(disputed) > _SHOWN else ""
        raise InputError(
            f"{_counted(len(disputed))} with different articles; expected one article for each, or none: {named}{more}."
        )
    if len(kept) > MAX_QUESTIONS:
        raise TooLargeError(
            f"There are {len(kept):,} golden questions; at most {MAX_QUESTIONS:,} are kept: leave some out."
        )
    return tuple(kept.values())


def _article(golden: GoldenQuestion) -> str:
    return golden.article_id or "no article"


def _counted(count: int) -> str:
    return "One question comes" if count == 1 else f"{count:,} questions come"
