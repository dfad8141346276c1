"""Questions in translation: an encoder that knows only some languages is asked in one of these.

A question in a language that the encoder does not know is translated into one that it knows and that articles
are written in, with the same care for links, numbers and names as an answer. What a machine made of a
question is a means to find something: the customer's own words stay what the receipt and the ticket show.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.language import LIKELY, LanguageVerdict
from assistant.translation import TranslationError, Translator
from index.analysis import normal_form
from index.encoder_facts import known_languages
from index.encoding import Encoder
from index.searcher import Searcher


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionTranslation:
    """What was searched for in place of a question; ``text`` is None, and ``problem`` says why, where it was not."""

    source: str  # language of the question
    target: str  # language that the encoder knows
    text: str | None = None
    engine: str | None = None
    problem: str | None = None


class QuestionTranslator:
    """Translates questions for encoders that do not know their language; safe to share between threads."""

    def __init__(self, translator: Translator, *, default_language: str, languages: Sequence[str] = ()) -> None:
        """Take the languages that encoders know to be these, where there are any; else what each one's card lists."""
        self._translator = translator
        self._default_language = default_language
        self._languages = frozenset(map(_base, languages))
        self._known: weakref.WeakKeyDictionary[Encoder, frozenset[str]] = weakref.WeakKeyDictionary()

    async def translated(
        self, text: str, language: LanguageVerdict, searcher: Searcher, *, budget: float | None = None
    ) -> QuestionTranslation | None:
        """Return the question in a language that the searcher's encoder knows; None where it need not be translated.

        It need not where the encoder knows the question's language or does not say what it knows, where no
        language was recognised, and where the question stands in an article as it is. Never fails: what
        keeps a translation from being had is its ``problem``. ``budget`` is in seconds, the translator's by default.
        """
        known = self._languages or self._known_by(searcher.encoder)
        source = _foreign(language, known)
        if source is None or len(searcher.generation.exact(normal_form(text))):
            return None
        targets = self._targets(searcher, known)
        if not targets:
            return None
        target = next((each for each in targets if self._translator.available(source, each)), None)
        if target is None:
            return QuestionTranslation(
                source=source, target=targets[0], problem=f"No installed engine translates {source}→{targets[0]}."
            )
        mended = searcher.readings.read(text, (source,)).text
        try:
            translated = await self._translator.free_text(mended, source, target, budget=budget)
        except TranslationError as error:
            return QuestionTranslation(source=source, target=target, problem=str(error))
        return QuestionTranslation(source=source, target=target, text=translated.text, engine=translated.engine)

    def _known_by(self, encoder: Encoder) -> frozenset[str]:
        known = self._known.get(encoder)
        if known is None:
            known = self._known[encoder] = known_languages(encoder)
        return known

    def _targets(self, searcher: Searcher, known: frozenset[str]) -> list[str]:
        """Return the articles' languages that the encoder knows: the default one first, then the commonest."""
        counts = searcher.generation.manifest.languages
        default = _base(self._default_language)
        fitting = [language for language in counts if _base(language) in known]
        return sorted(fitting, key=lambda language: (_base(language) != default, -counts[language], language))


def _foreign(language: LanguageVerdict, known: frozenset[str]) -> str | None:
    """Return the language of a question that is in none of the known ones; None where it may be in one of them."""
    if not known:
        return None
    detection = language.detection
    if detection.language is not None and detection.probability >= LIKELY:
        return None if _base(detection.language) in known else detection.language
    possible = language.languages_to_read
    return None if any(_base(each) in known for each in possible) else next(iter(possible), None)


def _base(code: str) -> str:
    return code.split("-")[0].lower()
