"""One phrase of a file: text with named places, filled without interpreting what is put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.phrases.writing import isolate
from knowledge.errors import UnavailableError

_PLACE = re.compile(r"\{([a-z_]+)\}")


class PhraseError(UnavailableError):
    """A phrase was asked for that is not in the files, or with other values than it has places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A phrase cut at its places: ``literals[0] + value(places[0]) + literals[1] + …``."""

    key: str
    literals: tuple[str, ...]
    places: tuple[str, ...]

    @classmethod
    def parse(cls, key: str, text: str) -> Template:
        """Cut ``text`` at its ``{places}``; raise ``PhraseError`` where a brace is left over."""
        pieces = _PLACE.split(text)
        literals, places = tuple(pieces[::2]), tuple(pieces[1::2])
        if any("{" in literal or "}" in literal for literal in literals):
            raise PhraseError(f"phrase {key!r}: expected places such as {{ticket}}, got {text!r}; mend the file")
        return cls(key=key, literals=literals, places=places)

    def fill(self, values: Mapping[str, str], *, isolated: bool) -> str:
        """Return the phrase with each value put in as it is, or inside Unicode isolates.

        Raises ``PhraseError`` unless the values named are exactly the places.
        """
        if values.keys() != set(self.places):
            expected = ", ".join(sorted(set(self.places))) or "none"
            got = ", ".join(sorted(values)) or "none"
            raise PhraseError(f"phrase {self.key!r}: expected the values {expected}, got {got}; pass exactly those")
        parts = [self.literals[0]]
        for place, literal in zip(self.places, self.literals[1:], strict=True):
            value = values[place]
            parts.append(isolate(value) if isolated else value)
            parts.append(literal)
        return "".join(parts)
