"""Questions, decisions, receipts and feedback as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.models.base import Request
from assistant.answering import Problem
from assistant.contrast import Contrast
from assistant.decision import Decision, Reason
from assistant.language import Source
from assistant.tickets.ticket import Status


class CustomerModel(Request):
    """Who asks; whatever the channel knows of them."""

    id: str | None = Field(None, max_length=200)
    name: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=320)
    phone: str | None = Field(None, max_length=60)
    locale: str | None = Field(None, max_length=40, examples=["be-BY"])
    timezone: str | None = Field(
        None,
        max_length=64,
        description="IANA name; promised times are told in it, else in the one zone of the locale's country.",
        examples=["Europe/Minsk"],
    )


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
    wished: bool = Field(False, description="Whether the customer has asked for it, now or before in the conversation.")


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
    language: str | None = Field(None, description="Of `question`: the customer's, where there are words in it.")
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
    centroid: float | None = Field(None, description="Null in older receipts.")
    dense: float
    lexical: float
    dense_answer: float
    lexical_answer: float
    is_exact: bool
    is_foreign: bool | None = Field(None, description="It has no text in a language of the question's.")
    matched: str
    matched_language: str
    confidence: float | None
    shares: dict[str, float] | None = Field(
        None, description="What each arm gave of the fused score, which is their sum; null in older receipts."
    )


class CheckModel(BaseModel):
    """A threshold, and what was held against it."""

    name: Literal["answer", "tie_margin", "clarify", "out_of_scope"]
    value: float
    threshold: float
    is_met: bool


class CalibrationModel(BaseModel):
    """What turned scores into probabilities."""

    encoder: str
    fitted_on: str
    target_precision: float | None = Field(
        description="The share of right answers that is promised; null where the answer threshold was set by hand, and "
        "in older receipts."
    )
    is_certified: bool | None = Field(
        description="Whether labelled questions of this knowledge base show that it is kept; null in older receipts."
    )
    basis: str | None = Field(
        description="What the answer threshold rests on, in words: `set by hand` where it was; null in older receipts."
    )


class ConditionsModel(BaseModel):
    """What a question is judged under, besides its words, its tags and the day."""

    languages: list[str] = Field(description="Languages it was read in, the likeliest first.")
    is_second_round: bool = Field(description="Whether the customer had been asked back just before.")
    max_choices: int
    answer_threshold: float | None = Field(description="As people had set it; null is the calibration's own.")
    clarify_threshold: float | None = Field(description="As people had set it; null is the calibration's own.")


class DetectionModel(BaseModel):
    """What the detector thought."""

    language: str | None
    probability: float
    ranked: list[tuple[str, float]]
    by: str
    script: str | None = None
    ceiling: float = Field(1.0, description="The most that was stated, however likely, of a text that says so little.")


class FeedbackModel(BaseModel):
    """What the customer thought of the answer."""

    helpful: bool
    comment: str | None
    ticket_id: str | None
    created_at: datetime


class QuestionTranslationModel(BaseModel):
    """What was searched for in place of a question whose language the encoder does not know."""

    source: str = Field(description="Language of the question.")
    target: str = Field(description="Language that the encoder knows.")
    text: str | None = Field(description="Null where it could not be translated; the question was searched as it is.")
    engine: str | None
    problem: str | None = Field(description="Why it could not be translated.")


class UntranslatedModel(BaseModel):
    """Why an answer did not go out in the customer's language."""

    problem: Problem
    detail: str | None = Field(description="In a sentence, with what to do about it.")


class ReceiptModel(AnswerModel):
    """The record of a decision: what was found, with which generation, scores and thresholds."""

    explanation: str = Field(description="Why it was decided so, in a sentence.")
    question: str
    choice: str | None
    chosen: str | None = Field(description="The article that the customer took, by a tap, its number or its words.")
    channel: str
    conversation_id: str | None
    message_id: str | None
    customer: dict[str, str | None]
    tags: list[str]
    detector: DetectionModel
    asked: str | None = Field(
        description="What was to be answered: the question, without a wish for a language that came with it; null in "
        "older receipts."
    )
    repeats: str | None = Field(
        description="The answer that is said again, because the customer asked for another language; null otherwise."
    )
    question_translation: QuestionTranslationModel | None = Field(
        description="Null where the encoder knows the question's language, and in older receipts."
    )
    judged_with: ConditionsModel | None = Field(description="Null where nothing was searched, and in older receipts.")
    reading: str | None = Field(description="The question as it was read, mended where it was misspelt.")
    encoder: str | None
    calibration: CalibrationModel | None
    thresholds: dict[str, float] | None
    checks: list[CheckModel] = Field(description="Which thresholds were reached, and which were missed.")
    choices_confidence: float | None = Field(description="That the right article is among the best three.")
    contrast: Contrast | None = Field(
        None, description="How the question differs from the best hit's wording where that may turn its meaning."
    )
    known_share: float | None
    unseen_share: float | None
    fusion: dict[str, float] | None = Field(description="The weight of each arm in the fused score.")
    hits: list[HitModel]
    untranslated: UntranslatedModel | None = Field(
        description="Why the answer went out in another language than the customer's, where it did."
    )
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
