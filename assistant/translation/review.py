"""Review: a person looks at what machines made of articles, mends it and approves it, or has it made anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from assistant.translation import tags
from assistant.translation.delivery import choose_source, choose_text
from assistant.translation.memory import Remembered, TranslationKey, TranslationMemory, approve, approved_id, remembered
from assistant.translation.recollection import serving
from assistant.translation.translator import Translator
from knowledge.article import Article, ArticleError, Text, is_article_id, make_article
from knowledge.database import now
from knowledge.errors import ConflictError, InputError, NotFoundError, StaleError
from knowledge.page import Page, check_limit, decode_cursor, encode_cursor
from knowledge.store import ArticleStore
from knowledge.tables import article_revisions
from knowledge.translations import Field, source_digest, translations

Filter = Literal["ready", "review", "failed", "approved", "stale"]

FIELDS: tuple[Field, Field] = ("question", "answer")
_TRIES = 5  # to write an article that others write at the same time

_COLUMNS = translations.c


class TranslationNotFoundError(NotFoundError):
    """Nothing is remembered of this article in this language."""


class TranslationConflictError(ConflictError):
    """The translation cannot be approved as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedTranslation:
    """A remembered text beside the words it was made of; ``source`` is None where the history lacks them."""

    remembered: Remembered
    source: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownText:
    """An article's question or answer in another language, beside its words now."""

    text: str
    source: str | None
    status: Literal["ready", "review", "failed", "approved", "human"]
    engine: str | None
    engine_version: str | None
    faults: tuple[str, ...]
    created_at: datetime | None
    is_stale: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTranslation:
    """An article in another language, as customers are given it once the index holds the article as it is now."""

    article: Article
    language: str
    source_language: str | None
    kind: Literal["human", "machine", "none"]  # none: held or failed, so that the original goes out
    question: ShownText | None
    answer: ShownText | None


