"""One phrase of a file: text with named places, filled without interpreting what is put in; its plural forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assistant.phrases.writing import isolate, may_scramble
from knowledge.errors import UnavailableError

COUNT = "count"  # the place a counted phrase may show its number in
EXACTLY_ONE = "=1"  # a form of its own, before the category that one belongs to
OTHER = "other"  # the category that CLDR gives every language

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
        """Return the phrase with each value put in as it is, or inside Unicode isolates: all, or what needs it.

        Raises ``PhraseError`` unless the values named are exactly the places.
        """
        if values.keys() != set(self.places):
            expected = ", ".join(sorted(set(self.places))) or "none"
            got = ", ".join(sorted(values)) or "none"
            raise PhraseError(f"phrase {self.key!r}: expected the values {expected}, got {got}; pass exactly those")
        parts = [self.literals[0]]
        for place, literal in zip(self.places, self.literals[1:], strict=True):
            value = values[place]
            parts.append(isolate(value) if isolated or may_scramble(value) else value)
            parts.append(literal)
        return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plural:
    """A phrase in the plural forms of its language: by CLDR's cardinal categories, and perhaps ``=1`` exactly."""

    key: str
    forms: Mapping[str, Template]

    @classmethod
    def parse(cls, key: str, forms: Mapping[str, str]) -> Plural:
        """Cut each form at its places; raise ``PhraseError`` where a brace is left over."""
        return cls(key=key, forms={name: Template.parse(f"{key}.{name}", text) for name, text in forms.items()})

    def fill(
        self, values: Mapping[str, str], *, count: int, shown: str, category: Callable[[int], str], isolated: bool
    ) -> str:
        """Return the form for ``count`` things, the number put in as ``shown`` where the form shows it.

        ``category`` is the language's plural rule. Raises ``PhraseError`` on a category the file lacks, and
        unless the values named are exactly the places, the count's own apart.
        """
        name = EXACTLY_ONE if count == 1 and EXACTLY_ONE in self.forms else category(count)
        form = self.forms.get(name)
        if form is None:
            known = ", ".join(self.forms) or "none"
            raise PhraseError(f"phrase {self.key!r}: expected the plural form {name!r}, the file has {known}; add it")
        counted = {COUNT: shown} if COUNT in form.places else {}
        return form.fill({**values, **counted}, isolated=isolated)
