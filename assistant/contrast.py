"""Contrast: a question and a wording made of the same words that may still ask for opposite things.

An encoder that adds up words hears no difference between "from Minsk to Berlin" and "from Berlin to Minsk".
Where a knowledge base holds only one of the two, the other is found with full confidence; so the words are
compared once more, narrowly. A language's negations, marks of order and opposites are data in
``assistant/contrast.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from assistant.contrast_words import ARABIC, Words, are_forms, bare, beginning, parted, without, words_of
from index.analysis import normal_form

Contrast = Literal["same_words_other_order", "only_negation_differs", "only_number_differs", "only_opposite_differs"]

_LONGEST = 1_000  # characters; two longer texts with the same words are the same text
_LENGTHS = 0.5  # the shorter over the longer; below it they are not made of the same words
_SHORTEST = 5  # words of a sentence; fewer are keywords, whose order means nothing
_RESIDUE = 6  # words without a counterpart on one side; more are not looked at for other forms
_DIFFERING = 6  # words as they are written that only one side has; more than any of the four ways leaves
_ENDING = 4  # letters by which two forms of a word may differ in length
_SIGNS = " ¿?¡!.…؟。？！"
_NT = re.compile("(?<=n)['’](?=t)", re.IGNORECASE)
_EITHER_OR = re.compile("(.)[不没]\\1")  # 能不能, 有没有: whether, not a negation
_DIGITS = re.compile(r"\d+")
_GROUPED = re.compile(r"(?<=\d)[.,\u00a0\u202f](?=\d{3}(?!\d))")  # 1,000 is 1000


class _Reading(NamedTuple):
    """A text's words in order, negations taken out, and whether there were any; None where they mean nothing."""

    words: tuple[str, ...]
    is_negated: bool | None


def contrast(question: str, wording: str, language: str) -> Contrast | None:
    """Tell in which one way a question differs from a wording in a language, where it is one that turns the meaning.

    None where they differ in any other way, or not at all. Reads at most 1,000 characters of each.
    """
    shorter, longer = sorted((len(question), len(wording)))
    if longer > _LONGEST or shorter < _LENGTHS * longer:
        return None
    if len(set(question.lower().strip(_SIGNS).split()) ^ set(wording.lower().strip(_SIGNS).split())) > _DIFFERING:
        return None
    known = words_of(base := language.split("-")[0])
    asked, kept = _read.__wrapped__(question, base), _read(wording, base)
    words, rest, other_rest, changed = _aligned(asked.words, kept.words, known)
    heavy, other_heavy = ([word for word in some if word not in known.light] for some in (rest, other_rest))
    is_negated = asked.is_negated, kept.is_negated
    if known.prefix and len(heavy) == len(other_heavy) == 1 and is_negated == (False, False):
        pair = sorted((heavy[0], other_heavy[0]), key=len)
        if _is_form(known.prefix + pair[0], pair[1]):
            return "only_negation_differs"
    if bool(is_negated[0]) == bool(is_negated[1]):
        # A light word may be the opposite: "schalte ich es ein", "schalte ich es aus".
        all_words, heavy_ones = (rest, other_rest), (heavy, other_heavy)
        if _are_opposites(*all_words, asked.words, known) or (
            all_words != heavy_ones and _are_opposites(*heavy_ones, asked.words, known)
        ):
            return "only_opposite_differs"
    if heavy or other_heavy:
        return "only_number_differs" if is_negated[0] == is_negated[1] and _is_number(heavy, other_heavy) else None
    if is_negated[0] != is_negated[1]:
        return None if None in is_negated else "only_negation_differs"
    # As many light words on either side: an article may be another one, a part of speech must not be missing.
    if len(rest) != len(other_rest) or len(words) < _SHORTEST or known.order is None:
        return None
    return "same_words_other_order" if _is_turned(asked.words, words, known, changed) else None


