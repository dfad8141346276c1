"""The policy: what the people who run the assistant decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What the people who run the assistant decide; thresholds of None mean the calibration's own."""

    default_language: str = "en"
    channel_languages: Mapping[str, str] = field(default_factory=dict)
    answer_threshold: float | None = None
    clarify_threshold: float | None = None
    timezone: str = "UTC"
    faq_url: str = ""
