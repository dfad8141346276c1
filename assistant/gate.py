"""The gate: whether a new generation may answer, by the golden questions. A pure function.

Nothing is held up without golden questions: what cannot be measured is not refused, and the report says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import orjson

from assistant.evaluation import FEW, MEASURES, OUTCOMES, Asked, Comparison, Evaluation, Share, compare, recommendation
from knowledge.errors import ConflictError

REPORT = "gate.json"
"""The name under which a report is attached to its generation."""

NAMED = 200
"""Questions named in one report, the worst first; all are counted."""

Verdict = Literal["passed", "failed", "unmeasured"]

_IDS = 10  # articles in one sentence
# From this share on, articles have more likely gone by accident than on purpose.
_ACCIDENT = 0.25
_LEAST = 4  # questions below which no share of them shows anything


class GenerationGatedError(ConflictError):
    """A generation failed its gates, and nobody said that it shall answer all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gates:
    """What a generation must reach on the golden questions before it answers."""

    precision: float | None = None  # least share of right ones among the answers
    coverage: float | None = None  # least share of questions that an article answers and that are answered rightly
    compare: bool = True  # not to be worse than the active generation beyond noise


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measure, before and after; counts, and the interval of the difference where there is one."""

    title: str
    before: Share | None  # of the active generation; None where nothing is compared
    after: Share
    difference: float | None = None
    low: float | None = None  # 95 % interval of the difference
    high: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A golden question that comes off otherwise than with the active generation."""

    question: str
    language: str | None
    article_id: str | None  # that answers; None where none does
    is_missing: bool  # the article does not exist any more
    before: str  # what became of it, in few words
    after: str
    instead: str | None  # the article that took its place; None where none did
    instead_question: str | None  # this article's own question
    confidence: float  # in the article found first, now


@dataclass(frozen=True, kw_only=True, slots=True)
class GateReport:
    """Whether a generation may answer, and why."""

    verdict: Verdict
    is_forced: bool  # somebody let it answer, whatever the verdict
    failures: tuple[str, ...]  # the failed gates, with figures
    notes: tuple[str, ...]  # what has to be known to judge the verdict
    questions: int
    compared_with: int | None  # the generation that answered
    measures: Mapping[str, Figure]
    missing_articles: Mapping[str, int]  # ids that golden questions name and no article has, with their questions
    broken: tuple[Changed, ...]  # the worst first, at most NAMED
    broken_count: int
    mended: tuple[Changed, ...]
    mended_count: int

    @property
    def is_gated(self) -> bool:
        """Whether the generation must not answer unless somebody says so."""
        return self.verdict == "failed" and not self.is_forced

    def to_json(self) -> bytes:
        """Return the report as JSON that ``read_report`` reads back."""
        return orjson.dumps(self.document(), option=orjson.OPT_INDENT_2)

    def document(self) -> dict[str, Any]:
        """Return the report as JSON has it; shares with their value."""
        fields = asdict(self)
        for name, figure in self.measures.items():
            for side in ("before", "after"):
                share: Share | None = getattr(figure, side)
                fields["measures"][name][side] = (
                    None if share is None else {"count": share.count, "of": share.of, "share": share.value}
                )
        return {"verdict": fields.pop("verdict"), "is_gated": self.is_gated, **fields}


