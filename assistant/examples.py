"""Examples: questions asked of a generation, with what was found and whether that is right.

Its own articles' questions need no labels: each is asked as if it had never been written (leave-one-out,
Hastie, Tibshirani & Friedman 2009, 7.10), and once more as if the whole article were missing, which makes a
question that nothing answers though it sounds like the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from assistant.beforehand import decided_beforehand
from assistant.confidence import CHOICES, FEATURES, SEARCHED, features
from assistant.detection import Detector
from assistant.hearing import Hearing
from assistant.judgement import judge
from assistant.language import identify_read
from assistant.phrases import Phrasebook
from assistant.policy import Policy
from assistant.question import make_question
from index.hits import SearchResult, Without
from index.searcher import Searcher
from knowledge.golden import GoldenQuestion

OUT_OF_SCOPE = 0.2
"""Share of customers' questions that no article answers, where no labels tell."""

_OWN = 400  # own questions that are asked; more would say the same
_SEED = 1

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Questions that were asked, and whether what was found is right; n of them."""

    features: Floats  # (n, FEATURES)
    is_right: Bools  # (n,) the best hit answers
    is_in_choices: Bools  # (n,) one of the best three does
    is_in_scope: Bools  # (n,) some article does
    weights: Floats  # (n,)
    languages: tuple[str, ...]  # of the questions, without regions
    is_undecided: Bools  # (n,) confidence decides on an answer, not an exact match, a near tie or a contrast

    def taken(self, kept: Bools) -> Examples:
        """Return some of them, (n,)."""
        return Examples(
            features=self.features[kept],
            is_right=self.is_right[kept],
            is_in_choices=self.is_in_choices[kept],
            is_in_scope=self.is_in_scope[kept],
            weights=self.weights[kept],
            languages=tuple(language for language, is_kept in zip(self.languages, kept, strict=True) if is_kept),
            is_undecided=self.is_undecided[kept],
        )


def drawn_rows(searcher: Searcher, *, day: date | None = None) -> list[int]:
    """Return rows of questions to ask, the same for the same generation; none where no article has two to spare.

    Articles that are not valid on the day (today, UTC) could not be found, and are not asked.
    """
    generation = searcher.generation
    only = generation.filter(frozenset(), day or datetime.now(UTC).date())
    rows = np.arange(len(generation.question_rows)) if only is None else np.flatnonzero(only.questions.rows)
    drawn = [int(row) for row in np.random.default_rng(_SEED).permutation(rows)[:_OWN]]
    return drawn if any(_has_others(searcher, row) for row in drawn) else []


def own_examples(
    searcher: Searcher,
    rows: Sequence[int],
    *,
    day: date | None = None,
    report: Callable[[int], None] = lambda done: None,
) -> Examples:
    """Ask articles their own questions, given by their rows, as if these, or else the articles, were not there."""
    generation = searcher.generation
    asked: list[_Asked] = []
    for done, row in enumerate(rows):
        report(done)
        siblings = _siblings(searcher, row)
        ordinal = int(generation.article_of_question[row])
        language = generation.parts.languages[generation.language_of_question[row]]
        text = generation.article(ordinal).text(language)
        assert text is not None
        place = int(generation.place_of_question[row])
        question = text.alternate_questions[place - 1] if place else text.question
        id = generation.parts.article_ids[ordinal]
        for whole_article in (False, True) if _has_others(searcher, row) else (True,):
            result = searcher.search(
                question,
                languages=[language],
                top_k=SEARCHED,
                day=day,
                without=Without(rows=siblings, whole_article=whole_article),
            )
            asked.append(_Asked(result, None if whole_article else id, language, is_undecided=True))
    return _examples(asked, shares=True)


def golden_examples(
    searcher: Searcher,
    detector: Detector,
    golden: Sequence[GoldenQuestion],
    *,
    policy: Policy = Policy(),
    day: date | None = None,
    report: Callable[[int], None] = lambda done: None,
) -> Examples:
    """Ask golden questions, as customers that nothing is known of would."""
    phrases = Phrasebook()
    hearing = Hearing(phrases, detector)
    home = {policy.default_language, *searcher.generation.manifest.languages}
    eager = replace(policy, answer_threshold=0.0, clarify_threshold=0.0)
    asked: list[_Asked] = []
    for done, one in enumerate(golden):
        report(done)
        question = make_question(one.question)
        heard = hearing.heard(question.text, searcher.generation)
        text = heard.text or question.text
        language = identify_read(
            text,
            detector=detector,
            readings=searcher.readings,
            home=home,
            spoken=phrases.languages,
            wish=heard.wish,
            channel=policy.channel_languages.get(one.channel or ""),
            default=policy.default_language,
        )
        judged = judge(searcher, text, policy=eager, languages=language.languages_to_read, day=day)
        beforehand = decided_beforehand(question, phrases, at=datetime.now(UTC))
        is_undecided = beforehand is None and judged.verdict.reason == "confident"
        read = (*language.languages_to_read, language.code)[0]  # the one by which its threshold is looked up
        asked.append(_Asked(judged.result, one.article_id, read, is_undecided=is_undecided))
    return _examples(asked, shares=False)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question's result, the article that answers or None, and the language it was asked in."""

    result: SearchResult
    article_id: str | None
    language: str
    is_undecided: bool


def _examples(asked: Sequence[_Asked], *, shares: bool) -> Examples:
    """Return examples; ``shares`` weighs those that nothing answers as the usual share of customers' questions."""
    found = [[hit.article.id for hit in one.result.hits[:CHOICES]] for one in asked]
    inside = np.array([one.article_id is not None for one in asked], np.bool_)
    weights = np.ones(len(asked))
    if shares and len(asked):
        right, none = max(int(inside.sum()), 1), max(int((~inside).sum()), 1)
        size = int(inside.sum())
        weights = np.where(inside, (1 - OUT_OF_SCOPE) * size / right, OUT_OF_SCOPE * size / none)
    return Examples(
        features=np.array(
            [features(one.result) if one.result.hits else [0.0] * len(FEATURES) for one in asked], np.float64
        ).reshape(len(asked), len(FEATURES)),
        is_right=np.array([ids[:1] == [one.article_id] for ids, one in zip(found, asked, strict=True)], np.bool_),
        is_in_choices=np.array([one.article_id in ids for ids, one in zip(found, asked, strict=True)], np.bool_),
        is_in_scope=inside,
        weights=weights,
        languages=tuple(one.language.split("-")[0] for one in asked),
        is_undecided=np.array([one.is_undecided and bool(one.result.hits) for one in asked], np.bool_),
    )


def _has_others(searcher: Searcher, row: int) -> bool:
    """Tell whether an article has questions that say something else than this one."""
    generation = searcher.generation
    return int(generation.parts.centroids.counts[generation.article_of_question[row]]) > len(_siblings(searcher, row))


def _siblings(searcher: Searcher, row: int) -> tuple[int, ...]:
    """Return the rows of an article that say the same as this one, as a rule: those at its place in any language."""
    generation = searcher.generation
    ordinal = int(generation.article_of_question[row])
    start = int(generation.question_starts[ordinal])
    places = generation.place_of_question[start : start + int(generation.parts.centroids.counts[ordinal])]
    return tuple((start + np.flatnonzero(places == generation.place_of_question[row])).tolist())
