"""An agent's words to a customer, in the language they were written in and in the customer's."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.detection import Detector
from assistant.tickets.ticket import Ticket, TranslatedText
from assistant.translation import TranslationError, Translator


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """The language of an agent's words, their translation, and why there is none where there should be."""

    language: str
    translation: TranslatedText | None = None
    problem: TranslationError | None = None


async def worded(
    body: str, ticket: Ticket, *, language: str | None, detector: Detector, translator: Translator
) -> Wording:
    """Return an agent's words in the customer's language too, where a machine knows the way.

    ``language`` is that of the words; when it is None and they do not say, it is taken for the ticket's.
    """
    detection = detector.detect(body)
    trusted = detection.language if detection.is_trusted else None
    spoken = language or trusted or ticket.language
    if not translator.available(spoken, ticket.language):
        return Wording(language=spoken)
    try:
        translated = await translator.free_text(body, spoken, ticket.language)
    except TranslationError as error:
        return Wording(language=spoken, problem=error)
    return Wording(
        language=spoken,
        translation=TranslatedText(language=ticket.language, text=translated.text, engine=translated.engine),
    )