def read_report(data: bytes) -> GateReport:
    """Return the report in JSON; raises ValueError where no verdict can be read of it.

    Another version may have written it: fields it has more are passed over, and without those it lacks the verdict is
    read all the same.
    """
    try:
        fields = orjson.loads(data)
        verdict, is_forced = fields["verdict"], fields["is_forced"]
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is no report of a gate ({type(error).__name__}: {error})") from error
    if verdict not in get_args(Verdict) or not isinstance(is_forced, bool):
        raise ValueError(
            f"it is no report of a gate: expected a verdict of {', '.join(get_args(Verdict))} and is_forced true or "
            f"false, got {str(verdict)[:40]!r} and {str(is_forced)[:40]!r}"
        )
    try:
        return GateReport(
            **{
                **_known(GateReport, fields),
                "failures": tuple(map(str, fields["failures"])),
                "notes": tuple(map(str, fields["notes"])),
                "measures": {name: _read_figure(figure) for name, figure in fields["measures"].items()},
                "broken": tuple(Changed(**_known(Changed, one)) for one in fields["broken"]),
                "mended": tuple(Changed(**_known(Changed, one)) for one in fields["mended"]),
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        return _without_details(
            verdict,
            is_forced,
            failures=fields.get("failures"),
            note=f"Another version wrote this report, and only its verdict can be read ({error}).",
        )


def unreadable_report(problem: str) -> GateReport:
    """Return the report of a generation whose own cannot be read: what the gate said is not known, so it is gated."""
    return _without_details(
        "failed",
        False,
        failures=[f"The report of its gate cannot be read ({problem}), so it counts as failed. Run `faq build`."],
        note="",
    )


def _without_details(verdict: Verdict, is_forced: bool, *, failures: object, note: str) -> GateReport:
    return GateReport(
        verdict=verdict,
        is_forced=is_forced,
        failures=tuple(map(str, failures)) if isinstance(failures, list) else (),
        notes=(note,) if note else (),
        questions=0,
        compared_with=None,
        measures={},
        missing_articles={},
        broken=(),
        broken_count=0,
        mended=(),
        mended_count=0,
    )


def _known(kind: type[GateReport | Changed | Figure], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a kind of record has."""
    names = kind.__dataclass_fields__
    return {name: value for name, value in fields.items() if name in names}


def judge_generation(
    after: Evaluation,
    before: Evaluation | None,
    *,
    gates: Gates,
    articles: Collection[str],
    is_forced: bool = False,
    notes: Sequence[str] = (),
) -> GateReport:
    """Judge a generation by what became of the golden questions with it, and with the active one.

    ``before`` is None where there is nothing to compare with. ``articles`` are the ids that the generation has.
    Questions whose article has gone are left out of the gates –
    deleting an article is no fault of the index, and keeping a withdrawn text in the answers would be one –
    unless so many have lost it that an accident is likelier.
    """
    missing = Counter(
        one.golden.article_id for one in after.asked if one.is_in_scope and one.golden.article_id not in articles
    )
    judged, judged_before = (
        None if side is None else replace(side, asked=tuple(one for one in side.asked if not _lacks(one, articles)))
        for side in (after, before)
    )
    assert judged is not None
    comparison = None if judged_before is None else compare(judged_before, judged)
    everything = comparison if before is None or not missing else compare(before, after)
    lost = _lost(after, before, articles)
    failures = [
        *_floors(judged, gates),
        *(_worse(comparison, before) if gates.compare and comparison is not None else []),
        *_accident(lost, after, before),
    ]
    is_measured = bool(judged.asked) or bool(failures)
    broken = () if everything is None else everything.broken
    mended = () if everything is None else everything.mended
    return GateReport(
        verdict="failed" if failures else "passed" if is_measured else "unmeasured",
        is_forced=is_forced and bool(failures),
        failures=tuple(failures),
        notes=(*notes, *_notes(after, judged, missing, gates)),
        questions=len(after.asked),
        compared_with=None if before is None else before.generation,
        measures=_figures(judged, judged_before, comparison),
        missing_articles={str(id): count for id, count in sorted(missing.items(), key=lambda pair: str(pair[0]))},
        broken=tuple(_changed(*pair, articles, after.titles) for pair in broken[:NAMED]),
        broken_count=len(broken),
        mended=tuple(_changed(*pair, articles, after.titles) for pair in mended[:NAMED]),
        mended_count=len(mended),
    )


def _lacks(one: Asked, articles: Collection[str]) -> bool:
    return one.is_in_scope and one.golden.article_id not in articles


def _lost(after: Evaluation, before: Evaluation | None, articles: Collection[str]) -> int:
    """Return how many questions were served with an article that has gone since."""
    if before is None:
        return 0
    pairs = zip(before.asked, after.asked, strict=True)
    return sum(was.is_found and _lacks(now, articles) for was, now in pairs)


def _floors(judged: Evaluation, gates: Gates) -> list[str]:
    failures = []
    for name, floor, of in (
        ("precision", gates.precision, "answers"),
        ("coverage", gates.coverage, "questions that an article answers"),
    ):
        share = judged.share(MEASURES[name])
        if floor is not None and share.value is not None and share.value < floor:
            failures.append(
                f"The {name} is {share.value:.1%} ({share.count:,} of {share.of:,} {of}), expected {floor:.1%} at "
                f"least (FAQ_GATE_{name.upper()})."
            )
    return failures


def _worse(comparison: Comparison, before: Evaluation | None) -> list[str]:
    assert before is not None
    if comparison.verdict != "worse":
        return []
    return [recommendation(f"generation {before.generation}", "The new generation", comparison)]


def _accident(lost: int, after: Evaluation, before: Evaluation | None) -> list[str]:
    found = 0 if before is None else sum(one.is_found for one in before.asked)
    if lost < _LEAST or lost < _ACCIDENT * found:
        return []
    return [
        f"{lost:,} of the {found:,} golden questions whose article was found have lost it: it does not exist any more. "
        "If so many articles were deleted by accident, bring them back; if on purpose, take their questions out of the "
        "golden questions (faq golden export, faq golden import), or build by force (faq build --force)."
    ]


def _notes(after: Evaluation, judged: Evaluation, missing: Mapping[str | None, int], gates: Gates) -> tuple[str, ...]:
    notes = []
    count = len(after.asked)
    if not count:
        notes.append("There are no golden questions, so nothing was measured. Import some: faq golden import FILE")
    elif count < FEW:
        shown = "1 golden question shows" if count == 1 else f"{count:,} golden questions show"
        notes.append(f"{shown} little: collect {FEW} at least, better some hundreds.")
    if missing:
        ids = [str(id) for id in sorted(missing, key=str)]
        more = f" and {len(ids) - _IDS:,} more" if len(ids) > _IDS else ""
        notes.append(
            f"Golden questions name articles that no longer exist: {', '.join(ids[:_IDS])}{more}; correct them "
            "(faq golden export, faq golden import). They are left out of the measures."
        )
    if count and gates.precision is not None and judged.share(MEASURES["precision"]).value is None:
        notes.append("Nothing was answered, so that there is no precision to hold against FAQ_GATE_PRECISION.")
    return tuple(notes)


def _figures(after: Evaluation, before: Evaluation | None, comparison: Comparison | None) -> dict[str, Figure]:
    figures = {}
    for name, measure in MEASURES.items() if after.asked else ():
        difference = None if comparison is None else comparison.differences[name]
        figures[name] = Figure(
            title=measure.title,
            before=None if before is None else before.share(measure),
            after=after.share(measure),
            difference=None if difference is None else difference.value,
            low=None if difference is None else difference.low,
            high=None if difference is None else difference.high,
        )
    return figures


def _changed(before: Asked, after: Asked, articles: Collection[str], titles: Mapping[str, str]) -> Changed:
    taken = after.best if after.decision != "answered" else after.article_ids[0]
    instead = None if taken == after.golden.article_id or (taken is None) else taken
    return Changed(
        question=after.golden.question,
        language=after.golden.language,
        article_id=after.golden.article_id,
        is_missing=_lacks(after, articles),
        before=OUTCOMES[before.outcome],
        after=OUTCOMES[after.outcome],
        instead=instead,
        instead_question=None if instead is None else titles.get(instead),
        confidence=round(after.confidence, 4),
    )


def _read_figure(fields: Mapping[str, Any]) -> Figure:
    before = fields["before"]
    return Figure(
        **{
            **_known(Figure, fields),
            "before": None if before is None else _read_share(before),
            "after": _read_share(fields["after"]),
        }
    )


def _read_share(fields: Mapping[str, Any]) -> Share:
    return Share(count=fields["count"], of=fields["of"])
