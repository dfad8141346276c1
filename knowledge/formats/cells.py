"""Cells of a spreadsheet row to an article and back; shared by every format that has columns.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it
(``'=1+1``), and a cell that has apostrophes before such a sign gets one more; reading removes one
from each of those, so everything comes back as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from knowledge.article import (
    MAX_ALTERNATES,
    MAX_QUESTION_LENGTH,
    Article,
    ArticleError,
    Text,
    language_tag,
    make_article,
)
from knowledge.formats.identity import derived_id
from knowledge.formats.reading import HEAD_FIELDS, Row, rejected

COLUMNS = (
    *("id", "language", "question", "alternate_questions", "answer", "tags", "url"),
    *("valid_from", "valid_until", "review_by", "origin"),
)
REQUIRED = ("question", "answer")

# The full-width signs are formulas to spreadsheets set to East Asian languages.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_PROTECTED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DOTTED_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_MAX_TAGS_CELL = 20_000  # characters
_QUOTE = re.compile(r'\s*"')
_QUOTED_TAG = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?:[,;]|$)')
_PLAIN_TAG = re.compile(r"([^,;]*)(?:[,;]|$)")


def protect(cell: str) -> str:
    """Return the cell such that no spreadsheet takes it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unprotect(cell: str) -> str:
    """Undo ``protect``."""
    return cell[1:] if _PROTECTED.match(cell) else cell


def format_tags(tags: tuple[str, ...]) -> str:
    """Return tags as one cell: ``shop, "a, b"``; a tag with a separator or a quote first is quoted."""
    return ", ".join('"{}"'.format(tag.replace('"', '""')) if re.search(r'[,;]|^"', tag) else tag for tag in tags)


def parse_tags(cell: str) -> tuple[str, ...]:
    """Return the tags of a cell, separated by commas or semicolons; raise ArticleError for an open quote."""
    _check_length(cell, field="tags", limit=_MAX_TAGS_CELL)
    tags: list[str] = []
    position = 0
    while position < len(cell):
        quoted = _QUOTE.match(cell, position) is not None
        match = (_QUOTED_TAG if quoted else _PLAIN_TAG).match(cell, position)
        if match is None:
            raise ArticleError(
                f"tags has a double quote that is not closed before the next separator: {cell[position:][:40]!r}.",
                field="tags",
            )
        tags.append(match[1].replace('""', '"') if quoted else match[1])
        position = match.end()
    return tuple(tag for tag in tags if tag.strip())


def parse_alternates(cell: str) -> list[str]:
    """Return the alternate questions of a cell, one per line; raise ArticleError when the cell is too long."""
    _check_length(cell, field="alternate_questions", limit=MAX_ALTERNATES * MAX_QUESTION_LENGTH)
    return [line for line in re.split(r"\r\n|\r|\n", cell) if line.strip()]


def parse_day(cell: str, *, field: str) -> date | None:
    """Return the day of a cell, None for an empty one; raise ArticleError for anything but a date."""
    cell = cell.strip()
    if not cell:
        return None
    try:
        if _ISO_DAY.fullmatch(cell):
            return date.fromisoformat(cell)
        dotted = _DOTTED_DAY.fullmatch(cell)
        if dotted:
            return date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
    except ValueError as error:
        raise ArticleError(f"{field} is {cell!r}, which is no day of the calendar ({error}).", field=field) from error
    raise ArticleError(f"{field} is {cell[:40]!r}; expected a date such as 2026-01-31 or 31.01.2026.", field=field)


def row_of(line: int, cells: Mapping[str, str], *, default_language: str) -> Row:
    """Return the row that the cells make; columns that are not there count as not given."""
    plain = {name: unprotect(cell) for name, cell in cells.items()}
    id = plain.get("id", "").strip()
    language = plain.get("language", "").strip() or default_language
    try:
        language = language_tag(language)
        text = {
            "question": plain["question"],
            "answer": plain["answer"],
            "alternate_questions": parse_alternates(plain.get("alternate_questions", "")),
            "origin": plain.get("origin", "").strip().lower() or "human",
        }
        article = make_article(
            id=id or derived_id(language, plain["question"]),
            texts={language: text},
            tags=parse_tags(plain.get("tags", "")),
            url=plain.get("url") or None,
            valid_from=parse_day(plain.get("valid_from", ""), field="valid_from"),
            valid_until=parse_day(plain.get("valid_until", ""), field="valid_until"),
            review_by=parse_day(plain.get("review_by", ""), field="review_by"),
        )
    except ArticleError as error:
        return rejected(line, _without_path(str(error)), article_id=id or None, language=language)
    return Row(
        line=line,
        article=article,
        given=HEAD_FIELDS & cells.keys(),
        keeps_alternates=frozenset() if "alternate_questions" in cells else frozenset({language}),
        article_id=article.id,
        language=language,
    )


def cells_of(article: Article, text: Text) -> dict[str, str]:
    """Return the cells of one text of an article, protected; each row repeats what all texts share."""

    def day(value: date | None) -> str:
        return value.isoformat() if value else ""

    cells = {
        "id": article.id,
        "language": text.language,
        "question": text.question,
        "alternate_questions": "\n".join(text.alternate_questions),
        "answer": text.answer,
        "tags": format_tags(article.tags),
        "url": article.url or "",
        "valid_from": day(article.valid_from),
        "valid_until": day(article.valid_until),
        "review_by": day(article.review_by),
        "origin": text.origin,
    }
    return {name: protect(cell) for name, cell in cells.items()}


def _check_length(cell: str, *, field: str, limit: int) -> None:
    if len(cell) > limit:
        raise ArticleError(f"{field} has {len(cell):,} characters; at most {limit:,} are allowed.", field=field)


def _without_path(message: str) -> str:
    """Name the column, not the place within an article: ``question``, not ``texts.en.question``."""
    return re.sub(r"^texts\.[A-Za-z0-9-]+\.", "", message)