def _aligned(
    asked: Sequence[str], kept: Sequence[str], known: Words
) -> tuple[tuple[str, ...], list[str], list[str], set[str]]:
    """Put the question's own form in the place of each kept word that is the same, or another form of it.

    Returns the kept words thus written, what either side has besides, and the words whose forms differ.
    """
    rest, other_rest = without(asked, kept), without(kept, asked)
    if not rest or not other_rest or len(rest) > _RESIDUE or len(other_rest) > _RESIDUE:
        return tuple(kept), rest, other_rest, set()
    forms: dict[str, list[str]] = {}
    changed: set[str] = set()
    for word in list(other_rest):
        # Opposites, too, may share all but their endings: "login", "logout".
        for form in rest:
            # Most pairs are told apart by their first letters, which no form changes but for an Arabic article.
            if (form[0] == word[0] or form[0] in ARABIC) and _is_form(form, word) and (form, word) not in known.apart:
                forms.setdefault(word, []).append(form)
                changed.add(form)
                rest.remove(form)
                other_rest.remove(word)
                break
    # A word that is there twice may have its counterpart once in the same form and once in another.
    return tuple(forms[word].pop(0) if forms.get(word) else word for word in kept), rest, other_rest, changed


def _is_form(one: str, other: str) -> bool:
    """Tell whether two words share all but their endings, or an Arabic article; numbers never do."""
    if one[0] in ARABIC and other[0] in ARABIC:
        one, other = bare(one), bare(other)
    common = max(3, min(len(one), len(other)) - 2)
    if one[:common] != other[:common] or abs(len(one) - len(other)) > _ENDING:
        return False
    return one == other or not (_DIGITS.search(one) or _DIGITS.search(other))


def _is_number(rest: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether what is left are numbers, as many and of the same thing, and not the same ones."""
    if len(rest) != len(other) or not all(map(_DIGITS.search, rest)):
        return False
    return sorted(_DIGITS.sub("0", word) for word in rest) == sorted(_DIGITS.sub("0", word) for word in other)


def _are_opposites(rest: Sequence[str], other: Sequence[str], words: Sequence[str], known: Words) -> bool:
    """Tell whether what is left are forms of two opposites, all of whose shared words are among the words."""
    if not rest or not other:
        return False
    return any(
        are_forms(rest, pair.ours)
        and are_forms(other, pair.theirs)
        and all(any(map(shared.has, words)) for shared in pair.shared)
        for pair in known.opposites.get(beginning(rest[0]), ())
    )


def _is_turned(asked: Sequence[str], kept: Sequence[str], known: Words, changed: set[str]) -> bool:
    """Tell whether words that are not light have changed their parts."""
    if any(word in known.joins and after not in known.marks for word, after in pairwise(asked[1:])):
        return False
    if _marked(asked, known) != _marked(kept, known):
        return True
    if known.order == "free":
        # Who does what to whom is in the endings: two words must have exchanged theirs, and their places.
        ours, theirs = ([word for word in words if word in changed] for words in (asked, kept))
        return len(changed) > 1 and ours != theirs
    if known.order == "strict":
        asked, kept = ([word for word in words if word not in known.light] for words in (asked, kept))
    places = [place for place, (one, other) in enumerate(zip(asked, kept, strict=True)) if one != other]
    # Neighbours that change places are "password reset" and "reset password".
    return len(places) == 2 and places[1] - places[0] > 1 and known.light.isdisjoint(asked[place] for place in places)


def _marked(words: Sequence[str], known: Words) -> list[tuple[str, str]]:
    """Return each mark with the word that follows it, light ones left out, sorted."""
    found: list[tuple[str, str]] = []
    mark = ""
    for word in words:
        if word in known.marks:
            mark = word
        elif mark and word not in known.light:
            found.append((mark, word))
            mark = ""
    return sorted(found)


@lru_cache(maxsize=8_192)
def _read(text: str, language: str) -> _Reading:
    known = words_of(language)
    if "," in text or "." in text:
        text = _GROUPED.sub("", text)
    folded = normal_form(_NT.sub("", text) if "'" in text or "’" in text else text)
    words = parted(_EITHER_OR.sub(r"\1", folded) if "不" in folded or "没" in folded else folded)
    if not known.fused.keys().isdisjoint(words):
        words = [part for word in words for part in known.fused.get(word, (word,))]
    if known.negators.isdisjoint(words) and known.negated.keys().isdisjoint(words):
        return _Reading(tuple(words), False)
    is_polite = any(phrase in f" {folded} " for phrase in known.polite)
    left = tuple(known.negated.get(word, word) for word in words if word not in known.negators)
    return _Reading(left, None if is_polite else True)
