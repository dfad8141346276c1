"""Readings: what a question says where it was typed in haste, in other letters, or on the wrong keyboard.

A step before the search, and almost nothing to do for a question whose words are all known. Of a question with
unknown words it first asks whether the whole of it was meant in another alphabet, as ``kak vernut tovar`` and
``ghbdtn`` were; then it mends what is still unknown, word by word. Words count as known that a word list of
the question's languages, or the knowledge base itself, has.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from index.alphabets import BORROWING, CYRILLIC, LACINKA, Skeletons, as_cyrillic_keys, as_latin_keys, by_rules
from index.analysis import stemmed_languages, terms
from index.generation import Generation
from index.own_words import APOSTROPHES, CHUNK, WORD, words_of
from index.spelling import Lexicon, Source, new_word
from index.words import WordList, word_list

MIXED = 0.85  # of the embedding that the mended question gets, the question as typed the rest
_MOST_CHARACTERS = 600  # of a question that are mended
_MOST_UNKNOWN = 16  # words that are mended
_READ_IN = 3  # languages at most
_REMEMBERED = 64  # readings: the language is found out with one, and the search asks for it again
_OTHER = 1.0  # nats that words of a less likely language cost
_FOREIGN = 1.0  # nats that words cost, of a language in which there are no articles
_INFLECTED = -13.0  # log-probability of a word of which a list has other forms
_LATIN_SHARE = 0.25  # of the letters that must be unknown before another alphabet is thought of
_FOUND_SHARE = 0.5  # of the letters in another alphabet that must be those of known words
_EVIDENCE = 6.0  # nats by which another alphabet must be likelier
_EXPECTED = 4.0  # nats that a language is ahead in which the question is expected
_EVIDENCE_ABROAD = 2.0  # and how many more where no article is in the language

_STEMMED = stemmed_languages()
_TYPED = re.compile(r"[46]?[^\W\d_](?:[^\W\d_]|[46'’ʼ`](?=[^\W\d_]))*['’ʼ`]?")  # 4 is ч to many, 6 is ш to some
_NO_WORDS = WordList({})
_CYRILLIC_LETTER = re.compile("[\u0400-\u04ff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Option:
    """A text as it may have been meant in a language, and how likely that is."""

    text: str
    language: str
    score: float  # log-probability of its distinct words
    known: float  # share of the letters changed that are now in known words

    def gain(self, typed: float) -> float:
        """Return how much likelier this is than what was typed; minus infinity for gibberish."""
        return self.score - typed if self.known >= _FOUND_SHARE else -math.inf


class _Draft:
    """A text on its way into another alphabet; words that are put or kept twice count once."""

    def __init__(self, text: str, language: str) -> None:
        self._text = text
        self._language = language
        self._parts: list[str] = []
        self._end = 0
        self._scores: dict[str, float] = {}
        self._known = self._changed = 0

    def put(self, match: re.Match[str], meant: str, score: float, *, is_known: bool) -> None:
        """Replace a word."""
        self._parts += [self._text[self._end : match.start()], meant]
        self._end = match.end()
        self._scores[match.group()] = score
        self._changed += len(meant)
        self._known += len(meant) * is_known

    def keep(self, match: re.Match[str], score: float) -> None:
        """Leave a word as it is."""
        self._scores[match.group()] = score

    def option(self) -> _Option:
        """Return the text."""
        return _Option(
            text="".join([*self._parts, self._text[self._end :]]),
            language=self._language,
            score=sum(self._scores.values()),
            known=self._known / self._changed if self._changed else 0.0,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A question as it is read."""

    text: str
    share: float = 1.0  # of the embedding that the reading gets, the question as typed the rest
    language: str | None = None  # likeliest, where the question was meant in another alphabet


