"""Calibrating: the shipped parameters are fitted to one knowledge base, and thresholds chosen for its target.

A cosine, a margin, a share of known terms mean another thing in every knowledge base. So its own articles
are asked their own alternate questions, each as if it had never been written (leave-one-out, Hastie,
Tibshirani & Friedman 2009, 7.10), and once more as if the whole article were missing, which makes a question
that nothing answers though it sounds like the others. These need no labels. Golden questions count besides,
as what customers really ask. The parameters are the most probable ones given all of these, where the shipped
ones are the prior: little evidence moves them little.

Golden questions alone certify a threshold (``assistant.certify``), by confidences fitted without them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.certify import certified_threshold, fewest, interval
from assistant.confidence import (
    CHOICES,
    FEATURES,
    ONLY_EXACT,
    SEARCHED,
    Calibration,
    calibration_for,
    features,
)
from assistant.detection import Detector
from assistant.judgement import judge
from assistant.language import identify_read
from assistant.phrases import Phrasebook
from assistant.policy import Policy
from assistant.question import make_question
from index.hits import SearchResult, Without
from index.searcher import Searcher
from knowledge.golden import GoldenQuestion

TARGET_PRECISION = 0.95
VERSION = 1  # raise it when the same questions would give another calibration

_OWN = 400  # own questions that are asked; more would say the same
_OUT_OF_SCOPE = 0.2  # share of customers' questions that no article answers, where no labels tell
# What the parameters so far weigh against the evidence, in squared standard deviations of the features: much against
# own questions, which customers ask otherwise, little against golden ones, which are theirs.
_OWN_PRIOR = 200.0
_GOLDEN_PRIOR = 5.0
_FOLDS = 5
_SEED = 1
_FEW = 20  # questions with which nothing is fitted

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Report = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Questions that were asked, and whether what was found is right; n of them."""

    features: Floats  # (n, FEATURES)
    is_right: Bools  # (n,) the best hit answers
    is_in_choices: Bools  # (n,) one of the best three does
    weights: Floats  # (n,)
    languages: tuple[str, ...]  # of the questions, without regions
    is_undecided: Bools  # (n,) confidence decides on an answer, not an exact match, a near tie or a contrast


def inputs_digest(golden: Sequence[GoldenQuestion], target_precision: float) -> str:
    """Return what a calibration records of what it was fitted on, besides the articles."""
    told = [(one.question, one.article_id, one.language) for one in golden]
    content = orjson.dumps([VERSION, FEATURES, target_precision, told])
    return hashlib.sha256(content).hexdigest()


def calibrate(
    searcher: Searcher,
    detector: Detector,
    golden: Sequence[GoldenQuestion] = (),
    *,
    policy: Policy = Policy(),
    target_precision: float = TARGET_PRECISION,
    shipped: Calibration | None = None,
    day: date | None = None,
    report: Report = lambda done, total: None,
) -> Calibration:
    """Return the calibration of a generation by its own questions and by golden ones, if there are any.

    ``target_precision`` is the share of answers that shall be right; ``shipped`` (the encoder's) what is fitted to
    them; ``day`` (today, UTC) the one on which is asked; ``report`` is told how many questions of how many were asked.
    """
    rows = drawn_rows(searcher)
    total = len(rows) + len(golden)
    own = own_examples(searcher, rows, day=day, report=lambda done: report(done, total))
    told = golden_examples(
        searcher, detector, golden, policy=policy, day=day, report=lambda done: report(len(rows) + done, total)
    )
    return calibrated(
        calibration_for(searcher.encoder.id) if shipped is None else shipped,
        own,
        told,
        inputs=inputs_digest(golden, target_precision),
        target_precision=target_precision,
    )


def calibrated(
    shipped: Calibration, own: Examples, told: Examples, *, inputs: str = "", target_precision: float = TARGET_PRECISION
) -> Calibration:
    """Return a calibration fitted to a generation's own questions and then to golden ones, with its thresholds.

    ``inputs`` is the digest of what was asked.
    """
    own_fit = fit(shipped, own, _OWN_PRIOR)
    fitted = replace(
        fit(own_fit, told, _GOLDEN_PRIOR),
        target_precision=target_precision,
        inputs=inputs,
        fitted_on=f"{shipped.fitted_on}; {len(own.is_right):,} questions of its own articles, "
        f"{len(told.is_right):,} golden questions",
    )
    return with_thresholds(fitted, own_fit, told)


