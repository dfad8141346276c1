"""What the product does for customers, language by language."""

from __future__ import annotations

from typing import Any

from api.product import Product
from index.analysis import stemmed_languages
from knowledge.errors import FaqError


def language_support(product: Product) -> list[dict[str, Any]]:
    """Return a record per language (the fields of ``LanguageSupport``), by code."""
    spoken = product.assistant.phrases
    stemmed = stemmed_languages()
    identified = set(product.detector.languages)
    try:
        answered = dict(product.follower.searcher.generation.manifest.languages)
    except FaqError:
        answered = {}
    routes: dict[str, list[str]] = {}
    for route in product.translator.pairs():
        if route.source in answered:
            routes.setdefault(route.target, []).append(
                f"{route.source} via {route.pivot}" if route.pivot else route.source
            )
    codes = sorted(identified | set(answered) | set(spoken.languages) | set(routes))
    return [
        {
            "code": code,
            "name": spoken.language_name(code, in_language="en"),
            "identified": code in identified,
            # The embedded encoder and the lexical arm take any text; what cannot be told apart is still searched.
            "searched": code in identified or code in answered,
            "stemmed": code in stemmed,
            "phrases": code in spoken.languages,
            "articles": answered.get(code, 0),
            "translated_from": sorted(routes.get(code, [])),
            "engine": product.engine.name if code in routes else None,
        }
        for code in codes
    ]
