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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.certify import certified_threshold, fewest, interval
from assistant.confidence import FEATURES, ONLY_EXACT, Calibration, calibration_for
from assistant.detection import Detector
from assistant.examples import Examples, drawn_rows, golden_examples, own_examples
from assistant.policy import Policy
from index.searcher import Searcher
from knowledge.golden import GoldenQuestion

TARGET_PRECISION = 0.95
KEPT_OUT = 0.4
"""Share of out-of-scope questions that are not even asked back on; a choice costs a tap, a ticket a day."""

VERSION = 2  # raise it when the same questions would give another calibration

# What the parameters so far weigh against the evidence, in squared standard deviations of the features: much against
# own questions, which customers ask otherwise, little against golden ones, which are theirs.
_OWN_PRIOR = 200.0
_GOLDEN_PRIOR = 5.0
_FOLDS = 5
_SEED = 1
_FEW = 20  # questions with which nothing is fitted
_FEW_ANSWERS = 20  # answers that are too few for the share of right ones among them to mean anything
_FEW_OUTSIDE = 30  # questions that no article answers, below which the shipped clarify threshold stays

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Report = Callable[[int, int], None]


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
    rows = drawn_rows(searcher, day=day)
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
    fitted = fit(own_fit, told, _GOLDEN_PRIOR)
    return with_thresholds(
        replace(
            fitted,
            target_precision=target_precision,
            clarify_threshold=_clarify_threshold(fitted, told),
            inputs=inputs,
            fitted_on=f"{shipped.fitted_on}; {len(own.is_right):,} questions of its own articles, "
            f"{len(told.is_right):,} golden questions",
        ),
        own_fit,
        told,
    )


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
    promise = f"{100 * target:g} % of answers are right"
    counted, needed = int(told.is_undecided.sum()), fewest(target)
    if counted < needed:
        known = f"{counted:,} golden questions of {needed:,} that could show it"
        if fitted.estimated_threshold(target) >= ONLY_EXACT:
            only = "only exact matches are answered"
            return replace(fitted, basis=f"uncertified: no threshold is known by which {promise}; {known}: {only}")
        return replace(fitted, basis=f"uncertified: {promise} by estimate; {known}")
    confidences = _cross_fitted(prior, told)
    pooled = _certified(confidences, told, told.is_undecided, target)
    estimate = _estimated(confidences, told, target) if pooled is None else None
    threshold = pooled or estimate or ONLY_EXACT
    of_languages = _by_language(confidences, told, target, threshold)
    fitted = replace(
        fitted, answer_threshold=threshold, answer_thresholds=of_languages, is_certified=pooled is not None
    )
    if pooled is not None:
        answers = told.is_undecided & (confidences >= pooled)
        basis = (
            f"certified with 95 % confidence: {promise}, by {int(answers.sum()):,} golden questions answered, "
            f"{int((answers & ~told.is_right).sum()):,} of them wrongly"
        )
    elif estimate is not None:
        basis = (
            f"uncertified: {promise} of {counted:,} golden questions as counted, which are too few, or too often "
            "answered wrongly, to show it of customers' questions"
        )
    else:
        basis = (
            f"nothing separates right answers from wrong ones well enough that {promise} on {counted:,} golden "
            "questions: only exact matches are answered"
        )
    return replace(fitted, basis=basis + _said_of(of_languages))


def _said_of(of_languages: Mapping[str, float]) -> str:
    """Return what the basis says of languages with a threshold of their own."""
    certain = [language for language, threshold in of_languages.items() if threshold < ONLY_EXACT]
    wrong = [language for language, threshold in of_languages.items() if threshold >= ONLY_EXACT]
    said = f"; certified by itself: {', '.join(certain)}" if certain else ""
    return said + (f"; too often wrong, so only exact matches: {', '.join(wrong)}" if wrong else "")


def _clarify_threshold(fitted: Calibration, told: Examples) -> float:
    """Return what keeps the usual share of golden questions that no article answers from being asked back on."""
    outside = ~told.is_in_scope
    if outside.sum() < _FEW_OUTSIDE:
        return fitted.clarify_threshold
    z = told.features[outside] @ np.array(fitted.choice_weights) + fitted.choice_bias
    return float(np.quantile(_probabilities(z), KEPT_OUT))


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
        fitted = fit(prior, told.taken(kept), _GOLDEN_PRIOR)
        z = told.features[~kept] @ np.array(fitted.weights) + fitted.bias
        confidences[~kept] = _probabilities(z)
    return confidences


def _probabilities(z: Floats) -> Floats:
    probabilities: Floats = 1 / (1 + np.exp(-np.clip(z, -40, 40)))
    return probabilities


def _certified(confidences: Floats, told: Examples, chosen: Bools, target: float) -> float | None:
    return certified_threshold(confidences[chosen].tolist(), told.is_right[chosen].tolist(), target=target)


def _by_language(confidences: Floats, told: Examples, target: float, threshold: float) -> dict[str, float]:
    """Return thresholds of the languages with enough golden questions, where they are certain by themselves.

    A language whose answers are shown to be wrong too often at the threshold of all answers exact matches only.
    """
    found: dict[str, float] = {}
    for language in sorted(set(told.languages)):
        mine = np.array([own == language for own in told.languages], np.bool_) & told.is_undecided
        if mine.sum() < fewest(target):
            continue
        certified = _certified(confidences, told, mine, target)
        answers = mine & (confidences >= threshold)
        if certified is not None:
            found[language] = certified
        elif interval(int((answers & told.is_right).sum()), int(answers.sum())).high < target:
            found[language] = ONLY_EXACT
    return found


def _estimated(confidences: Floats, told: Examples, target: float) -> float | None:
    """Return the lowest threshold whose answers were right as often as they should be, or None."""
    chosen = np.flatnonzero(told.is_undecided)
    order = chosen[np.argsort(-confidences[chosen], kind="stable")]
    share = np.cumsum(told.is_right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share[_FEW_ANSWERS - 1 :] >= target)
    return None if len(good) == 0 else float(confidences[order[good[-1] + _FEW_ANSWERS - 1]])
