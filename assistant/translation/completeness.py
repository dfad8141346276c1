"""Completeness: whether a translation says all that its source says, as far as lengths can tell."""

from __future__ import annotations

import re
import unicodedata

from assistant.translation.sentences import split

# Of 47,111 translations by people in 207 pairs of languages, the limits on a whole text refuse 0.06 %, and those on its
# lines and sentences 0.28 % more; of those, most leave out part of the source, as writers of help pages and titles may.
MAX_RATIO = 4.0  # letters of the longer text per letter of the shorter one; Europarl's language pairs stay below 2
SLACK = 20  # letters by which short texts may differ beyond the ratio
MIN_LINE = 60  # letters from which a line's length tells something
MIN_LINE_RATIO = 0.5
MIN_SENTENCE_RATIO = 0.4
MIN_RATIO_UNFINISHED = 0.7  # where the mark that ended the line is gone,
MIN_UNFINISHED = 20  # of a line of so many letters at least
MIN_RATIO_FEWER = 0.7  # where there are fewer sentences

_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")
_CJK_WEIGHT = 2.5  # letters of an alphabet that one ideograph or syllable stands for, roughly
_LINE_ENDS = re.compile(r"\r\n|[\n\r]")
_FINISHED = re.compile(r"[.!?…؟۔।॥。！？｡։።][\"'»”’)\]」』”）]*\s*\Z")
_UNMARKED = re.compile(r"[\u0e00-\u0eff]")  # Thai and Lao end no sentence with a mark


def find_missing(source: str, translated: str, source_words: str, translated_words: str) -> str:
    """Return in a phrase how much shorter or longer a translation is than it may be; empty when it is not.

    ``source_words`` and ``translated_words`` are the texts without their protected parts, as engines get them.
    """
    before, after = _weight(source_words), _weight(translated_words)
    if after > before * MAX_RATIO + SLACK or before > after * MAX_RATIO + SLACK or (before and not after):
        return f"it is {after:.0f} letters long where the original has {before:.0f}"
    texts, words = (_lines(source), _lines(translated)), (_lines(source_words), _lines(translated_words))
    if len({len(lines) for lines in (*texts, *words)}) > 1:  # a protected part went over a line's end
        texts, words = ([source], [translated]), ([source_words], [translated_words])
    lines = zip(*texts, *words, strict=True)
    return next((fault for line in lines if (fault := _find_missing_of_line(*line))), "")


def _find_missing_of_line(source: str, translated: str, source_words: str, translated_words: str) -> str:
    before, after = _weight(source_words), _weight(translated_words)
    if before >= MIN_LINE and after < before * MIN_LINE_RATIO:
        return f"a line of {before:.0f} letters has become {after:.0f}"
    if _UNMARKED.search(translated):
        return ""
    is_unfinished = _FINISHED.search(source) and translated.rstrip()[-1:].isalpha()
    if is_unfinished and before >= MIN_UNFINISHED and after < before * MIN_RATIO_UNFINISHED:
        return f"a line ends without its mark, {after:.0f} letters long where the original has {before:.0f}"
    sentences, translations = _sentences(source_words), _sentences(translated_words)
    if len(translations) < len(sentences):
        if after < before * MIN_RATIO_FEWER:
            return f"{len(sentences)} sentences have become {len(translations)}, {before:.0f} letters {after:.0f}"
    elif len(translations) == len(sentences):
        for length, translated_length in zip(sentences, translations, strict=True):
            if length >= MIN_LINE and translated_length < length * MIN_SENTENCE_RATIO:
                return f"a sentence of {length:.0f} letters has become {translated_length:.0f}"
    return ""


def _lines(text: str) -> list[str]:
    return _LINE_ENDS.split(text)


def _sentences(line: str) -> list[float]:
    """Return the lengths of a line's sentences."""
    return [weight for sentence in split(line, limit=len(line) + 1) if (weight := _weight(sentence.text))]


def _weight(words: str) -> float:
    """Return how many letters of an alphabet a text is worth; vowel signs count as letters."""
    if words.isascii():
        return sum(map(str.isalpha, words))
    letters = [sign for sign in words if sign.isalpha() or unicodedata.category(sign).startswith("M")]
    return len(letters) + (_CJK_WEIGHT - 1) * len(_CJK.findall("".join(letters)))
