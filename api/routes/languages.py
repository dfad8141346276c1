"""What is done for customers in each language, and the strings of the chat page."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import CallerDep
from api.dependencies import ProductDep
from api.language_support import engine_support, language_support
from api.models import EngineSupport, LanguagesModel, LanguageSupport
from api.responses import ERRORS

router = APIRouter(prefix="/v1", tags=["languages"], responses=ERRORS)


@router.get("/languages", summary="What is done in each language")
def languages(product: ProductDep, key: CallerDep) -> LanguagesModel:
    """Say of each language whether it is identified, searched, answered by people's texts, and translated."""
    return LanguagesModel(
        items=[LanguageSupport(**fields) for fields in language_support(product)],
        engines=[EngineSupport(**fields) for fields in engine_support(product)],
    )


@router.get("/phrases/{language}", summary="The strings of a chat window in a language")
def phrases(language: str, product: ProductDep) -> dict[str, object]:
    """Return the nearest language's strings, its direction, and the languages there are. Open to everybody."""
    spoken = product.assistant.phrases
    nearest = spoken.resolve(language)
    return {
        "language": nearest,
        "direction": spoken.direction(nearest),
        "widget": dict(spoken.widget(nearest)),
        "none_of_these": spoken.say("none_of_these", nearest),
        "status": {
            status: spoken.status_name(status, nearest)
            for status in ("new", "open", "pending", "hold", "solved", "closed")
        },
        "languages": [
            {
                "code": code,
                "name": spoken.language_name(code, in_language=code),
                "direction": spoken.direction(code),
            }
            for code in spoken.languages
        ],
    }
