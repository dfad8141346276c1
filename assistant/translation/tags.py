"""Language tags: their canonical form, the script they are written in, and which one serves for another.

Tags are BCP 47. Engines have odd codes of their own (``pb``, ``zt``, ``por_BR``); each engine maps them
at its border, and nothing else in the product ever sees one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from knowledge.article import language_tag

# The script a language is written in when its tag does not say: the field "Suppress-Script" of the
# IANA language subtag registry, filled up from CLDR's likely subtags; codes are ISO 15924.
_SCRIPT_LANGUAGES = {
    "Cyrl": "ba be bg ce cv kk ky mk mn ru rue sah sr tg tt uk",
    "Latn": "af az bs ca cnr co cs cy da de en eo es et eu fi fil fo fr fy ga gd gl ha hr ht hu id ig is it jv ku la "
    "lb lt lv mg mi ms mt nb nl nn oc pl pt ro rw sk sl sn so sq su sv sw tk tl tr uz vi wo xh yo zu",
    "Arab": "ar ckb fa ps sd ug ur",
    "Deva": "hi mr ne sa",
    "Beng": "as bn",
    "Hebr": "he yi",
    "Ethi": "am ti",
    "Hans": "zh",
    "Hant": "yue",
    "Jpan": "ja",
    "Kore": "ko",
    "Grek": "el",
    "Armn": "hy",
    "Geor": "ka",
    "Thai": "th",
    "Laoo": "lo",
    "Khmr": "km",
    "Mymr": "my",
    "Sinh": "si",
    "Taml": "ta",
    "Telu": "te",
    "Knda": "kn",
    "Mlym": "ml",
    "Gujr": "gu",
    "Guru": "pa",
    "Orya": "or",
    "Tibt": "bo",
}
_SCRIPTS = {language: script for script, languages in _SCRIPT_LANGUAGES.items() for language in languages.split()}

# Deprecated and macrolanguage subtags, as CLDR's language aliases have them; Norwegian means Bokmål.
_LANGUAGE_ALIASES = {"iw": "he", "in": "id", "ji": "yi", "mo": "ro", "no": "nb", "fil": "tl", "cmn": "zh"}
_TRADITIONAL = frozenset({"TW", "HK", "MO"})  # regions where Chinese without a script is in traditional characters

# Varieties whose readers take the other's texts for nearly their own: two written standards of one
# language. Languages that are merely near are not here (``assistant.translation.delivery`` knows them).
_VARIETIES = {
    "nb": ("nn",),
    "nn": ("nb",),
    "bs": ("hr", "sr-Latn"),
    "hr": ("bs",),
    "bs-Cyrl": ("sr",),
    "cnr": ("sr-Latn", "bs", "hr"),
    "yue": ("zh-Hant",),
}

_SCRIPT = re.compile(r"[A-Z][a-z]{3}")


@lru_cache(maxsize=4096)
def canonical(tag: str) -> str:
    """Return the tag in usual case, aliases resolved and a self-evident script dropped (``be-Cyrl`` → ``be``).

    Raises knowledge.article.ArticleError when it is no language tag.
    """
    language, *rest = language_tag(tag).split("-")
    if language == "sh":
        language, rest = "sr", rest if rest and _SCRIPT.fullmatch(rest[0]) else ["Latn", *rest]
    language = _LANGUAGE_ALIASES.get(language, language)
    if language == "zh" and rest and not _SCRIPT.fullmatch(rest[0]):
        rest = ["Hant" if rest[0] in _TRADITIONAL else "Hans", *rest]
    if language == "zh" and rest and rest[0] in ("Hans", "Hant"):
        rest = [rest[0], *(part for part in rest[1:] if len(part) > 3)]  # the script says more than the region
    if rest and rest[0] == _SCRIPTS.get(language):
        rest = rest[1:]
    return "-".join([language, *rest])


@lru_cache(maxsize=4096)
def base(tag: str) -> str:
    """Return language and, where the tag names one, script: ``pt-BR`` → ``pt``, ``zh-Hant`` → ``zh-Hant``."""
    language, *rest = canonical(tag).split("-")
    return f"{language}-{rest[0]}" if rest and _SCRIPT.fullmatch(rest[0]) else language


@lru_cache(maxsize=4096)
def fallbacks(tag: str) -> tuple[str, ...]:
    """Return the tags whose texts serve a reader of this one as their own, best first, itself included.

    ``pt-AO`` → ``pt-AO, pt-PT, pt``: each wider region (CLDR's parent locales), then the language, then the
    other standards of the same language (``nn`` → ``nn, nb``). Never another script: ``zh-Hant`` and
    ``sr-Latn`` stand alone. Raises knowledge.article.ArticleError when it is no language tag.
    """
    from babel.core import get_global  # reads a table of 50 kB, which most who need a tag do not

    wider = get_global("parent_exceptions")
    family = base(tag)
    found = [canonical(tag)]
    while found[-1] != family:
        parent = wider.get(found[-1].replace("-", "_"), "root")
        region = canonical(parent) if parent != "root" else family
        found.append(region if base(region) == family and region not in found else family)
    return (*found, *_VARIETIES.get(family, ()))


def script(tag: str) -> str | None:
    """Return the ISO 15924 code of the script a text in this language is written in; None if not known."""
    language, *rest = canonical(tag).split("-")
    if rest and _SCRIPT.fullmatch(rest[0]):
        return rest[0]
    return _SCRIPTS.get(language)


def match(tag: str, among: Iterable[str]) -> str | None:
    """Return the tag among those that serves a reader of this one: itself, its base, or a sibling region's.

    A text in another script never serves: ``zh-Hant`` is not matched by ``zh``.
    """
    known = {canonical(candidate): candidate for candidate in sorted(among, reverse=True)}
    wanted, family = canonical(tag), base(tag)
    if wanted in known:
        return known[wanted]
    if family in known:
        return known[family]
    return next((known[candidate] for candidate in sorted(known) if base(candidate) == family), None)
