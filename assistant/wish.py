"""The customer's word on the language: "по-русски, пожалуйста", "English please", 用西班牙语.

A message is a wish only if nothing in it is but one naming of a language and words that listed ways of
asking have around it, so that "English book please" is none; or if it begins or ends with such clauses,
set off by punctuation, and the rest is the question. A bare name counts where a phrase file lists it
("English", "русский"); what only CLDR calls so ("Portuguese") needs a word of asking beside it.

Where a question stands beside the wish, a language named in itself is believed easily: whoever writes "auf
Deutsch" reads German, and a mistake harms nobody. One named in another ("in German please") may belong to
the question ("I need the manual, in German please"), and must be a sentence of its own that asks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.phrases import Phrasebook
from assistant.phrases.speech import WishVocabulary
from assistant.wish_words import Naming, WishWords, Words

_HEARD = 400  # characters of the beginning and of the end in which a wish is looked for
_LONGEST_CLAUSE = 120  # characters
_MOST_WORDS = 14  # of a clause
_MOST_CLAUSES = 6  # of a wish
_SURELY = 4  # letters of a word that is taken for another language than the name beside it
_TELLING = 3  # letters of a word that is more than a preposition, but for one written without spaces

# What sets a clause off. A full stop or colon inside a word ("a.u.b.", "12:30") does not, nor an Armenian mark.
_BREAK = re.compile(r"(?:[.:](?=\s|$)|[!?,;\n…。！？，、；：．؟،؛۔।։–—]|\s-+\s)+\s*")
_TYPED = re.compile(r"\w+")
_WEAK = frozenset(",，、،")
_ASKING = frozenset("?？؟")
_IDLE = " \t\r\n,;:，、，：；،؛-–—|"  # left over between a wish and the question
_CYRILLIC, _FIRST_UNSPACED = "\u0400", "\u3005"
_ENGLISH = "en"
_NOWHERE: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A language the customer asks for, as a BCP 47 tag, and what is left of the message: the question, or nothing."""

    language: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A clause of a wish: a naming and how it is said, or with none, words that may stand beside one."""

    tag: str | None = None
    is_own: bool = False  # named in the language itself
    is_native: bool = False  # and with that language's words around it
    is_refused: bool = False  # "I do not understand English"
    is_asking: bool = False  # something is said besides the name and its preposition
    is_framed: bool = False  # the name has its preposition: "in English"
    is_name: bool = False  # that is no country's too
    is_enough: bool = False  # the clause alone can only mean the language

    @property
    def rank(self) -> int:
        """How much is said for this reading of the clause; less is better."""
        return 4 * (not self.is_own) + 2 * (not self.is_enough) + (not self.is_native)


@dataclass(frozen=True, slots=True)
class _Clause:
    """A piece of the message; ``mark`` is all that sets it off from the next one."""

    text: str
    start: int
    mark: str


class Wishes:
    """Hears wishes for the spoken languages; immutable once built, so any number of threads may ask."""

    def __init__(self, vocabularies: Mapping[str, WishVocabulary], spoken: Collection[str]) -> None:
        """Take the phrase files' ``[wish]`` tables by tag, and the tags that may be wished for."""
        self._words = words = WishWords(vocabularies, spoken)
        self._longest = max(map(len, words.namings), default=0)
        self._tongues_of: dict[str, set[str]] = {}  # the tongues in which a word may stand around a name
        for tag, tongue in words.tongues.items():
            for word in {word for group in tongue.around for word in group}:
                self._tongues_of.setdefault(word, set()).add(tag)

    def heard(self, text: str) -> Wish | None:
        """Return the language that a message asks for, and the rest of it; None where it asks for none.

        None as well where it asks for two, or only says which one is not understood.
        """
        if not self._may_ask(text):
            return None
        first, last = _clauses(text[:_HEARD], 0), _clauses(text[-_HEARD:], max(0, len(text) - _HEARD))
        if len(text) > _HEARD:  # where the cut is, there is only a piece of a clause
            first, last = first[:-1], last[1:]
        run = self._run(first)
        if len(text) <= _HEARD and len(run) == len(first):
            tag = _wished(run)
            return None if tag is None else Wish(language=tag, rest="")
        if 0 < len(run) < len(first):
            question = text[first[len(run)].start :]
            tag = _wished(run, question, mark=first[len(run) - 1].mark)
            if tag is not None:
                return Wish(language=tag, rest=self._asked(question))
        run = self._run(last[::-1])
        if 0 < len(run) < len(last):
            question = text[: last[-len(run)].start]
            tag = _wished(run, question, mark=last[-len(run) - 1].mark, ending=last[-1].mark)
            if tag is not None:
                return Wish(language=tag, rest=self._asked(question))
        return None

    def _asked(self, rest: str) -> str:
        """Return what is asked beside a wish: nothing where it only says what it shall not be, "not in Russian"."""
        return "" if all(self._refuses(clause.text) for clause in _clauses(rest, 0)) else rest.strip(_IDLE)

    def _refuses(self, clause: str) -> bool:
        """Tell whether a clause is a naming, a word of refusal, and words that go around a naming."""
        words = self._words.words(clause)
        if len(words) > _MOST_WORDS:
            return False
        named = {place for start, end, _ in self._named(words) for place in range(start, end)}
        around = [word for place, word in enumerate(words) if place not in named]
        refusals = [word for word in around if self._words.refuses(word)]
        return bool(named and refusals) and all(word in refusals or word in self._tongues_of for word in around)

    def _may_ask(self, text: str) -> bool:
        """Return False, fast, where no word of the beginning or the end names a language."""
        parts = (text,) if len(text) <= 2 * _HEARD else (text[:_HEARD], text[-_HEARD:])
        return any(map(self._words.may_name, parts))

    def _run(self, clauses: Sequence[_Clause]) -> list[_Said]:
        """Return what the clauses say, from the first one on, as long as they belong to a wish."""
        run: list[_Said] = []
        for clause in clauses[:_MOST_CLAUSES]:
            said = self._said(clause.text)
            if said is None:
                break
            run.append(said)
        return run

    def _said(self, clause: str) -> _Said | None:
        """Return what a clause says towards a wish; None where it says anything else."""
        if len(clause) > _LONGEST_CLAUSE:
            return None
        words = self._words.words(clause)
        if len(words) > _MOST_WORDS or not self._words.no_names.isdisjoint(_TYPED.findall(clause.lower())):
            return None
        # Words that stand around no name must be the name.
        strange = [place for place, word in enumerate(words) if word not in self._tongues_of]
        if strange and strange[-1] - strange[0] >= self._longest:
            return None
        found: list[_Said] = []
        for start, end, naming in self._named(words):
            if not strange or (start <= strange[0] and strange[-1] < end):
                said = self._as_wish(words, start, end, naming, clause)
                if said is not None:
                    found.append(said)
        if not found:
            tongues = self._fitting(words)
            return _Said(is_asking=self._asks(words, tongues)) if tongues else None
        best = min(found, key=lambda said: said.rank)
        # One word may name two languages in two tongues.
        rivals = {_language(said.tag) for said in found if said.rank == best.rank}
        return best if len(rivals) == 1 else None

    def _named(self, words: Words) -> Iterator[tuple[int, int, Naming]]:
        """Yield the namings in a clause with where they stand, the plainest tag of one language first."""
        for start in range(len(words)):
            for end in range(start + 1, min(start + self._longest, len(words)) + 1):
                for naming in self._words.namings.get(words[start:end], ()):
                    yield start, end, naming
            for naming in self._words.inflected(words[start]):
                yield start, start + 1, naming

    def _as_wish(self, words: Words, start: int, end: int, naming: Naming, clause: str) -> _Said | None:
        """Return what a clause says if this naming is the one in it; None if then something else is left."""
        before, after = words[:start], words[end:]
        tongues = self._fitting(before, after)
        if naming.kind != "own":
            tongues &= {naming.tongue}
        if not tongues:
            return None
        theirs = {naming.tongue, _ENGLISH, *(each for each in tongues if _language(each) == _language(naming.tag))}
        if before + after and tongues.isdisjoint(theirs) and not self._mixes(before + after, clause):
            return None
        tag = naming.tag
        if tag == "sr" and words[start][0] < _CYRILLIC and words[start:end] not in self._words.varieties:
            tag = "sr-Latn"
        of = self._words.tongues
        is_framed = end - start > 1 or any((word,) in of[each].frames for each in tongues for word in before + after)
        is_asking = self._asks(before + after, tongues)
        is_telling = words[start][0] >= _FIRST_UNSPACED or sum(map(len, words[start:end])) >= _TELLING
        is_listed = naming.kind in ("own", "listed") and is_telling and words[start:end] not in self._words.countries
        return _Said(
            tag=tag,
            is_own=naming.kind == "own",
            is_native=naming.tag in tongues,
            is_refused=all(_has_one(before, after, of[each].refusals) for each in tongues),
            is_asking=is_asking,
            is_framed=is_framed,
            is_name=naming.kind != "place",
            is_enough=is_listed or is_framed or (naming.kind != "place" and is_asking),
        )

    def _fitting(self, *groups: Words) -> set[str]:
        """Return the tongues in which all these words may stand around a name."""
        fitting = set(self._words.tongues)
        for words in groups:
            for word in words:
                fitting &= self._tongues_of.get(word, _NOWHERE)
            if not fitting:
                break
        return {tag for tag in fitting if all(_is_made_of(words, self._words.tongues[tag].around) for words in groups)}

    def _mixes(self, around: Words, clause: str) -> bool:
        """Tell whether a clause in two languages ("English bitte") is one, and not by chance made of their words."""
        if not any(len(word) >= _SURELY or not word.isascii() for word in around):
            return False
        return self._words.no_asking.isdisjoint(_TYPED.findall(clause.lower()))

    def _asks(self, words: Words, tongues: Collection[str]) -> bool:
        """Tell whether words around a name are more than prepositions."""
        return any(
            len(word) >= _TELLING or word[0] >= _FIRST_UNSPACED
            for word in words
            if not any((word,) in self._words.tongues[tag].frames for tag in tongues)
        )


