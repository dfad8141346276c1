"""Russian, Ukrainian and Belarusian typed in other letters: Latin ones, the wrong keyboard, a neighbour's.

Everybody writes Cyrillic in Latin letters by rules of their own, so rules backwards are guesswork. Instead
every word of a list gets a *skeleton*, in which the habits fall together (zh and j, kh, h and x, sch and shch,
y, i and j, ' or nothing); the same is done to what was typed, and equal skeletons are the same word. What no list
has is turned back by the commonest rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product

from index.words import WordList

CYRILLIC = ("ru", "uk", "be")
BORROWING = frozenset({"be", "uk"})  # typed on a Russian keyboard by many

# Standing for one sound each: ž for ж, w for ш and щ, 4 for ч.
_PLAIN = str.maketrans({
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "e", "є": "e", "ж": "ž", "з": "z",
    "и": "i", "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ў": "u", "ф": "f", "х": "h", "ц": "c", "ч": "4", "ш": "w", "щ": "w", "ъ": "",
    "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia", "'": "",
})  # fmt: skip
_SOUNDS = (
    ("shch", "w"), ("sch", "w"), ("sh", "w"), ("tch", "4"), ("ch", "4"), ("kh", "h"), ("zh", "ž"), ("ts", "c"),
    ("tz", "c"), ("x", "h"), ("y", "i"),
)  # fmt: skip
_MERGED = (("w4", "w"), ("iii", "i"), ("ii", "i"), ("ia", "a"), ("ie", "e"), ("io", "o"), ("iu", "u"))
_SILENT = str.maketrans("", "", "'`\"’ʼ")
_DOUBTFUL = {"j": ("i", "ž"), "w": ("w", "v"), "z": ("z", "ž"), "6": ("w",)}
_DOUBTFUL_BELARUSIAN = {**_DOUBTFUL, "w": ("u", "w", "v"), "v": ("v", "u")}
_MOST_DOUBTS = 4  # letters of a word that are tried both ways

_RULES = {
    "shch": "щ", "sch": "щ", "tch": "ч", "zh": "ж", "kh": "х", "ts": "ц", "tz": "ц", "ch": "ч", "sh": "ш",
    "yu": "ю", "ju": "ю", "iu": "ю", "ya": "я", "ja": "я", "ia": "я", "yo": "ё", "jo": "ё", "ye": "е", "je": "е",
    "yi": "ї", "4": "ч", "6": "ш", "a": "а", "b": "б", "v": "в", "w": "в", "g": "г", "d": "д", "e": "е", "z": "з",
    "i": "и", "k": "к", "l": "л", "m": "м", "n": "н", "o": "о", "p": "п", "r": "р", "s": "с", "t": "т", "u": "у",
    "f": "ф", "h": "х", "x": "х", "c": "ц", "q": "к", "j": "ж", "'": "ь",
}  # fmt: skip
_RULES_OF: Mapping[str, Mapping[str, str]] = {
    "ru": {"yi": "ый"},
    "uk": {"h": "г", "i": "і", "y": "и", "ye": "є", "je": "є"},
    "be": {"h": "г", "i": "і", "y": "ы", "e": "э", "w": "ў", "yi": "ыі", "shch": "шч", "sch": "шч"},
}
_RULE = re.compile("shch|sch|tch|zh|kh|ts|tz|ch|sh|yu|ju|iu|ya|ja|ia|yo|jo|ye|je|yi|[a-z46']")
_VOWELS = frozenset("aeiouy")

# The Latin letters that Belarusian was once printed in, and some still write.
LACINKA = str.maketrans({"č": "4", "š": "6", "ž": "j", "ŭ": "w", "ć": "c", "ś": "s", "ź": "z", "ń": "n", "ł": "l"})

_LATIN_KEYS = "`qwertyuiop[]asdfghjkl;'zxcvbnm,./~{}:\"<>?@#$^&"
_KEYS = {
    "ru": "ёйцукенгшщзхъфывапролджэячсмитьбю.ёхъжэбю,\"№;:?",
    "uk": "'йцукенгшщзхїфівапролджєячсмитьбю.'хїжєбю,\"№;:?",
    "be": "ёйцукенгшўзх'фывапролджэячсмітьбю.ёх'жэбю,\"№;:?",
}  # fmt: skip
_TO_CYRILLIC = {language: str.maketrans(_LATIN_KEYS, keys) for language, keys in _KEYS.items()}
_TO_LATIN = {
    language: {ord(key): latin for key, latin in reversed(list(zip(keys[:34], _LATIN_KEYS[:34], strict=True)))}
    for language, keys in _KEYS.items()
}

# Letters that a neighbour's keyboard has in place of one's own.
_BORROWED = {
    "be": str.maketrans({"ў": "у", "щ": "у", "и": "і", "i": "і", "'": None, "ъ": None, '"': None, "ё": "е"}),
    "uk": str.maketrans({"ы": "и", "і": "и", "i": "и", "ї": "и", "ё": "е", "є": "е", "э": "е", "ґ": "г", "'": None,
                         "ъ": None, '"': None}),
}  # fmt: skip


def skeletons(word: str, language: str) -> list[str]:
    """Return what a word typed in Latin letters may have in common with listed ones, at most a few dozen."""
    doubtful = _DOUBTFUL_BELARUSIAN if language == "be" else _DOUBTFUL
    doubts, choices = 0, []
    for letter in _replaced(word.translate(_SILENT), _SOUNDS):
        ways = doubtful.get(letter, (letter,))
        doubts += len(ways) > 1
        choices.append(ways if doubts <= _MOST_DOUBTS else ways[:1])
    return list(dict.fromkeys(_joined("".join(way), language) for way in product(*choices)))


def _skeleton(words: str, language: str) -> str:
    """Return Cyrillic words, whatever is between them, as their skeletons."""
    return _joined(_replaced(words.translate(_PLAIN), _SOUNDS), language)


def _joined(sounds: str, language: str) -> str:
    if language != "ru":
        sounds = sounds.replace("g", "h")
    return _replaced(sounds, _MERGED)


def _replaced(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text


class Skeletons:
    """The words of a list by their skeletons; of several words with one, the likeliest."""

    def __init__(self, words: WordList, language: str) -> None:
        self.language = language
        self._words: dict[str, str] = {}
        listed = list(words.logs)  # the more frequent come first
        with_o = [word for word in listed if "ё" in word]
        for some, text in ((listed, "\n".join(listed)), (with_o, "\n".join(with_o).replace("ё", "о"))):
            for key, word in zip(_skeleton(text, language).split("\n"), some, strict=bool(some)):
                self._words.setdefault(key, word)

    def find(self, typed: str) -> list[str]:
        """Return the words that may have been typed in Latin letters."""
        found = (self._words.get(key) for key in skeletons(typed, self.language))
        return [word for word in found if word is not None]


def by_rules(typed: str, language: str) -> str:
    """Return a word typed in Latin letters as the commonest rules write it."""
    own = _RULES_OF[language]

    def letter(match: re.Match[str]) -> str:
        sign = match.group()
        before = typed[match.start() - 1 : match.start()]
        if sign in own:
            return own[sign]
        if sign == "y":
            return "й" if before in _VOWELS and before else "ы"
        if sign == "j" and (before in _VOWELS and before):
            return "й"
        return _RULES[sign]

    return _RULE.sub(letter, typed)


def as_cyrillic_keys(text: str, language: str) -> str:
    """Return a text as the same keys give it on a Cyrillic keyboard: ghbdtn is привет."""
    return text.translate(_TO_CYRILLIC[language])


def as_latin_keys(text: str, language: str) -> str:
    """Return a text as the same keys of a Cyrillic keyboard give it in Latin letters: руддщ is hello."""
    return text.translate(_TO_LATIN[language])


def borrowed(word: str, language: str) -> str:
    """Return what is left of a word when letters that a neighbour's keyboard lacks fall together with those it has."""
    return word.translate(_BORROWED[language])
