"""Whose clock a promised time is told by: the customer's own, where it is known, else the desk's."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from assistant.phrases.writing import region
from knowledge.errors import InputError

MAX_LENGTH = 64  # characters; the longest name in use has 32

# Area/Location as in the tz database; its files "localtime" and "posixrules" are this machine's, not a place.
_NAME = re.compile(r"[A-Z][A-Za-z0-9+-]*(?:/[A-Za-z][A-Za-z0-9_+-]*){0,2}")
_PLACELESS = frozenset({"Factory", "Etc/Unknown"})


def timezone_name(value: str, *, field: str) -> str:
    """Return the IANA name of a time zone, an outdated one as it is called today where only that is known here.

    Raises InputError with the field.
    """
    name = value.strip()
    for candidate in (name, _renamed(name)):
        if candidate is not None and _zone(candidate) is not None:
            return candidate
    raise InputError(
        f"{field} is {value[:MAX_LENGTH]!r}; expected an IANA time zone such as 'Europe/Minsk', or leave it out: "
        "an offset or an abbreviation does not say when clocks change.",
        field=field,
    )


def local_timezone(at: datetime, *, timezone: str | None, locale: str | None, default: str) -> str:
    """Return the IANA name of the zone that a moment is told a customer in.

    Their own ``timezone``; else that of their locale's country, if all its clocks show the same at that moment;
    else ``default``.
    """
    if timezone is not None and _zone(timezone) is not None:
        return timezone
    return (locale is not None and _of_country(locale, at)) or default


def offset(at: datetime, timezone: str) -> str:
    """Return what a zone's clocks differ from UTC by at a moment: ``UTC``, ``UTC+3``, ``UTC−4:30``."""
    difference = at.astimezone(ZoneInfo(timezone)).utcoffset() or timedelta()
    minutes = round(abs(difference).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(minutes, 60)
    sign = "−" if difference < timedelta() else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def _of_country(locale: str, at: datetime) -> str | None:
    zones = _zones_of_country(region(locale) or "")
    if not zones or len({at.astimezone(zone).utcoffset() for zone in zones}) > 1:
        return None
    return zones[0].key


@lru_cache(maxsize=512)
def _zones_of_country(country: str) -> tuple[ZoneInfo, ...]:
    """Return the zones of an ISO 3166-1 country as CLDR has them; none where one of them is not known here."""
    from babel.core import get_global

    zones = [_zone(name) for name in get_global("territory_zones").get(country, ())]
    return () if None in zones else tuple(zone for zone in zones if zone is not None)


def _renamed(name: str) -> str | None:
    """Return today's name of a zone that was renamed, such as Asia/Calcutta, which browsers still send."""
    from babel.core import get_global

    renamed: str | None = get_global("zone_aliases").get(name)
    return renamed


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    if len(name) > MAX_LENGTH or name in _PLACELESS or not _NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; malformed; a folder or an unreadable file
        return None