def drawn_rows(searcher: Searcher) -> list[int]:
    """Return rows of questions to ask, the same for the same generation."""
    count = len(searcher.generation.question_rows)
    return [int(row) for row in np.random.default_rng(_SEED).permutation(count)[:_OWN]]


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
        has_others = int(generation.parts.centroids.counts[ordinal]) > len(siblings)
        for whole_article in (False, True) if has_others else (True,):
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
    home = {policy.default_language, *searcher.generation.manifest.languages}
    eager = replace(policy, answer_threshold=0.0, clarify_threshold=0.0)
    asked: list[_Asked] = []
    for done, one in enumerate(golden):
        report(done)
        text = make_question(one.question).text
        language = identify_read(
            text,
            detector=detector,
            readings=searcher.readings,
            home=home,
            spoken=phrases.languages,
            default=policy.default_language,
        )
        judged = judge(searcher, text, policy=eager, languages=language.languages_to_read, day=day)
        is_undecided = judged.verdict.reason == "confident"
        asked.append(_Asked(judged.result, one.article_id, language.code, is_undecided=is_undecided))
    return _examples(asked, shares=False)


def fit(prior: Calibration, examples: Examples, strength: float) -> Calibration:
    """Return the most probable parameters given examples; the prior's parameters weigh so much against them."""
    if len(examples.is_right) < _FEW:
        return prior
    means, scales = np.array(prior.means), np.array(prior.scales)
    standard = (examples.features - means) / scales
    found = []
    for label, slopes, bias in (
        (examples.is_right, prior.weights, prior.bias),
        (examples.is_in_choices, prior.choice_weights, prior.choice_bias),
    ):
        before = np.append(np.array(slopes) * scales, bias + float(np.dot(slopes, means)))
        line = _most_probable(standard, label.astype(np.float64), examples.weights, before, strength)
        slope = line[:-1] / scales
        found.append((tuple(map(float, slope)), float(line[-1] - slope @ means)))
    (answer, answer_bias), (choice, choice_bias) = found
    return replace(prior, weights=answer, bias=answer_bias, choice_weights=choice, choice_bias=choice_bias)


def with_thresholds(fitted: Calibration, prior: Calibration, told: Examples) -> Calibration:
    """Return the calibration with the thresholds that golden questions certify, or else with estimated ones.

    ``prior`` is the calibration that was fitted to the golden questions.
    """
    target = fitted.target_precision
    promise = f"{target:.0%} of answers are right"
    needed = fewest(target)
    counted = int(told.is_undecided.sum())
    if counted < needed:
        basis = f"uncertified: {promise} by estimate; {counted:,} golden questions of {needed:,} that could show it"
        return replace(fitted, basis=basis)
    confidences = _cross_fitted(prior, told)
    pooled = _certified(confidences, told, target)
    by_language = _by_language(confidences, told, target, pooled)
    if pooled is not None:
        answers = told.is_undecided & (confidences >= pooled)
        return replace(
            fitted,
            answer_threshold=pooled,
            answer_thresholds=by_language,
            is_certified=True,
            basis=f"certified with 95 % confidence: {promise}, by {int(answers.sum()):,} golden questions answered, "
            f"{int((answers & ~told.is_right).sum()):,} of them wrongly",
        )
    estimate = _estimated(confidences, told, target)
    if estimate is None:
        return replace(
            fitted,
            answer_threshold=ONLY_EXACT,
            basis=f"nothing separates right answers from wrong ones well enough that {promise} on "
            f"{counted:,} golden questions: only exact matches are answered",
        )
    return replace(
        fitted,
        answer_threshold=estimate,
        basis=f"uncertified: {promise} of {counted:,} golden questions as counted, which are too few, or too often "
        "answered wrongly, to show it of customers' questions",
    )


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
        weights = np.where(inside, (1 - _OUT_OF_SCOPE) * size / right, _OUT_OF_SCOPE * size / none)
    return Examples(
        features=np.array(
            [features(one.result) if one.result.hits else [0.0] * len(FEATURES) for one in asked], np.float64
        ).reshape(len(asked), len(FEATURES)),
        is_right=np.array([ids[:1] == [one.article_id] for ids, one in zip(found, asked, strict=True)], np.bool_),
        is_in_choices=np.array([one.article_id in ids for ids, one in zip(found, asked, strict=True)], np.bool_),
        weights=weights,
        languages=tuple(one.language.split("-")[0] for one in asked),
        is_undecided=np.array([one.is_undecided and bool(one.result.hits) for one in asked], np.bool_),
    )


