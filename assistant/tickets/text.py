"""What may be written into a ticket: plain text, not too long, no hidden line breaks in names."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from typing import TypeVar

from assistant.tickets.ticket import Customer, TranslatedText
from assistant.timezones import MAX_LENGTH as MAX_TIMEZONE_LENGTH
from assistant.timezones import timezone_name
from knowledge.article import MAX_LANGUAGE_LENGTH, MAX_TAGS, ArticleError, clean
from knowledge.article import language_tag as article_language_tag
from knowledge.errors import InputError

MAX_BODY_LENGTH = 50_000  # characters
MAX_SUBJECT_LENGTH = 300  # characters
MAX_CHANNEL_LENGTH = 60  # characters
MAX_NAME_LENGTH = 200  # characters; of people, conversations
_DEFAULT_SUBJECT_LENGTH = 120  # characters
_LIMITS = {
    "id": MAX_NAME_LENGTH,
    "name": MAX_NAME_LENGTH,
    "email": 320,
    "phone": 60,
    "locale": MAX_LANGUAGE_LENGTH,
    "timezone": MAX_TIMEZONE_LENGTH,
}

C = TypeVar("C", bound=str)


def text(value: str, *, field: str, limit: int = MAX_BODY_LENGTH) -> str:
    """Return the text cleaned as articles are; signs alone will do, for customers write "???" and "👍".

    Raises InputError with the field.
    """
    try:
        cleaned = clean(value, field=field, limit=limit, required=False)
    except ArticleError as error:
        raise InputError(str(error), field=error.field) from error
    if not cleaned:
        raise InputError(f"{field} is empty; expected 1 to {limit:,} characters.", field=field)
    return cleaned


def line(value: str, *, field: str, limit: int = MAX_NAME_LENGTH) -> str:
    """Return the text as one line, every run of white space a single space; raise InputError."""
    return " ".join(text(value, field=field, limit=limit).split())


def optional_line(value: str | None, *, field: str, limit: int = MAX_NAME_LENGTH) -> str | None:
    """Return the text as one line, or None for nothing or white space; raise InputError."""
    return line(value, field=field, limit=limit) if value is not None and value.strip() else None


def language_tag(value: str, *, field: str = "language") -> str:
    """Return a BCP 47 tag in its usual case; raise InputError."""
    try:
        return article_language_tag(value, field=field)
    except ArticleError as error:
        raise InputError(str(error), field=error.field) from error


def choice(value: C, allowed: Collection[C], *, field: str) -> C:
    """Return the value if it is one of those allowed; raise InputError."""
    if value not in allowed:
        raise InputError(f"{field} is {str(value)[:40]!r}; expected one of {', '.join(allowed)}.", field=field)
    return value


def tag_list(values: Iterable[str]) -> tuple[str, ...]:
    """Return the tags without duplicates, in order; raise InputError."""
    tags = tuple(dict.fromkeys(line(value, field="tags", limit=100) for value in values))
    if len(tags) > MAX_TAGS:
        raise InputError(f"tags has {len(tags)} entries; at most {MAX_TAGS} are allowed.", field="tags")
    return tags


def person(customer: Customer) -> Customer:
    """Return the customer with every field one clean line or None, the time zone a known one; raise InputError."""
    lines = {
        name: optional_line(getattr(customer, name), field=f"customer.{name}", limit=limit)
        for name, limit in _LIMITS.items()
    }
    if lines["timezone"] is not None:
        lines["timezone"] = timezone_name(lines["timezone"], field="customer.timezone")
    return Customer(**lines)


def translated(value: TranslatedText | None, *, field: str) -> TranslatedText | None:
    """Return the translation cleaned; raise InputError."""
    if value is None:
        return None
    return TranslatedText(
        language=language_tag(value.language, field=f"{field}.language"),
        # An engine may need more words than the customer did.
        text=text(value.text, field=f"{field}.text", limit=2 * MAX_BODY_LENGTH),
        engine=optional_line(value.engine, field=f"{field}.engine"),
    )


def subject_of(question: str) -> str:
    """Return the first line of a question, cut to 120 characters at a word where it can be."""
    first = " ".join(question.splitlines()[0].split())
    if len(first) <= _DEFAULT_SUBJECT_LENGTH:
        return first
    end = _DEFAULT_SUBJECT_LENGTH - 1
    space = first.rfind(" ", _DEFAULT_SUBJECT_LENGTH // 2, end + 1)
    if space > 0:
        end = space
    else:
        # Not between a letter and its accents, nor inside a joined emoji.
        while end > 1 and (unicodedata.category(first[end])[0] == "M" or "\u200d" in first[end - 1 : end + 1]):
            end -= 1
    return first[:end].rstrip() + "…"
