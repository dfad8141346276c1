"""Whatever an engine does to what it is given: no damaged link, number, name or mark ever leaves."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from assistant.translation import TranslationUnsafeError, verify
from assistant.translation.glossary import Glossary
from assistant.translation.shield import translate_around
from tests.assistant.hostile_engines import HOSTILE, MILD, TARGET, TERMS, Engine, HostileText, make_text

GLOSSARY = Glossary(TERMS)
TEXTS = 10_000
SIGNS = "{}<>*`|@_[]#%€₽$№№/\\\r\n"


def delivered(hostile: HostileText, engine: Engine, randomness: random.Random) -> str | None:
    """Return what goes out, None where the text is refused."""
    try:
        translated = translate_around(
            hostile.text, lambda piece: engine(randomness, piece), glossary=GLOSSARY, target_language=TARGET
        )
        verify(hostile.text, translated, target_language=TARGET, glossary=GLOSSARY)
    except TranslationUnsafeError:
        return None
    return translated


def damage(hostile: HostileText, translated: str) -> str:
    """Return what a customer would miss or wonder at; the code under test is not asked."""
    shown = hostile.text
    for term in sorted(TERMS, key=lambda term: -len(term.term)):
        if term.renderings:
            shown = shown.replace(term.term, term.renderings[TARGET])
    for piece in {piece for pieces in hostile.kinds.values() for piece in pieces}:
        # not where an engine wrote the like as part of a word of its own
        alone = re.compile(
            rf"(?<![A-Za-zÀ-ӿ0-9]){re.escape(piece)}(?![A-Za-zÀ-ӿ0-9])" if piece[0].isalpha() else re.escape(piece)
        )
        expected, came = (len(alone.findall(text)) for text in (shown, translated))
        if expected != came:
            return f"{piece!r} is there {came} times, expected {expected}"
    for kind, pieces in hostile.kinds.items():
        single = [piece for piece in pieces if shown.count(piece) == 1]
        if sorted(single, key=shown.find) != sorted(single, key=translated.find):
            return f"pieces of the kind {kind} have changed places"
    digits = [Counter(sign for sign in text if sign.isdigit()) for text in (shown, translated)]
    if digits[0] != digits[1]:
        return f"digits: {digits[0]} became {digits[1]}"
    for sign in SIGNS:
        if translated.count(sign) != shown.count(sign):
            return f"{sign!r} is there {translated.count(sign)} times, expected {shown.count(sign)}"
    return ""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Counter[str]]:
    """Send every text through one engine after the other, and return what became of them, by engine."""
    engines = (*MILD, *HOSTILE)
    counted: dict[str, Counter[str]] = {engine.__name__: Counter() for engine in engines}
    randomness = random.Random(20)
    for number in range(TEXTS):
        hostile, engine = make_text(randomness), engines[number % len(engines)]
        translated = delivered(hostile, engine, randomness)
        outcome = "refused" if translated is None else damage(hostile, translated) or "sound"
        if outcome not in ("refused", "sound"):
            outcome = f"{outcome}\n{hostile.text!r}\n{translated!r}"
        counted[engine.__name__][outcome] += 1
    return counted


def test_no_damage_ever_leaves(outcomes: dict[str, Counter[str]]) -> None:
    damaged = {
        engine: [outcome for outcome in counted if outcome not in ("refused", "sound")]
        for engine, counted in outcomes.items()
    }
    assert sum(sum(counted.values()) for counted in outcomes.values()) == TEXTS
    assert {engine: those[:3] for engine, those in damaged.items() if those} == {}


@pytest.mark.parametrize("engine", MILD)
def test_what_engines_do_every_day_is_no_reason_to_refuse(outcomes: dict[str, Counter[str]], engine: Engine) -> None:
    counted = outcomes[engine.__name__]
    assert counted["sound"] > 0.9 * sum(counted.values())
