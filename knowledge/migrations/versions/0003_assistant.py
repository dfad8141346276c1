"""Receipts, feedback, tickets and the translation memory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from knowledge.database import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _byte_ordered(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("channel", sa.String(60), nullable=False),
        sa.Column("message_id", sa.String(200)),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(200)),
        sa.Column("customer_id", sa.String(200)),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("language", sa.String(40), nullable=False),
        sa.Column("detected_language", sa.String(40)),
        sa.Column("detected_probability", sa.Float()),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("confidence", sa.Float()),
        sa.Column("article_id", sa.String(128)),
        sa.Column("generation", sa.Integer()),
        sa.Column("ticket_id", sa.String(20)),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("channel", "message_id", name=op.f("uq_answers_channel_message_id")),
    )
    op.create_index(
        op.f("ix_answers_channel_conversation_id_created_at"), "answers", ["channel", "conversation_id", "created_at"]
    )
    op.create_index(op.f("ix_answers_created_at"), "answers", ["created_at"])
    op.create_table(
        "feedback",
        sa.Column("answer_id", sa.String(40), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text()),
        sa.Column("ticket_id", sa.String(20)),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name=op.f("fk_feedback_answer_id")),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_feedback")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", _byte_ordered(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("priority", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(60), nullable=False),
        sa.Column("language", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("question_translation", sa.JSON(none_as_null=True)),
        sa.Column("customer", sa.JSON(), nullable=False),
        sa.Column("conversation_id", sa.String(200)),
        sa.Column("answer_id", sa.String(40)),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("assignee", sa.String(200)),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("first_response_due_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("first_responded_at", UtcTime()),
        sa.Column("solved_at", UtcTime()),
        sa.Column("desk_order", sa.BigInteger(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
    )
    op.create_index(op.f("ix_tickets_assignee_desk_order_id"), "tickets", ["assignee", "desk_order", "id"])
    op.create_index(op.f("ix_tickets_created_at_id"), "tickets", ["created_at", "id"])
    op.create_index(op.f("ix_tickets_desk_order_id"), "tickets", ["desk_order", "id"])
    op.create_index(op.f("ix_tickets_status_desk_order_id"), "tickets", ["status", "desk_order", "id"])
    op.create_table(
        "ticket_messages",
        sa.Column("id", _byte_ordered(40), nullable=False),
        sa.Column("ticket_id", _byte_ordered(20), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("author_kind", sa.String(20), nullable=False),
        sa.Column("author", sa.String(200)),
        sa.Column("visibility", sa.String(20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("language", sa.String(40), nullable=False),
        sa.Column("translation", sa.JSON(none_as_null=True)),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_messages_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_messages")),
    )
    op.create_index(op.f("ix_ticket_messages_ticket_id_id"), "ticket_messages", ["ticket_id", "id"])

    op.create_table(
        "ticket_events",
        sa.Column("id", _byte_ordered(40), nullable=False),
        sa.Column("ticket_id", _byte_ordered(20), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_events_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_events")),
    )
    op.create_index(op.f("ix_ticket_events_ticket_id_id"), "ticket_events", ["ticket_id", "id"])
    op.create_table(
        "translations",
        sa.Column("article_id", sa.String(128), nullable=False),
        sa.Column("article_revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(16), nullable=False),
        sa.Column("source_language", sa.String(35), nullable=False),
        sa.Column("target_language", sa.String(35), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("engine_version", sa.String(200), nullable=False),
        sa.Column("source_digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "article_id",
            "article_revision",
            "field",
            "source_language",
            "target_language",
            "engine",
            "engine_version",
            name=op.f("pk_translations"),
        ),
    )


def downgrade() -> None:
    op.drop_table("translations")
    op.drop_table("ticket_events")
    op.drop_table("ticket_messages")
    op.drop_table("tickets")
    op.drop_table("feedback")
    op.drop_table("answers")
