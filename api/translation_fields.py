"""Translations as JSON has them, over HTTP and on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.translation.review import ListedTranslation, ShownText, ShownTranslation


def listed_fields(one: ListedTranslation) -> dict[str, object]:
    """Return a listed translation as JSON has it."""
    row, key = one.remembered, one.remembered.key
    return {
        "article_id": key.article_id,
        "revision": key.article_revision,
        "field": key.field,
        "source_language": key.source_language,
        "language": key.target_language,
        "engine": key.engine,
        "engine_version": key.engine_version,
        "status": row.status,
        "faults": list(row.faults),
        "source": one.source,
        "text": row.text,
        "created_at": row.created_at,
        "stale": row.stale_at is not None,
    }


def shown_fields(shown: ShownTranslation) -> dict[str, object]:
    """Return an article's translation as JSON has it."""
    return {
        "article_id": shown.article.id,
        "revision": shown.article.revision,
        "language": shown.language,
        "source_language": shown.source_language,
        "kind": shown.kind,
        "question": _text_fields(shown.question),
        "answer": _text_fields(shown.answer),
    }


def _text_fields(text: ShownText | None) -> dict[str, object] | None:
    if text is None:
        return None
    return {
        "text": text.text,
        "source": text.source,
        "status": text.status,
        "engine": text.engine,
        "engine_version": text.engine_version,
        "faults": list(text.faults),
        "created_at": text.created_at,
        "stale": text.is_stale,
    }
