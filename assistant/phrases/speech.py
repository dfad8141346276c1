"""One language's file: what is said in it, and the words by which its customers are understood."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from assistant.phrases.recogniser import Vocabulary
from assistant.phrases.template import Plural, Template


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyVocabulary:
    """The `[replies]` table: short replies as customers of the language write them.

    ``ordinals`` name the first, second, third and last of the choices offered; ``around`` may stand
    beside one of them; ``thanks`` say that nothing more is asked.
    """

    ordinals: tuple[tuple[str, ...], ...]
    around: tuple[str, ...]
    thanks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WishVocabulary:
    """The `[wish]` table: how a customer asks to be answered in a language.

    ``own`` name the file's own language, ``english`` name English, both complete as they are typed ("auf
    Deutsch"); ``around`` may stand beside a name ("please", "do you speak").
    """

    own: tuple[str, ...]
    english: tuple[str, ...]
    around: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What one file holds. A table that a file lacks is empty or None: the tests refuse it, not the reader."""

    phrases: Mapping[str, Template | Plural]
    status_names: Mapping[str, str]
    widget: Mapping[str, str]
    vocabulary: Vocabulary | None
    replies: ReplyVocabulary | None
    wish: WishVocabulary | None

    @classmethod
    def parse(cls, text: str) -> Speech:
        """Read a file's text; raise ``tomllib.TOMLDecodeError``, or ``PhraseError`` on a stray brace."""
        table = tomllib.loads(text)
        replies = table.get("replies")
        return cls(
            phrases=MappingProxyType({key: _phrase(key, found) for key, found in table.get("phrases", {}).items()}),
            status_names=MappingProxyType(table.get("status", {})),
            widget=MappingProxyType(table.get("widget", {})),
            vocabulary=Vocabulary(**_lists(table["recognise"])) if "recognise" in table else None,
            replies=None
            if replies is None
            else ReplyVocabulary(
                ordinals=tuple(tuple(ways) for ways in replies["ordinals"]),
                around=tuple(replies["around"]),
                thanks=tuple(replies["thanks"]),
            ),
            wish=WishVocabulary(**_lists(table["wish"])) if "wish" in table else None,
        )


class Speeches(Mapping[str, Speech]):
    """Every file of this folder by the canonical tag that is its name, in the order of the tags.

    Each is read when it is asked for: whoever says one word in one language need not wait for forty files.
    """

    def __init__(self) -> None:
        """Look which files there are."""
        names = (entry.name for entry in files(__package__).iterdir())
        self._tags = tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))
        self._known = frozenset(self._tags)

    def __getitem__(self, tag: str) -> Speech:
        """Return a language's file; raise ``KeyError`` where there is none."""
        if tag not in self._known:
            raise KeyError(tag)
        return _read(tag)

    def __contains__(self, tag: object) -> bool:
        """Tell whether there is a file, without reading it."""
        return tag in self._known

    def __iter__(self) -> Iterator[str]:
        """Yield the tags."""
        return iter(self._tags)

    def __len__(self) -> int:
        """Return how many languages there are."""
        return len(self._tags)


@cache
def speeches() -> Speeches:
    """Return every file of this folder."""
    return Speeches()


@cache
def _read(tag: str) -> Speech:
    return Speech.parse(files(__package__).joinpath(f"{tag}.toml").read_text(encoding="utf-8"))


def _phrase(key: str, found: str | Mapping[str, str]) -> Template | Plural:
    return Template.parse(key, found) if isinstance(found, str) else Plural.parse(key, found)


def _lists(table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(listed) for name, listed in table.items()}
