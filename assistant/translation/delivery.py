"""Delivery: which of an article's own texts a customer is given, and which one a machine translates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.translation import tags
from assistant.translation.routes import Route
from knowledge.article import Article, ArticleError, Text

Why = Literal["exact", "variant", "readable", "default", "any"]

# What a reader of a language probably reads as well, likeliest first; English closes most lists, for it
# is the second language most often learnt (Eurobarometer 540, 2024). These are chances, not claims about
# anyone: the customer's own list (`readable`) always comes first, and a language merely near in script
# but not usually learnt is left out. Belarusian: nearly all readers use Russian daily (census of 2019).
# Ukrainian: Russian is read by most older customers, but is unwelcome to many; English and Polish first.
# Baltic states, Georgia: English before Russian for the same reason. Central Asia, Armenia: Russian is
# taught to all. Catalan, Galician, Basque, Welsh, Breton and their like: the state's language is read by all.
# Written Scandinavian, Czech–Slovak, South Slavic, Romance neighbours: studies of mutual intelligibility
# (Gooskens et al. 2018, "Mutual intelligibility between closely related languages in Europe").
_READABLE = {
    "be": "ru uk pl en", "uk": "en pl ru", "ru": "be uk en",
    "kk": "ru en", "ky": "ru en", "tg": "ru en", "uz": "ru en", "tk": "ru en", "tt": "ru en", "ba": "ru en",
    "cv": "ru en", "ce": "ru en", "sah": "ru en", "hy": "ru en", "az": "tr en ru", "ka": "en ru",
    "et": "en fi ru", "lv": "en ru", "lt": "en pl ru",
    "ca": "es en fr", "gl": "es pt en", "eu": "es fr en", "oc": "fr es en", "es": "gl ca pt en", "pt": "gl es en",
    "it": "en es fr", "co": "fr it en", "br": "fr en", "fr": "en", "lb": "de fr en", "ro": "en fr it",
    "cs": "sk en", "sk": "cs en", "pl": "en", "sl": "hr en", "hr": "bs sr-Latn en", "bs": "hr sr-Latn sr en",
    "sr": "sr-Latn bs hr en", "sr-Latn": "sr bs hr en", "mk": "sr bg en", "bg": "mk en", "sq": "en it",
    "da": "nb nn sv en", "nb": "nn da sv en", "nn": "nb da sv en", "sv": "nb da nn en", "fo": "da nb en",
    "is": "en da", "fi": "en sv", "de": "en", "nl": "en de", "fy": "nl en", "af": "nl en", "yi": "en de he",
    "cy": "en", "ga": "en", "gd": "en", "mt": "en it", "hu": "en de", "el": "en", "tr": "az en", "en": "",
    "ms": "id en", "id": "ms en", "tl": "en", "jv": "id en", "su": "id en", "mi": "en",
    "hi": "en", "mr": "hi en", "ne": "hi en", "gu": "hi en", "pa": "hi en", "sa": "hi en",
    "bn": "en", "ta": "en", "te": "en", "kn": "en", "ml": "en", "si": "en", "ur": "en",
    "zh": "zh-Hant en", "zh-Hant": "zh en", "yue": "zh-Hant zh en", "ja": "en", "ko": "en",
    "ar": "en fr", "fa": "en", "ps": "fa en", "ckb": "ar en", "ku": "tr en", "ug": "zh en", "he": "en ru",
    "bo": "zh en",
    "sw": "en", "am": "en", "zu": "en", "xh": "en", "yo": "en", "ig": "en", "ha": "en", "so": "en ar",
    "rw": "en fr", "wo": "fr", "mg": "fr", "ht": "fr en", "ln": "fr",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A text of the article, and why it was chosen."""

    text: Text
    why: Why

    @property
    def is_in_language(self) -> bool:
        """Whether it is in the customer's language, so that nothing needs translating."""
        return self.why in ("exact", "variant")


def choose_text(article: Article, language: str, *, default_language: str, readable: Sequence[str] = ()) -> Choice:
    """Return the article's best text for a customer of this language, without translating.

    In order: a person's text in the language itself, in its base language or another region's variant
    of it (same script); a machine's, likewise; then the languages the customer says they read
    (``readable``), those they probably read, the knowledge's default language, and any. Within a
    language a person's text comes before a machine's.
    """
    text = _best(article.texts, language)
    if text is not None:
        same = tags.canonical(text.language) == tags.canonical(language)
        return Choice(text=text, why="exact" if same else "variant")
    for other in (*readable, *probably_read(language)):
        text = _best(article.texts, other)
        if text is not None:
            return Choice(text=text, why="readable")
    text = _best(article.texts, default_language)
    if text is not None:
        return Choice(text=text, why="default")
    return Choice(text=sorted(article.texts, key=lambda text: (text.origin, text.language))[0], why="any")


def choose_source(
    article: Article, target: str, *, default_language: str, route: Callable[[str, str], Route | None]
) -> Text | None:
    """Return the text a machine should translate into the target language; None when no engine leads there.

    A person's text before a machine's, a direct route before a pivot, the default language before the
    others (it is the one most carefully written).
    """
    ranked: list[tuple[tuple[bool, int, bool, str], Text]] = []
    for text in article.texts:
        found = route(text.language, target)
        if found is not None:
            is_default = tags.base(text.language) == tags.base(default_language)
            ranked.append(((text.origin == "machine", len(found.legs), not is_default, text.language), text))
    return min(ranked, key=lambda entry: entry[0])[1] if ranked else None


def probably_read(language: str) -> tuple[str, ...]:
    """Return the languages a reader of this one probably reads as well, likeliest first."""
    known = _READABLE.get(tags.base(language), _READABLE.get(tags.base(language).split("-")[0], "en"))
    return tuple(known.split())


def _best(texts: Sequence[Text], language: str) -> Text | None:
    """Return the best text of this language and script: a person's, then the nearest regional variant."""
    try:
        wanted, family = tags.canonical(language), tags.base(language)
    except ArticleError:
        return None  # a customer's list of languages may hold anything, such as "*"
    return min(
        (text for text in texts if tags.base(text.language) == family),
        key=lambda text: (
            text.origin == "machine",
            tags.canonical(text.language) != wanted,
            tags.canonical(text.language) != family,
            text.language,
        ),
        default=None,
    )
