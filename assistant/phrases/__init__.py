"""Every customer-facing moment's wording, in every language the product speaks itself."""

from __future__ import annotations

from assistant.phrases.phrasebook import Phrasebook, PhraseKey
from assistant.phrases.speech import ReplyVocabulary, WishVocabulary
from assistant.phrases.template import PhraseError
from assistant.phrases.writing import Direction

__all__ = ["Direction", "PhraseError", "PhraseKey", "Phrasebook", "ReplyVocabulary", "WishVocabulary"]
