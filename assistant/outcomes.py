"""What became of the golden questions with a generation, kept with it, so that the next build need not ask it again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from importlib.metadata import version

import orjson

from assistant.calibrating import VERSION
from assistant.confidence import FEATURES
from assistant.detection import Detector
from assistant.evaluation import Asked, Evaluation
from assistant.policy import Policy
from index.fusion import Fusion
from index.generation import Generation
from knowledge.database import now
from knowledge.golden import GoldenQuestion

OUTCOMES = "outcomes.json"
"""The name under which they are attached to their generation."""

_FIELDS = ("decision", "reason", "best", "confidence", "language", "detected")


def outcomes_digest(
    generation: Generation,
    golden: Sequence[GoldenQuestion],
    *,
    detector: Detector,
    policy: Policy,
    day: date | None,
) -> str:
    """Return what the outcomes rest on besides the generation; the day (today, UTC) only where articles expire."""
    expires = any(start or end for start, end in generation.parts.article_validity)
    inputs = {
        "program": (version("faq-assistant"), VERSION, FEATURES, asdict(Fusion())),
        "languages": sorted(detector.languages),
        "policy": asdict(policy),
        "day": (day or now().date()).isoformat() if expires else None,
        "golden": [asdict(one) for one in golden],
    }
    return hashlib.sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()


def write_outcomes(evaluation: Evaluation, digest: str) -> bytes:
    """Return an evaluation as JSON, without the questions."""
    asked = [[*(getattr(one, name) for name in _FIELDS), *one.article_ids] for one in evaluation.asked]
    return orjson.dumps({"inputs": digest, "asked": asked})


def read_outcomes(generation: Generation, golden: Sequence[GoldenQuestion], digest: str) -> Evaluation | None:
    """Return the evaluation of these golden questions that is kept with a generation, or None."""
    try:
        fields = orjson.loads(generation.attachments[OUTCOMES])
        if fields["inputs"] != digest:
            return None
        asked = tuple(
            Asked(
                golden=one,
                article_ids=tuple(row[len(_FIELDS) :]),
                **dict(zip(_FIELDS, row[: len(_FIELDS)], strict=True)),
            )
            for one, row in zip(golden, fields["asked"], strict=True)
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
    return Evaluation(encoder=generation.manifest.encoder, generation=generation.number, asked=asked)
