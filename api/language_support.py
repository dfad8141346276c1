"""What the product does for customers, language by language, and what its translation engines are up to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from api.product import Product
from assistant.translation import TranslationEngine
from assistant.translation.tags import base
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
    routes: dict[str, list[dict[str, Any]]] = {}
    for route in product.translator.pairs():
        if route.source in answered:
            routes.setdefault(route.target, []).append(
                {"source": route.source, "pivot": route.pivot, "engine": route.engine}
            )
    codes = sorted(identified | set(answered) | set(spoken.languages) | set(routes))
    return [
        {
            "code": code,
            "name": spoken.language_name(code, in_language="en"),
            "identified": _is_told(code, identified),
            # The embedded encoder and the lexical arm take any text; what cannot be told apart is still searched.
            "searched": code.split("-")[0] in identified or code in answered,
            "stemmed": code in stemmed,
            "phrases": code in spoken.languages,
            "articles": answered.get(code, 0),
            "translated_from": sorted(_told(route) for route in routes.get(code, [])),
            "engine": ", ".join(sorted({route["engine"] for route in routes.get(code, [])})) or None,
            "routes": routes.get(code, []),
        }
        for code in codes
    ]


def _is_told(code: str, identified: Collection[str]) -> bool:
    """Tell whether a text shows that it is in the language; it shows the script (``zh-Hant``), and no region."""
    return code in identified or (base(code) == code and code.split("-")[0] in identified)


def engine_support(product: Product) -> list[dict[str, Any]]:
    """Return a record per translation engine (the fields of ``EngineSupport``), the preferred first."""
    return [_engine(product, engine) for engine in product.engines]


def _engine(product: Product, engine: TranslationEngine) -> dict[str, Any]:
    record: dict[str, Any] = {
        "name": engine.name,
        "version": engine.version,
        "pairs": [{"source": source, "target": target} for source, target in sorted(engine.pairs())],
        "broken": [],
        "untried": 0,
        "problem": None,
    }
    if engine is product.apertium:
        installed = product.apertium.installed()
        record["broken"] = [
            {"source": pair.source, "target": pair.target, "detail": pair.detail or ""}
            for pair in installed
            if pair.state == "broken"
        ]
        record["untried"] = sum(pair.state == "untried" for pair in installed)
        record["problem"] = product.apertium.problem
    return record


def _told(route: dict[str, Any]) -> str:
    return f"{route['source']} via {route['pivot']}" if route["pivot"] else str(route["source"])
