"""The phrase files as the tests read them, and what is known of each language apart from its file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from assistant.phrases import PhraseKey

KEYS: tuple[PhraseKey, ...] = get_args(PhraseKey)
PLURAL_KEYS = ("did_you_mean",)
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
# fmt: off
WIDGET = {
    "title", "greeting", "placeholder", "send", "helpful", "yes", "no", "talk_to_person", "thinking", "offline",
    "retry", "ticket_label", "status_label", "you", "assistant", "new_chat", "too_long", "language", "automatic",
}
# fmt: on
TICKET, PROMISE = {"ticket"}, {"ticket", "due"}
PLACES: Mapping[str, set[str]] = {
    "answer_other_language": {"answer_language"},
    "answer_machine_translated": {"from_language"},
    "answer_more": {"url"},
    "did_you_mean": {"question"},  # and the count, in the forms that show it
    "none_of_these": set(),
    "ticket_opened": PROMISE,
    "ticket_person": PROMISE,
    "ticket_out_of_scope": PROMISE,
    "ticket_unclear": PROMISE,
    "ticket_not_helpful": PROMISE,
    "ticket_translation_unsafe": PROMISE,
    "ticket_email": PROMISE | {"faq_url"},
    "ticket_overdue": PROMISE,
    "ticket_replied": TICKET,
    "ticket_solved": TICKET,
    "ask_phone": set(),
    "check_understood": {"question"},
    "cannot_but": {"offer"},
    "fault_admitted": set(),
    "feedback_thanks": set(),
    "feedback_reported": {"change"},
    "faq_link": {"faq_url"},
    "language_changed": set(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a file must agree with.

    ``scripts`` begin the Unicode names of its letters; ``quotes`` are the pairs its typographers use;
    ``familiar`` are words that speak to a customer as to a child or a friend.
    """

    scripts: tuple[str, ...]
    quotes: tuple[str, ...]
    familiar: frozenset[str]


def _known(script: str, quotes: str, familiar: str = "") -> Known:
    return Known(scripts=tuple(script.split()), quotes=tuple(quotes.split()), familiar=frozenset(familiar.split()))


LATIN, CYRILLIC = "LATIN", "CYRILLIC"
KNOWN: Mapping[str, Known] = {
    "ar": _known("ARABIC", "«» “”"),
    "be": _known(CYRILLIC, "«»", "ты цябе табе табой твой твая тваё твае твайго тваёй тваім"),
    "bg": _known(CYRILLIC, "„“", "ти теб тебе твой твоя твоят твоето твоето твоите"),
    "cs": _known(LATIN, "„“", "ty tě tobě tebe tvůj tvoje tvá tvé tvého tvou"),
    "da": _known(LATIN, "”” »« „“ “”"),
    "de": _known(LATIN, "„“", "du dich dir dein deine deiner deinem deinen"),
    "el": _known("GREEK", "«»", "εσύ εσένα σου"),
    "en": _known(LATIN, "“”"),
    "es": _known(LATIN, "«»", "tú tu tus te ti contigo vosotros vuestro vuestra"),
    "fa": _known("ARABIC", "«»", "تو"),
    "fi": _known(LATIN, "””", "sinä sinun sinua sinulle sinulla sinut"),
    "fr": _known(LATIN, "«»", "tu te toi ton ta tes"),
    "he": _known("HEBREW", "”” “” „”"),
    "hi": _known("DEVANAGARI", "“”", "तुम तुम्हारा तुम्हारी तुम्हारे तुम्हें तू तेरा तेरी"),
    "hr": _known(LATIN, "„“ „” »«", "tvoj tvoja tvoje tvoju tebe tebi"),
    "hu": _known(LATIN, "„”", "te téged neked tied veled"),
    "hy": _known("ARMENIAN", "«»", "դու քո քեզ քոնը"),
    "id": _known(LATIN, "“”", "kamu kau engkau kalian aku"),
    "it": _known(LATIN, "«» “”", "tu te ti tuo tua tuoi tue"),
    "ja": _known("HIRAGANA KATAKANA CJK", "「」", "君 あんた お前"),
    "ka": _known("GEORGIAN", "„“", "შენ შენი შენს შენთვის"),
    "kk": _known(CYRILLIC, "«»", "сен сенің саған сені"),
    "ko": _known("HANGUL", "‘’ “” 「」", "너 네가 너의 당신"),
    "lt": _known(LATIN, "„“", "tu tavo tave tau"),
    "nb": _known(LATIN, "«»"),
    "nl": _known(LATIN, "‘’ “” „”", "je jij jouw jou jullie"),
    "pl": _known(LATIN, "„”", "ty ciebie cię tobie tobą twój twoja twoje twojego twoją"),
    "pt": _known(LATIN, "“” «»", "tu te ti teu tua teus tuas contigo"),
    "pt-BR": _known(LATIN, "“”", "tu te ti teu tua teus tuas contigo"),
    "ro": _known(LATIN, "„”", "tu te tine ție tău ta tale tăi"),
    "ru": _known(CYRILLIC, "«»", "ты тебя тебе тобой твой твоя твоё твои твоего твоей"),
    "sk": _known(LATIN, "„“", "ty teba tebe tebou tvoj tvoja tvoje tvoju"),
    "sl": _known(LATIN, "„“ »«", "tvoj tvoja tvoje tvojega tebe tebi"),
    "sr": _known(CYRILLIC, "„“ „”", "твој твоја твоје твоју тебе теби"),
    "sr-Latn": _known(LATIN, "„“ „”", "tvoj tvoja tvoje tvoju tebe tebi"),
    "sv": _known(LATIN, "””"),
    "tr": _known(LATIN, "“”", "sen seni sana senin"),
    "uk": _known(CYRILLIC, "«»", "ти тебе тобі тобою твій твоя твоє твої твого твоєї"),
    "vi": _known(LATIN, "“”", "mày tao"),
    "zh": _known("CJK", "“”", "你 你们"),
    "zh-Hant": _known("CJK", "「」", "你 你們"),
}

_FOLDER = files("assistant.phrases")
LANGUAGES = tuple(sorted(each.name.removesuffix(".toml") for each in _FOLDER.iterdir() if each.name.endswith(".toml")))


@cache
def table(language: str) -> dict[str, Any]:
    """Return what the file says, unread by the product."""
    return tomllib.loads(_FOLDER.joinpath(f"{language}.toml").read_text(encoding="utf-8"))


def sentences(language: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of all that a customer reads of one file, each plural form by itself."""
    read = table(language)
    for section in ("phrases", "status", "widget"):
        for key, found in read[section].items():
            for form, text in found.items() if isinstance(found, dict) else (("", found),):
                yield f"{section}.{key}{form and '.'}{form}", text


def prose(language: str) -> str:
    """Return all that a customer reads of one file, without the names of places."""
    return re.sub(r"\{\w+\}", "", "\n".join(text for _, text in sentences(language)))


def listed(language: str) -> Iterator[tuple[str, list[str]]]:
    """Yield name and content of every list of words by which customers are understood."""
    read = table(language)
    for section in ("recognise", "wish"):
        for name, ways in read[section].items():
            yield f"{section}.{name}", ways
    replies = read["replies"]
    for name in ("around", "thanks"):
        yield f"replies.{name}", replies[name]
    yield "replies.ordinals", [way for ways in replies["ordinals"] for way in ways]
