"""Questions as hurried customers type them: slips, Latin letters, the wrong keyboard, no marks, no spaces.

Written for measuring and shared with nothing that is measured: neither the encoder's training nor the
product's readings of a question know these tables. Every kind is deterministic: the same text gives the
same noise.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

LETTERS_PER_SLIP = 8

_QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_QWERTZ = ("qwertzuiopü", "asdfghjklöä", "yxcvbnm")
_AZERTY = ("azertyuiop", "qsdfghjklm", "wxcvbn")
_RUSSIAN = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_UKRAINIAN = ("йцукенгшщзхї", "фівапролджє", "ячсмитьбю")
_BELARUSIAN = ("йцукенгшўзх", "фывапролджэ", "ячсмітьбю")
_KEYBOARDS = {
    "de": _QWERTZ, "cs": _QWERTZ, "hu": _QWERTZ, "sk": _QWERTZ, "sl": _QWERTZ, "hr": _QWERTZ, "sq": _QWERTZ,
    "fr": _AZERTY, "ru": _RUSSIAN, "uk": _UKRAINIAN, "be": _BELARUSIAN, "bg": _RUSSIAN, "mk": _RUSSIAN,
}  # fmt: skip

# The keys of one keyboard after another, row by row, on a board of the United States and one of Russia.
_KEYS_LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,./"
_KEYS = {
    "ru": "ёйцукенгшщзхъфывапролджэячсмитьбю.",
    "uk": "'йцукенгшщзхїфівапролджєячсмитьбю.",
    "be": "ёйцукенгшўзх'фывапролджэячсмітьбю.",
}

# How people write letters that the Latin alphabet has not: each takes one column and mostly keeps to it.
_HABITS: Mapping[str, Sequence[str]] = {
    "а": ("a",), "б": ("b",), "в": ("v", "v", "w"), "г": ("g",), "ґ": ("g",), "д": ("d",), "е": ("e",),
    "ё": ("e", "yo", "jo", "e"), "є": ("ye", "e", "je", "ie"), "ж": ("zh", "j", "zh", "z"), "з": ("z",),
    "и": ("i",), "і": ("i",), "ї": ("yi", "i", "ji", "i"), "й": ("y", "i", "j", "y"), "к": ("k",), "л": ("l",),
    "м": ("m",), "н": ("n",), "о": ("o",), "п": ("p",), "р": ("r",), "с": ("s",), "т": ("t",), "у": ("u",),
    "ў": ("u", "w", "u", "v"), "ф": ("f",), "х": ("h", "kh", "x", "h"), "ц": ("c", "ts", "c", "ts"),
    "ч": ("ch", "ch", "4", "ch"), "ш": ("sh", "sh", "sh", "w"), "щ": ("sch", "shch", "sh", "w"),
    "ъ": ("", "", "'", ""), "ы": ("y", "i", "y", "y"), "ь": ("", "'", "", ""), "э": ("e",),
    "ю": ("yu", "ju", "u", "iu"), "я": ("ya", "ja", "ia", "ya"), "'": ("", "'"), "’": ("", "'"),
}  # fmt: skip
_UKRAINIAN_HABITS = {"г": ("h", "g", "h", "g"), "и": ("y", "y", "i", "y")}
_BELARUSIAN_HABITS = {"г": ("h", "g", "h", "g")}
_COLUMNS = 4

_WITHOUT_BELARUSIAN_KEYS = (
    {"ў": "у", "і": "и", "'": "ъ", "’": "ъ"},
    {"ў": "у", "і": "i", "'": "", "’": ""},  # i of the Latin keyboard
    {"ў": "у", "і": "и", "'": "", "’": ""},
    {"ў": "в", "і": "и", "'": '"', "’": '"'},
)
_UNMARKED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ß": "ss"})
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})

CYRILLIC = ("ru", "uk", "be")


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """A kind of noise; ``languages`` are those it happens in, None for all."""

    name: str
    make: Callable[[str, str, random.Random], str]
    languages: tuple[str, ...] | None = None

    def __call__(self, text: str, language: str) -> str:
        """Return the text as it might have been typed, the same every time."""
        base = language.split("-")[0]
        return self.make(text.lower(), base, random.Random(f"{self.name}/{base}/{text}"))

    def happens_in(self, language: str) -> bool:
        """Tell whether questions in the language suffer from it."""
        return self.languages is None or language.split("-")[0] in self.languages


def slips(text: str, language: str, draw: random.Random, *, letters: int = LETTERS_PER_SLIP) -> str:
    """Return the text with a slip of the finger every so many letters, at least one."""
    beside = _neighbours(_KEYBOARDS.get(language, _QWERTY))
    spots = [place for place, character in enumerate(text) if character.isalpha()]
    chosen = sorted(draw.sample(spots, min(len(spots), max(1, round(len(spots) / letters)))), reverse=True)
    for place in chosen:
        text = _slipped(text, place, beside, draw)
    return text


def one_slip(text: str, language: str, draw: random.Random) -> str:
    """Return the text with a single slip of the finger."""
    return slips(text, language, draw, letters=len(text) + 1)


def in_latin(text: str, language: str, draw: random.Random) -> str:
    """Return a Cyrillic text in Latin letters, in one person's habits."""
    habits = {**_HABITS, **{"uk": _UKRAINIAN_HABITS, "be": _BELARUSIAN_HABITS}.get(language, {})}
    column = draw.randrange(_COLUMNS)
    # Nobody writes the same letters for everything: a letter in four follows another habit, all through the text.
    kept = {
        letter: forms[(column if draw.random() < 0.75 else draw.randrange(_COLUMNS)) % len(forms)]
        for letter, forms in habits.items()
    }
    if kept["ш"] == "w" or kept["щ"] == "w" or kept["ў"] == "w":
        kept["в"] = "v"
    return "".join(kept.get(character, character) for character in text)


