"""Figures in plain words."""

from __future__ import annotations

from assistant.evaluation import Share
from assistant.phrases.locales import language_name
from assistant.report.report import Group


def percent(value: float) -> str:
    """Return a share in per cent: whole ones, and one decimal where it matters."""
    share = 100 * value
    is_fine = 0 < share < 2 or 98 < share < 100
    return f"{share:.1f} %" if is_fine and abs(share - round(share)) > 0.05 else f"{share:.0f} %"


def in_words(share: Share, *, short: bool = False) -> str:
    """Return a share with what it is of, and between what bounds it lies unless that is too long."""
    if share.value is None:
        return "none"
    bounds = share.interval
    said = f"{percent(share.value)} ({share.count:,} of {share.of:,})"
    return said if short or bounds is None else f"{said}, between {percent(bounds.low)} and {percent(bounds.high)}"


def bounds_in_words(share: Share) -> str:
    """Return between what bounds a share lies; nothing where that is not known."""
    bounds = share.interval
    return "" if bounds is None else f"{percent(bounds.low)} to {percent(bounds.high)}"


def out_of_hundred(share: Share) -> str:
    """Return so many of a hundred."""
    return f"{round(100 * (share.value or 0.0))} of 100"


def threshold(value: float) -> str:
    """Return an answer threshold; above 1, which no confidence reaches, only articles' own questions are answered."""
    return "none (only own questions are answered)" if value > 1 else f"{value:.2f}"


def group_name(group: Group, kind: str) -> str:
    """Return what readers call a language or a channel."""
    if group.name is None:
        return "not known"
    return f"{language_name(group.name, 'en')} ({group.name})" if kind == "language" else group.name
