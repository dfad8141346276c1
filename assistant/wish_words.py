"""The words of a wish for a language: what languages are called, and what may stand around a name.

Three sources: the ``[wish]`` tables of the phrase files, CLDR's names of languages (by babel), and
``wish.toml`` for what neither has. All words are folded as ``assistant.phrases.recogniser`` folds them.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Literal

from assistant.language_names import Names, names_in
from assistant.phrases.recogniser import fold, lexicon, tokens
from assistant.phrases.speech import WishVocabulary
from assistant.translation import tags

LEAST_STEM = 5  # letters that a form and a name must begin with alike
STEM_SHARE = 0.7  # of the shorter of the two
LONGER_SHARE = 0.6  # and of the longer
_BEGINNING = 4  # letters of a word by which it is told, at first, that it names no language
_WORD = re.compile(r"[^\W_][^\s\-–—.,!?;:…\"'‘’()/]*")
_COMBINING = re.compile("[\u0300-\u036f\u064b-\u065f]")
_UNSPACED_TAGS = ("ja", "zh", "zh-Hant", "ko")  # their refusals stand inside words
_ENGLISH = "en"

Words = tuple[str, ...]
Kind = Literal["own", "listed", "name", "place"]
"""How a language is named: in itself; as a phrase file lists it; as CLDR has it; the same, as a country is called."""


@dataclass(frozen=True, slots=True)
class Naming:
    """One way to name a language; ``tongue`` is the phrase language it is said in, None where anybody says it."""

    tag: str
    kind: Kind
    tongue: str | None = None


@dataclass(slots=True)
class Tongue:
    """What speakers of one phrase language put around a name."""

    around: set[Words] = field(default_factory=set)
    refusals: set[Words] = field(default_factory=set)  # those of ``around`` that turn the name into the contrary
    frames: set[Words] = field(default_factory=set)  # those that stand with names of languages only: "in", "мове"
    places: tuple[str, ...] = ()  # countries that are called nearly as a language is


@dataclass(frozen=True, slots=True)
class _Extra:
    varieties: Mapping[str, Sequence[str]]
    own: Mapping[str, Sequence[str]]
    names: Mapping[str, Mapping[str, Sequence[str]]]
    prefixes: Mapping[str, Sequence[str]]
    suffixes: Mapping[str, Sequence[str]]
    misread: Mapping[str, Sequence[str]]
    refusals: Mapping[str, Sequence[str]]
    requests: Mapping[str, Sequence[str]]


class WishWords:
    """All ways of naming and what goes around them, for the languages that are spoken; never changes once built."""

    def __init__(self, vocabularies: Mapping[str, WishVocabulary], spoken: Collection[str]) -> None:
        """Take the phrase files' tables by tag, and the tags that may be wished for, matched without region."""
        extra = _extra()
        self._spoken = {primary(tag) for tag in spoken}
        self.lexicon = lexicon(_unspaced_texts(vocabularies, extra))
        self.no_asking = frozenset(extra.misread["asking"])
        self.no_names = frozenset(extra.misread["names"])
        spaced = (way for tag, ways in extra.refusals.items() if tag not in _UNSPACED_TAGS for way in ways)
        self._refusal = re.compile("|".join(spaced))
        self.namings: dict[Words, list[Naming]] = defaultdict(list)
        self.stems: dict[str, list[tuple[str, Naming]]] = defaultdict(list)  # by the first letters of a one-word name
        self.tongues: dict[str, Tongue] = {}
        self.varieties: frozenset[Words] = frozenset()
        self._typed: set[str] = set()
        for tag, ways in extra.varieties.items():
            self._add(ways, Naming(tag, "own"))
        self.varieties = frozenset(self.namings)
        # The plainest tag first: who says "中文" and nothing else is taken to write the usual script.
        for tag in sorted(vocabularies, key=lambda each: (each.count("-"), each)):
            self._hear(tag, vocabularies[tag], extra)
        for tag in sorted(self._spoken.difference(map(primary, vocabularies))):
            self._add(_autonyms(tag, extra), Naming(tag, "own"))
        # "Indonesia" names its language to those who speak it, and a country to all others.
        self.countries = frozenset(
            (place,)
            for tag, tongue in self.tongues.items()
            for place in tongue.places
            if any(each.kind == "own" and primary(each.tag) != primary(tag) for each in self.namings.get((place,), ()))
        )
        asking = {word for tongue in self.tongues.values() for group in tongue.around for word in group}
        self._telling = frozenset(_telling(words, asking) for words in self.namings)
        names = self._telling.union(name for each in self.stems.values() for name, _ in each)
        unspaced = sorted(name for name in names if name in self.lexicon)
        self._unspaced = re.compile("|".join(map(re.escape, unspaced)) or "(?!)")
        typed = (word for word in self._typed if fold(word) in names)
        self._beginnings = frozenset(word[:_BEGINNING] for word in names.union(typed))

    def words(self, text: str) -> Words:
        """Return the folded words of a text, without marks."""
        return tuple(word for word in tokens(fold(text), self.lexicon) if word[0].isalnum())

    def refuses(self, word: str) -> bool:
        """Tell whether a folded word turns what is beside it into the contrary, in any language."""
        return self._refusal.fullmatch(word) is not None

    def may_name(self, text: str) -> bool:
        """Return False, fast, where no word of a text can name a language."""
        plain = text.lower()
        if not plain.isascii():
            plain = plain.translate(_plain_letters())
            if self._unspaced.search(plain) or _COMBINING.search(plain):
                return self._has_name(text)
        beginnings = self._beginnings
        if any(word[:_BEGINNING] in beginnings for word in _WORD.findall(plain)):
            return self._has_name(text)
        return False

    def _has_name(self, text: str) -> bool:
        return any(
            word in self._telling or word[:LEAST_STEM] in self.stems for word in tokens(fold(text), self.lexicon)
        )

    def inflected(self, word: str) -> Iterator[Naming]:
        """Yield what a form of a one-word name may name: "немецком" of "немецкий".

        Form and name begin with at least ``LEAST_STEM`` letters alike, with ``STEM_SHARE`` of the shorter one
        and ``LONGER_SHARE`` of the longer; a form that is nearer to a country's name ("в Испанию") names no language.
        """
        if len(word) < LEAST_STEM:
            return
        for name, naming in self.stems.get(word[:LEAST_STEM], ()):
            stem = _common(word, name)
            if stem < STEM_SHARE * min(len(word), len(name)) or stem < LONGER_SHARE * max(len(word), len(name)):
                continue
            assert naming.tongue is not None
            if all(_common(word, place) < stem for place in self.tongues[naming.tongue].places):
                yield naming

    def _hear(self, tag: str, vocabulary: WishVocabulary, extra: _Extra) -> None:
        language = primary(tag)
        tongue = self.tongues[tag] = Tongue()
        self._add(vocabulary.own, Naming(tag, "own"))
        self._add(vocabulary.english, Naming(_ENGLISH, "own" if language == _ENGLISH else "listed", tag))
        known = names_in(tag)
        names = _names(known, self._spoken)
        for code, ways in extra.names.get(language, {}).items():
            names[code] = [*names.get(code, ()), *ways]
        places = {words[0] for words in map(self.words, known.countries) if len(words) == 1}
        for code, ways in names.items():
            for way in ways:
                self._type(way)
                words = self.words(way)
                naming = Naming(code, "own" if primary(code) == language else "name", tag)
                self._add_name(words, naming, places=places)
                for form in _affixed(way, language, extra):
                    self._add([form], naming)
        starts = {name[:LEAST_STEM] for each in names.values() for name in map(fold, each)}
        tongue.places = tuple(place for place in places if place[:LEAST_STEM] in starts)
        tongue.frames = self._frames(vocabulary, language)
        tongue.around = {words for text in vocabulary.around if (words := self.words(text))} | tongue.frames
        tongue.refusals = {
            words for text in vocabulary.around if _is_refusal(text, tag, extra) and (words := self.words(text))
        }

    def _add(self, ways: Iterable[str], naming: Naming) -> None:
        if primary(naming.tag) not in self._spoken:
            return
        for way in ways:
            words = self.words(way)
            if words and words not in self.varieties and naming not in self.namings[words]:
                self._type(way)
                self.namings[words].append(naming)

    def _add_name(self, words: Words, naming: Naming, *, places: Collection[str]) -> None:
        if not words:
            return
        if len(words) == 1 and naming.kind == "name" and words[0] in places:
            naming = Naming(naming.tag, "place", naming.tongue)
        if naming not in self.namings[words]:
            self.namings[words].append(naming)
        # English names have one form ("finished" is none of "Finnish"), Arabic ones begin with the article, and the
        # forms of the name of English are listed: "England" is none.
        is_bent = primary(naming.tongue or _ENGLISH) not in (_ENGLISH, "ar") and primary(naming.tag) != _ENGLISH
        if is_bent and len(words) == 1 and naming.kind != "place" and len(words[0]) >= LEAST_STEM:
            # A form of a name proves less than the name: "Portuguese" begins as "Português" does.
            self.stems[words[0][:LEAST_STEM]].append((words[0], Naming(naming.tag, "name", naming.tongue)))

    def _type(self, way: str) -> None:
        """Note down how the words of a way are typed, but for accents."""
        self._typed.update(_WORD.findall(way.lower().translate(_plain_letters())))

    def _frames(self, vocabulary: WishVocabulary, language: str) -> set[Words]:
        """Return the words that listed ways have besides the name itself: the "auf" of "auf Deutsch"."""
        own, english = ([self.words(way) for way in ways] for ways in (vocabulary.own, vocabulary.english))
        alone = {words[0] for words in (*own, *english) if len(words) == 1}
        # What goes with both names is part of neither.
        found = {word for words in own if len(words) > 1 for word in words}
        if language != _ENGLISH:
            found &= {word for words in english for word in words}
        return {(word,) for word in found if not any(_common(word, name) >= min(4, len(name)) for name in alone)}


