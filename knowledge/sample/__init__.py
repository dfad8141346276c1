"""The FAQ of a demonstration shop, with golden questions, to try and to measure everything on."""

from __future__ import annotations

from importlib.resources import files

from knowledge.golden import GoldenQuestion, read_golden


def sample_articles() -> bytes:
    """Return the shop's articles as a JSON Lines file, ready for the importer."""
    return (files(__package__) / "articles.jsonl").read_bytes()


def golden_questions() -> tuple[GoldenQuestion, ...]:
    """Return questions as customers ask them, in many languages, with the article that answers or none."""
    return read_golden((files(__package__) / "golden.csv").read_bytes())
