"""What there is to translate with at a moment: the engines' pairs, their versions, and the glossary."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assistant.translation.engine import TranslationEngine
from assistant.translation.errors import TranslationPairError
from assistant.translation.glossary import EMPTY, Glossary
from assistant.translation.routes import Pair, Route
from knowledge.translations import MAX_VERSION_LENGTH

log = logging.getLogger(__name__)

_DIGESTS = 10_000  # of the glossary's terms in a text, kept at hand
_SHOWN = 40  # characters of the digest of versions that are too long to be told


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """One look at the engines and the glossary; nothing of it changes."""

    pairs: Mapping[str, frozenset[Pair]]  # by engine, the preferred one first
    versions: Mapping[tuple[str, str, str], str]  # by engine, source and target
    glossary: Glossary = EMPTY
    glossary_version: int | None = None
    _digests: dict[tuple[str, str], str] = field(default_factory=dict, compare=False)

    def version(self, route: Route) -> str:
        """Return what changes whenever the route's translations may."""
        known = "+".join(self.versions.get((leg.engine, leg.source, leg.target), "") for leg in route.legs)
        if len(known) <= MAX_VERSION_LENGTH:
            return known
        return f"{known[: MAX_VERSION_LENGTH - _SHOWN - 1]}+{hashlib.sha256(known.encode()).hexdigest()[:_SHOWN]}"

    def glossary_digest(self, text: str, target: str, *, digest: str) -> str:
        """Return the digest of what the glossary settles in a text, whose own digest is given; see ``Glossary``."""
        if not self.glossary:
            return ""
        known = self._digests.get((digest, target))
        if known is None:
            if len(self._digests) >= _DIGESTS:
                self._digests.clear()
            known = self._digests[digest, target] = self.glossary.digest(text, target)
        return known


def installed(engines: Iterable[TranslationEngine], *, glossary: Glossary, glossary_version: int | None) -> Installed:
    """Look at the engines; this may list folders, and loads no model."""
    pairs: dict[str, frozenset[Pair]] = {}
    versions: dict[tuple[str, str, str], str] = {}
    for engine in engines:
        try:
            pairs[engine.name] = engine.pairs()
        except Exception as error:  # an engine is a stranger's program
            log.warning("the engine %s does not tell what it translates and is left out: %s", engine.name, error)
            continue
        for source, target in pairs[engine.name]:
            try:
                versions[engine.name, source, target] = engine.pair_version(source, target)
            except TranslationPairError:  # it was taken away at this moment
                pairs[engine.name] -= {(source, target)}
    return Installed(pairs=pairs, versions=versions, glossary=glossary, glossary_version=glossary_version)
