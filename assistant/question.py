"""A customer's question as a channel hands it over."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, replace

import orjson

from assistant.tickets.text import person
from assistant.tickets.ticket import Customer
from knowledge.article import clean, language_tag
from knowledge.errors import InputError

MAX_QUESTION_LENGTH = 2_000  # characters; longer is a letter, and a letter holds more than a question
MAX_TOP_K = 10
NONE_OF_THESE = "none"  # the choice that says that no choice fits
_MAX_NAME = 200  # characters of an id or a name

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u00ad"))


class QuestionError(InputError):
    """A question cannot be taken as it is; ``field`` names where."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a customer asked, or which of the offered articles they chose; made by ``make_question``."""

    text: str
    language: str | None = None  # the customer's explicit wish
    channel: str = "chat"
    message_id: str | None = None
    conversation_id: str | None = None
    customer: Customer = field(default_factory=Customer)
    tags: frozenset[str] = frozenset()
    top_k: int = 3
    choice: str | None = None

    def digest(self) -> str:
        """Return the SHA-256 (hexadecimal) of all that was asked, but for the message id.

        Nothing known of a customer's time zone leaves it out: a message stored before there was one is still
        the same message when it is sent again.
        """
        customer = asdict(self.customer)
        if customer["timezone"] is None:
            del customer["timezone"]
        content = (
            self.text, self.language, self.channel, self.conversation_id, customer,
            sorted(self.tags), self.top_k, self.choice,
        )  # fmt: skip
        return hashlib.sha256(orjson.dumps(content)).hexdigest()


def make_question(
    text: str | None,
    *,
    language: str | None = None,
    channel: str = "chat",
    message_id: str | None = None,
    conversation_id: str | None = None,
    customer: Customer | None = None,
    tags: tuple[str, ...] = (),
    top_k: int = 3,
    choice: str | None = None,
    max_length: int = MAX_QUESTION_LENGTH,
) -> Question:
    """Check and clean what a channel sent. Raises InputError with the field.

    The text may be empty, which is decided on, not refused. Characters that only steer the direction
    or the width of text are dropped, so that they cannot disguise what was asked.
    """
    if text is None and choice is None:
        raise QuestionError("question is missing; expected the customer's text, or a choice.", field="question")
    if choice is not None and conversation_id is None:
        raise QuestionError(
            "choice came without conversation_id; expected the conversation in which the choices were offered.",
            field="conversation_id",
        )
    cleaned = clean(
        (text or "").replace("\x00", " ").translate(_INVISIBLE),
        field="question",
        limit=max(max_length, len(text or "")),  # its length has an error of its own, below
        required=False,
    )
    if len(cleaned) > max_length:
        raise QuestionError(
            f"question has {len(cleaned):,} characters; at most {max_length:,} are taken: send the question "
            "itself, or put a long letter into a ticket (POST /v1/tickets).",
            field="question",
        )
    customer = person(customer or Customer())
    if customer.locale is not None:
        customer = replace(customer, locale=language_tag(customer.locale, field="customer.locale"))
    names = {
        name: None if value is None else _name(value, field=name)
        for name, value in (
            ("message_id", message_id),
            ("conversation_id", conversation_id),
            ("choice", choice),
        )
    }
    if not 1 <= top_k <= MAX_TOP_K:
        raise QuestionError(f"top_k is {top_k}; expected 1 to {MAX_TOP_K}.", field="top_k")
    return Question(
        text=cleaned,
        language=None if language is None else language_tag(language),
        channel=_name(channel, field="channel"),
        customer=customer,
        tags=frozenset(clean(tag, field="tags", limit=100) for tag in tags),
        top_k=top_k,
        **names,
    )


def _name(value: str, *, field: str) -> str:
    name = " ".join(clean(value, field=field, limit=_MAX_NAME, required=False).split())
    if not name:
        raise QuestionError(f"{field} is empty; leave it out or name it.", field=field)
    return name
