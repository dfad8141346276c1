"""Requests and responses as JSON; the OpenAPI document is made from these."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.keys import Scope
from assistant.contrast import Contrast
from assistant.decision import Decision, Reason
from assistant.language import Source
from assistant.tickets.ticket import Priority, Status, Visibility

T = TypeVar("T")


class Request(BaseModel):
    """Unknown fields are refused: a misspelt one would be lost without a word."""

    model_config = ConfigDict(extra="forbid", str_max_length=200_000)


class Page(BaseModel, Generic[T]):
    """A part of a list; ask again with ``cursor`` set to ``next_cursor`` for what follows."""

    items: list[T]
    next_cursor: str | None


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemDocument(BaseModel):
    """An error, as RFC 9457 has it; ``type`` is stable."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem]
    request_id: str


class CustomerModel(Request):
    """Who asks; whatever the channel knows of them."""

    id: str | None = Field(None, max_length=200)
    name: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=320)
    phone: str | None = Field(None, max_length=60)
    locale: str | None = Field(None, max_length=40, examples=["be-BY"])


class AnswerRequest(Request):
    """A customer's question, or the choice they took."""

    question: str | None = Field(None, examples=["Як вярнуць тавар?"])
    choice: str | None = Field(None, description="`article_id` of an offered choice, or `none` for none of these.")
    language: str | None = Field(None, description="The customer's explicit wish; BCP 47.", examples=["be"])
    channel: str = Field("chat", min_length=1, max_length=60)
    message_id: str | None = Field(None, min_length=1, max_length=200, description="Makes the call idempotent.")
    conversation_id: str | None = Field(None, min_length=1, max_length=200)
    customer: CustomerModel | None = None
    tags: list[str] = Field([], max_length=50, description="Only articles that carry all of them are considered.")
    top_k: int = Field(3, ge=1, le=10, description="Choices a channel can show: two or three are offered.")


class LanguageModel(BaseModel):
    """The language of the reply, and why it is that one."""

    code: str
    source: Source
    confidence: float


class TranslationModel(BaseModel):
    """Whose words the answer is made of; `none` is a text in another language than the customer's."""

    kind: Literal["human", "machine", "none"]
    from_: str | None = Field(None, alias="from")
    engine: str | None


class AnswerTextModel(BaseModel):
    """The article that answers, in the language it could be given in."""

    article_id: str
    revision: int
    question: str
    text: str
    url: str | None
    language: str
    translation: TranslationModel


class ChoiceModel(BaseModel):
    """An article that may be meant."""

    article_id: str
    question: str
    confidence: float


class TicketReference(BaseModel):
    """A ticket and the time it promises."""

    id: str
    status: Status
    due_at: datetime


class AnswerModel(BaseModel):
    """A decision with the message that is ready to be sent."""

    id: str
    decision: Decision
    reason: Reason
    confidence: float | None
    message: str
    language: LanguageModel
    answer: AnswerTextModel | None
    choices: list[ChoiceModel]
    ticket: TicketReference | None
    generation: int | None


class HitModel(BaseModel):
    """An article that was found, with its scores; higher is better."""

    article_id: str
    revision: int
    fused: float
    dense: float
    lexical: float
    dense_answer: float
    lexical_answer: float
    is_exact: bool
    matched: str
    matched_language: str
    confidence: float | None


class DetectionModel(BaseModel):
    """What the detector thought."""

    language: str | None
    probability: float
    ranked: list[tuple[str, float]]
    by: str


class FeedbackModel(BaseModel):
    """What the customer thought of the answer."""

    helpful: bool
    comment: str | None
    ticket_id: str | None
    created_at: datetime


class ReceiptModel(AnswerModel):
    """The record of a decision: what was found, with which generation, scores and thresholds."""

    question: str
    choice: str | None
    channel: str
    conversation_id: str | None
    message_id: str | None
    customer: dict[str, str | None]
    tags: list[str]
    detector: DetectionModel
    encoder: str | None
    thresholds: dict[str, float] | None
    choices_confidence: float | None = Field(description="That the right article is among the best three.")
    contrast: Contrast | None = Field(
        None, description="How the question differs from the best hit's wording where that may turn its meaning."
    )
    known_share: float | None
    unseen_share: float | None
    hits: list[HitModel]
    timings: dict[str, float] = Field(description="Seconds per stage.")
    created_at: datetime
    feedback: FeedbackModel | None