class TranslationReview:
    """Lists, shows, approves and forgets what is remembered of articles."""

    def __init__(
        self, store: ArticleStore, memory: TranslationMemory, translator: Translator, *, default_language: str
    ) -> None:
        self._store = store
        self._memory = memory
        self._translator = translator
        self._default_language = default_language

    def page(
        self,
        *,
        language: str | None = None,
        status: Filter | None = None,
        article_id: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ListedTranslation]:
        """Return a page of what is remembered, by article, language and field.

        ``stale`` are those whose article has other words by now, whatever they are else; the other
        statuses leave these out. A language is meant with all its regions, for one text serves those that an engine
        does not tell apart. Raises CursorError, and ArticleError for what is no language tag.
        """
        order = (_COLUMNS.article_id, _COLUMNS.target_language, _COLUMNS.field, _COLUMNS.id)
        wanted = sa.select(translations).where(_COLUMNS.status != "forgotten").order_by(*order)
        wanted = wanted.limit(check_limit(limit) + 1)
        family = None if language is None else tags.base(language)
        if article_id is not None:
            if not is_article_id(article_id):
                return Page(items=())
            wanted = wanted.where(_COLUMNS.article_id == article_id)
        if status == "stale":
            wanted = wanted.where(_COLUMNS.stale_at.is_not(None))
        elif status is not None:
            wanted = wanted.where(_COLUMNS.status == status, _COLUMNS.stale_at.is_(None))
        if cursor is not None:
            last = decode_cursor(cursor, (str, str, str, str))
            wanted = wanted.where(sa.tuple_(*order) > sa.tuple_(*map(sa.literal, last)))
        with self._memory.database.read() as connection:
            if family is not None:
                known = connection.scalars(sa.select(_COLUMNS.target_language).distinct())
                wanted = wanted.where(_COLUMNS.target_language.in_([tag for tag in known if tags.base(tag) == family]))
            found = [remembered(row) for row in connection.execute(wanted)]
            shown = found[:limit]
            sources = _sources(connection, [row.key for row in shown])
        last_key = shown[-1].key if len(found) > limit else None
        return Page(
            items=tuple(ListedTranslation(remembered=row, source=sources.get(_place(row.key))) for row in shown),
            next_cursor=None
            if last_key is None
            else encode_cursor(last_key.article_id, last_key.target_language, last_key.field, shown[-1].id),
        )

    def show(self, article_id: str, language: str) -> ShownTranslation:
        """Return an article in another language.

        Raises ArticleNotFoundError, TranslationNotFoundError, and ArticleError for what is no language tag.
        """
        article, language = self._store.get(article_id), tags.canonical(language)
        shown = self._shown(article, language)
        if shown is None:
            raise self._missing(article, language)
        return shown

    def approve(
        self,
        article_id: str,
        language: str,
        *,
        by: str,
        question: str | None = None,
        answer: str | None = None,
        expected_revision: int | None = None,
    ) -> ShownTranslation:
        """Make a translation a person's text of the article, in the words given or else as the machine made it.

        Customers get it at once in place of the machine's. One that was approved, and whose source was edited since, is
        approved again: it is right for the words there are now. Raises ArticleNotFoundError,
        TranslationNotFoundError, TranslationConflictError where a person wrote one before or the machine's
        failed verification, StaleError for another revision than expected, InputError for words that cannot be used.
        """
        language = tags.canonical(language)
        for left in reversed(range(_TRIES)):
            article = self._store.get(article_id)
            try:
                return self._approve(
                    article,
                    language,
                    given={"question": question, "answer": answer},
                    by=by,
                    revision=article.revision if expected_revision is None else expected_revision,
                )
            except StaleError:
                if expected_revision is not None or not left:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def forget(self, article_id: str, language: str) -> int:
        """Forget what machines made of an article in a language, so that it is made anew; return the number of texts.

        Raises ArticleNotFoundError, TranslationNotFoundError.
        """
        article, language = self._store.get(article_id), tags.canonical(language)
        found = [self._recall(article, field, language) for field in FIELDS]
        languages = {language, *(row.key.target_language for row in found if row is not None)}
        count = sum(self._memory.forget(article.id, each) for each in sorted(languages))
        if not count:
            raise self._missing(article, language)
        return count

    def _approve(
        self, article: Article, language: str, *, given: dict[Field, str | None], by: str, revision: int
    ) -> ShownTranslation:
        own = next((text for text in article.texts if text.language == language), None)
        made: dict[Field, Remembered | None] = dict.fromkeys(FIELDS)  # by a machine, for want of better words
        if own is not None and own.origin == "human":
            rows = self._stale_approval(article, language)
        else:  # there may be a machine's, imported
            rows = made = {field: self._recall(article, field, language) for field in FIELDS}
        words = {field: _approved_words(article, language, field, given[field], made[field], own) for field in FIELDS}
        person = _checked(article, language, words, own)
        others = (text for text in article.texts if text.language != language)
        changed = replace(article, texts=tuple(sorted((*others, person), key=lambda text: text.language)))
        with self._store.writing() as connection:
            change = self._store.put_many(
                [changed], by=by, expected_revisions={article.id: revision}, within=connection
            )[0]
            for field in FIELDS:
                key = self._lineage(article, language, field, rows[field], change.article.revision)
                if key is not None:
                    approve(connection, _approval(key, _own_words(person, field)))
        self._memory.drop(article.id)
        shown = self._shown(change.article, language)
        assert shown is not None
        return shown

    def _stale_approval(self, article: Article, language: str) -> dict[Field, Remembered | None]:
        """Return what tells that a person's text was approved; raises TranslationConflictError unless it is stale."""
        found = [row for row in self._memory.load(article.id, [language]) if row.status == "approved"]
        if not any(row.stale_at for row in found):
            raise TranslationConflictError(
                f"A person wrote {article.id!r} in {language} already; change that text of the article itself."
            )
        by_field = {row.key.field: row for row in found}
        return {field: by_field.get(field) for field in FIELDS}

    def _lineage(
        self, article: Article, language: str, field: Field, row: Remembered | None, revision: int
    ) -> TranslationKey | None:
        """Return what an approved text is made of; None for an article without another text."""
        words = None if row is None else _words(article, row.key.source_language, field)
        if row is not None and words is not None:
            digest = source_digest(words)  # another than the row's where that is stale
            return replace(row.key, target_language=language, article_revision=revision, source_digest=digest)
        texts = tuple(text for text in article.texts if text.language != language)
        if not texts:
            return None
        others = replace(article, texts=texts)
        source = (
            choose_source(others, language, default_language=self._default_language, route=self._translator.route)
            or choose_text(others, self._default_language, default_language=self._default_language).text
        )
        return TranslationKey(
            article_id=article.id,
            article_revision=revision,
            field=field,
            source_language=source.language,
            target_language=language,
            engine="",
            engine_version="",
            source_digest=source_digest(_own_words(source, field)),
        )

    def _shown(self, article: Article, language: str) -> ShownTranslation | None:
        own = next((text for text in article.texts if text.language == language), None)
        if own is not None:
            rows = self._memory.load(article.id, [language])
            made_of = {row.key.field: row for row in rows if row.status == "approved"}
            texts: dict[Field, ShownText | None] = {
                field: _own_text(article, own, field, made_of.get(field)) for field in FIELDS
            }
            sources = {row.key.source_language for row in made_of.values()}
            kind: Literal["human", "machine", "none"] = own.origin
        else:
            found = {field: self._recall(article, field, language) for field in FIELDS}
            if not any(found.values()):
                return None
            texts = {field: None if row is None else _made_text(article, row) for field, row in found.items()}
            sources = {row.key.source_language for row in found.values() if row is not None}
            is_sent = found["answer"] is not None and found["answer"].status == "ready"
            kind = "machine" if is_sent else "none"
        return ShownTranslation(
            article=article,
            language=language,
            source_language=min(sources, default=None),
            kind=kind,
            question=texts["question"],
            answer=texts["answer"],
        )

    def _missing(self, article: Article, language: str) -> TranslationNotFoundError:
        """Return the error of a translation that there is not, with what became of one that there was."""
        left = [row for row in self._memory.load(article.id, serving(language)) if row.status != "approved"]
        if not left:
            return _not_found(article.id, language)
        cause = "the article" if any(row.stale_at for row in left) else "the glossary or an engine"
        return TranslationNotFoundError(
            f"What is remembered of {article.id!r} in {language} is out of date: {cause} has changed since. "
            f"Make it anew with: faq translate --to {language} --article {article.id}"
        )

    def _recall(self, article: Article, field: Field, language: str) -> Remembered | None:
        return self._translator.recall(article, field, language, default_language=self._default_language)