@cache
def _plain_letters() -> Mapping[int, str]:
    """Return what accented letters are without their accents, each one letter."""
    letters = (chr(code) for code in (*range(0xC0, 0x700), *range(0x1E00, 0x2000)))
    return {ord(letter): plain for letter in letters if len(plain := fold(letter)) == 1 and plain != letter}


def primary(tag: str) -> str:
    """Return the language of a tag, without script and region: ``no-NO`` → ``nb``."""
    return tags.canonical(tag).split("-")[0]


@cache
def _extra() -> _Extra:
    text = resources.files("assistant").joinpath("wish.toml").read_text(encoding="utf-8")
    return _Extra(**tomllib.loads(text))


def _unspaced_texts(vocabularies: Mapping[str, WishVocabulary], extra: _Extra) -> Iterator[str]:
    for each in vocabularies.values():
        yield from (*each.own, *each.english, *each.around)
    for ways in extra.varieties.values():
        yield from ways
    for tag in vocabularies:
        if tag in _UNSPACED_TAGS:
            for ways in _names(names_in(tag), None).values():
                yield from ways


def _names(names: Names, spoken: Collection[str] | None) -> dict[str, list[str]]:
    """Return the names of the spoken languages by tag, of all where None is said; but for those with an explanation."""
    found: dict[str, list[str]] = defaultdict(list)
    for code, name in names.languages.items():
        if not re.search("[(,]", name) and re.match("[a-z]{2}(_|$)", code):
            tag = tags.canonical(code)
            if spoken is None or tag.split("-")[0] in spoken:
                found[tag].append(name)
    return found


