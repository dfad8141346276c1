"""Hears in any language that a customer wants a human being, or none of the choices offered.

A message is such a request only if it consists of nothing else: when courtesy is taken away, every
word left belongs to the listed ways of asking, and one listed way is there whole. So "please let me
talk to a human!!" is one, and "can another person pick up my parcel?" is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_LONGEST = 2000  # characters; of more, the beginning and the end are read
_LONGEST_RUN = 40  # unspaced characters cut into words; a longer run is a sentence, not a request
_LONGEST_UNSPACED_WORD = 12  # characters
_UNIVERSAL = 4  # letters: a shorter courtesy ("do", "a", "nu") means something else in another language

# Han and kana are written without spaces.
_UNSPACED = "\u3005\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_FIRST_UNSPACED, _LAST_UNSPACED = "\u3005", "\u9fff"
# Vowel signs of the scripts from Devanagari to Khmer belong to words, though re does not count them as \w.
_SIGNS = "".join(chr(code) for code in range(0x900, 0x1800) if unicodedata.category(chr(code)) in {"Mn", "Mc"})
CLAUSE_MARKS = ".!?,;:\n。؟،؛、।։՝"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:[{_SIGNS}]+[^\W_{_UNSPACED}]*)*|[{CLAUSE_MARKS}]")
# Accents, Arabic vowel points, Hebrew points, the Devanagari nukta, Armenian marks inside words, invisible characters.
_MARKS = re.compile(
    "[\u0300-\u036f\u055b\u055c\u055e\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u0640\u064b-\u065f\u0670\u093c"
    "\u200b-\u200f\u2060\ufeff\u00ad]+"
)
# Arabic and Han words differ by a doubled letter; Latin and Cyrillic ones are merely misspelt by it.
_REPEATED = re.compile("([a-z\u0430-\u0491])\\1+")
_CYRILLIC_APOSTROPHE = re.compile("(?<=[\u0430-\u0491])['\u2019\u02bc`](?=[\u0430-\u0491])")
# Letters that no decomposition takes apart, and that people type in the plain form or with a neighbour's keyboard.
_PLAIN = str.maketrans("łıøđىةیک\u0901", "liodيهيك\u0902")

_Words = tuple[str, ...]
_Asides = Mapping[str, tuple[_Words, ...]]  # by their first word, the longest first: "how do i" goes before "how"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The `[recognise]` table of one language's file.

    ``person`` are ways whose words may be combined; ``person_alone`` ("is anybody there?") and
    ``none_of_these`` count only as they are; ``courtesy`` is left out before comparing; ``about``
    begins another clause ("talk to a human *about* my order").
    """

    person: tuple[str, ...]
    person_alone: tuple[str, ...]
    none_of_these: tuple[str, ...]
    courtesy: tuple[str, ...]
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ways:
    """Ways of asking as sets of words, found by the longest word of each."""

    by_longest: Mapping[str, tuple[frozenset[str], ...]]
    words: frozenset[str]

    @classmethod
    def of(cls, ways: Iterable[frozenset[str]]) -> _Ways:
        found: dict[str, list[frozenset[str]]] = defaultdict(list)
        for way in ways:
            found[max(sorted(way), key=len)].append(way)
        return cls(
            by_longest={word: tuple(ways) for word, ways in found.items()},
            words=frozenset[str]().union(*(way for ways in found.values() for way in ways)),
        )

    def has_within(self, words: frozenset[str]) -> bool:
        """Return whether one way is whole in ``words`` and all of ``words`` are words of asking."""
        return words <= self.words and any(way <= words for word in words for way in self.by_longest.get(word, ()))

    def has(self, words: frozenset[str], *, said: frozenset[str]) -> bool:
        """Return whether ``words`` are exactly one way; a short one ("no") must be all that was ``said``."""
        if not _tells(words) and words != said:
            return False
        return any(way == words for word in words for way in self.by_longest.get(word, ()))


@dataclass(frozen=True, slots=True)
class _Message:
    """What courtesy leaves of a message: all its words, and the same clause by clause."""

    words: list[str] = field(default_factory=list)
    clauses: list[list[str]] = field(default_factory=lambda: [[]])


