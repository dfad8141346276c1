"""A catalogue of any size: copies of the sample shop's articles in which words were exchanged.

Article n is a copy of sample article n mod 68, in one language: English, Russian or German, drawn 5 : 3 : 2.
In every question and every sentence of the answer, each word of four letters or more is exchanged for a
pseudo-word with probability EXCHANGED, the same one throughout the article, and at least one in every
question. Pseudo-words are two to four syllables of the language's script, so that articles differ in
vocabulary as those of a large catalogue do, while lengths, function words and structure stay those of
real text. Links, addresses and order numbers stay as they are.

Questions are those of random articles as customers would mistype them: one word left out of the longer ones,
two neighbouring letters swapped. Everything follows from the seed.

This is load, not language: it serves to measure speed and the recall of approximate search, never quality.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import orjson

from knowledge.article import Article, make_article
from knowledge.sample import sample_articles

LANGUAGES = {"en": 5, "ru": 3, "de": 2}
EXCHANGED = 0.5
SEED = 20_260

_WORD = re.compile(r"(?<![\w./@:-])[^\W\d_]{4,}(?![\w/@-]|\.\w)")
_SYLLABLES = {
    "en": [c + v + e for c in "bdfglmnprstvw" for v in "aeiou" for e in ("", "n", "r", "st", "ck")],
    "de": [c + v + e for c in "bdfgklmnrstwz" for v in "aeiouäü" for e in ("", "n", "r", "ch", "t")],
    "ru": [c + v + e for c in "бвгдзклмнпрст" for v in "аеиоуы" for e in ("", "н", "р", "ст", "к")],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedQuestion:
    """A question to ask, and the article it was made from."""

    text: str
    article_id: str
    language: str


def articles(count: int, *, seed: int = SEED) -> Iterator[Article]:
    """Yield articles; the first n of a larger catalogue are those of a smaller one."""
    sample = _sample()
    for number in range(count):
        source = sample[number % len(sample)]
        yield _copy(source, number, random.Random(f"{seed} {number}"))


def catalogue_file(count: int, *, seed: int = SEED) -> bytes:
    """Return the articles as a JSON Lines file, as the importer takes it."""
    return b"".join(
        orjson.dumps(
            {
                "id": article.id,
                "tags": article.tags,
                "url": article.url,
                "texts": {
                    text.language: {
                        "question": text.question,
                        "alternate_questions": text.alternate_questions,
                        "answer": text.answer,
                    }
                    for text in article.texts
                },
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for article in articles(count, seed=seed)
    )


def questions(count: int, *, of_articles: int, seed: int = SEED) -> list[AskedQuestion]:
    """Return questions that the catalogue of so many articles answers."""
    chance = random.Random(f"{seed} questions {of_articles}")
    sample = _sample()
    asked = []
    for _ in range(count):
        number = chance.randrange(of_articles)
        article = _copy(sample[number % len(sample)], number, random.Random(f"{seed} {number}"))
        text = article.texts[0]
        own = chance.choice((text.question, *text.alternate_questions))
        asked.append(AskedQuestion(text=_mistyped(own, chance), article_id=article.id, language=text.language))
    return asked


@cache
def _sample() -> list[dict[str, dict[str, dict[str, str]]]]:
    return [orjson.loads(line) for line in sample_articles().splitlines() if line.strip()]


def _copy(source: dict[str, dict[str, dict[str, str]]], number: int, chance: random.Random) -> Article:
    language = chance.choices(list(LANGUAGES), list(LANGUAGES.values()))[0]
    text = source["texts"][language]
    exchange: dict[str, str] = {}
    own = [text["question"], *text["alternate_questions"]]
    for line in own:
        _choose(line, language, exchange, chance, at_least_one=True)
    _choose(text["answer"], language, exchange, chance, at_least_one=False)
    return make_article(
        id=f"copy-{number:06d}",
        tags=[str(tag) for tag in source["tags"]],
        texts={
            language: {
                "question": _exchanged(own[0], exchange),
                "alternate_questions": [_exchanged(line, exchange) for line in own[1:]],
                "answer": _exchanged(text["answer"], exchange),
            }
        },
    )


def _choose(line: str, language: str, exchange: dict[str, str], chance: random.Random, *, at_least_one: bool) -> None:
    words = [word.lower() for word in _WORD.findall(line)]
    for word in words:
        # A word once seen keeps its fate, so that a question and its answer speak of the same thing.
        if word not in exchange:
            exchange[word] = _pseudo_word(language, chance) if chance.random() < EXCHANGED else word
    if at_least_one and words and all(exchange[word] == word for word in words):
        exchange[chance.choice(words)] = _pseudo_word(language, chance)


def _pseudo_word(language: str, chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES[language], k=chance.randint(2, 4)))


def _exchanged(line: str, exchange: dict[str, str]) -> str:
    def other(match: re.Match[str]) -> str:
        word = match[0]
        new = exchange.get(word.lower(), word.lower())
        if new == word.lower():
            return word
        return new.capitalize() if word[0].isupper() else new

    return _WORD.sub(other, line)


def _mistyped(line: str, chance: random.Random) -> str:
    words = line.split()
    if len(words) > 4:
        del words[chance.randrange(len(words))]
    place = max(range(len(words)), key=lambda number: len(words[number]))
    word = words[place]
    if len(word) > 4:
        at = chance.randrange(1, len(word) - 2)
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)
