"""The glossary as JSON."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.models.base import Request


class RenderingsRequest(Request):
    """What becomes of a term in translations."""

    renderings: dict[str, str] = Field(
        default_factory=dict,
        max_length=100,  # knowledge.glossary.MAX_RENDERINGS
        description="The words for the term by language (BCP 47); none of them: it stays as it is.",
        examples=[{"es": "carrito", "pt-BR": "carrinho"}],
    )
    case_sensitive: bool = Field(False, description="Find the term in exactly these letters only.")


class TermModel(RenderingsRequest):
    """Words that are not left to a translation engine."""

    term: str = Field(max_length=1_000, examples=["Vilora Club"])


class GlossaryRequest(Request):
    """All terms; others are not kept."""

    items: list[TermModel] = Field(max_length=5_000)  # knowledge.glossary.MAX_TERMS


class GlossaryModel(BaseModel):
    """The glossary and the number of changes that led to it, which is its ETag as well."""

    items: list[TermModel]
    version: int
    warnings: list[str] = Field(description="Such as columns of a file that were not read.")
