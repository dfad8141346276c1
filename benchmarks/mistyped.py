"""Labelled questions to mistype, and what is found for each of them, by the product and by what it is compared with."""

from __future__ import annotations

import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import orjson

from assistant.calibrations.labelled import KnowledgeBase, LabelledQuestion, knowledge_bases
from assistant.detection import Detector
from assistant.judgement import judge
from assistant.language import identify_read
from assistant.phrases.phrasebook import Phrasebook
from benchmarks.faq_sets import searcher_of
from benchmarks.golden import ARMS
from benchmarks.noise import Noise
from index.encoding import Encoder
from index.readings import Reading, Readings
from index.searcher import Searcher
from index.training.evaluate import SEED, Aligned, read_aligned, read_tor
from knowledge.article import make_article
from knowledge.sample import golden_questions, sample_articles

SAME = "Tor FAQ, each language on itself"
TO_ENGLISH = "Tor FAQ, others on en"
_INTENTS = {"nlu_home/5": "nlu_home en, 5 alternates", "robo_en/5": "robo_faq en, 5 alternates",
            "robo_de/5": "robo_faq de, 5 alternates"}  # fmt: skip
ENGLISH = frozenset({"nlu_home en, 5 alternates", "robo_faq en, 5 alternates"})
EACH = 4  # times fewer questions where there are many languages
_MKQA = 600  # articles
_DEFAULT = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A knowledge base with questions; ``group`` is the row of the tables that it counts in."""

    group: str
    base: KnowledgeBase


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one question: whether the best article was the right one, by way of finding it."""

    group: str
    language: str  # of the question
    noise: str  # empty for the question as it was
    is_in_scope: bool
    read: bool  # the product
    typed: bool  # the product without its readings
    words: bool  # BM25 alone, as typed
    dense: bool  # dense alone, as typed
    minilm: bool | None  # all-MiniLM-L6-v2, as typed
    is_answered: bool
    is_language_read: bool  # found out rightly with readings
    is_language_typed: bool  # and without
    seconds: float  # of processor time, that reading took