def wrong_keyboard(text: str, language: str, draw: random.Random) -> str:
    """Return a text typed while the keyboard was set to the other alphabet: привет becomes ghbdtn."""
    if language in _KEYS:
        return text.translate(str.maketrans(_KEYS[language], _KEYS_LATIN))
    return text.translate(str.maketrans(_KEYS_LATIN, _KEYS["ru"]))


def without_belarusian_keys(text: str, language: str, draw: random.Random) -> str:
    """Return a Belarusian text typed on a Russian keyboard."""
    habit = draw.choice(_WITHOUT_BELARUSIAN_KEYS)
    return "".join(habit.get(character, character) for character in text)


def unmarked(text: str, language: str, draw: random.Random) -> str:
    """Return the text with no diacritics on its Latin letters."""
    parts = unicodedata.normalize("NFD", text)
    bare = "".join(character for character in parts if not "\u0300" <= character <= "\u036f")
    return unicodedata.normalize("NFC", bare).translate(_UNMARKED)


def written_out(text: str, language: str, draw: random.Random) -> str:
    """Return the text with ae, oe, ue and ss for what the keyboard lacks."""
    return text.translate(_WRITTEN_OUT)


def one_space_missing(text: str, language: str, draw: random.Random) -> str:
    """Return the text with two of its words run together."""
    gaps = [match.start() for match in re.finditer(r"(?<=\w) (?=\w)", text)]
    if not gaps:
        return text
    place = draw.choice(gaps)
    return text[:place] + text[place + 1 :]


def no_spaces(text: str, language: str, draw: random.Random) -> str:
    """Return the text with all of its words run together."""
    return text.replace(" ", "")


def doubled(text: str, language: str, draw: random.Random) -> str:
    """Return the text with a letter every so many letters typed twice."""
    spots = [place for place, character in enumerate(text) if character.isalpha()]
    for place in sorted(draw.sample(spots, min(len(spots), max(1, len(spots) // LETTERS_PER_SLIP))), reverse=True):
        text = text[:place] + text[place] + text[place:]
    return text


def capitals(text: str, language: str, draw: random.Random) -> str:
    """Return the text shouted."""
    return text.upper()


def unsigned(text: str, language: str, draw: random.Random) -> str:
    """Return the text without signs, apostrophes neither."""
    return " ".join("".join(c for c in text if not unicodedata.category(c).startswith("P")).split())


_MARKED = ("de", "fr", "es", "pl", "cs", "tr", "vi", "pt", "ro", "hu", "sv", "nb", "da", "is", "ca", "sk", "it",
           "ga", "sq", "hr", "lt", "lv", "fi", "az", "ms")  # fmt: skip

NOISES = (
    Noise(name="one slip", make=one_slip),
    Noise(name=f"a slip per {LETTERS_PER_SLIP} letters", make=slips),
    Noise(name="doubled letters", make=doubled),
    Noise(name="one space missing", make=one_space_missing),
    Noise(name="no spaces", make=no_spaces),
    Noise(name="no diacritics", make=unmarked, languages=_MARKED),
    Noise(name="umlauts written out", make=written_out, languages=("de", "sv", "nb", "da")),
    Noise(name="in Latin letters", make=in_latin, languages=CYRILLIC),
    Noise(name="wrong keyboard", make=wrong_keyboard, languages=(*CYRILLIC, "en")),
    Noise(name="no ў and і", make=without_belarusian_keys, languages=("be",)),
    Noise(name="capitals", make=capitals),
    Noise(name="no signs", make=unsigned),
)


def _neighbours(rows: Sequence[str]) -> dict[str, str]:
    beside: dict[str, str] = {}
    for number, row in enumerate(rows):
        for place, key in enumerate(row):
            near = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
            if number:  # a row lies half a key to the right of the one above
                near += rows[number - 1][place : place + 2]
            if number + 1 < len(rows):
                near += rows[number + 1][max(0, place - 1) : place + 1]
            beside[key] = near
    return beside


def _slipped(text: str, place: int, beside: Mapping[str, str], draw: random.Random) -> str:
    letter = text[place]
    near = beside.get(letter, "")
    kind = draw.choice(("insert", "delete", "swap", "replace")) if near else draw.choice(("delete", "swap", "double"))
    after = text[place + 1 : place + 2]
    if kind == "swap" and after.isalpha() and after != letter:
        return text[:place] + after + letter + text[place + 2 :]
    if kind == "insert":
        return text[:place] + letter + draw.choice(near) + text[place + 1 :]
    if kind == "replace":
        return text[:place] + draw.choice(near) + text[place + 1 :]
    if kind == "double":
        return text[:place] + letter + text[place:]
    return text[:place] + text[place + 1 :]