class _Ear:
    """One language: its ways of asking, and what to leave out before comparing."""

    def __init__(self, vocabulary: Vocabulary, universal: _Asides, lexicon: frozenset[str]) -> None:
        self._lexicon = lexicon
        own = [tuple(tokens(fold(text), lexicon)) for text in vocabulary.courtesy]
        breaks = [tuple(tokens(fold(text), lexicon)) for text in vocabulary.about]
        self._breaks = frozenset(breaks)
        self._first_of_break = frozenset(words[0] for words in breaks)
        self._asides = {**universal, **_asides((*breaks, *own), beside=universal)}
        self.person = _Ways.of(self._ways(vocabulary.person))
        self.person_alone = _Ways.of(self._ways(vocabulary.person_alone))
        self.none_of_these = _Ways.of(self._ways(vocabulary.none_of_these))
        self._asking = self.person.words.union(
            self.person_alone.words, *(words for each in self._asides.values() for words in each)
        )

    def _ways(self, phrases: Iterable[str]) -> Iterator[frozenset[str]]:
        for phrase in phrases:
            words = frozenset(self.hear(tokens(fold(phrase), self._lexicon)).words)
            if not words:
                raise ValueError(f"expected a way of asking, got {phrase!r}, which is courtesy alone; mend the file")
            yield words

    def may_ask(self, clauses: Iterable[list[str]], words: frozenset[str]) -> bool:
        """Return False, faster than by listening, where a stranger's word stands in every clause."""
        return not self._first_of_break.isdisjoint(words) or any(map(self._asking.issuperset, clauses))

    def hear(self, words: list[str]) -> _Message:
        """Return what is left of the message when courtesy is taken away."""
        message, position = _Message(), 0
        while position < len(words):
            word = words[position]
            if word in CLAUSE_MARKS:
                message.clauses.append([])
                position += 1
                continue
            for aside in self._asides.get(word, ()):
                if len(aside) == 1 or aside == tuple(words[position : position + len(aside)]):
                    if aside in self._breaks:
                        message.clauses.append([])
                        message.words.extend(aside)
                    position += len(aside)
                    break
            else:
                message.words.append(word)
                message.clauses[-1].append(word)
                position += 1
        return message

    def asks_for_person(self, words: list[str]) -> bool:
        """Return whether the whole message, or one whole clause of it, asks for a human being."""
        message = self.hear(words)
        whole = frozenset(message.words)
        if self.person.has_within(whole) or self.person_alone.has(whole, said=_said(words)):
            return True
        return any(
            # One word alone between commas may be part of an enumeration.
            _tells(clause) and self.person.has_within(frozenset(clause))
            for clause in message.clauses
        )


class Recogniser:
    """All languages' vocabularies together; immutable once built, so any number of threads may ask."""

    def __init__(self, vocabularies: Iterable[Vocabulary]) -> None:
        vocabularies = tuple(vocabularies)
        self._lexicon = lexicon(
            text
            for each in vocabularies
            for listed in (each.person, each.person_alone, each.none_of_these, each.courtesy, each.about)
            for text in listed
        )
        universal = [
            tuple(tokens(fold(text), self._lexicon))
            for each in vocabularies
            for text in each.courtesy
            if len(text) >= _UNIVERSAL
        ]
        shared = _asides(universal)
        ears = [_Ear(each, shared, self._lexicon) for each in vocabularies]
        self._person = _by_longest((ear, ways) for ear in ears for ways in (ear.person, ear.person_alone))
        self._none = _by_longest((ear, ear.none_of_these) for ear in ears)

    def is_person_request(self, text: str) -> bool:
        """Return whether the message, or one whole clause of it, asks for a human being."""
        words = self._words(text)
        ears = _listening(self._person, words)
        if not ears:
            return False
        said, clauses = frozenset(words), _clauses(words)
        return any(ear.may_ask(clauses, said) and ear.asks_for_person(words) for ear in ears)

    def is_none_of_these(self, text: str) -> bool:
        """Return whether the message says that no choice fits."""
        words = self._words(text)
        said = _said(words)
        return any(
            ear.none_of_these.has(frozenset(ear.hear(words).words), said=said) for ear in _listening(self._none, words)
        )

    def _words(self, text: str) -> list[str]:
        if len(text) > _LONGEST:
            text = f"{text[: _LONGEST // 2]}\n{text[-_LONGEST // 2 :]}"
        return tokens(fold(text), self._lexicon)


