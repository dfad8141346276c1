"""The assistant's tables: receipts, feedback, tickets and what is said in them."""

from __future__ import annotations

import sqlalchemy as sa

from knowledge.database import UtcTime, metadata
from knowledge.tables import byte_ordered

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("channel", sa.String(60), nullable=False),
    sa.Column("message_id", sa.String(200)),
    sa.Column("request_digest", sa.String(64), nullable=False),  # SHA-256 of the request that message_id stands for
    sa.Column("conversation_id", sa.String(200)),
    sa.Column("customer_id", sa.String(200)),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("language", sa.String(40), nullable=False),
    sa.Column("detected_language", sa.String(40)),
    sa.Column("detected_probability", sa.Float),
    sa.Column("decision", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("confidence", sa.Float),
    sa.Column("article_id", sa.String(128)),
    sa.Column("generation", sa.Integer),
    sa.Column("ticket_id", sa.String(20)),
    sa.Column("response", sa.Text, nullable=False),  # the JSON that was sent, byte for byte
    sa.Column("receipt", sa.Text, nullable=False),  # JSON: hits, scores, thresholds, encoder, detector, timings
    sa.UniqueConstraint("channel", "message_id"),
    sa.Index(None, "channel", "conversation_id", "created_at"),
    sa.Index(None, "created_at"),
)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("answer_id", sa.String(40), sa.ForeignKey("answers.id"), primary_key=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("helpful", sa.Boolean, nullable=False),
    sa.Column("comment", sa.Text),
    sa.Column("ticket_id", sa.String(20)),
)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", byte_ordered(20), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # counts every change; the ETag
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("priority", sa.String(20), nullable=False),
    sa.Column("channel", sa.String(60), nullable=False),
    sa.Column("language", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(300), nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("question_translation", sa.JSON(none_as_null=True)),  # {language, text, engine}, for the desk
    sa.Column("customer", sa.JSON, nullable=False),
    sa.Column("conversation_id", sa.String(200)),
    sa.Column("answer_id", sa.String(40)),  # the receipt that opened it
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("assignee", sa.String(200)),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("first_response_due_at", UtcTime, nullable=False),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("first_responded_at", UtcTime),
    sa.Column("solved_at", UtcTime),
    # Microseconds since 1970 of the next promise while unsettled; 2**62 less that of settling afterwards.
    sa.Column("desk_order", sa.BigInteger, nullable=False),
    # What the desk searches, in folded case: databases fold only the letters of their own locale.
    sa.Column("search_text", sa.Text, nullable=False),
    sa.Index(None, "desk_order", "id"),
    sa.Index(None, "status", "desk_order", "id"),
    sa.Index(None, "assignee", "desk_order", "id"),
    sa.Index(None, "created_at", "id"),
)

ticket_messages = sa.Table(
    "ticket_messages",
    metadata,
    sa.Column("id", byte_ordered(40), primary_key=True),  # ticket id and version: sorts as written
    sa.Column("ticket_id", byte_ordered(20), sa.ForeignKey("tickets.id"), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("author_kind", sa.String(20), nullable=False),  # customer, agent, assistant
    sa.Column("author", sa.String(200)),
    sa.Column("visibility", sa.String(20), nullable=False),  # public, internal
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("language", sa.String(40), nullable=False),
    sa.Column("translation", sa.JSON(none_as_null=True)),  # {language, text, engine}
    sa.Index(None, "ticket_id", "id"),
)

ticket_events = sa.Table(
    "ticket_events",
    metadata,
    sa.Column("id", byte_ordered(40), primary_key=True),  # ticket id and version: sorts as written
    sa.Column("ticket_id", byte_ordered(20), sa.ForeignKey("tickets.id"), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),  # assistant.tickets.ticket.EventKind
    sa.Column("changes", sa.JSON, nullable=False),  # field: [before, after]
    sa.Index(None, "ticket_id", "id"),
)
