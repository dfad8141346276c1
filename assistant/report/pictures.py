"""The pictures of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from assistant.evaluation import MEASURES, Asked, Comparison, Share, points
from assistant.evaluation.curves import Reliability, RiskPoint
from assistant.report.drawing import Drawing, Scale, plain
from assistant.report.report import FATES, Group, hundred
from assistant.report.wording import group_name, in_words, out_of_hundred, percent

WIDTH = 860.0

_SQUARE, _GAP, _COLUMNS = 28.0, 6.0, 25
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)  # between the lines of an axis of shares, of which there are five at most
_GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
_NARROWEST = 0.05  # share of wrong answers that the risk axis reaches at least
_NAME_LENGTH = 24  # characters of a group's name beside its bar
MOST_BARS = 40


def squares(name: str, asked: Sequence[Asked]) -> Markup:
    """Return a hundred customers as squares, coloured by what they meet."""
    shares = hundred(asked)
    width = _COLUMNS * (_SQUARE + _GAP) - _GAP
    rows = math.ceil(100 / _COLUMNS)
    drawing = Drawing(
        name,
        width=width,
        height=rows * (_SQUARE + _GAP) - _GAP,
        title="What a hundred customers meet",
        description="; ".join(f"{count} {fate.many}" for fate in FATES if (count := shares.get(fate.name)) is not None),
    )
    place = 0
    for fate in FATES:
        for _ in range(shares.get(fate.name, 0)):
            column, row = divmod(place, rows)
            left, top = column * (_SQUARE + _GAP), row * (_SQUARE + _GAP)
            drawing.rectangle(left, top, _SQUARE, _SQUARE, f"fate {fate.name}", round=6, tip=fate.one)
            if fate.name == "wrong":  # told apart without colours too
                inset = _SQUARE * 0.32
                right, bottom = left + _SQUARE - inset, top + _SQUARE - inset
                drawing.line((left + inset, top + inset), (right, bottom), "cross")
                drawing.line((left + inset, bottom), (right, top + inset), "cross")
            place += 1
    return drawing.markup()


def risk_curve(
    curve: Sequence[RiskPoint], present: RiskPoint | None, target: float, *, other: Sequence[RiskPoint] = ()
) -> Markup:
    """Return how wrong answers grow with the number of answers; ``present`` is where the threshold stands."""
    height, left, right, top, bottom = 380.0, 70.0, 24.0, 26.0, 64.0
    furthest = max([1.6 * (1 - target), _NARROWEST, *(_value(one.wrong) for one in (*curve, *other))])
    step = next(step for step in _STEPS if furthest <= 5 * step)
    highest = min(1.0, step * math.ceil(furthest / step))
    x = Scale((0, 1), (left, WIDTH - right))
    y = Scale((0, highest), (height - bottom, top))
    said = "nothing is answered" if present is None else (
        f"Today {out_of_hundred(present.answered)} customers are answered at once, "
        f"and {percent(_value(present.wrong))} of these answers are wrong"
    )  # fmt: skip
    drawing = Drawing(
        "risk",
        width=WIDTH,
        height=height,
        title="The more customers are answered at once, the more answers are wrong",
        description=f"A curve from {_ends(curve)}. {said}.",
    )
    _axes(drawing, x, y, [step * number for number in range(round(highest / step) + 1)])
    drawing.text(((left + WIDTH - right) / 2, height - 14), "of 100 customers, so many are answered at once", "axis",
                 anchor="middle")  # fmt: skip
    drawing.text((18, (top + height - bottom) / 2), "of 100 answers, so many are wrong", "axis", anchor="middle",
                 turn=-90)  # fmt: skip
    promised = y(1 - target)
    drawing.line((left, promised), (WIDTH - right, promised), "promised")
    drawing.text((WIDTH - right, promised - 7), f"{percent(1 - target)} wrong: as many as may be", "promise",
                 anchor="end")  # fmt: skip
    bounded = [(one, one.wrong.interval) for one in curve]
    upper = [(x(_value(one.answered)), y(min(highest, bounds.high))) for one, bounds in bounded if bounds is not None]
    lower = [(x(_value(one.answered)), y(bounds.low)) for one, bounds in bounded if bounds is not None]
    drawing.area([*upper, *reversed(lower)], "band")
    for points_of, kind in ((other, "curve other"), (curve, "curve")):
        drawing.curve([(x(_value(one.answered)), y(min(highest, _value(one.wrong)))) for one in points_of], kind)
    if present is not None:
        at = (x(_value(present.answered)), y(min(highest, _value(present.wrong))))
        drawing.line((at[0], height - bottom), at, "pointer")
        drawing.circle(at, 7, "present", tip=said)
        is_right = at[0] < WIDTH / 2
        drawing.text((at[0] + (13 if is_right else -13), at[1] - 11), "today", "mark",
                     anchor="start" if is_right else "end")  # fmt: skip
    return drawing.markup()


def reliability_diagram(found: Reliability) -> Markup:
    """Return how often the best article was right, by how sure that was."""
    height, left, right, top, bottom = 500.0, 70.0, 24.0, 22.0, 96.0
    width = height
    x, y = Scale((0, 1), (left, width - right)), Scale((0, 1), (height - bottom, top))
    drawing = Drawing(
        "reliability",
        width=width,
        height=height,
        title="Is it right as often as it believes?",
        description="; ".join(
            f"of {one.right.of} questions of which it was sure by {percent(one.confidence)}, "
            f"{percent(_value(one.right))} were right"
            for one in found.bins
        )
        or "There was nothing to be sure of.",
    )
    _axes(drawing, x, y, _GRID)
    drawing.text(((left + width - right) / 2, height - 46), "how sure it was", "axis", anchor="middle")
    drawing.text((left - 10, height - 12), "questions", "tick", anchor="end")
    drawing.text((18, (top + height - bottom) / 2), "how often it was right", "axis", anchor="middle", turn=-90)
    drawing.line((x(0), y(0)), (x(1), y(1)), "diagonal")
    drawing.text((x(0.97), y(0.97) + 26), "as sure as right", "promise", anchor="middle", turn=-45)
    largest = max((one.right.of for one in found.bins), default=1)
    for one in found.bins:
        bounds, centre = one.right.interval, (x(one.confidence), y(_value(one.right)))
        if bounds is not None:
            drawing.line((centre[0], y(bounds.low)), (centre[0], y(bounds.high)), "whisker")
        drawing.circle(
            centre,
            4 + 10 * math.sqrt(one.right.of / largest),
            "bin",
            tip=f"{one.right.of} questions: sure by {percent(one.confidence)}, right in {percent(_value(one.right))}",
        )
        drawing.text((x((one.low + one.high) / 2), height - 12), f"{one.right.of:,}", "count", anchor="middle")
    return drawing.markup()


def group_bars(name: str, groups: Sequence[Group], *, kind: str) -> Markup:
    """Return, for each language or channel, how many customers get the right answer at once."""
    shown = [group for group in groups if group.coverage.of][:MOST_BARS]
    row, left, right, top = 34.0, 220.0, 120.0, 8.0
    height = top + row * max(1, len(shown)) + 34
    x = Scale((0, 1), (left, WIDTH - right))
    drawing = Drawing(
        name,
        width=WIDTH,
        height=height,
        title=f"Right answers at once, by {kind}",
        description="; ".join(
            f"{group_name(group, kind)}: {in_words(group.coverage)}" for group in shown
        ) or "No question has an article that answers it.",
    )  # fmt: skip
    base = height - 34
    for share in _GRID:
        drawing.line((x(share), top), (x(share), base), "grid")
        drawing.text((x(share), base + 20), percent(share), "tick", anchor="middle")
    for place, group in enumerate(shown):
        middle = top + row * (place + 0.5)
        called = plain(group_name(group, kind))
        called = called if len(called) <= _NAME_LENGTH else called[: _NAME_LENGTH - 1] + "…"
        drawing.text((left - 14, middle + 5), called, "name", anchor="end")
        drawing.rectangle(left, middle - 10, x(1) - left, 20, "track", round=4)
        drawing.rectangle(left, middle - 10, x(_value(group.coverage)) - left, 20, "bar", round=4,
                          tip=in_words(group.coverage))  # fmt: skip
        bounds = group.coverage.interval
        if bounds is not None:
            drawing.line((x(bounds.low), middle), (x(bounds.high), middle), "whisker")
            for end in (bounds.low, bounds.high):
                drawing.line((x(end), middle - 5), (x(end), middle + 5), "whisker")
        drawing.text((WIDTH - right + 14, middle + 5), in_words(group.coverage, short=True), "count")
    return drawing.markup()


def difference_bars(comparison: Comparison, names: Sequence[str]) -> Markup:
    """Return by how much measures differ, with their bounds, round a line of no difference."""
    rows = [(MEASURES[name], comparison.differences[name]) for name in names]
    known = [(measure, found) for measure, found in rows if found is not None]
    furthest = max([0.02, *(max(abs(one.low), abs(one.high), abs(one.value)) for _, one in known)])
    furthest = math.ceil(furthest * 50) / 50
    row, left, right, top = 40.0, 330.0, 110.0, 10.0
    height = top + row * max(1, len(known)) + 40
    x = Scale((-furthest, furthest), (left, WIDTH - right))
    drawing = Drawing(
        "differences",
        width=WIDTH,
        height=height,
        title="What would change",
        description="; ".join(
            f"{measure.title}: {points(one.value)} points, between {points(one.low)} and {points(one.high)}"
            for measure, one in known
        ) or "Nothing can be compared.",
    )  # fmt: skip
    base = height - 40
    drawing.line((x(0), top), (x(0), base + 4), "zero")
    for end, words in ((-furthest, f"{points(-furthest)} points"), (0.0, "no change"), (furthest, points(furthest))):
        drawing.text((x(end), base + 24), words, "tick", anchor="middle")
    for place, (measure, one) in enumerate(known):
        middle = top + row * (place + 0.5)
        kind = _change(one.is_rise, one.is_fall, is_good=measure.name not in _BAD)
        drawing.text((left - 30, middle + 5), measure.title.split(" (")[0], "name", anchor="end")
        drawing.line((x(one.low), middle), (x(one.high), middle), f"range {kind}")
        drawing.circle((x(one.value), middle), 6.5, f"range {kind}")
        drawing.text((WIDTH - right + 34, middle + 5), points(one.value), "count")
    return drawing.markup()


_BAD = frozenset({"wrong", "mistakes", "out_of_scope_answered", "ticketed", "missed"})


def _change(is_rise: bool, is_fall: bool, *, is_good: bool) -> str:
    if not is_rise and not is_fall:
        return "even"
    return "better" if is_rise == is_good else "worse"


def _axes(drawing: Drawing, x: Scale, y: Scale, heights: Sequence[float]) -> None:
    """Draw lines across at some shares, and write all shares beside them and below."""
    left, right, bottom = x(_GRID[0]), x(_GRID[-1]), y(heights[0])
    for share in heights:
        drawing.line((left, y(share)), (right, y(share)), "grid")
        drawing.text((left - 10, y(share) + 4), percent(share), "tick", anchor="end")
    for share in _GRID:
        drawing.text((x(share), bottom + 18), percent(share), "tick", anchor="middle")


def _ends(curve: Sequence[RiskPoint]) -> str:
    if not curve:
        return "nothing to nothing: no question can be answered"
    first, last = curve[0], curve[-1]
    return " to ".join(
        f"{out_of_hundred(one.answered)} customers answered with {percent(_value(one.wrong))} wrong answers"
        for one in (first, last)
    )


def _value(share: Share) -> float:
    return share.value or 0.0
