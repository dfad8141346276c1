"""Labelled knowledge bases out of the development sets: articles, and questions with their right article.

Reads the layout of the development data (see ``docs/benchmarks.md``): ``nlu_home``, ``robo_faq_en_de``,
``tor_support_faq`` and ``mkqa_questions.tsv.gz``. Some articles of each set are left out of the knowledge
base; questions about them have no right answer there.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.article import Article, ArticleError, make_article
from knowledge.store import ArticleVersion

_MAX_QUERIES = 800  # of a knowledge base, answerable and not


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledQuestion:
    """A question, the language it is in, and the article that answers it, or None."""

    text: str
    language: str
    article_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KnowledgeBase:
    """Articles with labelled questions; ``source`` is the data set they come from."""

    name: str
    source: str
    articles: tuple[Article, ...]
    questions: tuple[LabelledQuestion, ...]

    def versions(self) -> list[ArticleVersion]:
        """Return the versions of the articles, so that a generation can be built of them."""
        return [ArticleVersion(id=a.id, revision=a.revision, digest=a.digest()) for a in self.articles]

    def get_many(self, ids: Sequence[str]) -> dict[str, Article]:
        """Return articles by id."""
        wanted = set(ids)
        return {article.id: article for article in self.articles if article.id in wanted}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Topic:
    id: str
    question: str
    language: str
    answer: str = "n/a"
    phrases: tuple[str, ...] = ()  # other ways to ask it, in the same language


def knowledge_bases(folder: Path, *, seed: int = 1) -> list[KnowledgeBase]:
    """Return all knowledge bases that the development data give, the same for the same seed."""
    bases = []
    home = _nlu_home(folder)
    robo = {language: _robo(folder, language) for language in ("en", "de")}
    for alternates in (0, 1, 5, 10):
        bases.append(_with_phrases(f"nlu_home/{alternates}", "nlu_home", home, alternates, seed))
        for language, topics in robo.items():
            bases.append(_with_phrases(f"robo_{language}/{alternates}", "robo", topics, alternates, seed))
    bases.append(_across("robo_de_on_en", "robo", robo["en"], _translated(robo["en"], robo["de"]), seed))
    tor = {path.stem: _tor(path) for path in sorted((folder / "tor_support_faq").glob("*.jsonl"))}
    everything = [question for topics in tor.values() for question in _own_questions(topics)]
    bases.append(_across("tor_on_en", "tor", tor["en"], everything, seed))
    bases.append(_across("tor_on_ru", "tor", tor["ru"], everything, seed))
    bases.append(_scattered("robo_scattered", "robo", robo, seed, asked_in=2))
    bases.append(_scattered("tor_scattered", "tor", tor, seed, asked_in=12))
    few = {language: tor[language] for language in ("de", "en", "es", "ru", "uk")}
    bases.append(_scattered("tor_in_five", "tor", few, seed, asked_in=5))
    mkqa = _mkqa(folder / "mkqa_questions.tsv.gz")
    asked = [question for topics in mkqa.values() for question in _own_questions(topics)]
    bases.append(_across("mkqa_on_en", "mkqa", mkqa["en"][:600], asked, seed))
    return bases


def _with_phrases(name: str, source: str, topics: Sequence[_Topic], alternates: int, seed: int) -> KnowledgeBase:
    """Make articles with so many alternates; all other phrases are questions."""
    draw = random.Random(f"{name}/{seed}")
    missing = {topic.id for topic in draw.sample(list(topics), len(topics) // 4)}
    articles, questions = [], []
    for topic in topics:
        phrases = list(topic.phrases)
        draw.shuffle(phrases)
        known = topic.id not in missing
        kept = phrases[:alternates] if known else []
        questions += [
            LabelledQuestion(text=phrase, language=topic.language, article_id=topic.id if known else None)
            for phrase in phrases[len(kept) :]
        ]
        if known:
            articles.append(_article(topic, kept))
    return _base(name, source, articles, questions, draw)


def _across(
    name: str, source: str, topics: Sequence[_Topic], asked: Iterable[LabelledQuestion], seed: int
) -> KnowledgeBase:
    """Make articles of the topics as they are; questions come in every language."""
    draw = random.Random(f"{name}/{seed}")
    missing = {topic.id for topic in draw.sample(list(topics), len(topics) // 4)}
    articles = [_article(topic, ()) for topic in topics if topic.id not in missing]
    known = {article.id for article in articles}
    own = {text.question for article in articles for text in article.texts}
    questions = [
        replace(question, article_id=question.article_id if question.article_id in known else None)
        for question in asked
        if question.text not in own
    ]
    return _base(name, source, articles, questions, draw)


def _scattered(
    name: str, source: str, by_language: Mapping[str, Sequence[_Topic]], seed: int, *, asked_in: int
) -> KnowledgeBase:
    """Write every article in one language, drawn for it; ask it in so many, drawn too."""
    draw = random.Random(f"{name}/{seed}")
    versions: dict[str, dict[str, _Topic]] = defaultdict(dict)
    for language, topics in sorted(by_language.items()):
        for topic in topics:
            versions[topic.id][language] = topic
    missing = set(draw.sample(sorted(versions), len(versions) // 4))
    articles, questions = [], []
    for id, spoken in sorted(versions.items()):
        written = draw.choice(sorted(spoken))
        known = id not in missing
        if known:
            articles.append(_article(spoken[written], ()))
        for language in draw.sample(sorted(spoken), min(len(spoken), asked_in)):
            asked = [spoken[language].question, *spoken[language].phrases[:4]]
            questions += [
                LabelledQuestion(text=text, language=language, article_id=id if known else None)
                for text in asked[1 if known and language == written else 0 :]
            ]
    return _base(name, source, articles, questions, draw)


def _base(
    name: str, source: str, articles: list[Article], questions: list[LabelledQuestion], draw: random.Random
) -> KnowledgeBase:
    inside = [question for question in questions if question.article_id is not None]
    outside = [question for question in questions if question.article_id is None]
    chosen = [
        *draw.sample(inside, min(len(inside), _MAX_QUERIES)),
        *draw.sample(outside, min(len(outside), _MAX_QUERIES // 2)),
    ]
    ordered = sorted(articles, key=lambda article: article.id)
    return KnowledgeBase(name=name, source=source, articles=tuple(ordered), questions=tuple(chosen))


def _article(topic: _Topic, alternates: Iterable[str]) -> Article:
    text = {"question": topic.question, "alternate_questions": list(alternates), "answer": topic.answer}
    return replace(make_article(id=topic.id, texts={topic.language: text}), revision=1)


def _nlu_home(folder: Path) -> list[_Topic]:
    with next((folder / "nlu_home").glob("*.tsv")).open(encoding="utf-8", newline="") as file:
        phrases: dict[str, list[str]] = defaultdict(list)
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            phrases[f"{row['scenario']}.{row['intent']}"].append(row["text"])
    return [
        _Topic(id=intent, question=intent.replace(".", " ").replace("_", " "), language="en", phrases=_distinct(said))
        for intent, said in sorted(phrases.items())
        if len(said) > 12
    ]


def _robo(folder: Path, language: str) -> list[_Topic]:
    phrases: dict[str, list[str]] = defaultdict(list)
    for line in (folder / "robo_faq_en_de" / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        query = json.loads(line)
        phrases[query["faq_id"]].append(query["query"])
    topics = []
    for line in (folder / "robo_faq_en_de" / "faq.jsonl").read_text(encoding="utf-8").splitlines():
        faq = json.loads(line)
        if faq["lang"] == language:
            topics.append(
                _Topic(
                    id=faq["intent"],
                    question=faq["question"],
                    language=language,
                    answer=faq["answer"] or "n/a",
                    phrases=tuple(p for p in _distinct(phrases[faq["id"]]) if p != faq["question"]),
                )
            )
    return topics


def _translated(topics: Sequence[_Topic], others: Sequence[_Topic]) -> list[LabelledQuestion]:
    known = {topic.id for topic in topics}
    return [
        LabelledQuestion(text=phrase, language=topic.language, article_id=topic.id)
        for topic in others
        if topic.id in known
        for phrase in topic.phrases[:6]
    ]


def _tor(path: Path) -> list[_Topic]:
    topics = []
    for line in path.read_text(encoding="utf-8").splitlines():
        faq = json.loads(line)
        topic = _Topic(
            id=faq["id"], question=faq["question"], language=faq["lang"], answer=(faq["answer"] or "n/a")[:5_000]
        )
        topics.append(topic)
    return [topic for topic in topics if _is_usable(topic)]


def _mkqa(path: Path) -> dict[str, list[_Topic]]:
    topics: dict[str, list[_Topic]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            topics[row["language"]].append(
                _Topic(id=f"q{row['id']}", question=row["question"], language=row["language"])
            )
    return {language: [topic for topic in found if _is_usable(topic)] for language, found in topics.items()}


def _own_questions(topics: Iterable[_Topic]) -> list[LabelledQuestion]:
    return [LabelledQuestion(text=topic.question, language=topic.language, article_id=topic.id) for topic in topics]


def _is_usable(topic: _Topic) -> bool:
    try:
        _article(topic, ())
    except ArticleError:
        return False
    return True


def _distinct(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrase.strip() for phrase in phrases if any(c.isalnum() for c in phrase)))
