"""Routes: how the installed engines lead from one language to another, directly or over one pivot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.translation import tags

Pair = tuple[str, str]

# Languages so near that a pivot among them loses less than one over English.
_FAMILIES = tuple(
    frozenset(family.split())
    for family in ("be ru uk", "ca es gl pt pt-BR", "cs sk", "bs hr sl sr", "da nb nn sv", "bg mk", "id ms")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """One direct translation by one engine; source and target are a pair that engine has."""

    engine: str
    source: str
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One leg, or two that meet in the pivot; source and target are the languages that were asked for."""

    source: str
    target: str
    legs: tuple[Leg, ...]

    @property
    def pivot(self) -> str | None:
        """The language between, where there is one."""
        return self.legs[0].target if len(self.legs) > 1 else None

    @property
    def engine(self) -> str:
        """The engines' names, joined by ``+`` when they differ."""
        return "+".join(dict.fromkeys(leg.engine for leg in self.legs))


def find_route(pairs: Mapping[str, frozenset[Pair]], source: str, target: str) -> Route | None:
    """Return the shortest route; None when there is none, or nothing to translate.

    ``pairs`` maps each engine's name to its pairs, the preferred engine first. A regional variant is
    served by its base language's pair and the other way about (``tags.match``). Among pivots, one of
    the same close family as both ends wins, then English, then the alphabet.
    """
    source, target = tags.canonical(source), tags.canonical(target)
    if tags.base(source) == tags.base(target):
        return None
    direct = _leg(pairs, source, target)
    if direct is not None:
        return Route(source=source, target=target, legs=(direct,))
    everything = frozenset[Pair]().union(*pairs.values())
    pivots = {pair[1] for pair in everything} & {pair[0] for pair in everything}
    ends = {tags.base(source), tags.base(target)}
    for pivot in sorted(pivots, key=lambda pivot: _distance(pivot, source, target)):
        if tags.base(pivot) in ends:
            continue
        first, second = _leg(pairs, source, pivot), _leg(pairs, pivot, target)
        if first is not None and second is not None and first.target == second.source:
            return Route(source=source, target=target, legs=(first, second))
    return None


def all_routes(pairs: Mapping[str, frozenset[Pair]]) -> tuple[Route, ...]:
    """Return the route of every two languages that have one, in alphabetical order."""
    sources = sorted({source for known in pairs.values() for source, _ in known})
    targets = sorted({target for known in pairs.values() for _, target in known})
    found = (find_route(pairs, source, target) for source in sources for target in targets)
    return tuple(route for route in found if route is not None)


def _leg(pairs: Mapping[str, frozenset[Pair]], source: str, target: str) -> Leg | None:
    for engine, known in pairs.items():
        if (source, target) in known:
            return Leg(engine=engine, source=source, target=target)
    for engine, known in pairs.items():
        nearest_source = tags.match(source, {pair[0] for pair in known})
        if nearest_source is None:
            continue
        nearest_target = tags.match(target, {pair[1] for pair in known if pair[0] == nearest_source})
        if nearest_target is not None:
            return Leg(engine=engine, source=nearest_source, target=nearest_target)
    return None


def _distance(pivot: str, source: str, target: str) -> tuple[int, str]:
    if any({pivot, source, target} <= family for family in _FAMILIES):
        return 0, pivot
    return (1 if pivot == "en" else 2), pivot
