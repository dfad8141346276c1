"""A conversation: what was said so far, and which choices are open in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import orjson

from assistant.ledger import Past
from assistant.question import NONE_OF_THESE, QuestionError
from assistant.short_replies import LAST, short_replies
from index.analysis import normal_form

OPEN_FOR = timedelta(hours=24)  # after that, a question begins anew

# What people put around the number of a choice: "2.", "(2)", "#2", "№ 2"; and what makes a key of an emoji.
_AROUND_NUMBER = " \t\n.,;:!()[]{}#*-–—)№º°\ufe0f\u20e3、。．）"
_LISTED = re.compile(r"\s*\w{1,2}[.):、．）]\s+(?=\S)")  # as a line of the numbered list begins


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """An article that was offered, in the words that were shown."""

    article_id: str
    question: str


class Conversation:
    """The messages before the present one, the latest first; never changes."""

    def __init__(
        self, history: Sequence[Past], at: datetime, asked_in: Callable[[str], str] = lambda message: message
    ) -> None:
        """``at`` is the moment of the present message; ``asked_in`` gives the question in a message, if any."""
        self._asked_in = asked_in
        self.history = history
        self.at = at

    @cached_property
    def last(self) -> Past | None:
        """The message just before; those that were met with silence are passed over."""
        return next((past for past in self.history if past.decision != "suppressed"), None)

    @cached_property
    def offered(self) -> tuple[Offered, ...]:
        """The choices that are open: the message just before asked back, and not too long ago."""
        if self.last is None or self.last.decision != "clarify" or self._is_over(self.last):
            return ()
        return _offered(self.last)

    @property
    def asked(self) -> str:
        """What the customer asked when they were last asked back, or wrote last; a tap has no words."""
        clarified = (self._asked_in(past.question) for past in self.history if past.decision == "clarify")
        said = (self._asked_in(past.question) for past in self.history)
        return next(filter(None, clarified), "") or next(filter(None, said), "")

    def chosen_by(self, text: str, language: str) -> str | None:
        """Return the article of the open choice that a text names: by its number, its place or its words."""
        number = choice_number(text) or short_replies().ordinal(text, language)
        if number == LAST:
            number = len(self.offered)
        if number is not None:
            return self.offered[number - 1].article_id if number <= len(self.offered) else None
        forms = {normal_form(text), normal_form(_LISTED.sub("", text, count=1))} - {""}
        named = [choice.article_id for choice in self.offered if normal_form(choice.question) in forms]
        return named[0] if len(named) == 1 else None

    def is_over_with(self, text: str) -> bool:
        """Tell whether a message only thanks for what was said, or says goodbye: there is nothing to answer."""
        is_settled = self.last is not None and self.last.decision in ("answered", "ticketed")
        return is_settled and short_replies().is_thanks(text)

    def check_choice(self, choice: str) -> None:
        """Raise QuestionError, which says why, unless a choice may be taken now.

        None of these may be said late as well: a person is welcome at any hour.
        """
        if choice in {offered.article_id for offered in self.offered}:
            return
        last = self.last
        if choice == NONE_OF_THESE and last is not None and last.decision == "clarify":
            return
        raise QuestionError(f"choice is {choice[:60]!r}; {self._why_not(choice)}", field="choice")

    def _why_not(self, choice: str) -> str:
        if self.offered:
            known = ", ".join([*(offered.article_id for offered in self.offered), NONE_OF_THESE])
            return f"expected one that was offered: {known}."
        for past in self.history:
            if past.decision != "clarify":
                continue
            if choice != NONE_OF_THESE and choice not in {offered.article_id for offered in _offered(past)}:
                continue
            if past is self.last:
                hours = OPEN_FOR // timedelta(hours=1)
                return f"it was offered more than {hours} hours ago and is not open any more: ask the question again."
            return "it was offered before, but the conversation has gone on since: none are open now; ask again."
        return "expected one that was offered: none are open in this conversation."

    def _is_over(self, past: Past) -> bool:
        return self.at - past.created_at > OPEN_FOR


def choice_number(text: str) -> int | None:
    """Return the number a customer answered with where they cannot tap: "2", "2.", "(2)", "２", "٢", "②", "二"."""
    stripped = text.strip(_AROUND_NUMBER)
    if len(stripped) != 1:
        return None
    value = unicodedata.numeric(stripped, 0.0)
    return int(value) if value.is_integer() and 1 <= value <= 9 else None


def _offered(past: Past) -> tuple[Offered, ...]:
    choices = orjson.loads(past.response)["choices"]
    return tuple(Offered(article_id=choice["article_id"], question=choice["question"]) for choice in choices)