def settings(dev: Path, *, limit: int) -> Iterator[Setting]:
    """Yield the knowledge bases, each with at most ``limit`` questions that it answers, and half as many others."""
    for base in knowledge_bases(dev):
        if base.name in _INTENTS:
            yield Setting(group=_INTENTS[base.name], base=_sampled(base, limit))
    tor = read_tor(dev / "tor_support_faq")
    for language in sorted(tor.texts):
        yield Setting(group=SAME, base=_sampled(_on_itself(tor, language), limit // EACH))
    yield Setting(group=TO_ENGLISH, base=_on_english(tor, sorted(set(tor.texts) - {"en"}), limit))
    mkqa = read_aligned(dev / "mkqa_questions.tsv.gz")
    some = sorted(mkqa.texts["en"])[:_MKQA]
    mkqa = replace(mkqa, texts={code: {key: mkqa.texts[code][key] for key in some} for code in ("en", "ru")})
    yield Setting(group="MKQA, ru on itself", base=_sampled(_on_itself(mkqa, "ru"), limit))
    yield Setting(group="MKQA, ru on en", base=_on_english(mkqa, ["ru"], limit))
    yield Setting(group="sample shop, 16 languages", base=_shop())


def _on_itself(aligned: Aligned, language: str) -> KnowledgeBase:
    texts = aligned.texts[language]
    return _base(f"{aligned.name} {language}", texts, language, _asked(texts, language))


def _on_english(aligned: Aligned, languages: Sequence[str], limit: int) -> KnowledgeBase:
    english = aligned.texts["en"]
    questions: list[LabelledQuestion] = []
    for language in languages:
        texts = {key: text for key, text in aligned.texts[language].items() if key in english}
        questions += _drawn(_asked(texts, language), limit // EACH if len(languages) > 1 else limit, language)
    return _base(f"{aligned.name} on en", english, "en", questions)


def _asked(texts: Mapping[str, str], language: str) -> list[LabelledQuestion]:
    return [LabelledQuestion(text=text, language=language, article_id=_id(key)) for key, text in texts.items()]


def _base(name: str, texts: Mapping[str, str], language: str, questions: Sequence[LabelledQuestion]) -> KnowledgeBase:
    articles = [
        replace(make_article(id=_id(key), texts={language: {"question": text, "answer": "n/a"}}), revision=1)
        for key, text in texts.items()
    ]
    ordered = tuple(sorted(articles, key=lambda article: article.id))
    return KnowledgeBase(name=name, source=name, articles=ordered, questions=tuple(questions))


def _id(key: str) -> str:
    return f"q{zlib.crc32(key.encode()):08x}"


def _shop() -> KnowledgeBase:
    rows = [orjson.loads(line) for line in sample_articles().splitlines()]
    articles = [replace(make_article(**row), revision=1) for row in rows]
    questions = [
        LabelledQuestion(text=golden.question, language=golden.language or _DEFAULT, article_id=golden.article_id)
        for golden in golden_questions()
    ]
    ordered = tuple(sorted(articles, key=lambda article: article.id))
    return KnowledgeBase(name="shop", source="shop", articles=ordered, questions=tuple(questions))


def _sampled(base: KnowledgeBase, limit: int) -> KnowledgeBase:
    inside = [question for question in base.questions if question.article_id is not None]
    outside = [question for question in base.questions if question.article_id is None]
    kept = [*_drawn(inside, limit, base.name), *_drawn(outside, limit // 2, base.name)]
    return replace(base, questions=tuple(kept))


def _drawn(questions: Sequence[LabelledQuestion], limit: int, name: str) -> list[LabelledQuestion]:
    order = np.random.default_rng([SEED, zlib.crc32(name.encode())]).permutation(len(questions))
    return [questions[place] for place in sorted(order[:limit].tolist())]


class Asker:
    """Asks the questions of one setting, as they are and mistyped."""

    def __init__(self, setting: Setting, folder: Path, encoder: Encoder, minilm: Encoder | None) -> None:
        self._setting = setting
        for name in ("ours", "minilm"):
            (folder / name).mkdir(parents=True)
        self._searcher = searcher_of(setting.base, encoder, folder / "ours")
        self._timed = Readings(self._searcher.generation)  # which remembers nothing of the others
        self._timed.warm()
        generation = self._searcher.generation
        self._words = Searcher(generation, encoder, ARMS["BM25 alone"])
        self._dense = Searcher(generation, encoder, ARMS["dense alone"])
        self._minilm = None
        if minilm is not None and setting.group in ENGLISH:
            theirs = searcher_of(setting.base, minilm, folder / "minilm")
            self._minilm = Searcher(theirs.generation, minilm, ARMS["dense alone"])
        self._detector = Detector()
        self._spoken = Phrasebook().languages
        self._home = {_DEFAULT, *generation.manifest.languages}

    def outcomes(self, noises: Sequence[Noise]) -> Iterator[Outcome]:
        """Yield what became of every question as it is and, where it answers one, with every noise it suffers from."""
        for question in self._setting.base.questions:
            yield self._outcome(question, question.text, "")
            for noise in noises:
                if noise.happens_in(question.language):
                    typed = noise(question.text, question.language)
                    if typed.strip() and typed != question.text:
                        yield self._outcome(question, typed, noise.name)

    def _outcome(self, question: LabelledQuestion, typed: str, noise: str) -> Outcome:
        as_typed = Reading(text=typed)
        code, languages = self._identified(typed, is_read=False)
        read_code, read_languages = self._identified(typed, is_read=True)
        started = time.thread_time()
        self._timed.read(typed, languages)
        seconds = time.thread_time() - started
        judged = judge(self._searcher, typed, languages=read_languages)
        best = judged.result.hits[0].article.id if judged.result.hits else None

        def finds(searcher: Searcher) -> bool:
            hits = searcher.search(typed, languages=languages, top_k=1, reading=as_typed).hits
            return bool(hits) and hits[0].article.id == question.article_id

        base = question.language.split("-")[0]
        return Outcome(
            group=self._setting.group,
            language=question.language,
            noise=noise,
            is_in_scope=question.article_id is not None,
            read=best is not None and best == question.article_id,
            typed=finds(self._searcher),
            words=finds(self._words),
            dense=finds(self._dense),
            minilm=None if self._minilm is None else finds(self._minilm),
            is_answered=judged.verdict.decision == "answered",
            is_language_read=read_code.split("-")[0] == base,
            is_language_typed=code.split("-")[0] == base,
            seconds=seconds,
        )

    def _identified(self, text: str, *, is_read: bool) -> tuple[str, tuple[str, ...]]:
        verdict = identify_read(
            text,
            detector=self._detector,
            readings=self._searcher.readings if is_read else None,
            home=self._home,
            spoken=self._spoken,
            default=_DEFAULT,
        )
        return verdict.code, verdict.languages_to_read


def by_noise(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    """Return outcomes by group and noise."""
    found: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.group, outcome.noise].append(outcome)
    return found
