"""What of a message speaks for a language: its words, without links, codes, marks and placeholders."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from assistant.detection.scripts import SCRIPTS, codes, dominant_script, scripts_of

MAX_RAW_CHARACTERS: Final = 4_000
MAX_CHARACTERS: Final = 600
"""Letters looked at; accuracy stops rising long before."""

_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
# These two are tried at every character of every text: what a hit begins with comes first, context after.
_CAPITALS: Final = re.compile(r"[A-Z](?<![^\W\d_][A-Z])[A-Z]{1,4}(?![^\W\d_])")
_INNER_CAPITAL: Final = re.compile(r"[a-z][A-Z]")
_SUSPECT: Final = re.compile(r"[0-9@<>{}%&_/\\$.:](?:(?<![.:])|(?<=\w\.)\w|(?<=:)\w)")
_SPEECHLESS: Final = re.compile(
    r"""
      (?:https?|ftp|file)://\S{1,2000} | \bwww\.\S{1,2000}            # links
    | [\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}                 # e-mail addresses, @names
    | @\w{1,64}
    | </?[A-Za-z!][^<>]{0,300}>                                       # mark-up
    | &\#?\w{1,31};
    | \{\{?[^{}]{0,80}\}?\} | %\([^()]{0,60}\)[a-z]? | %\w\b | \$\w{1,60} | \[\[[^\[\]]{0,60}\]\]
    | :[a-z0-9_+-]{2,40}:                                             # :emoji_names:
    | (?<![A-Za-z0-9])[A-Za-z]{0,20}(?:[-_./\\][A-Za-z]{0,20}){0,3}[0-9][A-Za-z0-9_./\\-]{0,100}
    | (?<![^\W_])\w{1,60}(?:_\w{0,60}){1,8}                           # snake_case names
    | (?:[A-Za-z0-9-]{1,63}\.){1,5}
      (?:com|net|org|info|biz|eu|io|app|dev|shop|store|ru|by|ua|de|pl|fr|uk|us
        |pdf|docx?|xlsx?|pptx?|txt|csv|png|jpe?g|gif|zip|exe|apk|dmg|mp[34])\b(?:/\S{0,500})?
    | (?:[A-Za-z]:)?(?:[\\/][\w.-]{1,60}){2,10}                       # file paths
    """,
    re.VERBOSE | re.IGNORECASE,
)
_APOSTROPHES: Final = str.maketrans(
    {
        "’": "'", "ʼ": "'", "‘": "'", "`": "'", "´": "'", "ʻ": "'",
        "\u0307": None,                                # what lower() leaves of the Turkish İ
        "\u0640": None,                                # the Arabic stretching stroke
        "\u00ad": None, "\u200b": None, "\u200e": None, "\u200f": None, "\u2066": None, "\u2067": None,
        "\u2068": None, "\u2069": None, "\u202a": None, "\u202b": None, "\u202c": None, "\u202d": None,
        "\u202e": None, "\ufeff": None,
        **{chr(point): None for point in range(0x64B, 0x653)},   # Arabic vowel signs
    }
)  # fmt: skip

_TRANSLATED: Final = re.compile(f"[{''.join(map(chr, _APOSTROPHES))}]")


def fold(text: str) -> str:
    """Compatibility-normalised lower case, direction marks removed, one kind of apostrophe.

    `str.lower` and not `str.casefold`: the latter writes ``ß`` as ``ss`` and hides German.
    """
    if text.isascii():
        return text.lower().replace("`", "'")
    lowered = unicodedata.normalize("NFKC", text).lower()
    return lowered.translate(_APOSTROPHES) if _TRANSLATED.search(lowered) else lowered


def words_of(text: str) -> list[str]:
    """Folded words of a text: runs of letters, apostrophes inside kept; nothing else is removed."""
    return _WORD.findall(fold(text))


def significant_words(text: str) -> list[str]:
    """Words that can speak for a language, in order, folded, at most `MAX_CHARACTERS` letters.

    Links, addresses, mark-up, placeholders, numbers, codes with digits and file names are taken
    out first, then short abbreviations in Latin capitals (``PIN``, ``VPN``) and names with a capital
    inside (``iPhone``), unless the whole message is written so.
    """
    if len(text) > MAX_RAW_CHARACTERS:
        text = text[:MAX_RAW_CHARACTERS]
    if _SUSPECT.search(text):
        text = _SPEECHLESS.sub(" ", text)
    folded = fold(text)
    if len(folded) > MAX_CHARACTERS:
        folded = folded[:MAX_CHARACTERS]
    words = _WORD.findall(folded)
    if words and _CAPITALS.search(text):
        abbreviations = _abbreviations(text)
        if abbreviations:
            words = [word for word in words if word not in abbreviations]
    if words and _INNER_CAPITAL.search(text):
        names = _names(text)
        if names:
            words = [word for word in words if word not in names]
    return words


def _abbreviations(text: str) -> Collection[str]:
    tokens = _WORD.findall(text[:MAX_CHARACTERS])
    capitals = {token for token in tokens if _CAPITALS.fullmatch(token)}
    loud = sum(token.isupper() for token in tokens)
    if loud == len(tokens) and (len(tokens) > 2 or any(len(token) > 5 for token in tokens)):
        return ()
    return {token.lower() for token in capitals}


def words_in_script(words: list[str], script: str) -> list[str]:
    """Those of ``words`` whose letters are mostly of ``script``; for ``han`` also split at other letters."""
    if script == "han":
        wanted = SCRIPTS.index("han")
        joined = " ".join(words)
        kept = scripts_of(codes(joined)) == wanted
        return "".join(character if keep else " " for character, keep in zip(joined, kept, strict=True)).split()
    return [word for word in words if dominant_script(word) == script]


def _names(text: str) -> Collection[str]:
    tokens = _WORD.findall(text[:MAX_CHARACTERS])
    names = {token.lower() for token in tokens if _INNER_CAPITAL.search(token)}
    return () if len(tokens) > 2 and 2 * len(names) > len(tokens) else names