class Readings:
    """Reads questions with the words of one generation; safe to share between threads.

    The generation's own words are counted for the first question, which with ten thousand articles takes a
    second or so, and questions asked meanwhile wait for it: every question is always read the same. A server that
    calls ``hurry`` must not stand still so long: where there are many articles, its questions are read with
    the lists of the languages alone until ``warm`` is through, and always the same from then on.
    """

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._is_hurried = False
        self._skeletons: dict[str, Skeletons] = {}
        self._remembered: dict[tuple[str, tuple[str, ...], bool], Reading] = {}
        self._homes = tuple(dict.fromkeys(map(_base, generation.manifest.languages)))

    def read(self, question: str, languages: Sequence[str] = ()) -> Reading:
        """Return how a question is best read; ``languages`` are those it may be in, the likeliest first."""
        bases = tuple(dict.fromkeys(map(_base, languages)))[:_READ_IN] or self._homes[:_READ_IN]
        key = (question, bases, self._own_words() is not _NO_WORDS)  # without them it is read once more with them
        known = self._remembered.get(key)
        if known is None:
            known = self._read(question, bases)
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            if len(question) <= _MOST_CHARACTERS:
                self._remembered[key] = known
        return known

    def _read(self, question: str, bases: tuple[str, ...]) -> Reading:
        lexicon = self._lexicon(bases, foreign=_FOREIGN)
        head = question[:_MOST_CHARACTERS]
        unknown = {word for _, word in words_of(head) if not self._is_known(word, lexicon, bases)}
        if not unknown:
            return Reading(text=question)
        reread = self._reread(head, lexicon, bases)
        if reread is not None:
            bases = (reread.language,)
            text, _ = self._mended(reread.text, self._lexicon(bases), bases)
            return Reading(text=text + question[_MOST_CHARACTERS:], language=reread.language)
        text, is_guessed = self._mended(head, lexicon, bases)
        return Reading(text=text + question[_MOST_CHARACTERS:], share=MIXED if is_guessed else 1.0)

    def _lexicon(self, bases: Sequence[str], *, foreign: float = 0.0) -> Lexicon:
        """Return what words of these languages are looked up in; ``foreign`` is the cost of having no articles."""
        sources = [Source(words=self._own_words(), language=None, cost=0.0)]
        for place, base in enumerate(dict.fromkeys([*bases, "en"])):
            if (words := word_list(base)) is not None:
                cost = _OTHER * place + (0.0 if base in self._homes else foreign)
                sources.append(Source(words=words, language=base, cost=cost, is_mending=base in bases))
        return Lexicon(sources)

    def warm(self) -> None:
        """Load all that questions in the articles' languages need, so that no customer waits for it."""
        self._generation.own_words.collected()
        for language in dict.fromkeys([*self._homes, "en"]):
            self.read("mispelt", [language])
            if language in CYRILLIC:
                self._from_latin("privet", language, self._lexicon([language]))

    def hurry(self) -> None:
        """From now on read without the generation's own words rather than wait for many to be counted."""
        self._is_hurried = True

    def _own_words(self) -> WordList:
        if not self._is_hurried:
            return self._generation.own_words.collected()
        found = self._generation.own_words.at_hand()
        return _NO_WORDS if found is None else found

    def _is_known(self, word: str, lexicon: Lexicon, bases: Sequence[str]) -> bool:
        if len(word) < 2 or lexicon.log(word) is not None:
            return True
        if "'" in word and all(len(part) < 3 or lexicon.log(part) is not None for part in word.split("'")):
            return True
        if lexicon.marked(word) is not None:
            return False
        # A stem of five letters says little of a word.
        stemmed = [base for base in bases if base in _STEMMED]
        has_either = (self._generation.question_lexical.has, self._generation.answer_lexical.has)
        return any(has(term) for base in stemmed for term in terms(word, base) for has in has_either)

    def _mended(self, text: str, lexicon: Lexicon, bases: Sequence[str]) -> tuple[str, bool]:
        """Return the text with its unknown words mended, and whether some of them were guessed."""
        if word_list(bases[0]) is None:
            return text, False
        left, is_guessed = _MOST_UNKNOWN, False
        parts, end = [], 0
        for match, word in words_of(text):
            if not left or self._is_known(word, lexicon, bases) or _is_name(match.group(), text, bases):
                continue
            if not lexicon.can_mend(word):
                continue
            left -= 1
            meant = lexicon.marked(word)
            if meant is None and not lexicon.is_inflected(word):
                guess, split = lexicon.nearest(word), _as_words(lexicon.split(word))
                is_guessed |= guess is not None and (split is None or guess > split)
                meant = max(option for option in (guess, split, (-math.inf, "")) if option)[1] or None
            if meant is not None:
                parts += [text[end : match.start()], meant]
                end = match.end()
        return "".join([*parts, text[end:]]), is_guessed

    def _reread(self, text: str, lexicon: Lexicon, bases: Sequence[str]) -> _Option | None:
        """Return the text as it was meant in another alphabet; None where it was not."""
        words = {match.group().lower().translate(APOSTROPHES) for match in WORD.finditer(text)}
        scores = {word: self._score(word, lexicon, bases) for word in words}
        unknown = sum(len(word) for word in words if scores[word] <= new_word(len(word)))
        if unknown < _LATIN_SHARE * sum(map(len, words)):
            return None
        options: list[_Option] = []
        lowered = text.lower()
        if _CYRILLIC_LETTER.search(lowered) is None:
            for language in CYRILLIC:
                # Who writes Cyrillic in Latin letters writes no diacritics, but for those of the Belarusian ones.
                latin = lowered.translate(LACINKA) if language == "be" else lowered
                if latin.isascii():
                    options.append(self._from_latin(latin, language, lexicon))
                options.append(self._from_keys(lowered, as_cyrillic_keys(lowered, language), language, lexicon))
        else:
            for keys in CYRILLIC:
                options += [
                    self._from_keys(lowered, as_latin_keys(lowered, keys), home, lexicon)
                    for home in dict.fromkeys([*self._homes, "en"])
                    if home not in CYRILLIC
                ]
            options += [self._from_neighbour(lowered, language) for language in BORROWING if language != bases[0]]
        typed = sum(scores.values())
        good = [option for option in options if option.gain(typed) >= self._evidence(option.language)]
        return max(good, key=lambda option: option.score + _EXPECTED * (option.language in bases), default=None)

    def _evidence(self, language: str) -> float:
        return _EVIDENCE if language in self._homes else _EVIDENCE + _EVIDENCE_ABROAD

    def _score(self, word: str, lexicon: Lexicon, bases: Sequence[str]) -> float:
        score, is_known = _scored(word, lexicon)
        if not is_known and len(word) > 1 and self._is_known(word, lexicon, bases):
            return max(_INFLECTED, score)
        return score

    def _from_latin(self, text: str, language: str, typed: Lexicon) -> _Option:
        """Return a text in Latin letters as one in Cyrillic ones."""
        listed, own = word_list(language), self._own_words()
        draft, lexicon = _Draft(text, language), self._lexicon([language])
        if listed is None:
            return draft.option()
        sources = ((own, self._own_skeletons(language)), (listed, _skeletons(language)))
        for match in _TYPED.finditer(text):
            word = match.group().translate(APOSTROPHES)
            options = [(words.logs[found], found) for words, some in sources for found in some.find(word)]
            kept = typed.log(word)
            if kept is not None and (not options or kept - _OTHER > max(options)[0]):
                draft.keep(match, kept - _OTHER)
            elif options:
                draft.put(match, max(options)[1], max(options)[0], is_known=True)
            else:
                said = by_rules(word, language)
                # Endings are alike in all Slavic languages, so that a stem alone does not tell one from another.
                draft.put(match, said, _scored(said, lexicon)[0], is_known=False)
        return draft.option()

    def _from_keys(self, text: str, meant: str, language: str, typed: Lexicon) -> _Option:
        """Return a text as other keys give it, but for words that are known as they are."""
        lexicon = self._lexicon([language])
        draft = _Draft(text, language)
        for match in CHUNK.finditer(text):
            chunk = meant[match.start() : match.end()]
            words = [word.translate(APOSTROPHES) for word in WORD.findall(chunk)]
            scored = [_scored(word, lexicon) for word in words]
            score = sum(score for score, _ in scored)
            kept = [typed.log(word.translate(APOSTROPHES)) for word in WORD.findall(match.group())]
            if kept and (rest := [log for log in kept if log is not None]) == kept and sum(rest) - _OTHER > score:
                draft.keep(match, sum(rest) - _OTHER)
            else:
                draft.put(match, chunk, score, is_known=bool(scored) and all(is_known for _, is_known in scored))
        return draft.option()

    def _from_neighbour(self, text: str, language: str) -> _Option:
        """Return a text as a neighbour's keyboard would have given it."""
        lexicon = self._lexicon([language])
        draft = _Draft(text, language)
        for match, word in words_of(text):
            form = lexicon.marked(word)
            score, is_known = _scored(word, lexicon)
            meant = None if form is None else lexicon.log(form)
            if form is not None and meant is not None and meant > score:
                draft.put(match, form, meant, is_known=True)
            else:
                draft.put(match, match.group(), score, is_known=is_known)
        return draft.option()

    def _own_skeletons(self, language: str) -> Skeletons:
        found = self._skeletons.get(language)
        if found is None:
            own = self._own_words()
            logs = {word: log for word, log in own.logs.items() if _CYRILLIC_LETTER.match(word)}
            found = Skeletons(WordList(logs), language)
            if own is not _NO_WORDS:
                self._skeletons[language] = found
        return found


def _scored(word: str, lexicon: Lexicon) -> tuple[float, bool]:
    """Return the log-probability of a word, and whether it is one."""
    log = lexicon.log(word)
    if log is not None:
        return log, True
    if lexicon.is_inflected(word):
        return max(_INFLECTED, new_word(len(word))), True
    return new_word(len(word)), False


def _is_name(word: str, text: str, bases: Sequence[str]) -> bool:
    """Tell whether a word is a name or an abbreviation by its capitals, in a text that is not all capitals."""
    if word[0].islower() or text.isupper():
        return False
    if word.isupper() and len(word) > 1:
        return True
    return bases[0] != "de" and not text.startswith(word)


def _as_words(split: tuple[float, list[str]] | None) -> tuple[float, str] | None:
    return None if split is None else (split[0], " ".join(split[1]))


@cache
def _skeletons(language: str) -> Skeletons:
    listed = word_list(language)
    assert listed is not None
    return Skeletons(listed, language)


def _base(code: str) -> str:
    return code.split("-")[0]
