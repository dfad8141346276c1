"""A question on its way to a decision, and the entry of the ledger that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from assistant.answering import Delivered
from assistant.conversation import Conversation
from assistant.decision import Decision, Reason
from assistant.judged import NO_FACTS, Judged
from assistant.language import LanguageVerdict
from assistant.ledger import Entry
from assistant.question import Question
from assistant.question_translation import QuestionTranslation
from assistant.tickets.ticket import Ticket, TicketReceiptRef
from knowledge.article import Article


@dataclass(slots=True)
class Case:
    """One question on its way; what is learnt about it is filled in step by step."""

    id: str
    question: Question
    at: datetime
    conversation: Conversation
    language: LanguageVerdict
    text: str  # what is to be answered: the question, without a wish for a language that came with it
    translation: QuestionTranslation | None = None  # what was searched for in place of the text
    repeats: str | None = None  # the id of the answer that is said again in another language
    chosen: str | None = None  # the article that the customer took from those offered
    judged: Judged | None = None
    generation: int | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def take(self, judged: Judged) -> None:
        """Note down what was found, and how it was judged."""
        self.judged = judged
        judgement = judged.judgement
        self.generation = judgement.result.generation
        self.seconds |= {**judgement.result.seconds, "decide": judgement.seconds}

    def entry(
        self,
        decision: Decision,
        reason: Reason,
        *,
        message: str,
        confidence: float | None,
        answer: tuple[Article, Delivered] | None = None,
        choices: Sequence[Mapping[str, Any]] = (),
        reference: TicketReceiptRef | None = None,
        ticket: Ticket | None = None,
    ) -> Entry:
        """Return the decision as it is stored: the response, byte for byte, the receipt, and the ticket to open."""
        question, language = self.question, self.language
        response = {
            "id": self.id,
            "decision": decision,
            "reason": reason,
            "confidence": None if confidence is None else round(confidence, 4),
            "message": message,
            "language": {
                "code": language.code,
                "source": language.source,
                "confidence": round(language.confidence, 4),
                "wished": language.is_wished,
            },
            "answer": None if answer is None else _answer_json(*answer),
            "choices": list(choices),
            "ticket": None
            if reference is None
            else {"id": reference.id, "status": reference.status, "due_at": reference.due_at},
            "generation": self.generation,
        }
        row = {
            "id": self.id,
            "created_at": self.at,
            "channel": question.channel,
            "message_id": question.message_id,
            "request_digest": question.digest(),
            "conversation_id": question.conversation_id,
            "customer_id": question.customer.id,
            "question": question.text,
            "language": language.code,
            "detected_language": language.detection.tag,
            "detected_probability": language.detection.probability,
            "decision": decision,
            "reason": reason,
            "confidence": confidence,
            "article_id": None if answer is None else answer[0].id,
            "generation": self.generation,
            "ticket_id": None if reference is None else reference.id,
            "response": _json(response),
            "receipt": _json(self._receipt(None if answer is None else answer[1])),
        }
        return Entry(row=row, ticket=ticket, wish=language.code if language.source == "requested" else None)

    def _receipt(self, delivered: Delivered | None) -> dict[str, Any]:
        question = self.question
        return {
            "question": question.text,
            "choice": question.choice,
            "chosen": self.chosen,
            "channel": question.channel,
            "conversation_id": question.conversation_id,
            "message_id": question.message_id,
            "customer": question.customer,
            "tags": sorted(question.tags),
            "detector": self.language.detection,
            "asked": self.text,
            "repeats": self.repeats,
            "question_translation": self.translation,
            **(NO_FACTS if self.judged is None else self.judged.facts()),
            "untranslated": None
            if delivered is None or delivered.problem is None
            else {"problem": delivered.problem, "detail": delivered.detail},
            "timings": self.seconds,
        }


def _answer_json(article: Article, delivered: Delivered) -> dict[str, Any]:
    return {
        "article_id": article.id,
        "revision": article.revision,
        "question": delivered.question,
        "text": delivered.text,
        "url": article.url,
        "language": delivered.language,
        "translation": {"kind": delivered.kind, "from": delivered.translated_from, "engine": delivered.engine},
    }


def _json(content: Mapping[str, Any]) -> str:
    return orjson.dumps(content, option=orjson.OPT_UTC_Z).decode()
