"""Suggestions: what may help an agent to answer a ticket."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.answering import Answering
from assistant.confidence import SEARCHED, calibration_of, estimate
from assistant.detection import Detector
from assistant.tickets.queue import TicketQueue
from assistant.tickets.ticket import Ticket
from index.follower import Follower
from knowledge.errors import UnavailableError

_ARTICLES = 5
_TICKETS = 5
_SOLVED = 200  # tickets, the last solved, that are compared
_ALIKE = 0.5  # cosine from which two questions are worth showing beside each other
_MESSAGES = 100  # of a solved ticket, among which its answer is


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleSuggestion:
    """An article that may answer."""

    article_id: str
    question: str
    text: str
    language: str
    url: str | None
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketSuggestion:
    """A solved ticket like this one, with the last thing the customer was told."""

    id: str
    subject: str
    question: str
    language: str
    similarity: float  # cosine of the questions
    answer: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SuggestionList:
    """What may help, best first."""

    articles: tuple[ArticleSuggestion, ...]
    tickets: tuple[TicketSuggestion, ...]


class Suggestions:
    """Finds what may help to answer a ticket."""

    def __init__(self, follower: Follower, tickets: TicketQueue, detector: Detector, answering: Answering) -> None:
        self._follower = follower
        self._tickets = tickets
        self._detector = detector
        self._answering = answering

    def for_ticket(self, ticket: Ticket) -> SuggestionList:
        """Return articles in the ticket's language where there are, and solved tickets in any."""
        try:
            return SuggestionList(articles=self._articles(ticket), tickets=self._solved(ticket))
        except UnavailableError:  # nothing is indexed yet
            return SuggestionList(articles=(), tickets=())

    def _articles(self, ticket: Ticket) -> tuple[ArticleSuggestion, ...]:
        searcher = self._follower.searcher
        detected = self._detector.detect(ticket.question).language
        languages = tuple(language for language in (detected, ticket.language) if language)
        result = searcher.search(ticket.question, languages=languages, tags=frozenset(ticket.tags), top_k=SEARCHED)
        calibration = calibration_of(searcher)
        suggested = []
        for place, hit in enumerate(result.hits[:_ARTICLES]):
            text = self._answering.text(hit.article, ticket.language)
            suggested.append(
                ArticleSuggestion(
                    article_id=hit.article.id,
                    question=text.question,
                    text=text.answer,
                    language=text.language,
                    url=hit.article.url,
                    confidence=round(estimate(calibration, result, place), 4),
                )
            )
        return tuple(suggested)

    def _solved(self, ticket: Ticket) -> tuple[TicketSuggestion, ...]:
        solved = [other for other in self._tickets.recent_solved(_SOLVED) if other.id != ticket.id]
        if not solved:
            return ()
        embeddings = self._follower.searcher.encoder.encode(
            [ticket.question, *(other.question for other in solved)], kind="question"
        )
        cosines = embeddings[1:] @ embeddings[0]
        alike = [place for place in np.argsort(-cosines, kind="stable")[:_TICKETS].tolist() if cosines[place] >= _ALIKE]
        return tuple(
            TicketSuggestion(
                id=solved[place].id,
                subject=solved[place].subject,
                question=solved[place].question,
                language=solved[place].language,
                similarity=round(float(cosines[place]), 4),
                answer=self._answer(solved[place].id),
            )
            for place in alike
        )

    def _answer(self, ticket_id: str) -> str | None:
        said = self._tickets.messages(ticket_id, limit=_MESSAGES, visibility="public").items
        return next((message.body for message in reversed(said) if message.author_kind == "agent"), None)