def _autonyms(tag: str, extra: _Extra) -> Iterator[str]:
    """Yield what the speakers of a language that has no phrase file call it, but for what is a country's name, too."""
    known = names_in(tag)
    name = known.languages.get(tag)
    if name is not None and name not in known.countries:
        yield name
    yield from extra.own.get(tag, ())


def _affixed(name: str, language: str, extra: _Extra) -> Iterator[str]:
    """Yield a name with what is written together with it: בספרדית, 스페인어로, espanjaksi."""
    if language == "ar":
        # "in Spanish" is بالإسبانية, in speech بالإسباني.
        bare = name.removeprefix("ال")
        yield from (bare, bare.removesuffix("ة"), f"بال{bare}", f"بال{bare.removesuffix('ة')}")
    for prefix in extra.prefixes.get(language, ()):
        yield f"{prefix}{name}"
    for suffix in extra.suffixes.get(language, ()):
        yield f"{name}{suffix}"


def _is_refusal(text: str, tag: str, extra: _Extra) -> bool:
    language, folded = primary(tag), fold(text)
    for polite in extra.requests.get(language, ()):
        folded = re.sub(polite, "", folded)
    listed = "|".join(extra.refusals.get(language, ()))
    if not listed:
        return False
    pattern = listed if tag in _UNSPACED_TAGS else rf"(?<!\w)(?:{listed})(?!\w)"
    return re.search(pattern, folded) is not None


def _telling(words: Words, asking: Collection[str]) -> str:
    """Return the word of a way that is met least often elsewhere, as far as can be told."""
    return max(words, key=lambda word: (word not in asking, len(word)))


def _common(word: str, other: str) -> int:
    """Return how many letters two words begin with alike."""
    alike = 0
    for one, another in zip(word, other, strict=False):
        if one != another:
            break
        alike += 1
    return alike
