"""When not to answer at all: nothing was asked, a machine wrote, or it goes round in circles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from assistant.decision import Reason
from assistant.ledger import Past
from assistant.question import Question
from index.analysis import normal_form

_TWICE_SENT = timedelta(seconds=5)  # the same words again so soon were sent twice by a channel or a finger
_REPEATS = 3  # the same words that often in a row come from a machine, or help nobody
_FLOOD = 20  # messages of one conversation …
_FLOOD_TIME = timedelta(minutes=1)  # … in this time are no person's

# Beginnings that mail programs give to messages nobody wrote (RFC 3834 section 3.1.5 and habit).
_AUTOMATIC = re.compile(
    r"\s*(auto(matic|mated)?[- ]?(reply|response|antwort)|out of (the )?office|undeliver(able|ed)"
    r"|delivery (status|failure)|mail delivery|returned mail"
    r"|abwesenheits|automatische antwort|respuesta automática|réponse automatique"
    r"|risposta automatica|resposta automática|autoreply|автоответ|автоматический ответ|автоматична відповідь"
    r"|аўтаматычны адказ|odpowiedź automatyczna|automatisch antwoord|automatická odpověď|răspuns automat"
    r"|otomatik yanıt|自动回复|رد تلقائي)",
    re.IGNORECASE,
)


def silence_reason(question: Question, history: Sequence[Past], at: datetime) -> Reason | None:
    """Return why a message must not be answered, or None; ``history`` is the conversation, the latest first."""
    text = question.text
    if not any(character.isalnum() for character in text):
        return "empty"
    if question.channel == "email" and _AUTOMATIC.match(text):
        return "automatic_message"
    if sum(at - past.created_at < _FLOOD_TIME for past in history) >= _FLOOD:
        return "loop"
    form = normal_form(text)
    if history and normal_form(history[0].question) == form:
        # With ids of their own, two messages are two, however alike.
        if question.message_id is None and at - history[0].created_at < _TWICE_SENT:
            return "duplicate"
        if len(history) >= _REPEATS and all(normal_form(past.question) == form for past in history[:_REPEATS]):
            return "loop"
    return None
