"""Ids for articles that come without one."""

from __future__ import annotations

import hashlib
import unicodedata


def derived_id(language: str, question: str) -> str:
    """Return an id that follows from the question alone, so that the same file gives the same articles.

    Case, spacing and Unicode form do not matter. A reworded question is another article: give ids to
    articles whose questions may change.
    """
    plain = " ".join(unicodedata.normalize("NFC", question).casefold().split())
    digest = hashlib.sha256(f"{language}\n{plain}".encode(errors="surrogatepass")).hexdigest()
    return f"q-{digest[:16]}"
