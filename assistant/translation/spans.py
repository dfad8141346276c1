"""Spans: the parts of a text that no translation may alter — links, numbers, codes, placeholders, mark-up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """``text[start:end]`` of the text it was found in; ``kind`` is one of ``KINDS``."""

    kind: str
    start: int
    end: int
    text: str


# Word characters of scripts that put spaces between words: a code may touch a Chinese word, not a Latin one.
_LETTER = r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]"
_SPACE = r"[ \u00a0\u202f]"
_DIGITS = r"\d{1,40}"
_GROUPED = rf"\d{{1,3}}(?:{_SPACE}\d{{3}}){{1,8}}(?!\d)(?:[.,]{_DIGITS})?"
_NUMBER = rf"(?:{_GROUPED}|{_DIGITS}(?:[.,:/’'\-–−]{_DIGITS}){{0,12}})"
_SIGN = "[$€£¥₽₴₸₹₺₩₪₫₦₱฿₾₼֏]"
_MONEY = (
    "(?:USD|EUR|GBP|BYN|RUB|UAH|KZT|PLN|CZK|HUF|RON|BGN|RSD|CHF|SEK|NOK|DKK|TRY|GEL|AMD|AZN|UZS|KGS|MDL|ILS|AED|SAR|"
    "CNY|JPY|KRW|INR|IDR|VND|THB|MYR|SGD|HKD|AUD|NZD|CAD|BRL|MXN|ARS|CLP|COP|ZAR|NGN|EGP|Br)"
)
_URL_BODY = r"[^\s<>\"。，、；：！？）」』】]{0,2000}[^\s<>\"'.,;:!?)\]}»”’…*_~`。，、；：！？）」』】]"
_EMOJI = (
    r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u25a0-\u25ff\u2190-\u21ff\u203c\u2049\u3030\u303d]"
    r"[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]{0,12}"
)

# The first that fits at a place wins. Repetitions are bounded: hostile text costs linear time.
_PATTERNS = {
    "code": r"(?<!`)`[^`\n]{1,2000}`(?!`)",
    "placeholder": (
        r"\{\{[^{}\n]{0,200}\}\}|\{%[^{}\n]{0,200}%\}|\$\{[^{}\n]{0,200}\}|\{[^{}\n]{0,200}\}"
        r"|%\([^()\n]{1,100}\)[#0+-]?\d{0,4}(?:\.\d{1,4})?[sdifgexXr]"
        r"|(?<!\d)(?<!\d[ \u00a0])%(?:\d{1,2}\$)?[#0+-]?\d{0,4}(?:\.\d{1,4})?[sdifgexX@](?![^\W\d_])|%%"
    ),
    "tag": r"</?[A-Za-z][^<>]{0,2000}>|&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});",
    "url": rf"(?:(?:https?|ftp|wss?)://|www\.){_URL_BODY}|(?:mailto|tel|sms|tg):{_URL_BODY}",
    "email": (
        rf"(?<!{_LETTER})(?<![.+-])(?:{_LETTER}|[.+-]){{1,64}}@(?:{_LETTER}|-){{1,63}}(?:\.(?:{_LETTER}|-){{1,63}}){{1,8}}"
    ),
    "domain": (
        r"(?<![A-Za-z0-9_.-])(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,6}[A-Za-z]{2,12}(?![A-Za-z0-9_])"
        rf"(?:/(?:{_URL_BODY})?)?"
    ),
    "handle": rf"(?<![\w@])@[A-Za-z0-9_]{{2,40}}|(?<![\w#&])#[^\W\d_]{_LETTER}{{1,60}}",
    "link": r"!?\[(?=[^\[\]\n]{1,500}\]\()|\]\([^()\s]{1,2000}(?:[ ]\"[^\"\n]{0,200}\")?\)",
    "emoji": rf"[#*0-9]\ufe0f?\u20e3|{_EMOJI}(?:\u200d{_EMOJI}){{0,10}}",
    "date": r"(?<!\d)\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d)",
    "amount": (
        rf"(?<!\w)[-−]?(?:{_SIGN}|{_MONEY}(?![^\W\d_])){_SPACE}?{_NUMBER}"
        rf"|(?<![\w.,])[-−+±]?{_NUMBER}{_SPACE}?(?:{_SIGN}|{_MONEY}(?!\w))"
    ),
    "phone": (
        r"(?<![\w+])(?:\+\(?|\()\d(?:(?:[ \u00a0()/–-]{1,2}|\.)?\d){6,17}(?!\w)"
        r"|(?<![\w+.,-])\d(?:(?:[ \u00a0()/–-]{1,2}|\.)?\d){8,17}(?!\w)"
    ),
    "identifier": (
        rf"(?<!{_LETTER}){_LETTER}{{1,60}}(?<!_)_(?!_){_LETTER}{{1,120}}(?<!_)"
        # a code's parts hold digits or are short: "2-YEAR" is a number and a word
        r"|(?<![A-Za-z0-9_])(?=[A-Z0-9]{0,20}(?:[A-Z][-/]?\d|\d[A-Z]))[A-Z0-9]{1,20}"
        r"(?:[-/](?:(?=[A-Z]{0,19}\d)[A-Z0-9]{1,20}|[A-Z]{1,3})(?![A-Za-z0-9_])){0,8}(?![A-Za-z0-9_])"
        r"|(?<![A-Za-z0-9_])(?=[A-Za-z]{0,19}\d)(?=\d{0,19}[A-Za-z])[A-Za-z0-9]{2,40}(?![A-Za-z0-9_])"
    ),
    "number": rf"(?:(?<![\w)])[-−+±])?{_NUMBER}(?:{_SPACE}?[%‰°](?:[CF]\b)?)?",
    "emphasis": r"\*{1,3}|_{1,3}|~~|\|",
    "private": r"[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]",
}
KINDS = ("block", *_PATTERNS)
_SPANS = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items()))

_BLOCK_STARTS = re.compile(r"```|~~~|<!--|<(script|style|pre|code)\b[^<>]{0,2000}>", re.IGNORECASE)
_BLOCK_ENDS = {"```": "```", "~~~": "~~~", "<!--": "-->"}


def find_spans(text: str) -> tuple[Span, ...]:
    """Return the spans of a text in order; they do not overlap. Takes time linear in the text's length."""
    spans: list[Span] = []
    done = 0
    for block in [*_blocks(text), Span(kind="block", start=len(text), end=len(text), text="")]:
        spans.extend(
            Span(kind=found.lastgroup or "", start=found.start(), end=found.end(), text=found.group())
            for found in _SPANS.finditer(text, done, block.start)
        )
        if block.text:
            spans.append(block)
        done = block.end
    return tuple(spans)


def _blocks(text: str) -> Iterator[Span]:
    """Yield code blocks, comments and the like with all that is in them; an unclosed one is none."""
    unclosed: set[str] = set()
    lowered = text.lower() if len(text.lower()) == len(text) else text
    done = 0
    for opening in _BLOCK_STARTS.finditer(text):
        closing = _BLOCK_ENDS.get(opening.group()) or f"</{(opening[1] or '').lower()}>"
        if opening.start() < done or closing in unclosed:
            continue
        at = lowered.find(closing, opening.end())
        if at < 0:
            unclosed.add(closing)
            continue
        done = at + len(closing)
        yield Span(kind="block", start=opening.start(), end=done, text=text[opening.start() : done])
