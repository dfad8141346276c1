"""Why it was decided so, in plain words, from what a receipt has stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.decision import MAX_CHOICES
from assistant.scores import shares

_CONTRASTS = {
    "same_words_other_order": "the same words stand in another order",
    "only_negation_differs": "only a negation differs",
    "only_number_differs": "only a number differs",
    "only_opposite_differs": "only a word of opposite meaning differs",
}
_SILENCE = {
    "automatic_message": "a mail program wrote the message",
    "loop": "the same was said again and again, or faster than a person writes",
    "empty": "the message asks nothing",
    "duplicate": "the same message had come a moment before",
}
_UNSEARCHED = {
    "person_requested": "the customer asked for a person",
    "not_helpful": "an answer had not helped",
    "translation_unsafe": "the answer could not be translated reliably",
}
_FINEST = 4  # digits after the point that tell two numbers apart

# What older receipts lack.
_ABSENT: Mapping[str, Any] = {
    **dict.fromkeys(("chosen", "asked", "repeats", "untranslated", "question_translation", "judged_with", "reading")),
    **dict.fromkeys(("calibration", "fusion", "contrast", "choices_confidence")),
}
_ABSENT_OF_CALIBRATION: Mapping[str, Any] = dict.fromkeys(("target_precision", "is_certified", "basis"))


def explained(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Return a receipt with what follows from it: what each arm gave, the checks, and a sentence that says why."""
    whole = {**receipt, **{name: value for name, value in _ABSENT.items() if name not in receipt}}
    if whole["calibration"] is not None:
        whole["calibration"] = {**_ABSENT_OF_CALIBRATION, **whole["calibration"]}
    weights = whole["fusion"]
    hits = [{**hit, "shares": None if weights is None else shares(hit, weights)} for hit in whole["hits"]]
    whole["hits"] = hits
    return {"explanation": None, **whole, "checks": checks(whole)} | {"explanation": explain(whole)}  # it comes first


def is_searched(receipt: Mapping[str, Any]) -> bool:
    """Tell whether the decision came from a search, and not from what the customer wanted or took."""
    return receipt["encoder"] is not None


