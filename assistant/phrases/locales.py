"""Dates, times and language names by babel, in the wording of a phrase language."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time

from assistant.phrases.writing import region, subtags

# A weekday, what joins it to the date ("mandag den 23. november"), and the date.
_WEEKDAY_FIRST = re.compile(r"((?:EEEE|cccc)(?:[^\w']|'[^']*')*)\w.*")
# CLDR's first digits of numbering systems; babel writes the digits of ASCII in all of them.
_ZEROS = {"arab": "\u0660", "arabext": "\u06f0"}
_WEEKDAY_LAST = re.compile(r".*[\w.](?P<between>[^\w.']*)EEEE")


def moment(at: datetime, language: str, region_of: str, *, timezone: str, now: datetime) -> str:
    """Return weekday, date and time of ``at`` in ``timezone``; the year only where it is not this year.

    ``language`` is a phrase language; ``region_of`` is the customer's whole tag, whose region chooses
    between 17:00 and 5:00 PM. Raises ``ValueError`` on a datetime without a zone or an unknown zone name.
    """
    for name, value in (("at", at), ("now", now)):
        if value.utcoffset() is None:
            raise ValueError(f"{name}: expected a datetime with a time zone, got {value!r}; pass it in UTC")
    zone = _zone(timezone)
    local = at.astimezone(zone)
    locale = _locale(language, region_of)
    pattern = "full" if local.year != now.astimezone(zone).year else _yearless(locale)
    date = format_date(local.date(), pattern, locale=locale)
    time = format_time(local, _clock(locale), tzinfo=zone, locale=locale)
    joint: str = str(locale.datetime_formats["medium"])
    return joint.replace("{1}", date).replace("{0}", time).translate(_digits(locale))


def number(value: int, language: str, region_of: str) -> str:
    """Return a count in the digits that readers of the language use: ``۱۲`` for ``fa``, ``12`` for ``en``."""
    return str(value).translate(_digits(_locale(language, region_of)))


def language_name(code: str, in_language: str) -> str:
    """Return what ``in_language``, a phrase language, calls the language ``code``; the code itself where unknown.

    A script, or a region whose variety English has a name for, is named too: "português (Brasil)".
    """
    spoken = _named(in_language)
    names, (first, *rest) = spoken.languages, subtags(code)
    name: str | None = names.get(first)
    for tag in rest:
        is_script = len(tag) == 4
        variant = tag.title() if is_script else tag.upper()
        if own := names.get(f"{first}_{variant}"):
            return str(own)
        apart = spoken.scripts.get(variant) if is_script else spoken.territories.get(variant)
        if name and apart and (is_script or f"{first}_{variant}" in _named("en").languages):
            return f"{name} ({apart})"
    return name or code


def plural_rule(language: str) -> Callable[[int], str]:
    """Return what tells a number's plural category in a phrase language: CLDR's cardinal rules."""
    rule: Callable[[int], str] = _named(language).plural_form
    return rule


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:  # unknown; malformed; a folder or an unreadable file
        raise ValueError(f"timezone: expected an IANA name such as 'Europe/Minsk', got {name!r}") from exc


@cache
def _named(language: str) -> Locale:
    """Return the locale of a phrase language, which is the name of a file: ``be``, ``sr-Latn``, ``pt-BR``."""
    return Locale.parse(language, sep="-")


@lru_cache(maxsize=256)
def _locale(language: str, region_of: str) -> Locale:
    locale, country = _named(language), region(region_of)
    if country is None:
        return locale
    try:
        return Locale(locale.language, territory=country, script=locale.script)
    except UnknownLocaleError:
        return locale


@lru_cache(maxsize=256)
def _yearless(locale: Locale) -> str:
    """Return the locale's full date pattern without the year: its weekday, joined as there to its day and month."""
    full: str = locale.date_formats["full"].pattern
    day = locale.datetime_skeletons.get("MMMMd")
    if day is None:
        return full
    if match := _WEEKDAY_FIRST.fullmatch(full):
        return f"{match[1]}{day.pattern}"
    if match := _WEEKDAY_LAST.fullmatch(full):
        return f"{day.pattern}{match['between']}EEEE"
    return full


def _clock(locale: Locale) -> str:
    """Return the pattern of hours and minutes; 오후, as Koreans write, and not the PM that CLDR abbreviates it to."""
    pattern: str = locale.time_formats["short"].pattern
    return pattern.replace("a", "aaaa") if locale.language == "ko" else pattern


@lru_cache(maxsize=256)
def _digits(locale: Locale) -> dict[int, int]:
    zero = _ZEROS.get(locale.default_numbering_system)
    return {} if zero is None else {ord("0") + digit: ord(zero) + digit for digit in range(10)}
