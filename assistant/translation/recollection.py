"""Recollection: which of the remembered texts a customer is given, if any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from assistant.translation import tags
from assistant.translation.errors import TranslationHeldError, TranslationUnsafeError
from assistant.translation.installed import Installed
from assistant.translation.memory import Remembered, TranslationKey
from assistant.translation.routes import find_route
from knowledge.article import Article
from knowledge.translations import MAX_ENGINE_LENGTH, Field, source_digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Translated:
    """A text that may be shown: a machine's that passed verification, or one that a person approved."""

    text: str
    source_language: str
    target_language: str
    engine: str
    engine_version: str
    kind: Literal["machine", "human"] = "machine"
    is_remembered: bool = False


def serving(target: str) -> tuple[str, ...]:
    """Return the tags whose remembered texts serve a reader of this one: itself, its wider regions, its language."""
    family = tags.base(target)
    return tuple(tag for tag in tags.fallbacks(target) if tags.base(tag) == family)


def recollected(
    rows: Iterable[Remembered],
    article: Article,
    field: Field,
    target: str,
    *,
    wanted: TranslationKey | None,
    installed: Installed,
) -> Remembered | None:
    """Return the row that counts, held and failed ones included.

    It is of words that the article has: what a person approved; else what is remembered under the wanted key; else
    what was made of another of the article's texts, as ``faq translate --from`` does, by engines and a glossary as
    they are. Where nothing is wanted, for no engine leads there, any engine will do. What is held for review holds
    back what newer engines would make of the same words.
    """
    texts = {text.language: text.answer if field == "answer" else text.question for text in article.texts}
    digests = {language: source_digest(text) for language, text in texts.items()}
    ours = [
        row for row in rows if row.key.field == field and digests.get(row.key.source_language) == row.key.source_digest
    ]
    approved = [row for row in ours if row.status == "approved"]
    if approved:
        order = {language: place for place, language in enumerate(serving(target))}
        return min(approved, key=lambda row: order.get(row.key.target_language, len(order)))
    asked_for = None if wanted is None else next((row for row in ours if row.id == wanted.id), None)
    if asked_for is not None and asked_for.status != "failed":
        return asked_for

    def is_current(row: Remembered) -> bool:
        digest = installed.glossary_digest(
            texts[row.key.source_language], tags.canonical(target), digest=row.key.source_digest
        )
        return digest == row.key.glossary_digest and (wanted is None or _is_latest(row, target, installed))

    made = [row for row in ours if row.status in ("ready", "review") and is_current(row)]
    held = next((row for row in ours if row.status == "review"), None)  # an upgrade is no approval
    return max(made, key=lambda row: (row.status == "ready", row.created_at), default=asked_for or held)


def _is_latest(row: Remembered, target: str, installed: Installed) -> bool:
    """Tell whether what is installed would translate the same words by the same engines still."""
    route = find_route(installed.pairs, row.key.source_language, target)
    return (
        route is not None
        and row.key.engine == route.engine[:MAX_ENGINE_LENGTH]
        and row.key.engine_version == installed.version(route)
    )


def sendable(known: Remembered, target: str) -> Translated:
    """Return a remembered text where it may be sent; raises TranslationUnsafeError, TranslationHeldError."""
    if known.status == "failed":
        raise TranslationUnsafeError(
            f"The translation cannot be trusted: {'; '.join(known.faults)}. Show the original, or let a person answer.",
            faults=known.faults,
        )
    if known.status == "review":
        raise TranslationHeldError("The translation waits for a person's approval; show the original until then.")
    key = known.key
    is_approved = known.status == "approved"
    return Translated(
        text=known.text,
        source_language=tags.canonical(key.source_language),
        target_language=key.target_language if is_approved else tags.canonical(target),
        engine=key.engine,
        engine_version=key.engine_version,
        kind="human" if is_approved else "machine",
        is_remembered=True,
    )
