"""Rows of a file to articles: rows of one article are merged, and what a file leaves out stays.

Within the file a second row for the same language, or one that contradicts an earlier row, is
rejected; the article's other rows go on. Languages, and whole columns, that the file does not have
keep what is stored. An empty cell says nothing when another row of the article says something, and
empties the stored value when none does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from knowledge.article import Article, ArticleError, Text, check_validity
from knowledge.formats.reading import Row
from knowledge.import_report import RowOutcome

_EMPTY: Mapping[str, Any] = {"tags": (), "url": None, "valid_from": None, "valid_until": None, "review_by": None}


@dataclass(slots=True)
class Draft:
    """An article as far as the file tells it; rows are added in the file's order."""

    id: str
    texts: dict[str, Text] = field(default_factory=dict)
    keeps_alternates: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    _lines: dict[str, int] = field(default_factory=dict)  # by language
    _head: dict[str, tuple[Any, int]] = field(default_factory=dict)  # value and line by field

    def add(self, row: Row, article: Article) -> str | None:
        """Take the row's article in, whole, and return None; or take nothing and return why not."""
        for text in article.texts:
            first = self._lines.get(text.language)
            if first is not None:
                return (
                    f"the article {self.id!r} already has a text in {text.language!r} in line {first}: "
                    "remove one of the two rows, or give this one another id or language."
                )
        head = dict(self._head)
        for name in sorted(row.given):
            value = getattr(article, name)
            if not value:
                continue
            if name in head and not _agree(head[name][0], value):
                earlier, first = head[name]
                return (
                    f"{name} is {_shown(value)} here but {_shown(earlier)} in line {first}, for the same article "
                    f"{self.id!r}: make them equal, or leave one empty."
                )
            head.setdefault(name, (value, row.line))
        try:
            check_validity(*(head.get(name, (None,))[0] for name in ("valid_from", "valid_until")))
        except ArticleError as error:
            return str(error)
        self._head = head
        self.given |= row.given
        self.keeps_alternates |= row.keeps_alternates
        for text in article.texts:
            self.texts[text.language] = text
            self._lines[text.language] = row.line
        return None

    def merged_with(self, stored: Article | None) -> Article:
        """Return the whole article as it shall be stored; raise ArticleError when the two do not go together."""
        texts = self.texts
        if stored is not None and self.keeps_alternates:
            before = {text.language: text for text in stored.texts}
            texts = {
                language: _with_alternates_of(before[language], text)
                if language in self.keeps_alternates and language in before
                else text
                for language, text in texts.items()
            }
        head = {
            name: self._head[name][0]
            if name in self._head
            else empty
            if name in self.given or stored is None
            else getattr(stored, name)
            for name, empty in _EMPTY.items()
        }
        check_validity(head["valid_from"], head["valid_until"])
        article = Article(id=self.id, texts=tuple(texts[language] for language in sorted(texts)), **head)
        return article if stored is None else stored.merged_with(article)


def outcome_of(row: Article, *, stored: Article | None, merged: Article) -> RowOutcome:
    """Tell what the row does: its texts are new, or something of its article changes, or nothing does."""
    before = {text.language: text for text in stored.texts} if stored else {}
    after = {text.language: text for text in merged.texts}
    languages = [text.language for text in row.texts]
    if not any(language in before for language in languages):
        return "created"
    head_changed = stored is None or any(getattr(stored, name) != getattr(merged, name) for name in _EMPTY)
    if head_changed or any(before.get(language) != after[language] for language in languages):
        return "changed"
    return "unchanged"


def _with_alternates_of(stored: Text, text: Text) -> Text:
    kept = tuple(alternate for alternate in stored.alternate_questions if alternate != text.question)
    return replace(text, alternate_questions=kept)


def _agree(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return set(one) == set(other)
    return one == other


def _shown(value: object) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return repr(text[:60])
