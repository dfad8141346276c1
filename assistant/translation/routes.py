"""Routes: how the installed engines lead from one language to another, directly or over one pivot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

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
    ends = {tags.base(source), tags.base(target)}
    near = frozenset[str]().union(*(family for family in _FAMILIES if {source, target} <= family))
    pivots = _pivots(frozenset[Pair]().union(*pairs.values()))
    for pivot in sorted(pivots, key=lambda pivot: (pivot not in near, pivot != "en", pivot)):
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
        targets = _targets(known)
        nearest_source = _match(source, frozenset(targets))
        nearest_target = _match(target, targets[nearest_source]) if nearest_source is not None else None
        if nearest_source is not None and nearest_target is not None:
            return Leg(engine=engine, source=nearest_source, target=nearest_target)
    return None


# Every answer asks for a route, and the pairs hardly ever change.
@lru_cache(maxsize=16)
def _targets(known: frozenset[Pair]) -> dict[str, frozenset[str]]:
    sources = {source for source, _ in known}
    return {source: frozenset(pair[1] for pair in known if pair[0] == source) for source in sources}


@lru_cache(maxsize=16)
def _pivots(known: frozenset[Pair]) -> frozenset[str]:
    return frozenset(pair[1] for pair in known) & frozenset(pair[0] for pair in known)


_match = lru_cache(maxsize=8192)(tags.match)
