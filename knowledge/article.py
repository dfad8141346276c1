"""Articles: what we know, one piece at a time, with its texts in one or several languages."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

import orjson

from knowledge.errors import InputError

Origin = Literal["human", "machine"]

MAX_QUESTION_LENGTH = 1_000  # characters
MAX_ANSWER_LENGTH = 50_000  # characters
MAX_ALTERNATES = 500  # per text
MAX_TAGS = 50
MAX_ID_LENGTH = 128  # characters
MAX_LANGUAGE_LENGTH = 35  # characters; RFC 5646 section 4.4.1

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
# A single letter begins an extension or, x, private parts; it ends no tag.
_LANGUAGE = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}|-[A-WYZa-wyz0-9](?=-[A-Za-z0-9]{2}))*(-[Xx](-[A-Za-z0-9]{1,8})+)?"
)
_URL = re.compile(r"https?://[^\s<>\"]{1,2000}")
_LINE_BREAK = re.compile(r"\s*\n\s*")


class ArticleError(InputError):
    """An article breaks a rule; ``field`` names where."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """Question, alternate questions and answer of an article in one language."""

    language: str
    question: str
    answer: str
    alternate_questions: tuple[str, ...] = ()
    origin: Origin = "human"


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """One piece of knowledge; ``revision`` is 0 until it is stored, then counts from 1."""

    id: str
    texts: tuple[Text, ...]
    tags: tuple[str, ...] = ()
    url: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    review_by: date | None = None
    revision: int = 0
    updated_at: datetime | None = field(default=None, compare=False)

    def text(self, language: str) -> Text | None:
        """Return the text in exactly this language, or in its base language, or None."""
        by_language = {text.language: text for text in self.texts}
        return by_language.get(language) or by_language.get(language.split("-")[0])

    def is_valid_on(self, day: date) -> bool:
        """Tell whether customers may be given this article on that day (both ends included)."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    def content(self) -> dict[str, Any]:
        """Return what a person wrote, without revision and times, ready for JSON; keys in fixed order."""
        return {
            "id": self.id,
            "tags": list(self.tags),
            "url": self.url,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "review_by": self.review_by.isoformat() if self.review_by else None,
            "texts": {
                text.language: {
                    "question": text.question,
                    "alternate_questions": list(text.alternate_questions),
                    "answer": text.answer,
                    "origin": text.origin,
                }
                for text in self.texts
            },
        }

    def digest(self) -> str:
        """Return the SHA-256 (hexadecimal) of the content; equal contents have equal digests."""
        return hashlib.sha256(orjson.dumps(self.content(), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def merged_with(self, newer: Article) -> Article:
        """Return the newer article with this one's texts kept in the languages the newer one lacks."""
        fresh = {text.language for text in newer.texts}
        kept = tuple(text for text in self.texts if text.language not in fresh)
        return replace(newer, texts=tuple(sorted((*newer.texts, *kept), key=lambda text: text.language)))


def clean(value: str, *, field: str, limit: int, required: bool = True) -> str:
    """Return the text in NFC, trimmed, with Unix line ends.

    Raises ArticleError for NUL bytes, lone surrogates, too long a text, and an empty one where required.
    """
    if "\x00" in value:
        raise ArticleError(f"{field} holds a NUL character; expected plain text: remove U+0000.", field=field)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ArticleError(
            f"{field} holds half of a surrogate pair at character {error.start}; "
            "expected valid Unicode: save the source again as UTF-8.",
            field=field,
        ) from error
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > limit:
        raise ArticleError(
            f"{field} has {len(text):,} characters; at most {limit:,} are allowed: shorten or split it.",
            field=field,
        )
    if required and not any(character.isalnum() for character in text):
        came = "nothing" if not text else f"only signs ({text[:20]!r})"
        raise ArticleError(f"{field} is required; {came} came: write at least one word.", field=field)
    return text


def language_tag(value: str, *, field: str = "language") -> str:
    """Return a BCP 47 tag in its usual case (``pt-BR``, ``zh-Hant``), RFC 5646 section 2.1.1.

    Raises ArticleError when it is no language tag.
    """
    tag = value.strip().replace("_", "-")
    if len(tag) > MAX_LANGUAGE_LENGTH or not _LANGUAGE.fullmatch(tag):
        raise ArticleError(
            f"{field} is {value[:40]!r}; expected a BCP 47 tag such as 'en', 'be' or 'pt-BR'.", field=field
        )
    first, *rest = tag.split("-")
    end = next((place for place, part in enumerate(rest) if len(part) == 1), len(rest))
    cased = [
        part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower() for part in rest[:end]
    ]
    return "-".join([first.lower(), *cased, *(part.lower() for part in rest[end:])])


def make_article(
    *,
    id: str,
    texts: Mapping[str, Mapping[str, Any]],
    tags: Iterable[str] = (),
    url: str | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
    review_by: date | None = None,
) -> Article:
    """Check and clean what a person wrote, and return it as an article.

    ``texts`` maps a language tag to ``question``, ``answer`` and, optionally, ``alternate_questions``
    and ``origin``. Duplicate alternates and tags are dropped, order kept; each is one line.
    Raises ArticleError.
    """
    if not is_article_id(id):
        raise ArticleError(
            f"id is {id[:60]!r}; expected 1 to 128 letters, digits, '.', '_', ':' or '-', "
            "beginning with a letter or digit.",
            field="id",
        )
    if not texts:
        raise ArticleError("texts is empty; an article needs a text in at least one language.", field="texts")
    made: dict[str, Text] = {}
    for tag, text in texts.items():
        language = language_tag(tag, field="texts")
        if language in made:
            raise ArticleError(f"texts gives the language {language!r} twice.", field="texts")
        made[language] = _make_text(language, text)
    check_validity(valid_from, valid_until)
    if url is not None:
        url = clean(url, field="url", limit=2_000, required=False) or None
    if url is not None and not _URL.fullmatch(url):
        raise ArticleError(f"url is {url[:60]!r}; expected one that begins with https:// or http://.", field="url")
    cleaned_tags = tuple(dict.fromkeys(_one_line(clean(tag, field="tags", limit=100)) for tag in tags))
    if len(cleaned_tags) > MAX_TAGS:
        raise ArticleError(f"tags has {len(cleaned_tags)} entries; at most {MAX_TAGS} are allowed.", field="tags")
    return Article(
        id=id,
        texts=tuple(made[language] for language in sorted(made)),
        tags=cleaned_tags,
        url=url,
        valid_from=valid_from,
        valid_until=valid_until,
        review_by=review_by,
    )


def is_article_id(value: str) -> bool:
    """Tell whether an article can have this id."""
    return _ID.fullmatch(value) is not None


def check_validity(valid_from: date | None, valid_until: date | None) -> None:
    """Raise ArticleError when the last valid day lies before the first."""
    if valid_from and valid_until and valid_until < valid_from:
        raise ArticleError(f"valid_until ({valid_until}) lies before valid_from ({valid_from}).", field="valid_until")


def restore_article(content: Mapping[str, Any], *, revision: int = 0, updated_at: datetime | None = None) -> Article:
    """Return the article whose ``content()`` this is; it was checked when it was made and is trusted."""

    def day(name: str) -> date | None:
        value = content[name]
        return date.fromisoformat(value) if value else None

    return Article(
        id=content["id"],
        texts=tuple(
            Text(
                language=language,
                question=text["question"],
                answer=text["answer"],
                alternate_questions=tuple(text["alternate_questions"]),
                origin=text["origin"],
            )
            for language, text in sorted(content["texts"].items())
        ),
        tags=tuple(content["tags"]),
        url=content["url"],
        valid_from=day("valid_from"),
        valid_until=day("valid_until"),
        review_by=day("review_by"),
        revision=revision,
        updated_at=updated_at,
    )


def knowledge_digest(digests: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 (hexadecimal) over ``(id, content digest)`` of all articles, given in id order."""
    total = hashlib.sha256()
    for id, digest in digests:
        total.update(f"{id}\n{digest}\n".encode())
    return total.hexdigest()


def _one_line(text: str) -> str:
    return _LINE_BREAK.sub(" ", text)


def _make_text(language: str, text: Mapping[str, Any]) -> Text:
    where = f"texts.{language}"
    origin = text.get("origin", "human")
    if origin not in ("human", "machine"):
        raise ArticleError(f"{where}.origin is {origin!r}; expected 'human' or 'machine'.", field=f"{where}.origin")
    question = clean(text.get("question") or "", field=f"{where}.question", limit=MAX_QUESTION_LENGTH)
    alternates = dict.fromkeys(
        _one_line(clean(alternate, field=f"{where}.alternate_questions", limit=MAX_QUESTION_LENGTH))
        for alternate in text.get("alternate_questions") or ()
    )
    alternates.pop(question, None)
    if len(alternates) > MAX_ALTERNATES:
        raise ArticleError(
            f"{where}.alternate_questions has {len(alternates)} entries; at most {MAX_ALTERNATES} are allowed.",
            field=f"{where}.alternate_questions",
        )
    return Text(
        language=language,
        question=question,
        answer=clean(text.get("answer") or "", field=f"{where}.answer", limit=MAX_ANSWER_LENGTH),
        alternate_questions=tuple(alternates),
        origin=origin,
    )
