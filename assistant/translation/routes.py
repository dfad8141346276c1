"""Routes: how the installed engines lead from one language to another, directly or over one pivot.

Every leg has a cost, which stands for what is lost on it; the cheapest route is taken. The scale is ours:
one unit is what rule-based translation between close languages loses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from assistant.translation import tags

Pair = tuple[str, str]

# Languages so near that word for word is nearly right between them: rules serve best there (a model made for
# the pair is rarer, larger and slower), and a pivot among them loses less than one over English.
_FAMILIES = tuple(
    frozenset(family.split())
    for family in (
        "be ru uk", "an ast ca es gl it oc pt", "fr oc", "cs sk", "bs hr sl sr sr-Latn", "da nb nn sv", "bg mk",
        "id ms", "af nl", "hi ur",
    )
)  # fmt: skip
_RULE_BASED = frozenset({"apertium"})

# Costs. A direct leg costs at most 4.6, and two at least 4.7: what is lost twice is never less.
_CLOSE_BY_RULES = 1.0
_NEURAL = 2.0
_DISTANT_BY_RULES = 4.0  # "How can I return an item?" → "Cómo puede regreso un elemento?"
_NEAR_PIVOT = 2.7
_ENGLISH_PIVOT = 3.0  # most models were trained from or into English
_OTHER_PIVOT = 3.5
_WIDER = 0.2  # pt for pt-BR
_SIBLING = 0.3  # pt-BR for pt-PT

_MAX_REMEMBERED = 10_000


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
    cost: float

    @property
    def pivot(self) -> str | None:
        """The language between, where there is one."""
        return self.legs[0].target if len(self.legs) > 1 else None

    @property
    def engine(self) -> str:
        """The engines' names, joined by ``+`` when they differ."""
        return "+".join(dict.fromkeys(leg.engine for leg in self.legs))


def find_route(pairs: Mapping[str, frozenset[Pair]], source: str, target: str) -> Route | None:
    """Return the cheapest route; None when there is none, or nothing to translate.

    ``pairs`` maps each engine's name to its pairs; of engines that cost the same the first is preferred. A
    regional variant is served by its base language's pair and the other way about, never by another script's.
    Direct translation goes before any pivot; a pivot of the same close family as both ends, or a sister standard
    of one (``nb`` for ``nn``), before English, and English before others; then the alphabet decides.
    """
    return _net(tuple(pairs.items())).route(source, target)


def all_routes(pairs: Mapping[str, frozenset[Pair]]) -> tuple[Route, ...]:
    """Return the route of every two languages that have one, in alphabetical order."""
    sources = sorted({source for known in pairs.values() for source, _ in known})
    targets = sorted({target for known in pairs.values() for _, target in known})
    net = _net(tuple(pairs.items()))
    found = (net.route(source, target) for source in sources for target in targets)
    return tuple(route for route in found if route is not None)


class _Net:
    """All legs of one state of the engines, by languages without regions; remembers the routes it found."""

    def __init__(self, pairs: tuple[tuple[str, frozenset[Pair]], ...]) -> None:
        self._legs: dict[Pair, list[Leg]] = {}
        self._targets: dict[str, set[str]] = {}
        self._order = {engine: number for number, (engine, _) in enumerate(pairs)}
        self._routes: dict[Pair, Route | None] = {}
        for engine, known in pairs:
            for source, target in sorted(known):
                ends = tags.base(source), tags.base(target)
                self._legs.setdefault(ends, []).append(Leg(engine=engine, source=source, target=target))
                self._targets.setdefault(ends[0], set()).add(ends[1])

    def route(self, source: str, target: str) -> Route | None:
        """Return the cheapest route; two threads that ask for the same one find the same."""
        try:
            return self._routes[source, target]
        except KeyError:
            if len(self._routes) >= _MAX_REMEMBERED:  # customers may name any language
                self._routes = {}
            found = self._routes[source, target] = self._find(tags.canonical(source), tags.canonical(target))
            return found

    def _find(self, source: str, target: str) -> Route | None:
        if tags.base(source) == tags.base(target):
            return None
        ways = self._direct(source, target) or list(self._pivoted(source, target))
        if not ways:
            return None
        cost, legs = min(ways, key=lambda way: (way[0], *((self._order[leg.engine], leg.target) for leg in way[1])))
        return Route(source=source, target=target, legs=legs, cost=round(cost, 2))

    def _direct(self, source: str, target: str) -> list[tuple[float, tuple[Leg, ...]]]:
        legs = self._legs.get((tags.base(source), tags.base(target)), ())
        return [(_cost(leg) + _distance(source, leg.source) + _distance(target, leg.target), (leg,)) for leg in legs]

    def _pivoted(self, source: str, target: str) -> Iterator[tuple[float, tuple[Leg, ...]]]:
        start, end = tags.base(source), tags.base(target)
        for pivot in self._targets.get(start, ()):
            price = _pivot_cost(start, pivot, end)
            for first in self._legs[start, pivot]:
                for second in self._legs.get((pivot, end), ()):
                    if first.target == second.source:
                        ends = _distance(source, first.source) + _distance(target, second.target)
                        yield _cost(first) + price + _cost(second) + ends, (first, second)


@lru_cache(maxsize=8)
def _net(pairs: tuple[tuple[str, frozenset[Pair]], ...]) -> _Net:
    # Every answer asks for routes, and the pairs hardly ever change.
    return _Net(pairs)


def _cost(leg: Leg) -> float:
    if leg.engine not in _RULE_BASED:
        return _NEURAL
    return _CLOSE_BY_RULES if _is_family(tags.base(leg.source), tags.base(leg.target)) else _DISTANT_BY_RULES


def _pivot_cost(start: str, pivot: str, end: str) -> float:
    if _is_family(start, pivot, end) or pivot in tags.fallbacks(start) or pivot in tags.fallbacks(end):
        return _NEAR_PIVOT
    return _ENGLISH_PIVOT if pivot == "en" else _OTHER_PIVOT


def _is_family(*languages: str) -> bool:
    return any(family.issuperset(languages) for family in _FAMILIES)


def _distance(wanted: str, served: str) -> float:
    if wanted == served:
        return 0.0
    return _WIDER if served == tags.base(wanted) else _SIBLING
