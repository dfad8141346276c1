"""Puts the message together that a customer reads, in their language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from assistant.answering import Title
from assistant.decision import Reason
from assistant.phrases import Phrasebook, PhraseKey
from assistant.tickets.ticket import Customer, TicketReceiptRef
from assistant.timezones import local_timezone, offset
from assistant.translation import tags

_QUOTED = 200  # characters of a question that are repeated back

_PROMISES: dict[Reason, PhraseKey] = {
    "person_requested": "ticket_person",
    "out_of_scope": "ticket_out_of_scope",
    "unclear_after_clarify": "ticket_unclear",
    "not_helpful": "ticket_not_helpful",
    "translation_unsafe": "ticket_translation_unsafe",
}


@lru_cache(maxsize=4_096)
def _machines_line(phrases: Phrasebook, translated_from: str, language: str) -> str:
    """Return the line that tells of a machine: the same under every such answer, so it is put together once."""
    name = phrases.language_name(translated_from, in_language=language)
    return phrases.say("answer_machine_translated", language, from_language=name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Composer:
    """Words for every outcome.

    ``timezone`` is the IANA zone of times promised to customers of whom none is known, ``faq_url`` where the
    FAQ is read.
    """

    phrases: Phrasebook
    timezone: str
    faq_url: str

    def answer(self, text: str, *, language: str, text_language: str, translated_from: str | None) -> str:
        """Return an answer, with an honest line where it is a machine's or in another language than asked."""
        if translated_from is not None:
            return f"{text}\n\n{_machines_line(self.phrases, translated_from, language)}"
        if _is_foreign(text_language, language):
            name = self.phrases.language_name(text_language, in_language=language)
            apology = self.phrases.say("answer_other_language", language, answer_language=name)
            return f"{apology}\n\n{self.phrases.set_apart(text, text_language, language=language)}"
        return text

    def clarify(self, question: str, *, language: str, choices: Sequence[Title]) -> str:
        """Return the question repeated back, and the numbered choices; with an honest line where these are foreign."""
        question = " ".join(question.split())
        quoted = question if len(question) <= _QUOTED else question[: _QUOTED - 1].rstrip() + "…"
        said = [self._asked_back(quoted, language=language, count=len(choices))]
        foreign = dict.fromkeys(choice.language for choice in choices if _is_foreign(choice.language, language))
        if foreign:
            names = ", ".join(self.phrases.language_name(other, in_language=language) for other in foreign)
            said.append(self.phrases.say("answer_other_language", language, answer_language=names))
        said.append(
            self.phrases.numbered([(choice.question, choice.language) for choice in choices], language=language)
        )
        return "\n\n".join(said)

    def _asked_back(self, question: str, *, language: str, count: int) -> str:
        if not count:
            return self.phrases.say("check_understood", language, question=question)
        return self.phrases.say("did_you_mean", language, count=count, question=question)

    def language_changed(self, language: str) -> str:
        """Return the reply to a message that asks for a language and nothing else, in that language."""
        return self.phrases.say("language_changed", language)

    def promise(
        self,
        ticket: TicketReceiptRef,
        *,
        reason: Reason,
        language: str,
        channel: str,
        now: datetime,
        customer: Customer | None = None,
    ) -> str:
        """Return the acknowledgement of a ticket, with its number and when a person will have answered.

        The time is told on the customer's own clock. By e-mail it points to the FAQ and asks for a telephone
        number, where there is the one and not the other.
        """
        has_phone = customer is not None and customer.phone is not None
        due = self.due(ticket.due_at, language=language, now=now, customer=customer)
        if channel == "email" and self.faq_url and not has_phone:
            return self.phrases.say("ticket_email", language, ticket=ticket.id, due=due, faq_url=self.faq_url)
        said = [self.phrases.say(_PROMISES.get(reason, "ticket_opened"), language, ticket=ticket.id, due=due)]
        if channel == "email" and self.faq_url:
            said.append(self.phrases.say("faq_link", language, faq_url=self.faq_url))
        if channel == "email" and not has_phone:
            said.append(self.phrases.say("ask_phone", language))
        return "\n\n".join(said)

    def due(self, at: datetime, *, language: str, now: datetime, customer: Customer | None = None) -> str:
        """Return a promised time on the customer's clock, and what that differs from UTC by."""
        known = customer or Customer()
        zone = local_timezone(at, timezone=known.timezone, locale=known.locale, default=self.timezone)
        moment = self.phrases.moment(at, language, timezone=zone, now=now)
        return f"{moment} ({offset(at, zone)})"  # customers live in many time zones

    def thanks(self, language: str) -> str:
        """Return thanks for feedback."""
        return self.phrases.say("feedback_thanks", language)


def _is_foreign(text_language: str, language: str) -> bool:
    """Tell whether a reader must be told that a text is in another language; of a sister standard nobody need be."""
    one, other = tags.canonical(text_language), tags.canonical(language)
    return one.split("-")[0] != other.split("-")[0] and tags.base(one) not in tags.fallbacks(other)
