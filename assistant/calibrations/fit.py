"""Fits the calibration of an encoder on labelled questions of several knowledge bases.

``python -m assistant.calibrations.fit --dev DIR --encoder embedded --out assistant/calibrations/embedded.json``

``general.json``, for every other encoder, is made with two encoders that have little in common, the embedded one
and all-MiniLM-L6-v2 (``--also FOLDER``), which knows English only and is asked nothing else:
``… --also FOLDER --name '*' --out assistant/calibrations/general.json``

Every data set is held out once while the others are fitted on: the thresholds come from those held-out
probabilities, so that they hold for a knowledge base nobody has seen. Development tool; needs scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.calibrating import KEPT_OUT, TARGET_PRECISION
from assistant.calibrations.labelled import KnowledgeBase, knowledge_bases
from assistant.confidence import CHOICES, FEATURES, ONLY_EXACT, SEARCHED, Calibration, features
from assistant.examples import OUT_OF_SCOPE
from index.builder import build
from index.encoder import load_encoder
from index.encoding import Encoder
from index.fusion import Fusion
from index.generations import Generations
from index.searcher import Searcher

MOST = 0.75  # of knowledge bases, that a threshold must keep the precision in; nobody's is the average one
TARGETS = (0.8, 0.85, 0.9, 0.92, 0.95, 0.97, 0.98, 0.99)  # precisions that a threshold is estimated for
FAQS = frozenset({"mkqa", "robo", "tor"})  # sets of questions with answers; the thresholds come from these
_NO_QUESTIONS = frozenset({"nlu_home/0"})  # bare names of intents, which nobody would write as an article
_ENGLISH = ("nlu_home/", "robo_en/")  # knowledge bases with questions and articles in English only
_REGULARISATION = 1.0
_WRITTEN = frozenset({
    "encoder", "weights", "bias", "choice_weights", "choice_bias", "means", "scales", "thresholds",
    "clarify_threshold", "fitted_on",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Examples:
    """Questions of one knowledge base: features (n, FEATURES), whether hit 1 is right, and where the right one is."""

    base: KnowledgeBase
    features: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    is_in_choices: NDArray[np.bool_]
    is_in_scope: NDArray[np.bool_]


def examples(base: KnowledgeBase, encoder: Encoder, fusion: Fusion = Fusion()) -> Examples:
    """Index a knowledge base and ask it its questions."""
    with tempfile.TemporaryDirectory() as folder:
        generations = Generations(Path(folder))
        build(generations, base, encoder)
        return examples_of(base, Searcher(generations.load_active(), encoder, fusion))


def examples_of(base: KnowledgeBase, searcher: Searcher) -> Examples:
    """Ask a knowledge base that is indexed its questions, the language of each being known."""
    rows, right, offered = [], [], []
    for question in base.questions:
        result = searcher.search(question.text, languages=[question.language], top_k=SEARCHED)
        rows.append(features(result) if result.hits else [0.0] * len(FEATURES))
        found = [hit.article.id for hit in result.hits]
        right.append(bool(found) and found[0] == question.article_id)
        offered.append(question.article_id in found[:CHOICES])
    return Examples(
        base,
        np.array(rows),
        np.array(right),
        np.array(offered),
        np.array([question.article_id is not None for question in base.questions]),
    )


def weights_of(part: Examples) -> NDArray[np.float64]:
    """Return a weight for every question: knowledge bases count alike, and out of scope is its usual share."""
    return usual_weights(part.is_in_scope)


def usual_weights(is_in_scope: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return a weight for every question of a knowledge base, 1,000 in all, with out of scope at its usual share."""
    inside = is_in_scope
    share = np.where(inside, (1 - OUT_OF_SCOPE) / max(inside.sum(), 1), OUT_OF_SCOPE / max((~inside).sum(), 1))
    weights: NDArray[np.float64] = 1_000 * share / share.sum()
    return weights


@dataclass(frozen=True, slots=True)
class Line:
    """A logistic regression: weights of FEATURES, and the bias."""

    weights: NDArray[np.float64]
    bias: float

    def probabilities(self, part: Examples) -> NDArray[np.float64]:
        """Return the probability of every question of a part."""
        result: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(part.features @ self.weights + self.bias)))
        return result


