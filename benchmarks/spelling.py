"""Misspelt questions: how much of the accuracy is left of what the same questions have well written.

Why: customers type in haste, on telephones, without their own letters or on the wrong keyboard, and mean
the same. Each question of the development sets is asked as it is and with each kind of noise of
``benchmarks.noise``, which nothing of the product was made with, through the product's Searcher, with its
readings of a question (``index.readings``) and without; beside it BM25 alone and dense alone, and
all-MiniLM-L6-v2 on English. Noisy questions are the clean ones again, so that intervals are paired.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.context import Context
from benchmarks.encoders import MINILM, Cached, encoder_name, minilm_folder
from benchmarks.golden import paired_interval
from benchmarks.mistyped import EACH, TO_ENGLISH, Asker, Outcome, by_noise, settings
from benchmarks.noise import CYRILLIC, NOISES
from benchmarks.results import Cell, Column, Table, quantile
from index.encoder import load_encoder

_LIMIT = 200  # questions of a set
_QUICK = 10
_KEPT = 0.9  # of the clean accuracy: what is wanted
_RESAMPLES = 1_000

Ways = dict[str, Callable[[Outcome], bool | None]]
_WAYS: Ways = {
    "the product": lambda outcome: outcome.read,
    "without readings": lambda outcome: outcome.typed,
    "BM25 alone": lambda outcome: outcome.words,
    "dense alone": lambda outcome: outcome.dense,
    MINILM: lambda outcome: outcome.minilm,
}


def run(context: Context) -> tuple[Table, ...]:
    """Measure; raises ValueError without development sets."""
    if context.dev is None:
        raise ValueError("spelling needs development sets; name their folder with --dev DIR")
    encoder = load_encoder(encoder_name())
    minilm = None if context.is_quick else Cached.load(minilm_folder())
    outcomes: list[Outcome] = []
    for setting in settings(context.dev, limit=_QUICK if context.is_quick else _LIMIT):
        with tempfile.TemporaryDirectory() as folder:
            outcomes += Asker(setting, Path(folder), encoder, minilm).outcomes(NOISES)
    inside = [outcome for outcome in outcomes if outcome.is_in_scope]
    return (
        _clean(inside),
        _kept(inside),
        _by_language(inside),
        _decisions(outcomes),
        _languages(inside),
        _pace(inside),
    )


def _pairs(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], tuple[list[Outcome], list[Outcome]]]:
    """Return, by group and noise, what became of questions as they were and of the same ones mistyped."""
    pairs: dict[tuple[str, str], tuple[list[Outcome], list[Outcome]]] = {}
    clean = None
    for outcome in outcomes:  # a question comes first as it was, then with every noise it suffers from
        if not outcome.noise:
            clean = outcome
            continue
        assert clean is not None
        before, after = pairs.setdefault((outcome.group, outcome.noise), ([], []))
        before.append(clean)
        after.append(outcome)
    return pairs


def _share(outcomes: Sequence[Outcome], way: Callable[[Outcome], bool | None]) -> float | None:
    found = [way(outcome) for outcome in outcomes]
    return None if None in found else float(np.mean(np.array(found, np.float64)))


def _rate(after: float | None, before: float | None) -> float | None:
    return after / before if after is not None and before else None


def _groups(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(outcome.group for outcome in outcomes))


def _clean(outcomes: Sequence[Outcome]) -> Table:
    """Return what readings do to questions that are right as they are."""
    rows: list[tuple[Cell, ...]] = []
    groups = by_noise(outcomes)
    for group in _groups(outcomes):
        asked = groups[group, ""]
        read, typed = (_marks(asked, _WAYS[way]) for way in ("the product", "without readings"))
        interval = paired_interval(read, typed, resamples=_RESAMPLES)
        means = float(typed.mean()), float(read.mean())
        rest = (_share(asked, _WAYS[way]) for way in ("BM25 alone", "dense alone", MINILM))
        rows.append((group, len(asked), *means, means[1] - means[0], *interval, *rest))
    return Table(
        title="Questions as they were asked: accuracy@1 with readings and without",
        columns=(
            Column("set"),
            Column("questions"),
            Column("without readings", ".3f"),
            Column("the product", ".3f"),
            Column("difference", "+.3f"),
            Column("95 % from", "+.3f"),
            Column("to", "+.3f"),
            Column("BM25 alone", ".3f"),
            Column("dense alone", ".3f"),
            Column(MINILM, ".3f"),
        ),
        rows=tuple(rows),
        notes=(
            "A set on itself asks the very questions that are in the knowledge base: what mistyping does to them "
            "counts. The sample shop's questions hold misspelt ones, and some in Latin letters, as they are.",
        ),
    )


def _marks(outcomes: Sequence[Outcome], way: Callable[[Outcome], bool | None]) -> NDArray[np.bool_]:
    return np.array([way(outcome) for outcome in outcomes], np.bool_)


def _kept(outcomes: Sequence[Outcome]) -> Table:
    """Return the share of the clean accuracy that every kind of noise leaves."""
    rows: list[tuple[Cell, ...]] = []
    pairs = _pairs(outcomes)
    for group in _groups(outcomes):
        for noise in NOISES:
            before, after = pairs.get((group, noise.name), ([], []))
            if not after:
                continue
            found = {way: (_share(before, ask), _share(after, ask)) for way, ask in _WAYS.items()}
            read, typed = (_marks(after, _WAYS[way]) for way in ("the product", "without readings"))
            low, high = paired_interval(read, typed, resamples=_RESAMPLES)
            kept = {way: _rate(noisy, clean) for way, (clean, noisy) in found.items()}
            rows.append(
                (group, noise.name, len(after), *found["the product"], *kept.values(), low, high, _is_enough(kept))
            )
    return Table(
        title="Mistyped questions: accuracy@1, and the share of it that is kept",
        columns=(
            Column("set"),
            Column("noise"),
            Column("questions"),
            Column("clean", ".3f"),
            Column("mistyped", ".3f"),
            *(Column(f"{way}: kept", ".3f") for way in _WAYS),
            Column("readings gain, 95 % from", "+.3f"),
            Column("to", "+.3f"),
            Column(f"{_KEPT:.0%} kept"),
        ),
        rows=tuple(rows),
        notes=(
            f"At most {_LIMIT:,} questions of a set, of the Tor FAQ {_LIMIT // EACH:,} in each language; only those "
            "that the noise changes. Clean is the accuracy of the same questions.",
        ),
    )


def _is_enough(kept: dict[str, float | None]) -> bool:
    return (kept["the product"] or 0.0) >= _KEPT


def _by_language(outcomes: Sequence[Outcome]) -> Table:
    """Return what is kept in every language across languages, where no word list of the articles helps."""
    names = [noise.name for noise in NOISES]
    rows: list[tuple[Cell, ...]] = []
    across = [outcome for outcome in outcomes if outcome.group == TO_ENGLISH]
    for language in sorted({outcome.language for outcome in across}):
        pairs = _pairs([outcome for outcome in across if outcome.language == language])
        cells: list[Cell] = []
        for name in names:
            before, after = pairs.get((TO_ENGLISH, name), ([], []))
            cells.append(
                _rate(_share(after, _WAYS["the product"]), _share(before, _WAYS["the product"])) if after else None
            )
        asked = [outcome for outcome in across if outcome.language == language and not outcome.noise]
        rows.append((language, len(asked), _share(asked, _WAYS["the product"]), *cells))
    return Table(
        title=f"{TO_ENGLISH}: the share of the clean accuracy that the product keeps, by language",
        columns=(
            Column("language"),
            Column("questions"),
            Column("clean", ".3f"),
            *(Column(name, ".2f") for name in names),
        ),
        rows=tuple(rows),
    )


def _decisions(outcomes: Sequence[Outcome]) -> Table:
    """Return precision and coverage at the product's own thresholds, of questions in and out of scope."""
    rows: list[tuple[Cell, ...]] = []
    for (group, noise), (before, after) in _pairs(outcomes).items():
        (clean_precision, clean_coverage), (precision, coverage) = _decided(before), _decided(after)
        kept = _rate(precision, clean_precision), _rate(coverage, clean_coverage)
        rows.append((group, noise, len(after), clean_precision, precision, kept[0], clean_coverage, coverage, kept[1]))
    return Table(
        title="Decisions on mistyped questions, in scope and out of it, at the product's thresholds",
        columns=(
            Column("set"),
            Column("noise"),
            Column("questions"),
            Column("precision, clean", ".3f"),
            Column("mistyped", ".3f"),
            Column("kept", ".3f"),
            Column("coverage, clean", ".3f"),
            Column("mistyped ", ".3f"),
            Column("kept ", ".3f"),
        ),
        rows=tuple(rows),
        notes=(
            "Precision: right ones among the answers. Coverage: answered rightly among the questions in scope. With "
            "the calibration that ships for the encoder.",
        ),
    )


