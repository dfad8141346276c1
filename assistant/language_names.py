"""What languages and countries are called in a language, by CLDR, read from babel's files and nothing else kept.

``babel.Locale`` keeps all that CLDR knows of a locale, a megabyte each, for as long as the process lives:
too much for the names alone of forty.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass

_SCRIPT = 4  # letters of a script's code
_NO_LANGUAGE = frozenset({"mis", "mul", "root", "und", "zxx"})  # codes for several languages, for none, for any


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Names in one language: of languages by their codes as CLDR writes them (``pt_BR``), and of countries."""

    languages: Mapping[str, str]
    countries: tuple[str, ...]


def names_in(tag: str) -> Names:
    """Return the names as they are said in the language of a canonical BCP 47 tag; none where CLDR has none."""
    from babel import localedata

    languages: dict[str, str] = {}
    countries: dict[str, str] = {}
    for name in filter(localedata.exists, _chain(tag.replace("-", "_"))):
        with open(localedata.resolve_locale_filename(name), "rb") as file:
            data = pickle.load(file)
        languages |= data.get("languages", {})
        countries |= data.get("territories", {})
    return Names(languages=languages, countries=tuple(countries.values()))


def is_known(tag: str) -> bool:
    """Tell whether CLDR knows the language of a canonical BCP 47 tag; it knows some 8,000."""
    from babel.core import get_global

    language = tag.split("-")[0]
    return language not in _NO_LANGUAGE and (
        language in get_global("likely_subtags") or language in names_in("en").languages
    )


def spoken_in(country: str) -> str | None:
    """Return the language that most people of a country (``CZ``) use, by CLDR; None for what is no country."""
    from babel.core import get_global

    likely: str | None = get_global("likely_subtags").get(f"und_{country.upper()}")
    return None if likely is None else likely.split("_")[0]


def _chain(name: str) -> list[str]:
    """Return the locales of which one is made, the widest first; what is in an unusual script stands alone."""
    from babel.core import get_global

    exceptions = get_global("parent_exceptions")
    chain = [name]
    while True:
        *wider, last = chain[-1].split("_")
        parent = exceptions.get(chain[-1]) or ("_".join(wider) if wider and len(last) != _SCRIPT else "root")
        if parent == "root":
            return chain[::-1]
        chain.append(parent)