def fit(parts: Sequence[Examples], label: Literal["is_right", "is_in_choices"]) -> Line:
    """Return the regression of a label on the features."""
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([part.features for part in parts])
    right = np.concatenate([getattr(part, label) for part in parts])
    weight = np.concatenate([weights_of(part) for part in parts])
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    model = LogisticRegression(C=_REGULARISATION, max_iter=2_000).fit(
        (rows - mean) / scale, right, sample_weight=weight
    )
    weights = model.coef_[0] / scale
    return Line(weights, float(model.intercept_[0] - weights @ mean))


def threshold_in_most(
    probabilities: Sequence[NDArray[np.float64]], parts: Sequence[Examples], precision: float, *, most: float = MOST
) -> float:
    """Return the lowest threshold at which ``most`` knowledge bases keep a precision, and on average all of them do."""
    steps = np.unique(np.concatenate(list(probabilities)).round(4))
    kept = np.array(
        [_precisions(probability, part, steps) for probability, part in zip(probabilities, parts, strict=True)]
    )
    good = ((kept >= precision).mean(axis=0) >= most) & (kept.mean(axis=0) >= precision)
    return float(steps[good][0]) if good.any() else ONLY_EXACT


def _precisions(probability: NDArray[np.float64], part: Examples, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of right answers at every threshold, 1 where nothing is answered."""
    order = np.argsort(-probability)
    weight = weights_of(part)[order]
    right = np.concatenate([[0.0], np.cumsum(weight * part.is_right[order])])
    answered = np.concatenate([[0.0], np.cumsum(weight)])
    counts = np.searchsorted(-probability[order], -steps, side="right")
    precisions = np.ones(len(steps))
    np.divide(right[counts], answered[counts], out=precisions, where=answered[counts] > 0)
    return precisions


def threshold_for(
    probability: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64], precision: float
) -> float:
    """Return the lowest threshold at which the share of right answers is still ``precision``; 1.0 where none is."""
    order = np.argsort(-probability)
    running = np.cumsum((weight * right)[order]) / np.cumsum(weight[order])
    good = np.flatnonzero(running >= precision)
    return float(probability[order[good[-1]]]) if len(good) else 1.0


@dataclass(frozen=True, slots=True)
class Lines:
    """The two regressions of a calibration."""

    answers: Line
    offers: Line

    @classmethod
    def of(cls, parts: Sequence[Examples]) -> Lines:
        """Fit both."""
        return cls(fit(parts, "is_right"), fit(parts, "is_in_choices"))


def fitted(parts: Sequence[Examples], encoder: str) -> Calibration:
    """Return the calibration of examples, to be shipped for an encoder ("*" for any).

    The thresholds come from probabilities of which each source is held out; so there must be several sources, with
    FAQs among them, or ValueError is raised.
    """
    sources = sorted({part.base.source for part in parts})
    held_out = _held_out(parts)
    answers = [lines.answers.probabilities(part) for part, lines in zip(parts, held_out, strict=True)]
    outside = [
        lines.offers.probabilities(part)[~part.is_in_scope]
        for part, lines in zip(parts, held_out, strict=True)
        if part.base.source in FAQS
    ]
    if not outside:
        raise ValueError(f"there are examples of {', '.join(sources)}; expected some of {', '.join(sorted(FAQS))}, too")
    lines, pooled = Lines.of(parts), np.concatenate([part.features for part in parts])
    return Calibration(
        encoder=encoder,
        weights=_rounded(lines.answers.weights),
        bias=round(lines.answers.bias, 6),
        choice_weights=_rounded(lines.offers.weights),
        choice_bias=round(lines.offers.bias, 6),
        means=_rounded(pooled.mean(axis=0)),
        scales=_rounded(pooled.std(axis=0)),
        thresholds={f"{target:g}": round(threshold_in_most(answers, parts, target), 4) for target in TARGETS},
        clarify_threshold=round(float(np.quantile(np.concatenate(outside), KEPT_OUT)), 4),
        fitted_on=f"{sum(len(part.is_right) for part in parts)} questions of {len(parts)} knowledge bases "
        f"({', '.join(sources)}), {OUT_OF_SCOPE:.0%} of them out of scope by weight",
    )


def fitted_without(parts: Sequence[Examples], source: str, encoder: str) -> Calibration:
    """Return what ``fitted`` gives of all examples but those of a source, which it can then be measured on."""
    return fitted([part for part in parts if part.base.source != source], encoder)


def is_fitted_on(base: KnowledgeBase) -> bool:
    """Tell whether a knowledge base is one that calibrations are fitted on."""
    return base.name not in _NO_QUESTIONS


def is_english(base: KnowledgeBase) -> bool:
    """Tell whether a knowledge base and its questions are in English only."""
    return base.name.startswith(_ENGLISH)


def _held_out(parts: Sequence[Examples]) -> list[Lines]:
    """Return, for each part, what is fitted on all other sources."""
    sources = sorted({part.base.source for part in parts})
    if len(sources) < 2:
        raise ValueError(f"there are examples of {', '.join(sources) or 'nothing'}; expected two sources at least")
    by_source = {source: Lines.of([part for part in parts if part.base.source != source]) for source in sources}
    return [by_source[part.base.source] for part in parts]


def _rounded(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(number), 6) for number in numbers)


def calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    """Return the expected calibration error over ten equal bins (Naeini et al. 2015)."""
    bins = np.minimum((probability * 10).astype(int), 9)
    gaps = [abs((weight * (right - probability))[bins == number].sum()) for number in range(10)]
    return float(sum(gaps) / weight.sum())


def main() -> int:
    """Fit, print what was found, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", type=Path, required=True, help="folder of the development sets")
    parser.add_argument("--encoder", default="embedded")
    parser.add_argument("--name", help="the encoder the file is for; '*' for any other (default: --encoder)")
    parser.add_argument("--also", help="another encoder, for English, whose examples are added")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()

    encoder = load_encoder(arguments.encoder)
    bases = [base for base in knowledge_bases(arguments.dev) if is_fitted_on(base)]
    parts = [examples(base, encoder) for base in bases]
    if arguments.also:
        other = load_encoder(arguments.also)
        parts += [examples(base, other) for base in bases if is_english(base)]
    held_out = _held_out(parts)
    print(
        f"{'knowledge base':24} {'questions':>9} {'accuracy':>8} {'in top 3':>8} {'AUROC':>6} {'cov@95':>6} {'ECE':>6}"
    )
    for part, lines in zip(parts, held_out, strict=True):
        probability, inside = lines.answers.probabilities(part), part.is_in_scope
        cut = threshold_for(probability, part.is_right, weights_of(part), TARGET_PRECISION)
        print(
            f"{part.base.name:24} {len(inside):9} {part.is_right[inside].mean():8.3f} "
            f"{part.is_in_choices[inside].mean():8.3f} "
            f"{_auroc(probability, inside):6.3f} {((probability >= cut) & part.is_right).sum() / inside.sum():6.3f} "
            f"{calibration_error(probability, part.is_right, weights_of(part)):6.3f}"
        )
    calibration = fitted(parts, arguments.name or arguments.encoder)
    written = json.dumps(
        {name: value for name, value in json.loads(calibration.to_json()).items() if name in _WRITTEN}, indent=2
    )
    print(written)
    faqs = [(part, lines) for part, lines in zip(parts, held_out, strict=True) if part.base.source in FAQS]
    probability = np.concatenate([lines.answers.probabilities(part) for part, lines in faqs])
    right = np.concatenate([part.is_right for part, _ in faqs])
    weight = np.concatenate([weights_of(part) for part, _ in faqs])
    chosen = probability >= calibration.estimated_threshold(TARGET_PRECISION)
    print(
        f"FAQs, held out: precision {(weight * right)[chosen].sum() / weight[chosen].sum():.3f}, "
        f"{weight[chosen].sum() / weight.sum():.3f} answered, ECE {calibration_error(probability, right, weight):.4f}"
    )
    if arguments.out:
        arguments.out.write_text(f"{written}\n", encoding="utf-8")
    return 0


def _auroc(probability: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(inside, probability)) if 0 < inside.sum() < len(inside) else float("nan")


if __name__ == "__main__":
    sys.exit(main())