def _decided(outcomes: Sequence[Outcome]) -> tuple[float | None, float]:
    answered = [outcome for outcome in outcomes if outcome.is_answered]
    right = sum(outcome.read for outcome in answered)
    inside = sum(outcome.is_in_scope for outcome in outcomes)
    return (right / len(answered) if answered else None), right / max(inside, 1)


def _languages(outcomes: Sequence[Outcome]) -> Table:
    """Return how often the language was found out rightly, with readings and without."""
    rows: list[tuple[Cell, ...]] = []
    for noise in ("", *(noise.name for noise in NOISES)):
        some = [outcome for outcome in outcomes if outcome.noise == noise]
        for label, codes in (("all", None), *((code, {code}) for code in CYRILLIC)):
            chosen = [outcome for outcome in some if codes is None or outcome.language in codes]
            if chosen and (codes is None or noise in ("in Latin letters", "wrong keyboard", "no ў and і")):
                typed = _share(chosen, lambda outcome: outcome.is_language_typed)
                read = _share(chosen, lambda outcome: outcome.is_language_read)
                rows.append((noise or "none", label, len(chosen), typed, read))
    return Table(
        title="The language of mistyped questions, found out rightly",
        columns=(
            Column("noise"),
            Column("language"),
            Column("questions"),
            Column("without readings", ".3f"),
            Column("the product", ".3f"),
        ),
        rows=tuple(rows),
    )


def _pace(outcomes: Sequence[Outcome]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for noise in ("", *(noise.name for noise in NOISES)):
        micro = [outcome.seconds * 1e6 for outcome in outcomes if outcome.noise == noise]
        if micro:
            rows.append(
                (noise or "none", len(micro), quantile(micro, 0.5), quantile(micro, 0.9), quantile(micro, 0.99))
            )
    return Table(
        title="Processor time that reading a question takes",
        columns=(
            Column("noise"),
            Column("questions"),
            Column("p50 µs", ",.0f"),
            Column("p90 µs", ",.0f"),
            Column("p99 µs", ",.0f"),
        ),
        rows=tuple(rows),
        notes=(
            "Lists of the articles' languages loaded before; another language's is read when it is first asked in.",
        ),
    )