def _approved_words(
    article: Article, language: str, field: Field, given: str | None, row: Remembered | None, own: Text | None
) -> str:
    if given is not None:
        return given
    if row is None and own is None:
        raise _not_found(article.id, language)
    if row is None:
        assert own is not None
        return _own_words(own, field)
    if row.status == "failed":
        raise TranslationConflictError(
            f"The {field} of {article.id!r} in {language} cannot be approved as it is ({'; '.join(row.faults)}); "
            f"send the {field} as it should be."
        )
    return row.text


def _checked(article: Article, language: str, words: dict[Field, str], own: Text | None) -> Text:
    """Return the text of a person; raises InputError that names the field."""
    text = {
        "question": words["question"],
        "answer": words["answer"],
        "alternate_questions": () if own is None else own.alternate_questions,
        "origin": "human",
    }
    try:
        return make_article(id=article.id, texts={language: text}).texts[0]
    except ArticleError as error:
        raise InputError(str(error), field=(error.field or "").rpartition(".")[2] or None) from error


def _approval(key: TranslationKey, text: str) -> Remembered:
    return Remembered(
        id=approved_id(key.article_id, key.field, key.target_language),
        key=key,
        status="approved",
        text=text,
        faults=(),
        created_at=now(),
        stale_at=None,
    )


def _own_text(article: Article, own: Text, field: Field, made_of: Remembered | None) -> ShownText:
    return ShownText(
        text=_own_words(own, field),
        source=None if made_of is None else _words(article, made_of.key.source_language, field),
        status="ready" if own.origin == "machine" else "human" if made_of is None else "approved",
        engine=None if made_of is None else made_of.key.engine or None,
        engine_version=None if made_of is None else made_of.key.engine_version or None,
        faults=(),
        created_at=None if made_of is None else made_of.created_at,
        is_stale=made_of is not None and made_of.stale_at is not None,
    )


def _made_text(article: Article, row: Remembered) -> ShownText:
    return ShownText(
        text=row.text,
        source=_words(article, row.key.source_language, row.key.field),
        status=row.status,
        engine=row.key.engine,
        engine_version=row.key.engine_version,
        faults=row.faults,
        created_at=row.created_at,
        is_stale=row.stale_at is not None,
    )


def _words(article: Article, language: str, field: Field) -> str | None:
    text = next((text for text in article.texts if text.language == language), None)
    return None if text is None else _own_words(text, field)


def _own_words(text: Text, field: Field) -> str:
    return text.answer if field == "answer" else text.question


def _place(key: TranslationKey) -> tuple[str, int, str, str]:
    return key.article_id, key.article_revision, key.source_language, key.field


def _sources(connection: sa.Connection, keys: Iterable[TranslationKey]) -> dict[tuple[str, int, str, str], str]:
    """Return the words that texts were made of, from the history of their articles."""
    places = {(key.article_id, key.article_revision) for key in keys}
    columns = article_revisions.c
    query = sa.select(columns.article_id, columns.revision, columns.content).where(
        sa.tuple_(columns.article_id, columns.revision).in_(sorted(places))
    )
    return {
        (id, revision, language, field): text[field]
        for id, revision, content in (connection.execute(query) if places else ())
        for language, text in content["texts"].items()
        for field in FIELDS
    }


def _not_found(article_id: str, language: str) -> TranslationNotFoundError:
    return TranslationNotFoundError(
        f"No translation of {article_id!r} into {language} is remembered; "
        f"make one with: faq translate --to {language} --article {article_id}"
    )
