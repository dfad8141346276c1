"""Analysis: how a text becomes the terms of the lexical arm, language by language.

Words are folded (NFKC, case, diacritics of Latin, Greek, Cyrillic, Hebrew and Arabic letters) and stemmed
by Snowball where it knows the language. Languages it does not know keep the first five letters of a
longer word: McNamee and Mayfield (2004), "Character n-gram tokenization for European language text
retrieval", found such prefixes close to stemming for inflected languages. Scripts written without
spaces become overlapping pairs of characters, whatever the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from threading import local
from typing import Protocol
from unicodedata import category, normalize

import Stemmer

VERSION = 2  # raise it when the same text would give other terms: generations then analyse anew

_PREFIX = 5  # letters kept of a word in a language without a stemmer
_MAX_WORD = 40  # letters; anything longer is no word a customer would type twice
_MAX_TERMS = 400  # of one text
_MAX_CHARACTERS = 20_000  # of one text

_SNOWBALL = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "nb": "norwegian", "nn": "norwegian", "no": "norwegian", "fa": "persian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

# Han, kana, Hangul, Thai, Lao, Khmer, Myanmar: no spaces between words, or words that glue their particles on.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
)
# Written in other scripts, so that a Latin word in their texts is a foreign one, mostly English.
_NOT_LATIN = frozenset({
    "am", "ar", "be", "bg", "bn", "el", "fa", "gu", "he", "hi", "hy", "ja", "ka", "kk", "km", "kn", "ko", "ky", "lo",
    "mk", "ml", "mn", "mr", "my", "ne", "pa", "ru", "sr", "ta", "te", "th", "uk", "ur", "yi", "zh",
})  # fmt: skip

# Vowel signs of Indic scripts, points of Hebrew and Arabic, accents: parts of a word, though no letters.
_SIGNS = "".join(
    character for character in map(chr, (*range(0x300, 0xE00), *range(0xF00, 0x1000))) if category(character)[0] == "M"
)
_LETTERS = rf"[^\W_{_UNSPACED}]"
_RUNS = re.compile(rf"([{_UNSPACED}]+)|({_LETTERS}+(?:[{_SIGNS}]+{_LETTERS}*)*)")
_PLAIN_RUNS = re.compile("[a-z0-9]+")  # what the same finds in lower case without other letters, four times as fast
_DIACRITICS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0640]+")
_UNDECOMPOSED = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
_INVISIBLE = re.compile("[\u00ad\u200d\u2060\ufeff]+")  # soft hyphen and joiners: inside a word, not between words
# аб'ява, аб’ява and абʼява are one word; in l'adresse there are two.
_APOSTROPHE = re.compile("(?<=[\u0400-\u052f])['’ʼ]+(?=[\u0400-\u052f])")


class _Stem(Protocol):
    def stemWord(self, word: str) -> str: ...


def stemmed_languages() -> frozenset[str]:
    """Return the languages whose words are stemmed by the installed Snowball."""
    known = set(Stemmer.algorithms())
    return frozenset(language for language, name in _SNOWBALL.items() if name in known)


def analysis_id() -> str:
    """Return what a generation records, to know whether its terms still fit this program."""
    return f"{VERSION}/{Stemmer.version()}"


def terms(text: str, language: str | None) -> list[str]:
    """Return the terms of a text in order, repeats kept; ``language`` None means unknown."""
    base = language.split("-")[0] if language else ""
    found: list[str] = []
    for unspaced, word in _RUNS.findall(_lowered(text[:_MAX_CHARACTERS])):
        if unspaced:
            found.extend([unspaced] if len(unspaced) == 1 else _pairs(unspaced))
        else:
            found.append(_term(word[:_MAX_WORD], base))
        if len(found) >= _MAX_TERMS:
            break
    return found[:_MAX_TERMS]


def query_terms(question: str, languages: Iterable[str]) -> list[str]:
    """Return the distinct terms of a question, read in each of the languages it may be in."""
    distinct: dict[str, None] = {}
    for language in languages or ("",):
        distinct.update(dict.fromkeys(terms(question, language)))
    return list(distinct)


def normal_form(question: str) -> str:
    """Return what two questions share when they differ only in case, signs, spacing and diacritics."""
    if question.isascii():
        return " ".join(_PLAIN_RUNS.findall(question.lower()))
    return " ".join(_fold(run.group()) for run in _RUNS.finditer(_lowered(question)))


def _lowered(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Folding the case of İ and ΐ leaves marks of their own behind.
    lowered = normalize("NFKC", normalize("NFKC", text).casefold()).replace("i\u0307", "i")
    return _APOSTROPHE.sub("", _INVISIBLE.sub("", lowered))


def _pairs(run: str) -> list[str]:
    return [run[start : start + 2] for start in range(len(run) - 1)]


def _fold(word: str) -> str:
    if word.isascii():
        return word
    return normalize("NFC", _DIACRITICS.sub("", normalize("NFD", word))).translate(_UNDECOMPOSED)


@lru_cache(maxsize=200_000)
def _term(word: str, language: str) -> str:
    stemmer = _stemmer("en" if language in _NOT_LATIN and word.isascii() else language)
    if stemmer is not None:
        return _fold(stemmer.stemWord(word))
    folded = _fold(word)
    # A number means what it means to its last digit, as VL-204815 does.
    is_number = any(character.isdecimal() for character in folded)
    return folded if is_number else folded[:_PREFIX]


def _stemmer(language: str) -> _Stem | None:
    name = _SNOWBALL.get(language)
    if name is None:
        return None
    mine = _thread.__dict__  # a Stemmer must not be used by two threads at once
    if name not in mine:
        mine[name] = Stemmer.Stemmer(name) if name in Stemmer.algorithms() else None
    stemmer: _Stem | None = mine[name]
    return stemmer


_thread = local()
