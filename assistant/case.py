"""A question on its way to a decision, and the entry of the ledger that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from assistant.answering import Delivered
from assistant.contrast import Contrast
from assistant.decision import Decision, Reason, Thresholds
from assistant.judgement import Judgement
from assistant.language import LanguageVerdict
from assistant.ledger import Entry, Past
from assistant.question import Question
from assistant.tickets.ticket import Ticket, TicketReceiptRef
from index.searcher import SearchResult
from knowledge.article import Article


@dataclass(slots=True)
class Case:
    """One question on its way; what is learnt about it is filled in step by step."""

    id: str
    question: Question
    at: datetime
    history: list[Past]
    language: LanguageVerdict
    result: SearchResult | None = None
    confidences: Sequence[float] = ()
    choices_confidence: float | None = None
    thresholds: Thresholds | None = None
    contrast: Contrast | None = None  # between the question and the best hit's wording
    generation: int | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def take(self, judged: Judgement) -> None:
        """Note down what was found, and how it was judged."""
        self.result = judged.result
        self.generation = judged.result.generation
        self.thresholds = judged.thresholds
        self.confidences = judged.confidences
        self.choices_confidence = judged.choices_confidence
        self.contrast = judged.contrast
        self.seconds |= {**judged.result.seconds, "decide": judged.seconds}

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
            "detected_language": language.detection.language,
            "detected_probability": language.detection.probability,
            "decision": decision,
            "reason": reason,
            "confidence": confidence,
            "article_id": None if answer is None else answer[0].id,
            "generation": self.generation,
            "ticket_id": None if reference is None else reference.id,
            "response": _json(response),
            "receipt": _json(self._receipt()),
        }
        return Entry(row=row, ticket=ticket)

    def _receipt(self) -> dict[str, Any]:
        question, result = self.question, self.result
        return {
            "question": question.text,
            "choice": question.choice,
            "channel": question.channel,
            "conversation_id": question.conversation_id,
            "message_id": question.message_id,
            "customer": question.customer,
            "tags": sorted(question.tags),
            "detector": self.language.detection,
            "encoder": None if result is None else result.encoder,
            "thresholds": self.thresholds,
            "known_share": None if result is None else result.known_share,
            "unseen_share": None if result is None else result.unseen_share,
            "choices_confidence": self.choices_confidence,
            "contrast": self.contrast,
            "hits": [] if result is None else _hits_json(result, self.confidences),
            "timings": self.seconds,
        }


def _hits_json(result: SearchResult, confidences: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {
            "article_id": hit.article.id,
            "revision": hit.article.revision,
            "fused": hit.score,
            "dense": hit.dense,
            "lexical": hit.lexical,
            "dense_answer": hit.dense_answer,
            "lexical_answer": hit.lexical_answer,
            "is_exact": hit.is_exact,
            "matched": hit.matched,
            "matched_language": hit.matched_language,
            "confidence": confidences[place] if place < len(confidences) else None,
        }
        for place, hit in enumerate(result.hits)
    ]


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