def fold(text: str) -> str:
    """Return ``text`` as it is compared: compatibility forms, case, accents and repeated letters made equal."""
    if text.isascii():
        text = text.lower()
    else:
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text).casefold()).translate(_PLAIN)
        text = _CYRILLIC_APOSTROPHE.sub("", unicodedata.normalize("NFC", text))  # kana and Hangul whole again
    return _REPEATED.sub(r"\1", text)


def lexicon(texts: Iterable[str]) -> frozenset[str]:
    """Return those of ``texts`` that are written without spaces, folded: the words that ``tokens`` cuts runs into."""
    return frozenset(folded for folded in map(fold, texts) if _is_unspaced(folded))


def tokens(folded: str, lexicon: frozenset[str]) -> list[str]:
    """Return words and clause marks in order; a run of Han and kana is cut into words of ``lexicon`` where possible."""
    found: list[str] = _TOKEN.findall(folded)
    if folded.isascii() or not any(map(_is_unspaced, found)):
        return found
    cut: list[str] = []
    for token in found:
        if _is_unspaced(token) and len(token) <= _LONGEST_RUN:
            cut.extend(_segmented(token, lexicon))
        else:
            cut.append(token)
    return cut


def _is_unspaced(token: str) -> bool:
    return _FIRST_UNSPACED <= token[:1] <= _LAST_UNSPACED


def _tells(words: Collection[str]) -> bool:
    """Return whether the words say enough to be trusted amid others: two words, or three unspaced characters."""
    return len(words) > 1 or any(_is_unspaced(word) and len(word) > 2 for word in words)


def _segmented(run: str, lexicon: frozenset[str]) -> list[str]:
    """Return the fewest words of ``lexicon`` that make up ``run``, or the run itself where none do."""
    best: dict[int, list[str]] = {0: []}  # end of a beginning of the run → the words it is made of
    for start in range(len(run)):
        before = best.pop(start, None)
        if before is None:
            continue
        for end in range(start + 1, min(len(run), start + _LONGEST_UNSPACED_WORD) + 1):
            if run[start:end] in lexicon and (end not in best or len(before) + 1 < len(best[end])):
                best[end] = [*before, run[start:end]]
        if not best:
            break
    return best.get(len(run), [run])


def _asides(listed: Iterable[_Words], *, beside: _Asides = MappingProxyType({})) -> _Asides:
    """Return what is left out before comparing, together with what ``beside`` has for the same first words."""
    found: dict[str, list[_Words]] = defaultdict(list)
    for words in dict.fromkeys(listed):
        found[words[0]].append(words)
    return {
        first: tuple(sorted((*each, *beside.get(first, ())), key=len, reverse=True)) for first, each in found.items()
    }


def _by_longest(listed: Iterable[tuple[_Ear, _Ways]]) -> dict[str, tuple[_Ear, ...]]:
    ears: dict[str, tuple[_Ear, ...]] = {}
    for ear, ways in listed:
        for word in ways.by_longest:
            ears[word] = (*ears.get(word, ()), ear)
    return ears


def _listening(ears: Mapping[str, tuple[_Ear, ...]], words: list[str]) -> set[_Ear]:
    """Return the languages of which the message has a telling word: seldom any."""
    return {ear for word in words if word in ears for ear in ears[word]}


def _said(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word for word in words if word not in CLAUSE_MARKS)


def _clauses(words: list[str]) -> list[list[str]]:
    clauses: list[list[str]] = [[]]
    for word in words:
        if word in CLAUSE_MARKS:
            clauses.append([])
        else:
            clauses[-1].append(word)
    return [clause for clause in clauses if clause]
