"""Translation: an article's text in the customer's language, by a person, from memory, or by a machine."""

from __future__ import annotations

from assistant.translation.argos import ArgosEngine, InstalledPackage
from assistant.translation.delivery import Choice, choose_source, choose_text
from assistant.translation.engine import TranslationEngine
from assistant.translation.errors import (
    PackageError,
    TranslationError,
    TranslationPairError,
    TranslationTimeoutError,
    TranslationUnsafeError,
)
from assistant.translation.memory import TranslationKey, TranslationMemory
from assistant.translation.routes import Leg, Route, find_route
from assistant.translation.spans import Span, find_spans
from assistant.translation.translator import Translated, Translator
from assistant.translation.verification import verify

__all__ = [
    "ArgosEngine",
    "Choice",
    "InstalledPackage",
    "Leg",
    "PackageError",
    "Route",
    "Span",
    "Translated",
    "TranslationEngine",
    "TranslationError",
    "TranslationKey",
    "TranslationMemory",
    "TranslationPairError",
    "TranslationTimeoutError",
    "TranslationUnsafeError",
    "Translator",
    "choose_source",
    "choose_text",
    "find_route",
    "find_spans",
    "verify",
]