class FeedbackRequest(Request):
    """Whether the answer helped."""

    helpful: bool
    comment: str | None = Field(None, max_length=5_000)


class FeedbackReplyModel(BaseModel):
    """What the customer is told, and the ticket that will help them."""

    answer_id: str
    helpful: bool
    message: str
    ticket: TicketReference | None


class TextModel(Request):
    """Question, alternates and answer in one language."""

    question: str
    alternate_questions: list[str] = []
    answer: str
    origin: Literal["human", "machine"] = "human"


class ArticleRequest(Request):
    """An article as a person writes it."""

    texts: dict[str, TextModel] = Field(description="By BCP 47 tag.")
    tags: list[str] = []
    url: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    review_by: date | None = None


class ArticleModel(BaseModel):
    """An article as it is stored; `revision` is its ETag."""

    id: str
    texts: dict[str, TextModel]
    tags: list[str]
    url: str | None
    valid_from: date | None
    valid_until: date | None
    review_by: date | None
    revision: int
    updated_at: datetime | None


class ImportRowModel(BaseModel):
    """What became of one row."""

    line: int
    article_id: str | None
    language: str | None
    outcome: Literal["created", "changed", "unchanged", "rejected"]
    reason: str | None


class ImportModel(BaseModel):
    """What an import does or did, row by row."""

    id: str
    state: Literal["previewed", "applied"]
    filename: str | None
    format: str
    encoding: str
    created: int
    changed: int
    unchanged: int
    rejected: int
    rows: list[ImportRowModel]
    warnings: list[str]


class GoldenModel(Request):
    """A question whose article is known, or known to be none."""

    question: str = Field(max_length=10_000, examples=["can i send it back if i opened the box"])
    article_id: str | None = Field(None, description="The article that answers; null where none does.")
    language: str | None = Field(None, description="Of the question, where it is known; BCP 47.", examples=["en"])


class GoldenSetRequest(Request):
    """All golden questions; others are not kept."""

    items: list[GoldenModel] = Field(max_length=20_000)  # knowledge.golden_store.MAX_QUESTIONS


class GoldenSetModel(BaseModel):
    """What became of a set of golden questions."""

    count: int
    unknown_articles: list[str] = Field(description="Ids that golden questions name and no article has.")
    warnings: list[str] = Field(description="Such as columns of a file that were not read.")


class BuildModel(BaseModel):
    """A build of the index."""

    id: str
    state: Literal["queued", "running", "gated", "active", "failed", "cancelled"]
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stage: str
    done: int
    total: int
    counts: dict[str, int]
    generation: int | None
    cancel_requested: bool
    error: str | None


class GenerationModel(BaseModel):
    """A kept generation."""

    number: int
    is_active: bool
    created_at: datetime
    encoder: str
    encoder_digest: str
    dimensions: int
    metric: str
    knowledge_digest: str
    articles: int
    passages: int
    languages: dict[str, int]
    encoded: int
    seconds: float


class PointerModel(BaseModel):
    """Which generation answers, and which ones did before."""

    generation: int
    previous: list[int]
    activated_at: datetime


class TranslatedModel(BaseModel):
    """The same words in another language."""

    language: str
    text: str
    engine: str | None


class TicketModel(BaseModel):
    """A question that a person must answer."""

    id: str
    version: int
    status: Status
    status_name: str = Field(description="As a customer reads it, in the asked language.")
    priority: Priority
    subject: str
    question: str
    question_translation: TranslatedModel | None
    customer: dict[str, str | None]
    channel: str
    language: str
    conversation_id: str | None
    answer_id: str | None
    reason: str
    assignee: str | None
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    first_response_due_at: datetime
    due_at: datetime
    first_responded_at: datetime | None
    solved_at: datetime | None
    overdue: bool


