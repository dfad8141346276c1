"""Handing over: what a person must know of a question, and whether one looks into it already."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from assistant.case import Case
from assistant.conversation import Conversation
from assistant.decision import Reason
from assistant.ledger import Ledger, Past
from assistant.phrases import Phrasebook
from assistant.tickets.queue import TicketQueue
from assistant.tickets.ticket import Customer, Ticket, TicketNotFoundError, TicketReceiptRef, TicketStateError
from index.analysis import normal_form
from knowledge.database import DatabaseError

log = logging.getLogger(__name__)


class Handover:
    """Drafts the tickets that answers open, and keeps open ones in the customer's language."""

    def __init__(
        self, *, tickets: TicketQueue, ledger: Ledger, phrases: Phrasebook, asked_in: Callable[[str], str]
    ) -> None:
        """``asked_in`` as for ``Conversation``."""
        self._asked_in = asked_in
        self._tickets = tickets
        self._ledger = ledger
        self._phrases = phrases

    async def reference(self, case: Case, reason: Reason) -> tuple[TicketReceiptRef, Ticket | None]:
        """Return the ticket that a person answers a question by, and its draft where it is a new one."""
        words = self._words(case, reason)
        known = await self._open_already(case, reason, words)
        if known is not None:
            return known, None
        draft = self._tickets.draft(
            question=words,
            customer=case.question.customer,
            channel=case.question.channel,
            language=case.language.code,
            reason=reason,
            conversation_id=case.question.conversation_id,
            answer_id=case.id,
            tags=tuple(sorted(case.question.tags)),
            at=case.at,
        )
        return draft.receipt_ref, draft

    def after_feedback(self, row: sa.RowMapping, comment: str | None) -> Ticket:
        """Return the draft for an answer that did not help; of a choice, with the question it was offered for."""
        receipt = orjson.loads(row["receipt"])
        question = receipt.get("asked") or row["question"]
        is_choice = not question or receipt.get("chosen") is not None  # "2" says nothing to who reads the ticket
        if is_choice and row["conversation_id"] is not None:
            at: datetime = row["created_at"]
            history = self._ledger.conversation(row["channel"], row["conversation_id"], before=at)
            question = Conversation(history, at, self._asked_in).asked or question
        question = question or self._phrases.widget(row["language"])["talk_to_person"]
        customer: dict[str, Any] = receipt["customer"]
        return self._tickets.draft(
            question=f"{question}\n\n{comment}" if comment else question,
            customer=Customer(**customer),
            channel=row["channel"],
            language=row["language"],
            reason="not_helpful",
            conversation_id=row["conversation_id"],
            answer_id=row["id"],
        )

    async def answer_in(self, language: str, history: Sequence[Past]) -> None:
        """Have what agents write to a conversation's open tickets go out in the language asked for; never fails."""
        for id in dict.fromkeys(past.ticket_id for past in history if past.ticket_id is not None):
            try:
                ticket = await asyncio.to_thread(self._tickets.get, id)
                if not ticket.is_settled and ticket.language != language:
                    await asyncio.to_thread(self._tickets.update, id, actor="customer", language=language)
            except (TicketNotFoundError, TicketStateError, DatabaseError) as error:
                log.warning("ticket %s is not answered in %s, which the customer asked for: %s", id, language, error)

    def _words(self, case: Case, reason: Reason) -> str:
        """Return what a ticket's reader must know: what was asked, and what was said when it was asked back on."""
        said, asked = case.text, case.conversation.asked
        if said and not case.conversation.offered:
            return said
        is_choice = not said or case.chosen is not None
        if is_choice or (reason == "unclear_after_clarify" and self._phrases.is_none_of_these(said)):
            return asked or said or self._phrases.widget(case.language.code)["talk_to_person"]
        return asked if normal_form(said) == normal_form(asked) else f"{asked}\n\n{said}"

    async def _open_already(self, case: Case, reason: Reason, words: str) -> TicketReceiptRef | None:
        """Return an unsettled ticket of the conversation that this message would only open again."""
        for past in case.conversation.history:
            if past.ticket_id is None:
                continue
            try:
                ticket = await asyncio.to_thread(self._tickets.get, past.ticket_id)
            except TicketNotFoundError:
                continue
            # Whoever waits for a person already need not be waited for by two.
            waits = reason == "person_requested" and (
                past is case.conversation.last or ticket.reason == "person_requested"
            )
            if not ticket.is_settled and (waits or normal_form(ticket.question) == normal_form(words)):
                return ticket.receipt_ref
        return None