def language_wish(text: str, *, spoken: Collection[str]) -> Wish | None:
    """Return the language a message asks for, of those that are ``spoken``, and the question beside it; else None.

    Any text is taken. The first call for a set of languages reads CLDR's names, which takes a second.
    """
    return _wishes(tuple(spoken)).heard(text)


@lru_cache(maxsize=8)
def _wishes(spoken: tuple[str, ...]) -> Wishes:
    return Wishes(Phrasebook().wishes, spoken)


def _clauses(text: str, offset: int) -> list[_Clause]:
    """Return the pieces of a text that have anything but marks and blanks in them."""
    found: list[_Clause] = []
    start = 0
    while start <= len(text):
        match = _BREAK.search(text, start)
        end, after = (len(text), len(text)) if match is None else match.span()
        piece = text[start:end]
        mark = "" if match is None else match.group()
        if any(map(str.isalnum, piece)):
            found.append(_Clause(piece, offset + start, mark))
        elif found and mark:  # "English ! How": the marks belong together
            found[-1] = replace(found[-1], mark=f"{found[-1].mark}{mark}")
        if match is None:
            break
        start = after
    return found


def _wished(run: Sequence[_Said], question: str = "", *, mark: str = "", ending: str = "") -> str | None:
    """Return the one language that clauses ask for, beside a question or with nothing else in the message.

    ``mark`` is what stands between them and the question; ``ending`` is what ends them where they come after it.
    """
    asked = [said for said in run if said.tag is not None and not said.is_refused]
    refused = {said.tag for said in run if said.is_refused}
    is_asking = any(said.is_asking for said in run)
    if len({said.tag for said in asked}) != 1 or asked[0].tag in refused:
        return None
    if not any(said.is_enough or (said.is_name and is_asking) for said in asked):
        return None
    if question and not is_asking and not any(map(str.isalpha, question)):
        return None  # "1. English" is taken from a list
    is_set_off = not _WEAK.issuperset(mark.strip())
    if not question or (is_asking and (is_set_off or asked[0].is_own)):
        return asked[0].tag
    # "Is there a manual? In English?" asks for the manual; "In English: ..." for the answer.
    is_clear = asked[0].is_own and (is_set_off or asked[0].is_framed) and _ASKING.isdisjoint(ending)
    return asked[0].tag if is_clear else None


def _language(tag: str | None) -> str | None:
    return None if tag is None else tag.split("-")[0]


def _has_one(before: Words, after: Words, groups: Collection[Words]) -> bool:
    """Tell whether one of the groups is said before or after a name."""
    return any(
        words[start:end] in groups
        for words in (before, after)
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    )


def _is_made_of(words: Words, groups: Collection[Words]) -> bool:
    """Tell whether the words are some of the groups, one after another; nothing always is."""
    reached = {0}
    for start in range(len(words)):
        if start in reached:
            reached.update(end for end in range(start + 1, len(words) + 1) if words[start:end] in groups)
    return len(words) in reached
