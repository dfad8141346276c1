"""The assistant: a question goes in, a decision with its message, receipt and perhaps a ticket comes out."""

from __future__ import annotations

import asyncio
import time
import uuid
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from assistant.answering import Answering
from assistant.case import Case
from assistant.composer import Composer
from assistant.confidence import CHOICES
from assistant.conversation import Conversation
from assistant.decision import Reason
from assistant.desk import Desk
from assistant.detection import Detector
from assistant.explanation import explained
from assistant.handover import Handover
from assistant.hearing import Hearing
from assistant.judged import Conditions, Judged
from assistant.language import Turn, identify_read
from assistant.ledger import Entry, Ledger, Past
from assistant.phrases import Phrasebook
from assistant.policy import Policy
from assistant.question import NONE_OF_THESE, Question, QuestionError
from assistant.question_translation import QuestionTranslator
from assistant.repeating import Repeater
from assistant.silence import silence_reason
from assistant.tickets.queue import TicketQueue
from assistant.tickets.ticket import TicketIdTakenError, TicketReceiptRef
from assistant.translation import Translator, find_spans
from index.errors import NoGenerationError
from index.follower import Follower
from index.generation import Generation
from index.readings import Readings
from knowledge.article import Article, clean
from knowledge.database import now

_LEAST_BUDGET = 0.1  # seconds that an answer's translation is given, however long the question's took
_MAX_COMMENT = 5_000  # characters


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
        desk: Desk,
        policy: Policy,
        encoder_languages: Sequence[str] = (),
    ) -> None:
        """Take the parts; nothing is loaded or started here.

        ``encoder_languages`` are those that encoders know; where there are none, each one's card lists them.
        """
        self.follower = follower
        self.tickets = tickets
        self.ledger = ledger
        self.policy = policy
        self.phrases = Phrasebook()
        self._detector = detector
        self._translator = translator
        self._hearing = Hearing(self.phrases, detector)
        self._composer = Composer(phrases=self.phrases, timezone=policy.timezone, faq_url=policy.faq_url)
        self.answering = Answering(translator, default_language=policy.default_language)
        self._question_translator = QuestionTranslator(
            translator, default_language=policy.default_language, languages=encoder_languages
        )
        self._handover = Handover(tickets=tickets, ledger=ledger, phrases=self.phrases, asked_in=self._hearing.asked_in)
        self._repeater = Repeater(answering=self.answering, composer=self._composer, tickets=tickets)
        self._desk = desk
        # One message of a conversation at a time; whoever waits for a turn keeps its lock alive.
        self._turns: weakref.WeakValueDictionary[tuple[int, str, str], asyncio.Lock] = weakref.WeakValueDictionary()

    def warm(self) -> None:
        """Read and compile what the first question, and the first translation, would have to wait for."""
        self._hearing.warm()
        self.phrases.is_person_request("Talk to a person")
        if self._translator.pairs():
            find_spans("")

    async def ask(self, question: Question) -> str:
        """Decide on a question, store the decision and return the response as JSON.

        An equal earlier message's response is returned byte for byte. Raises NoGenerationError,
        MessageConflictError, DatabaseError, QuestionError (a choice that was not offered).

        Messages of one conversation are decided on one after another, as they came, so that each knows
        what the one before was told: two taps at once are not two tickets.
        """
        if question.conversation_id is None:
            return await self._recorded(question, [])
        key = (id(asyncio.get_running_loop()), question.channel, question.conversation_id)
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            history = await asyncio.to_thread(self.ledger.conversation, question.channel, question.conversation_id)
            return await self._recorded(question, history)

    async def _recorded(self, question: Question, history: list[Past]) -> str:
        while True:
            try:
                entry = await self._decided(question, history)
                response = await self.ledger.record(entry)
            except TicketIdTakenError:
                continue  # one time in hundreds of thousands; the next draft has another id
            except (QuestionError, NoGenerationError):
                # A retry gets its response though it could not be decided again: its choice is taken, say.
                earlier = await asyncio.to_thread(self._earlier, question)
                if earlier is None:
                    raise
                return earlier
            if response == entry.row["response"]:  # and no earlier message's
                if entry.ticket is not None:
                    self._desk.understand_soon(entry.ticket)
                if entry.wish is not None:
                    await self._handover.answer_in(entry.wish, history)
            return response

    def _earlier(self, question: Question) -> str | None:
        if question.message_id is None:
            return None
        return self.ledger.earlier(question.channel, question.message_id, question.digest())

    async def _decided(self, question: Question, history: list[Past]) -> Entry:
        started = time.perf_counter()
        case = self._opened(question, history)
        case.seconds["identify"] = time.perf_counter() - started
        conversation = case.conversation
        if question.choice is not None:
            conversation.check_choice(question.choice)
            return await self._chosen(case, question.choice)
        silence = silence_reason(question, history, case.at)
        if silence is not None:
            return self._silent(case, silence)
        if not case.text:
            return await self._repeater.said_again(case, self._searched()[0])
        if self.phrases.is_person_request(case.text):
            return await self._handed_over(case, "person_requested")
        if conversation.is_over_with(case.text):
            return self._silent(case, "empty")
        is_second_round = bool(conversation.offered)
        if is_second_round:
            if self.phrases.is_none_of_these(case.text):
                return await self._handed_over(case, "unclear_after_clarify")
            taken = conversation.chosen_by(case.text, case.language.code)
            if taken is not None:
                return await self._chosen(case, taken)
        if not any(character.isalpha() for character in case.text):  # a number alone may be anything
            return await self._handed_over(case, "unclear_after_clarify" if is_second_round else "no_match")
        judged = await self._search(case, is_second_round=is_second_round)
        verdict = judged.judgement.verdict
        if verdict.decision == "answered":
            assert judged.confidence is not None
            return await self._answer_with(case, judged.hits[0].article, verdict.reason, confidence=judged.confidence)
        if verdict.decision == "clarify":
            return await self._asked_back(case, judged)
        return await self._handed_over(case, verdict.reason)

    def receipt(self, answer_id: str) -> dict[str, Any]:
        """Return the stored record of a decision, its response and feedback; raises AnswerNotFoundError."""
        row = self.ledger.row(answer_id)
        given = self.ledger.feedback(answer_id)
        names = ("helpful", "comment", "ticket_id", "created_at")
        return {
            **explained({**orjson.loads(row["response"]), **orjson.loads(row["receipt"])}),
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
            ticket = None if helpful or is_machine else self._handover.after_feedback(row, comment)
            try:
                ticket_id = self.ledger.give_feedback(answer_id, helpful=helpful, comment=comment, ticket=ticket)
            except TicketIdTakenError:
                continue
            break
        if helpful or ticket_id is None:
            return FeedbackReply(
                answer_id=answer_id, helpful=helpful, message=self._composer.thanks(row["language"]), ticket=None
            )
        ticket = self.tickets.get(ticket_id)
        reference = ticket.receipt_ref
        message = self._composer.promise(
            reference,
            reason="not_helpful",
            language=row["language"],
            channel=row["channel"],
            now=now(),
            customer=ticket.customer,
        )
        return FeedbackReply(answer_id=answer_id, helpful=False, message=message, ticket=reference)

    def _opened(self, question: Question, history: list[Past]) -> Case:
        generation, readings = self._searched()
        heard = self._hearing.heard(question.text, generation)
        language = identify_read(
            heard.text,
            detector=self._detector,
            readings=readings,
            home={self.policy.default_language, *(generation.manifest.languages if generation else ())},
            spoken=self.phrases.languages,
            requested=question.language,
            wish=heard.wish,
            history=Turn.all_of(history),
            locale=question.customer.locale,
            channel=self.policy.channel_languages.get(question.channel),
            default=self.policy.default_language,
        )
        at = now()
        conversation = Conversation(history, at, self._hearing.asked_in)
        return Case(
            id=f"ans_{uuid.uuid4().hex}",
            question=question,
            at=at,
            conversation=conversation,
            language=language,
            text=heard.text,
        )

    def _searched(self) -> tuple[Generation | None, Readings | None]:
        """Return the generation that answers and how it reads questions; None of both before there is one."""
        try:
            searcher = self.follower.searcher
        except NoGenerationError:
            return None, None
        return searcher.generation, searcher.readings

    async def _search(self, case: Case, *, is_second_round: bool) -> Judged:
        question, policy, searcher = case.question, self.policy, self.follower.searcher
        started = time.perf_counter()
        case.translation = await self._question_translator.translated(case.text, case.language, searcher)
        if case.translation is not None:
            case.seconds["translate_question"] = time.perf_counter() - started
        text, languages = case.text, case.language.languages_to_read
        if case.translation is not None and case.translation.text is not None:
            text, languages = case.translation.text, (case.translation.target,)
        conditions = Conditions(
            languages=languages,
            is_second_round=is_second_round,
            max_choices=min(max(question.top_k, 2), CHOICES),
            answer_threshold=policy.answer_threshold,
            clarify_threshold=policy.clarify_threshold,
        )
        judged = conditions.judge(searcher, text, policy=policy, tags=question.tags, day=case.at.date())
        case.take(judged)
        return judged

    async def _answer_with(self, case: Case, article: Article, reason: Reason, *, confidence: float) -> Entry:
        started = time.perf_counter()
        delivered = await self.answering.deliver(article, case.language.code, budget=self._time_left(case))
        case.seconds["deliver"] = time.perf_counter() - started
        message = self._composer.answer(
            delivered.text,
            language=case.language.code,
            text_language=delivered.language,
            translated_from=delivered.translated_from,
        )
        return case.entry("answered", reason, message=message, confidence=confidence, answer=(article, delivered))

    async def _asked_back(self, case: Case, judged: Judged) -> Entry:
        started = time.perf_counter()
        offered = judged.offered
        found = [hit.article for hit, _ in offered]
        titles = await self.answering.titles(found, case.language.code, budget=self._time_left(case))
        case.seconds["deliver"] = time.perf_counter() - started
        message = self._composer.clarify(case.text, language=case.language.code, choices=titles)
        choices = [
            {
                "article_id": hit.article.id,
                "question": title.question,
                "language": title.language,
                "confidence": round(confidence, 4),
            }
            for (hit, confidence), title in zip(offered, titles, strict=True)
        ]
        return case.entry(
            "clarify",
            judged.judgement.verdict.reason,
            message=message,
            confidence=judged.confidence,
            choices=choices,
        )

    def _time_left(self, case: Case) -> float:
        """Return the seconds that a customer waits for engines, less those that the question's translation took."""
        return max(_LEAST_BUDGET, self._translator.time_budget - case.seconds.get("translate_question", 0.0))

    async def _handed_over(self, case: Case, reason: Reason) -> Entry:
        reference, ticket = await self._handover.reference(case, reason)
        message = self._composer.promise(
            reference,
            reason=reason,
            language=case.language.code,
            channel=case.question.channel,
            now=case.at,
            customer=case.question.customer,
        )
        confidence = None if case.judged is None else case.judged.confidence
        return case.entry(
            "ticketed", reason, message=message, confidence=confidence, reference=reference, ticket=ticket
        )

    def _silent(self, case: Case, reason: Reason) -> Entry:
        return case.entry("suppressed", reason, message="", confidence=None)

    async def _chosen(self, case: Case, choice: str) -> Entry:
        if choice == NONE_OF_THESE:
            return await self._handed_over(case, "unclear_after_clarify")
        case.chosen = choice
        generation = self.follower.searcher.generation
        article = generation.find(choice)
        if article is None or not article.is_valid_on(case.at.date()):
            return await self._handed_over(case, "no_match")  # it went away between question and choice
        case.generation = generation.number
        return await self._answer_with(case, article, "confident", confidence=1.0)
