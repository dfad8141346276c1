"""The assistant: a question goes in, a decision with its message, receipt and perhaps a ticket comes out."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from assistant.answering import Answering
from assistant.case import Case
from assistant.composer import Composer
from assistant.confidence import CHOICES
from assistant.decision import Reason, Verdict
from assistant.detection import Detection, Detector
from assistant.judgement import judge
from assistant.language import Turn, at_home, identify
from assistant.ledger import Entry, Ledger, Past
from assistant.phrases import Phrasebook
from assistant.policy import Policy
from assistant.question import NONE_OF_THESE, Question, QuestionError
from assistant.silence import silence_reason
from assistant.tickets.queue import TicketQueue
from assistant.tickets.ticket import Customer, Ticket, TicketIdTakenError, TicketNotFoundError, TicketReceiptRef
from assistant.translation import Translator
from index.errors import NoGenerationError
from index.follower import Follower
from knowledge.article import Article, clean
from knowledge.database import now

_MAX_COMMENT = 5_000  # characters
_ROUND_OF_CHOICES = timedelta(hours=24)  # after that, a question begins anew
_NOTHING_DETECTED = Detection(language=None, probability=0.0, ranked=(), by="nothing")


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedbackReply:
    """What a customer who gave feedback is told; ``ticket`` is the one that will help them."""

    answer_id: str
    helpful: bool
    message: str
    ticket: TicketReceiptRef | None


class Assistant:
    """Answers questions over HTTP, the command line or any other door; one per process."""

    def __init__(
        self,
        *,
        follower: Follower,
        detector: Detector,
        translator: Translator,
        tickets: TicketQueue,
        ledger: Ledger,
        policy: Policy,
    ) -> None:
        """Take the parts; nothing is loaded or started here."""
        self.follower = follower
        self.tickets = tickets
        self.ledger = ledger
        self.policy = policy
        self.phrases = Phrasebook()
        self._detector = detector
        self._composer = Composer(phrases=self.phrases, timezone=policy.timezone, faq_url=policy.faq_url)
        self.answering = Answering(translator, default_language=policy.default_language)

    async def ask(self, question: Question) -> str:
        """Decide on a question, store the decision and return the response as JSON.

        An equal earlier message's response is returned byte for byte. Raises NoGenerationError,
        MessageConflictError, DatabaseError, QuestionError (a choice that was not offered).
        """
        history: list[Past] = []
        if question.conversation_id is not None:
            history = await asyncio.to_thread(self.ledger.conversation, question.channel, question.conversation_id)
        while True:
            try:
                return await self.ledger.record(await self._decided(question, history))
            except TicketIdTakenError:
                continue  # one time in hundreds of thousands; the next draft has another id
            except (QuestionError, NoGenerationError):
                # A retry gets its response though it could not be decided again: its choice is taken, say.
                earlier = await asyncio.to_thread(self._earlier, question)
                if earlier is None:
                    raise
                return earlier

    def _earlier(self, question: Question) -> str | None:
        if question.message_id is None:
            return None
        return self.ledger.earlier(question.channel, question.message_id, question.digest())

    async def _decided(self, question: Question, history: list[Past]) -> Entry:
        started = time.perf_counter()
        case = self._opened(question, history)
        case.seconds["identify"] = time.perf_counter() - started
        if question.choice is not None:
            return await self._chosen(case, question.choice)
        silence = silence_reason(question, history, case.at)
        if silence is not None:
            return self._silent(case, silence)
        if self.phrases.is_person_request(question.text):
            return await self._handed_over(case, "person_requested")
        offered = _offered_choices(history, case.at)
        if offered and self.phrases.is_none_of_these(question.text):
            return await self._handed_over(case, "unclear_after_clarify")
        if offered and (number := _choice_number(question.text)) is not None and number <= len(offered):
            return await self._chosen(case, offered[number - 1])
        if not any(character.isalpha() for character in question.text):
            return await self._handed_over(case, "no_match")  # a number alone may be anything
        verdict = self._search(case, is_second_round=bool(offered))
        if verdict.decision == "answered":
            return await self._answered(case, verdict.reason)
        if verdict.decision == "clarify":
            return self._asked_back(case, verdict)
        return await self._handed_over(case, verdict.reason)

    def receipt(self, answer_id: str) -> dict[str, Any]:
        """Return the stored record of a decision, its response and feedback; raises AnswerNotFoundError."""
        row = self.ledger.row(answer_id)
        given = self.ledger.feedback(answer_id)
        names = ("helpful", "comment", "ticket_id", "created_at")
        return {
            **orjson.loads(row["response"]),
            **orjson.loads(row["receipt"]),
            "created_at": row["created_at"],
            "feedback": None if given is None else {name: given[name] for name in names},
        }

    def give_feedback(self, answer_id: str, *, helpful: bool, comment: str | None = None) -> FeedbackReply:
        """Store what a customer thought of an answer; not helpful opens a ticket, once.

        Raises AnswerNotFoundError, and ArticleError for a comment that is no plain text.
        """
        if comment is not None:
            comment = clean(comment, field="comment", limit=_MAX_COMMENT, required=False) or None
        row = self.ledger.row(answer_id)
        while True:
            # A machine that is told nothing must not open tickets; a person who was may.
            is_machine = row["reason"] in ("automatic_message", "loop")
            ticket = None if helpful or is_machine else self._draft_of(row, comment)
            try:
                ticket_id = self.ledger.give_feedback(answer_id, helpful=helpful, comment=comment, ticket=ticket)
            except TicketIdTakenError:
                continue
            break
        if helpful or ticket_id is None:
            return FeedbackReply(
                answer_id=answer_id, helpful=helpful, message=self._composer.thanks(row["language"]), ticket=None
            )
        reference = self.tickets.get(ticket_id).receipt_ref
        message = self._composer.promise(
            reference, reason="not_helpful", language=row["language"], channel=row["channel"], now=now()
        )
        return FeedbackReply(answer_id=answer_id, helpful=False, message=message, ticket=reference)

    def _draft_of(self, row: sa.RowMapping, comment: str | None) -> Ticket:
        """Return the ticket of an answer that did not help; of a choice, with the question it was offered for."""
        question = row["question"]
        if not question and row["conversation_id"] is not None:
            history = self.ledger.conversation(row["channel"], row["conversation_id"])
            question = _last_words([past for past in history if past.created_at < row["created_at"]])
        question = question or self.phrases.widget(row["language"])["talk_to_person"]
        return self.tickets.draft(
            question=f"{question}\n\n{comment}" if comment else question,
            customer=Customer(**orjson.loads(row["receipt"])["customer"]),
            channel=row["channel"],
            language=row["language"],
            reason="not_helpful",
            conversation_id=row["conversation_id"],
            answer_id=row["id"],
        )

    def _opened(self, question: Question, history: list[Past]) -> Case:
        detection = (
            at_home(self._detector.detect(question.text), self._home(), self.phrases.languages)
            if question.text
            else _NOTHING_DETECTED
        )
        turns = [
            Turn(language=past.language, detected=past.detected_language, probability=past.detected_probability)
            for past in history
        ]
        language = identify(
            question.text,
            detection,
            requested=question.language,
            history=turns,
            locale=question.customer.locale,
            channel=self.policy.channel_languages.get(question.channel),
            default=self.policy.default_language,
        )
        return Case(id=f"ans_{uuid.uuid4().hex}", question=question, at=now(), history=history, language=language)

    def _home(self) -> Collection[str]:
        """Return the languages of the articles, and the default one."""
        try:
            return {self.policy.default_language, *self.follower.searcher.generation.manifest.languages}
        except NoGenerationError:
            return (self.policy.default_language,)

    def _search(self, case: Case, *, is_second_round: bool) -> Verdict:
        question = case.question
        judged = judge(
            self.follower.searcher,
            question.text,
            policy=self.policy,
            languages=case.language.languages_to_read,
            tags=question.tags,
            day=case.at.date(),
            max_choices=min(max(question.top_k, 2), CHOICES),
            is_second_round=is_second_round,
        )
        case.take(judged)
        return judged.verdict

    async def _answered(self, case: Case, reason: Reason) -> Entry:
        assert case.result is not None
        hit = case.result.hits[0]
        return await self._answer_with(case, hit.article, reason, confidence=case.confidences[0])

    async def _answer_with(self, case: Case, article: Article, reason: Reason, *, confidence: float) -> Entry:
        started = time.perf_counter()
        delivered = await self.answering.deliver(article, case.language.code)
        case.seconds["deliver"] = time.perf_counter() - started
        message = self._composer.answer(
            delivered.text,
            language=case.language.code,
            text_language=delivered.language,
            translated_from=delivered.translated_from,
        )
        return case.entry("answered", reason, message=message, confidence=confidence, answer=(article, delivered))

    def _asked_back(self, case: Case, verdict: Verdict) -> Entry:
        assert case.result is not None
        offered = [
            (hit.article.id, self.answering.text(hit.article, case.language.code).question, confidence)
            for hit, confidence in zip(case.result.hits, case.confidences, strict=False)
            if hit.article.id in verdict.article_ids
        ]
        offered.sort(key=lambda choice: -choice[2])
        message = self._composer.clarify(
            case.question.text, language=case.language.code, choices=[question for _, question, _ in offered]
        )
        choices = [
            {"article_id": id, "question": question, "confidence": round(confidence, 4)}
            for id, question, confidence in offered
        ]
        return case.entry("clarify", verdict.reason, message=message, confidence=case.confidences[0], choices=choices)

    async def _handed_over(self, case: Case, reason: Reason) -> Entry:
        question = case.question.text
        if not question or (reason == "unclear_after_clarify" and self.phrases.is_none_of_these(question)):
            question = _last_words(case.history) or question
        ticket: Ticket | None = None
        reference = await self._open_already(case, question, reason)
        if reference is None:
            ticket = self.tickets.draft(
                question=question or self.phrases.widget(case.language.code)["talk_to_person"],
                customer=case.question.customer,
                channel=case.question.channel,
                language=case.language.code,
                reason=reason,
                conversation_id=case.question.conversation_id,
                answer_id=case.id,
                tags=tuple(sorted(case.question.tags)),
                at=case.at,
            )
            reference = ticket.receipt_ref
        message = self._composer.promise(
            reference,
            reason=reason,
            language=case.language.code,
            channel=case.question.channel,
            now=case.at,
            has_phone=case.question.customer.phone is not None,
        )
        confidence = case.confidences[0] if case.confidences else None
        return case.entry(
            "ticketed", reason, message=message, confidence=confidence, reference=reference, ticket=ticket
        )

    async def _open_already(self, case: Case, question: str, reason: Reason) -> TicketReceiptRef | None:
        """Return the unsettled ticket of the message just before, if this one says the same again."""
        last = case.history[0] if case.history else None
        if last is None or last.ticket_id is None:
            return None
        if last.question != question and not (
            reason == "person_requested" and self.phrases.is_person_request(last.question)
        ):
            return None
        try:
            ticket = await asyncio.to_thread(self.tickets.get, last.ticket_id)
        except TicketNotFoundError:
            return None
        return None if ticket.is_settled else ticket.receipt_ref

    def _silent(self, case: Case, reason: Reason) -> Entry:
        return case.entry("suppressed", reason, message="", confidence=None)

    async def _chosen(self, case: Case, choice: str) -> Entry:
        offered = _offered_choices(case.history, case.at)
        if choice == NONE_OF_THESE:
            return await self._handed_over(case, "unclear_after_clarify")
        if choice not in offered:
            known = ", ".join([*offered, NONE_OF_THESE]) if offered else "none are open in this conversation"
            raise QuestionError(f"choice is {choice[:60]!r}; expected one that was offered: {known}.", field="choice")
        generation = self.follower.searcher.generation
        article = generation.find(choice)
        if article is None or not article.is_valid_on(case.at.date()):
            return await self._handed_over(case, "no_match")  # it went away between question and choice
        case.generation = generation.number
        return await self._answer_with(case, article, "confident", confidence=1.0)


def _last_words(history: Sequence[Past]) -> str:
    """Return what the customer wrote last; a choice they tapped has no words."""
    return next((past.question for past in history if past.question), "")


def _offered_choices(history: Sequence[Past], at: datetime) -> list[str]:
    """Return the articles offered by the message just before, if it asked back and not too long ago."""
    last = next((past for past in history if past.decision != "suppressed"), None)
    if last is None or last.decision != "clarify" or at - last.created_at > _ROUND_OF_CHOICES:
        return []
    return [choice["article_id"] for choice in orjson.loads(last.response)["choices"]]


def _choice_number(text: str) -> int | None:
    """Return the number a customer answered with where they cannot tap: "2", "2.", "(2)"."""
    stripped = text.strip(" .()#")
    return int(stripped) if stripped.isdecimal() and len(stripped) == 1 and stripped != "0" else None
