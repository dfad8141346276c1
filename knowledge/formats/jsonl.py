"""JSON Lines: one article per line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import orjson

from knowledge.article import Article, ArticleError, language_tag, make_article
from knowledge.formats.cells import parse_day
from knowledge.formats.decoding import UTF_MARKS, decode
from knowledge.formats.identity import derived_id
from knowledge.formats.reading import HEAD_FIELDS, Reading, Row, rejected

_ARTICLE_KEYS = ("id", "tags", "url", "valid_from", "valid_until", "review_by", "texts")
_TEXT_KEYS = ("question", "alternate_questions", "answer", "origin")
_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}


class JsonlReader:
    """Reads JSON Lines."""

    name = "jsonl"
    suffixes = (".jsonl", ".ndjson")
    expectation = 'one article per line: {"id": …, "texts": {"en": {"question": …, "answer": …}}}'

    def recognises(self, data: bytes) -> bool:
        """Tell whether the first sign is an opening brace."""
        return data[:4_000].lstrip(UTF_MARKS).replace(b"\x00", b"").lstrip().startswith(b"{")

    def read(self, data: bytes, *, default_language: str) -> Reading:
        """Begin to read; every text names its language, so the default one is not needed."""
        decoded = decode(data)
        return Reading(format=self.name, encoding=decoded.encoding, rows=_rows(decoded.text), warnings=decoded.warnings)


class JsonlWriter:
    """Writes JSON Lines, every key of every article."""

    name = "jsonl"
    media_type = "application/x-ndjson"

    def write(self, articles: Iterable[Article]) -> Iterator[bytes]:
        """Yield one line at a time."""
        for article in articles:
            yield orjson.dumps(article.content()) + b"\n"


def _rows(text: str) -> Iterator[Row]:
    lines_of: dict[str, int] = {}
    # Not splitlines: JSON strings may hold U+2028 and its like as they are.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        row = _row(number, line)
        if row.article is not None:
            first = lines_of.setdefault(row.article.id, number)
            if first != number:
                problem = f"the article {row.article.id!r} is already in line {first}: put all its texts on one line."
                row = rejected(number, problem, article_id=row.article.id)
        yield row


def _row(number: int, line: str) -> Row:
    value: Any = None
    try:
        value = json.loads(line, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
        article = _article(value)
    except json.JSONDecodeError as error:
        return rejected(number, f"line {number}, column {error.colno} is not JSON: {error.msg}.")
    except RecursionError:
        return rejected(number, f"line {number} is nested too deeply; an article is three objects deep.")
    except ArticleError as error:
        id = value.get("id") if isinstance(value, dict) else None
        return rejected(number, str(error), article_id=id if isinstance(id, str) else None)
    except ValueError as error:
        return rejected(number, f"line {number} is not usable JSON: {error}.")
    texts = value["texts"]
    return Row(
        line=number,
        article=article,
        given=HEAD_FIELDS & value.keys(),
        keeps_alternates=frozenset(
            language_tag(language) for language, text in texts.items() if "alternate_questions" not in text
        ),
        article_id=article.id,
        language=article.texts[0].language if len(article.texts) == 1 else None,
    )


def _article(value: object) -> Article:
    value = _object(value, _ARTICLE_KEYS, where="the line")
    texts = value.get("texts")
    if texts is None:
        raise ArticleError("texts is missing; an article needs a text in at least one language.", field="texts")
    if not isinstance(texts, dict):
        raise _wrong_type("texts", "an object of languages", texts)
    for language, text in texts.items():
        where = f"texts.{language[:40]}"
        _object(text, _TEXT_KEYS, where=where)
        for key in ("question", "answer", "origin"):
            _optional_string(text, key, where=f"{where}.")
        _strings(text, "alternate_questions", where=f"{where}.")
    id = _optional_string(value, "id")
    return make_article(
        id=_derived(texts) if id is None else id,
        texts={
            language: {key: part for key, part in text.items() if part is not None} for language, text in texts.items()
        },
        tags=_strings(value, "tags"),
        url=_optional_string(value, "url"),
        valid_from=_day(value, "valid_from"),
        valid_until=_day(value, "valid_until"),
        review_by=_day(value, "review_by"),
    )


def _derived(texts: dict[str, dict[str, Any]]) -> str:
    if not texts:
        return derived_id("", "")
    language = min(texts)
    return derived_id(language_tag(language, field="texts"), texts[language].get("question") or "")


def _day(value: dict[str, Any], key: str) -> date | None:
    return parse_day(_optional_string(value, key) or "", field=key)


def _optional_string(value: dict[str, Any], key: str, *, where: str = "") -> str | None:
    found = value.get(key)
    if found is not None and not isinstance(found, str):
        raise _wrong_type(where + key, "a string", found)
    return found


def _strings(value: dict[str, Any], key: str, *, where: str = "") -> list[str]:
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise _wrong_type(where + key, "a list of strings", found)
    for part in found:
        if not isinstance(part, str):
            raise _wrong_type(where + key, "a list of strings", part, within="a list with ")
    return found


def _object(value: object, keys: tuple[str, ...], *, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(where, "an object", value)
    unknown = [key for key in value if key not in keys]
    if unknown:
        shown = ", ".join(repr(key[:40]) for key in unknown[:5])
        raise ArticleError(
            f"{where} has the unknown key {shown}; allowed are {', '.join(map(repr, keys))}.",
            field=where if where.startswith("texts") else None,
        )
    return value


def _wrong_type(field: str, expected: str, came: object, *, within: str = "") -> ArticleError:
    kind = _KINDS.get(type(came), "a number")
    return ArticleError(f"{field} is {within}{kind}; expected {expected}.", field=field)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice[:40]!r} is there twice in one object")
    return made


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")
