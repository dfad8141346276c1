"""What a calibration was fitted on, so that a build knows whether it still holds or must be fitted anew.

A calibration is of a knowledge base, not of every comma in it: it is carried over from generation to
generation until the golden questions, the promised precision or the way of scoring change, or more than a
few articles in a hundred do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import orjson

from assistant.calibrating import VERSION, inputs_digest
from assistant.confidence import FEATURES, Calibration
from assistant.policy import Policy
from index.fusion import Fusion
from index.generation import Generation
from knowledge.golden import GoldenQuestion
from knowledge.golden_store import MAX_QUESTIONS

RECORD = "fitted.json"
"""The name under which a record is attached to its generation."""

MOST_CHANGED = 0.03
"""Share of the articles that may have been changed since a calibration was fitted; see ``Fitted.change``."""

_SKETCH = 1_024  # hashes kept; up to so many articles the change is counted, beyond it is estimated within a point


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """What a calibration was fitted on."""

    inputs: str  # SHA-256 of everything but the articles
    sketch: tuple[int, ...]  # the least 64-bit hashes of the articles, ascending
    questions: tuple[str, ...] | None = None  # hashes of the golden questions, ascending; None in older records

    def to_json(self) -> bytes:
        """Return the record as JSON."""
        return orjson.dumps(asdict(self))

    def change(self, other: Fitted) -> float:
        """Return the share of the articles that were changed, 0..1; what came or went counts half.

        By the least hashes of both (Broder 1997, "On the resemblance and containment of documents"): of
        n articles of which c were changed, n - c are common among n + c.
        """
        mine, theirs = set(self.sketch), set(other.sketch)
        least = sorted(mine | theirs)[:_SKETCH]
        if not least:
            return 0.0
        alike = sum(hash in mine and hash in theirs for hash in least) / len(least)
        return (1.0 - alike) / (1.0 + alike)

    def holds_for(self, other: Fitted) -> bool:
        """Tell whether what was fitted on this holds for the other."""
        return self.inputs == other.inputs and self.change(other) <= MOST_CHANGED


def fitted_on(
    generation: Generation, golden: Sequence[GoldenQuestion], *, policy: Policy, target_precision: float
) -> Fitted:
    """Return the record of a calibration that is fitted on these."""
    manifest = generation.manifest
    inputs = {
        "encoder": (manifest.encoder, manifest.encoder_digest),
        "scoring": (manifest.analysis, VERSION, FEATURES, asdict(Fusion())),
        "policy": asdict(policy),
        "target_precision": target_precision,
        "golden": [asdict(one) for one in golden],
    }
    parts = generation.parts
    hashes = [
        _hash(f"{id}\0{version.partition(':')[2]}")
        for id, version in zip(parts.article_ids, parts.article_versions, strict=True)
    ]
    return Fitted(
        inputs=hashlib.sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        sketch=tuple(sorted(hashes)[:_SKETCH]),
        questions=tuple(sorted({_hash_of_question(one) for one in golden})[:MAX_QUESTIONS]),
    )


def fitted_among(generation: Generation, calibration: Calibration, asked: Sequence[GoldenQuestion]) -> int:
    """Return how many of the questions are among those that a generation's calibration was fitted to.

    Wording alone counts, whatever article is named. An older generation tells only whether all of them are.
    """
    if not calibration.inputs:
        return 0  # it is the one shipped for the encoder
    record = read_fitted(generation.attachments.get(RECORD, b""))
    if record is None or record.questions is None:
        return len(asked) if calibration.inputs == inputs_digest(asked, calibration.target_precision) else 0
    known = frozenset(record.questions)
    return sum(_hash_of_question(one) in known for one in asked)


def read_fitted(data: bytes) -> Fitted | None:
    """Return the record in JSON, or None where it is none."""
    try:
        fields = orjson.loads(data)
        questions = fields.get("questions")
        return Fitted(
            inputs=fields["inputs"],
            sketch=tuple(map(int, fields["sketch"])),
            questions=None if questions is None else tuple(map(str, questions)),
        )
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _hash_of_question(golden: GoldenQuestion) -> str:
    return hashlib.blake2b(golden.question.encode(), digest_size=8).hexdigest()


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
