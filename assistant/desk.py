"""The desk's own language: what customers wrote is read in it, and what agents write goes out in the customer's.

Both are stored. A machine's translation is a help for reading: the customer's own words stay beside it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from assistant.detection import Detector
from assistant.tickets.queue import TicketQueue
from assistant.tickets.ticket import Ticket, TicketNotFoundError, TicketStateError, TranslatedText
from assistant.translation import TranslationError, Translator
from assistant.translation.tags import base
from knowledge.database import DatabaseError
from knowledge.errors import InputError

AGENT_WAITS = 2.0  # seconds that opening a ticket waits for its translation
REPLY_WAITS = 10.0  # seconds that a message to a ticket waits for its own: it is sent once, and cannot be mended later
PATIENCE = 120.0  # seconds that a ticket's translation may take; nobody waits for it

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """The language of somebody's words, their translation, and why there is none where there should be."""

    language: str
    translation: TranslatedText | None = None
    problem: TranslationError | None = None


class Desk:
    """Words of customers and agents, each in the other's language where an engine knows the way."""

    def __init__(self, *, tickets: TicketQueue, translator: Translator, detector: Detector, language: str) -> None:
        """Start nothing; ``language`` is the one that agents read."""
        self.language = language
        self._tickets = tickets
        self._translator = translator
        self._detector = detector
        self._tasks: dict[tuple[int, str], asyncio.Task[Ticket]] = {}  # by event loop and ticket

    async def from_agent(self, body: str, ticket: Ticket, *, language: str | None = None) -> Wording:
        """Return an agent's words in the customer's language too.

        ``language`` is that of the words; where it is None and they do not say, they may be in the desk's or in
        the customer's, whichever is likelier.
        """
        spoken = language or self._heard(body, self.language, ticket.language)
        return await self._worded(body, spoken, ticket.language, budget=REPLY_WAITS)

    async def from_customer(self, body: str, ticket: Ticket, *, language: str | None = None) -> Wording:
        """Return a customer's words in the desk's language too; words that do not say are in the ticket's language."""
        spoken = language or self._heard(body, ticket.language)
        return await self._worded(body, spoken, self.language, budget=REPLY_WAITS)

    async def understood(self, ticket: Ticket) -> Ticket:
        """Return a ticket with its question in the desk's language, translated and stored now where it was not yet.

        The ticket as it is where that cannot be had, or takes longer than an agent waits; it is stored all the
        same once it is done. Never fails.
        """
        task = self.understand_soon(ticket)
        if task is None:
            return ticket
        done, _ = await asyncio.wait({task}, timeout=AGENT_WAITS)
        return task.result() if done else ticket

    def understand_soon(self, ticket: Ticket) -> asyncio.Task[Ticket] | None:
        """Have a ticket's question translated and stored in the background; None where there is nothing to do.

        Where the process ends before it is done, ``understood`` does it when the ticket is opened.
        """
        if ticket.question_translation is not None or ticket.status == "closed":
            return None
        loop = asyncio.get_running_loop()
        key = (id(loop), ticket.id)
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = loop.create_task(self._understand(ticket))
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return task

    async def _understand(self, ticket: Ticket) -> Ticket:
        spoken = self._heard(ticket.question, ticket.language)
        wording = await self._worded(ticket.question, spoken, self.language, budget=PATIENCE)
        if wording.problem is not None:
            log.warning("ticket %s is read untranslated: %s", ticket.id, wording.problem)
        if wording.translation is None:
            return ticket
        try:
            return await asyncio.to_thread(self._tickets.understand, ticket.id, wording.translation)
        except (TicketNotFoundError, TicketStateError, InputError, DatabaseError) as error:  # too long to be kept, say
            log.warning("the translation of ticket %s is not kept: %s", ticket.id, error)
            return ticket

    def _heard(self, body: str, *expected: str) -> str:
        """Return the language of words: what they say, else the likeliest of those expected, else the last of these."""
        detection = self._detector.detect(body)
        if detection.language is not None and detection.is_trusted:
            return detection.language
        bases = {base(language): language for language in expected}
        return next((bases[code] for code, _ in detection.ranked if code in bases), expected[-1])

    async def _worded(self, body: str, spoken: str, wanted: str, *, budget: float) -> Wording:
        if not self._translator.available(spoken, wanted):
            return Wording(language=spoken)
        try:
            translated = await self._translator.free_text(body, spoken, wanted, budget=budget)
        except TranslationError as error:
            return Wording(language=spoken, problem=error)
        return Wording(
            language=spoken,
            translation=TranslatedText(language=wanted, text=translated.text, engine=translated.engine),
        )