class EventModel(BaseModel):
    """A change of a ticket."""

    id: str
    at: datetime
    actor: str
    kind: str
    changes: dict[str, tuple[Any, Any]]


class TicketDetailModel(TicketModel):
    """A ticket with its history."""

    history: list[EventModel]


class TicketRequest(Request):
    """A ticket made by a channel or an agent."""

    question: str = Field(min_length=1, max_length=50_000)
    subject: str | None = Field(None, max_length=300)
    customer: CustomerModel | None = None
    channel: str = Field("phone", min_length=1, max_length=60)
    language: str | None = Field(None, description="Detected when it is not given.")
    priority: Priority = "normal"
    tags: list[str] = Field([], max_length=50)
    conversation_id: str | None = Field(None, min_length=1, max_length=200)


class TicketChange(Request):
    """Fields to change; those not sent stay."""

    status: Status | None = None
    priority: Priority | None = None
    assignee: str | None = Field(None, max_length=200)
    subject: str | None = Field(None, max_length=300)
    tags: list[str] | None = Field(None, max_length=50)


class AgentRequest(Request):
    """Who acts; the key's name when not given."""

    agent: str | None = Field(None, min_length=1, max_length=200)


class ClaimNextRequest(AgentRequest):
    """Which tickets may be taken; all when empty."""

    languages: list[str] = Field([], max_length=50)
    channels: list[str] = Field([], max_length=50)


class SolveRequest(AgentRequest):
    """Last words to the customer, if any."""

    message: str | None = Field(None, max_length=50_000)


class MessageRequest(AgentRequest):
    """Something said about a ticket; public messages reach the customer."""

    body: str = Field(min_length=1, max_length=50_000)
    visibility: Visibility = "public"
    language: str | None = Field(None, description="Of the body; detected when it is not given.")
    author_kind: Literal["agent", "customer"] = "agent"


class MessageModel(BaseModel):
    """Something said about a ticket."""

    id: str
    ticket_id: str
    created_at: datetime
    author_kind: str
    author: str | None
    visibility: Visibility
    body: str
    language: str
    translation: TranslatedModel | None


class SuggestedArticle(BaseModel):
    """An article that may answer a ticket."""

    article_id: str
    question: str
    text: str
    language: str
    url: str | None
    confidence: float


class SuggestedTicket(BaseModel):
    """An earlier ticket that was much like this one."""

    id: str
    subject: str
    question: str
    language: str
    similarity: float
    answer: str | None


class SuggestionsModel(BaseModel):
    """What may help to answer a ticket, best first."""

    articles: list[SuggestedArticle]
    tickets: list[SuggestedTicket]


class KeyRequest(Request):
    """A key to be made."""

    name: str = Field("", max_length=200)
    scopes: list[Scope] = Field(min_length=1)
    channel: str | None = Field(None, min_length=1, max_length=60)
    requests_per_minute: int | None = Field(None, ge=1, le=1_000_000)


class KeyModel(BaseModel):
    """A key without its secret."""

    id: str
    name: str
    scopes: list[Scope]
    channel: str | None
    requests_per_minute: int | None
    created_at: datetime | None
    revoked_at: datetime | None


class NewKeyModel(KeyModel):
    """A key with its secret, which is shown this once."""

    secret: str


class LanguageSupport(BaseModel):
    """What is done for customers in a language."""

    code: str
    name: str
    identified: bool
    searched: bool
    stemmed: bool
    phrases: bool
    articles: int = Field(description="Articles with a text of their own in it.")
    translated_from: list[str] = Field(description="Languages a machine translates from, each with its route.")
    engine: str | None


class ReadinessModel(BaseModel):
    """Whether questions are answered, and what every part is up to."""

    status: Literal["ok", "degraded", "unavailable"]
    parts: dict[str, dict[str, Any]] = Field(description="By name; each with `status`, and `detail` where it is ill.")


class LanguagesModel(BaseModel):
    """Every language the product does something for."""

    items: list[LanguageSupport]