def _siblings(searcher: Searcher, row: int) -> tuple[int, ...]:
    """Return the rows of an article that say the same as this one: it, and those at its place in other languages."""
    generation = searcher.generation
    ordinal = int(generation.article_of_question[row])
    start = int(generation.question_starts[ordinal])
    places = generation.place_of_question[start : start + int(generation.parts.centroids.counts[ordinal])]
    return tuple((start + np.flatnonzero(places == generation.place_of_question[row])).tolist())


def _most_probable(rows: Floats, is_true: Floats, weights: Floats, prior: Floats, strength: float) -> Floats:
    """Return the parameters of a logistic regression, bias last, with a normal prior (Bishop 2006, 4.5)."""
    from scipy.optimize import minimize

    design = np.column_stack([rows, np.ones(len(rows))])

    def loss(line: Floats) -> tuple[float, Floats]:
        z = design @ line
        apart = line - prior
        value = float((weights * (np.logaddexp(0, z) - is_true * z)).sum() + 0.5 * strength * (apart @ apart))
        return value, design.T @ (weights * (1 / (1 + np.exp(-z)) - is_true)) + strength * apart

    line: Floats = minimize(loss, prior, jac=True, method="L-BFGS-B").x
    return line


def _cross_fitted(prior: Calibration, told: Examples) -> Floats:
    """Return a confidence for every golden question, fitted without it, (n,)."""
    fold_of = np.random.default_rng(_SEED).permutation(len(told.is_right)) % _FOLDS
    confidences = np.zeros(len(told.is_right))
    for fold in range(_FOLDS):
        kept = fold_of != fold
        fitted = fit(prior, _taken(told, kept), _GOLDEN_PRIOR)
        confidences[~kept] = _logistic(told.features[~kept], fitted)
    return confidences


def _taken(part: Examples, kept: Bools) -> Examples:
    return Examples(
        features=part.features[kept],
        is_right=part.is_right[kept],
        is_in_choices=part.is_in_choices[kept],
        weights=part.weights[kept],
        languages=tuple(language for language, is_kept in zip(part.languages, kept, strict=True) if is_kept),
        is_undecided=part.is_undecided[kept],
    )


def _logistic(rows: Floats, calibration: Calibration) -> Floats:
    z = rows @ np.array(calibration.weights) + calibration.bias
    probabilities: Floats = 1 / (1 + np.exp(-np.clip(z, -40, 40)))
    return probabilities


def _certified(confidences: Floats, told: Examples, target: float) -> float | None:
    chosen = told.is_undecided
    return certified_threshold(confidences[chosen].tolist(), told.is_right[chosen].tolist(), target=target)


def _by_language(confidences: Floats, told: Examples, target: float, pooled: float | None) -> dict[str, float]:
    """Return thresholds of the languages with enough golden questions, where they are certain by themselves.

    A language whose answers are shown to be wrong too often at the pooled threshold answers exact matches only.
    """
    found: dict[str, float] = {}
    for language in sorted(set(told.languages)):
        mine = np.array([own == language for own in told.languages], np.bool_) & told.is_undecided
        if mine.sum() < fewest(target):
            continue
        certified = certified_threshold(confidences[mine].tolist(), told.is_right[mine].tolist(), target=target)
        if certified is not None:
            found[language] = certified
        elif pooled is not None:
            answers = mine & (confidences >= pooled)
            if interval(int((answers & told.is_right).sum()), int(answers.sum())).high < target:
                found[language] = ONLY_EXACT
    return found


def _estimated(confidences: Floats, told: Examples, target: float) -> float | None:
    """Return the lowest threshold whose answers were right as often as they should be, or None."""
    chosen = np.flatnonzero(told.is_undecided)
    order = chosen[np.argsort(-confidences[chosen], kind="stable")]
    share = np.cumsum(told.is_right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= target)
    return None if len(good) == 0 else float(confidences[order[good[-1]]])