def checks(receipt: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return which thresholds were reached: each with its value, the threshold, and ``is_met``."""
    hits, thresholds, among = receipt["hits"], receipt["thresholds"], receipt.get("choices_confidence")
    if not hits or thresholds is None:
        return []
    found = [("answer", hits[0]["confidence"], thresholds.get("answer"))]
    if len(hits) > 1:
        found.append(("tie_margin", hits[0]["fused"] - hits[1]["fused"], thresholds.get("tie_margin")))
    found += [("clarify", among, thresholds.get("clarify")), ("out_of_scope", among, thresholds.get("out_of_scope"))]
    return [
        {"name": name, "value": value, "threshold": threshold, "is_met": value >= threshold}
        for name, value, threshold in found
        if value is not None and threshold is not None
    ]


def explain(receipt: Mapping[str, Any]) -> str:
    """Return one sentence for the person who asks why it was decided so."""
    decision, reason = receipt["decision"], receipt["reason"]
    if receipt["repeats"] is not None:
        return f"Said again what {receipt['repeats']} said: the customer asked for another language, and nothing else."
    if reason == "language_changed":
        return "Asked what the customer wants to know: they asked for a language, and nothing else."
    if decision == "suppressed":
        return f"Kept silent: {_SILENCE.get(reason, reason)}."
    if not is_searched(receipt):
        return _unsearched(receipt)
    if decision == "answered":
        why = f"Answered with {receipt['hits'][0]['article_id']}: {_why_answered(receipt)}"
    elif decision == "clarify":
        why = f"Asked back: {_why_asked_back(receipt)}"
    else:
        why = f"Handed over to a person: {_why_handed_over(receipt)}"
    reading, translation = receipt["reading"], receipt["question_translation"]
    if translation is not None:
        why = f"{why}; {_translated(translation)}"
    if reading in (None, receipt["question"], receipt["asked"]) or (translation and reading == translation["text"]):
        return f"{why}."
    return f"{why}; it was read as “{reading}”."


def _translated(translation: Mapping[str, Any]) -> str:
    source, target = translation["source"], translation["target"]
    if translation["text"] is None:
        return f"the encoder does not know {source}, and the question could not be translated into {target}"
    return f"the encoder does not know {source}, so it was searched for in {target}: “{translation['text']}”"


def _unsearched(receipt: Mapping[str, Any]) -> str:
    if receipt["answer"] is not None:
        return f"Answered with {receipt['answer']['article_id']}: the customer took it from the choices offered."
    reason, chosen = receipt["reason"], receipt["chosen"] or receipt["choice"]
    if reason in _UNSEARCHED:
        return f"Handed over to a person: {_UNSEARCHED[reason]}."
    if reason == "unclear_after_clarify":
        return "Handed over to a person: the customer had been asked back, and none of the choices was meant."
    if chosen is not None:
        return f"Handed over to a person: the choice {chosen} was no longer among the articles."
    return "Handed over to a person: a message without a word may be about anything, so nothing was searched for."


def _why_answered(receipt: Mapping[str, Any]) -> str:
    if receipt["reason"] == "exact":
        return "the question is one of the article's own, but for case and signs"
    hits, thresholds = receipt["hits"], receipt["thresholds"]
    return f"{_confidence(receipt)}{_lead(hits, thresholds)}"


def _why_asked_back(receipt: Mapping[str, Any]) -> str:
    hits, thresholds = receipt["hits"], receipt["thresholds"]
    exact = [hit["article_id"] for hit in hits if hit["is_exact"]]
    if receipt["reason"] == "near_tie":
        if len(exact) > 1:
            return f"the question is one of the own ones of {_listed(exact)}"
        margin = thresholds["tie_margin"]
        tied = [hit["article_id"] for hit in hits[:MAX_CHOICES] if hits[0]["fused"] - hit["fused"] < margin]
        apart = hits[0]["fused"] - hits[1]["fused"]
        return (
            f"{_listed(tied)} are nearly tied, the second {apart:.3f} behind the first where {margin:.3f} is needed; "
            f"{_confidence(receipt)}"
        )
    contrast = receipt["contrast"]
    if contrast is not None and _is_met(receipt, "answer"):
        return (
            f"{_confidence(receipt)}, but {_CONTRASTS.get(contrast, contrast)} between the question and "
            f"“{hits[0]['matched']}”, which may turn its meaning round"
        )
    return f"{_confidence(receipt)}; {_among(receipt)}"


def _why_handed_over(receipt: Mapping[str, Any]) -> str:
    hits, reason = receipt["hits"], receipt["reason"]
    round_two = "the customer had been asked back just before, which is not done twice in a row; "
    before = round_two if reason == "unclear_after_clarify" else ""
    if not hits:
        return f"{before}nothing was found"
    why = f"{before}{_confidence(receipt)}; {_among(receipt)}"
    return f"{why}, and so it is probably about something else altogether" if reason == "out_of_scope" else why


def _confidence(receipt: Mapping[str, Any]) -> str:
    hit, threshold = receipt["hits"][0], receipt["thresholds"]["answer"]
    value, limit = _apart(hit["confidence"], threshold)
    if threshold > 1.0:
        return f"confidence {value} is not enough: only questions that stand in an article are answered"
    return f"confidence {value} is {_side(hit['confidence'], threshold)} the threshold {limit}"


def _among(receipt: Mapping[str, Any]) -> str:
    """Return the probability that one of the choices answers beside the threshold that it had to reach."""
    value = receipt["choices_confidence"]
    if value is None:
        return f"how likely one of the best {MAX_CHOICES} answers is not in this older receipt"
    name = "out_of_scope" if receipt["reason"] == "out_of_scope" else "clarify"
    threshold = receipt["thresholds"][name]
    shown, limit = _apart(value, threshold)
    return f"that one of the best {MAX_CHOICES} answers has the probability {shown}, {_side(value, threshold)} {limit}"


def _lead(hits: Sequence[Mapping[str, Any]], thresholds: Mapping[str, float]) -> str:
    if len(hits) < 2:
        return "; no other article was found"
    behind, _ = _apart(hits[0]["fused"] - hits[1]["fused"], thresholds["tie_margin"])
    return f"; the next article, {hits[1]['article_id']}, lies {behind} behind"


def _is_met(receipt: Mapping[str, Any], name: str) -> bool:
    return any(check["name"] == name and check["is_met"] for check in checks(receipt))


def _side(value: float, threshold: float) -> str:
    if value == threshold:
        return "at"
    return "above" if value > threshold else "below"


def _apart(value: float, threshold: float) -> tuple[str, str]:
    """Return two numbers with as many digits as tell them apart."""
    for digits in range(2, _FINEST + 1):
        shown = f"{value:.{digits}f}", f"{threshold:.{digits}f}"
        if shown[0] != shown[1]:
            break
    return shown


def _listed(ids: Sequence[str]) -> str:
    return " and ".join([", ".join(ids[:-1]), ids[-1]] if len(ids) > 1 else ids)
