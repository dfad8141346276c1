"""Translation: an article's text in the customer's language, by a person, from memory, or by a machine."""

from __future__ import annotations

from assistant.translation.apertium import ApertiumEngine, ApertiumPair
from assistant.translation.argos import ArgosEngine, InstalledPackage
from assistant.translation.delivery import Choice, choose_source, choose_text
from assistant.translation.engine import TranslationEngine
from assistant.translation.errors import (
    PackageError,
    TranslationBusyError,
    TranslationError,
    TranslationHeldError,
    TranslationPairError,
    TranslationTimeoutError,
    TranslationUnsafeError,
)
from assistant.translation.memory import Remembered, TranslationKey, TranslationMemory
from assistant.translation.recollection import Translated
from assistant.translation.routes import Leg, Route, find_route
from assistant.translation.spans import Span, find_spans
from assistant.translation.translator import Translator
from assistant.translation.verification import verify

__all__ = [
    "ApertiumEngine",
    "ApertiumPair",
    "ArgosEngine",
    "Choice",
    "InstalledPackage",
    "Leg",
    "PackageError",
    "Remembered",
    "Route",
    "Span",
    "Translated",
    "TranslationBusyError",
    "TranslationEngine",
    "TranslationError",
    "TranslationHeldError",
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
