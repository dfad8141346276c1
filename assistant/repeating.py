"""Saying it again: who asks for another language, and for nothing else, is told in it what they were told last."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from assistant.answering import Answering, Title
from assistant.case import Case
from assistant.composer import Composer
from assistant.ledger import Entry, Past
from assistant.tickets.queue import TicketQueue
from assistant.tickets.ticket import TicketNotFoundError
from index.generation import Generation


class Repeater:
    """Gives the last answer, the last choices or the last promise in another language; nothing is decided anew."""

    def __init__(self, *, answering: Answering, composer: Composer, tickets: TicketQueue) -> None:
        self._answering = answering
        self._composer = composer
        self._tickets = tickets

    async def said_again(self, case: Case, generation: Generation | None) -> Entry:
        """Return the entry of a message that asks for a language alone.

        What was said last, where that can still be said; else the customer is asked, in their language, what
        they want to know.
        """
        last = case.conversation.last
        if last is not None:
            said = orjson.loads(last.response)
            case.text = case.conversation.asked
            case.repeats = last.id
            entry = await self._again(case, last, said, generation)
            if entry is not None:
                return entry
            case.repeats = None
        message = self._composer.language_changed(case.language.code)
        return case.entry("clarify", "language_changed", message=message, confidence=None)

    async def _again(self, case: Case, last: Past, said: dict[str, Any], generation: Generation | None) -> Entry | None:
        if last.decision == "ticketed":
            return await self._promised(case, last, said)
        if generation is None:
            return None
        if last.decision == "answered":
            return await self._answered(case, said, generation)
        return await self._asked_back(case, said, generation)

    async def _answered(self, case: Case, said: dict[str, Any], generation: Generation) -> Entry | None:
        article = generation.find(said["answer"]["article_id"])
        if article is None or not article.is_valid_on(case.at.date()):
            return None
        case.generation = generation.number
        delivered = await self._answering.deliver(article, case.language.code)
        message = self._composer.answer(
            delivered.text,
            language=case.language.code,
            text_language=delivered.language,
            translated_from=delivered.translated_from,
        )
        return case.entry(
            "answered", said["reason"], message=message, confidence=said["confidence"], answer=(article, delivered)
        )

    async def _asked_back(self, case: Case, said: dict[str, Any], generation: Generation) -> Entry | None:
        day = case.at.date()
        found = [(choice, generation.find(choice["article_id"])) for choice in said["choices"]]
        offered = [(choice, article) for choice, article in found if article is not None and article.is_valid_on(day)]
        if not offered:
            return None
        case.generation = generation.number
        titles: list[Title] = await self._answering.titles([article for _, article in offered], case.language.code)
        choices = [
            {**choice, "question": title.question, "language": title.language}
            for (choice, _), title in zip(offered, titles, strict=True)
        ]
        message = self._composer.clarify(case.text, language=case.language.code, choices=titles)
        return case.entry("clarify", said["reason"], message=message, confidence=said["confidence"], choices=choices)

    async def _promised(self, case: Case, last: Past, said: dict[str, Any]) -> Entry | None:
        if last.ticket_id is None:
            return None
        try:
            ticket = await asyncio.to_thread(self._tickets.get, last.ticket_id)
        except TicketNotFoundError:
            return None
        if ticket.is_settled:
            return None  # what was promised is done; a time that is over promises nothing
        message = self._composer.promise(
            ticket.receipt_ref,
            reason=said["reason"],
            language=case.language.code,
            channel=case.question.channel,
            now=case.at,
            customer=case.question.customer,
        )
        return case.entry(
            "ticketed", said["reason"], message=message, confidence=said["confidence"], reference=ticket.receipt_ref
        )
