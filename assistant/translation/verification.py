"""Verification: whether a machine's translation may be shown to a customer."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from assistant.translation import tags
from assistant.translation.completeness import find_missing
from assistant.translation.errors import TranslationUnsafeError
from assistant.translation.glossary import EMPTY, Glossary
from assistant.translation.protection import Found, find_again

# Of 47,111 translations by people in 207 pairs of languages (help pages, interfaces, search questions), these limits
# refuse 0.09 % for their script, 0.02 % for words left as they are, none for repetition.
MAX_REPEATS = 3  # times a phrase may follow itself
MIN_SCRIPT_SHARE = 0.5  # of the letters; names of goods keep their own script
MIN_LETTERS = 12  # below this a text's script says nothing: it may be one brand name
MIN_OWN_SHARE = 0.15  # where all the other letters are words of the original, such as a song's name
MIN_COPIED_WORDS = 8  # as many words in a row unaltered are no translation, even between near languages
MAX_COPIED_RUN = 12  # words of the original in a row, in the midst of a translation

_WORD = re.compile(r"[^\W\d_]+")
_REPEATED_WORDS = re.compile(
    rf"\b(\w{{1,40}}(?:\W{{1,3}}\w{{1,40}}){{0,5}})(?:\W{{1,3}}\1\b){{{MAX_REPEATS},}}", re.IGNORECASE
)
_REPEATED_LETTERS = re.compile(r"([^\W\d_]{1,8}?)\1{5,}")
_LEFTOVERS = ("⁇", "\ufffd", "▁", "<unk>", "<pad>", "XQ")
_DIGIT = re.compile(r"\d")
_SIGN = re.compile(r"[`<>\[\]{}\\@#%№$¢£¤¥֏؋৲৳฿៛₠-⃀﷼﹩＄￠￡￥￦]")  # mark-up and amounts are made of them
_BRACKETS = {"(": ")", "（": ")", "「": "」", "『": "』"}  # quotation marks turn round from one language to the next
_CLOSING = {")": ")", "）": ")", "」": "」", "』": "』"}  # either width will do
_DIRECTION_MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # they can hide or turn text round
_LINE_ENDS = re.compile(r"\r\n|[\n\r]")
# Letters of each script by the first words of their Unicode names.
_SCRIPT_NAMES = {
    "Latn": ("LATIN",), "Cyrl": ("CYRILLIC",), "Grek": ("GREEK",), "Arab": ("ARABIC",), "Hebr": ("HEBREW",),
    "Deva": ("DEVANAGARI",), "Beng": ("BENGALI",), "Ethi": ("ETHIOPIC",), "Hans": ("CJK",), "Hant": ("CJK",),
    "Jpan": ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"), "Kore": ("HANGUL", "CJK"),
    "Armn": ("ARMENIAN",), "Geor": ("GEORGIAN",), "Thai": ("THAI",), "Laoo": ("LAO",), "Khmr": ("KHMER",),
    "Mymr": ("MYANMAR",), "Sinh": ("SINHALA",), "Taml": ("TAMIL",), "Telu": ("TELUGU",), "Knda": ("KANNADA",),
    "Mlym": ("MALAYALAM",), "Gujr": ("GUJARATI",), "Guru": ("GURMUKHI",), "Orya": ("ORIYA",), "Tibt": ("TIBETAN",),
}  # fmt: skip


def verify(source: str, translated: str, *, target_language: str | None = None, glossary: Glossary = EMPTY) -> None:
    """Return when the translation may be shown; raise TranslationUnsafeError that names every fault otherwise."""
    faults = find_faults(source, translated, target_language=target_language, glossary=glossary)
    if faults:
        raise TranslationUnsafeError(
            f"The translation cannot be trusted: {'; '.join(faults)}. Show the original, or let a person answer.",
            faults=faults,
        )


def find_faults(
    source: str, translated: str, *, target_language: str | None = None, glossary: Glossary = EMPTY
) -> tuple[str, ...]:
    """Return what is wrong with a translation, one phrase each; empty when nothing was found."""
    found = find_again(source, translated, glossary=glossary, target_language=target_language)
    source_words, translated_words = found.source_words, found.translated_words
    checks = (
        _altered_spans(found),
        _altered_numbers(found),
        _altered_signs(source_words, translated_words),
        _unbalanced(source_words, translated_words),
        _altered_lines(source, translated),
        _strange_characters(source, translated),
        find_missing(source, translated, source_words, translated_words),
        _repetition(source_words, translated_words),
        _copy(source_words, translated_words),
        _strange_script(source_words, translated_words, target_language),
    )
    return tuple(fault for fault in checks if fault)


def _altered_spans(found: Found) -> str:
    if found.is_reordered:
        return "protected parts of one kind have changed places"
    return "; ".join(
        f"{len(those)} protected {what} (first: {those[0][:60]!r})"
        for those, what in ((found.lost, "lost"), (found.made_up, "made up"))
        if those
    )


def _altered_numbers(found: Found) -> str:
    """Compare digits by value, whatever their script; those of terms and their renderings do not count."""
    before, after = (
        Counter(
            unicodedata.decimal(digit)
            for piece in (words, *(part.rendering for part in parts))
            for digit in _DIGIT.findall(piece)
        )
        for words, parts in (
            (found.source_words, found.source_spans),
            (found.translated_words, found.translated_spans),
        )
    )
    return "" if before == after else "its digits are not those of the original"


def _altered_signs(source_words: str, translated_words: str) -> str:
    """Compare signs that are no words of any language, and that mark-up or amounts may be made of."""
    before, after = (Counter(_SIGN.findall(words)) for words in (source_words, translated_words))
    changed = [*(before - after), *(after - before)]
    return f"the sign {changed[0]!r} is not there as often as in the original" if changed else ""


def _unbalanced(source_words: str, translated_words: str) -> str:
    """Look for brackets that lost their counterpart; a source that has such itself (``a)``) tells nothing."""
    open_one = _open_bracket(translated_words)
    return f"the bracket {open_one!r} has no counterpart" if open_one and not _open_bracket(source_words) else ""


def _open_bracket(words: str) -> str:
    waiting: list[str] = []
    for sign in words:
        if sign in _BRACKETS:
            waiting.append(sign)
        elif sign in _CLOSING and not (waiting and _BRACKETS[waiting.pop()] == _CLOSING[sign]):
            return sign
    return waiting[-1] if waiting else ""


def _altered_lines(source: str, translated: str) -> str:
    before, after = (len(_LINE_ENDS.findall(text)) for text in (source, translated))
    return "" if before == after else f"it has {after} line breaks, expected {before}"


def _strange_characters(source: str, translated: str) -> str:
    for leftover in _LEFTOVERS:
        if translated.count(leftover) > source.count(leftover):
            return f"it holds {leftover!r}, a leftover of the engine"
    for character in set(translated) - set(source):
        if character in _DIRECTION_MARKS or unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn"):
            return f"it holds the control character U+{ord(character):04X}"
    return ""


def _repetition(source_words: str, translated_words: str) -> str:
    before, after = _without_marks(source_words), _without_marks(translated_words)
    for pattern in (_REPEATED_WORDS, _REPEATED_LETTERS):
        repeated = pattern.search(after)
        if repeated and not pattern.search(before):
            return f"it repeats {repeated[1][:40]!r}"
    return ""


def _without_marks(words: str) -> str:
    """Drop vowel signs and accents, at which a pattern would see a word end."""
    if words.isascii():
        return words
    return "".join(sign for sign in words if not unicodedata.category(sign).startswith("M"))


def _copy(source_words: str, translated_words: str) -> str:
    before, after = source_words.casefold().split(), translated_words.casefold().split()
    if len(before) >= MIN_COPIED_WORDS and before == after:
        return "it is the original, unaltered"
    before, after = ([word for word in words if any(map(str.isalpha, word))] for words in (before, after))
    runs = {tuple(before[at : at + MAX_COPIED_RUN]) for at in range(len(before) - MAX_COPIED_RUN + 1)}
    for at in range(len(after) - MAX_COPIED_RUN + 1 if runs else 0):
        run = tuple(after[at : at + MAX_COPIED_RUN])
        if run in runs:
            return f"it leaves {' '.join(run)[:40]!r} and more untranslated"
    return ""


def _strange_script(source_words: str, translated_words: str, target_language: str | None) -> str:
    script = tags.script(target_language) if target_language else None
    names = _SCRIPT_NAMES.get(script or "")
    letters = [character for character in translated_words if character.isalpha()]
    if names is None or len(letters) < MIN_LETTERS:
        return ""
    foreign = {letter for letter in set(letters) if unicodedata.name(letter, "").split(" ")[0] not in names}
    share = sum(letter not in foreign for letter in letters) / len(letters)
    if share >= MIN_SCRIPT_SHARE:
        return ""
    if share >= MIN_OWN_SHARE and not _has_strange_words(source_words, translated_words, foreign):
        return ""
    return f"only {share:.0%} of its letters are of the script {script}"


def _has_strange_words(source_words: str, translated_words: str, foreign: set[str]) -> bool:
    """Tell whether letters of another script make words that are no names of the original.

    Names begin with a capital; where the original has none at all, as customers type, any of its words may be one.
    """
    words = _WORD.findall(source_words)
    names = {word.casefold() for word in words if not word.islower()} or {word.casefold() for word in words}
    spelt = "".join(sign if sign in foreign else " " for sign in translated_words)
    return any(word.casefold() not in names for word in spelt.split())
