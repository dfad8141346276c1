"""Spans: the parts of a text that no translation may alter — links, numbers, codes, placeholders, mark-up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """``text[start:end]`` of the text it was found in; ``kind`` is one of ``KINDS``."""

    kind: str
    start: int
    end: int
    text: str


# Word characters of scripts that put spaces between words: a code may touch a Chinese word, not a Latin one.
_LETTER = r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]"
_WORD = _LETTER.replace(r"\W", r"\W_")
_SPACE = r"[ \u00a0\u202f]"
_DIGITS = r"\d{1,40}"
_GROUPED = rf"\d{{1,3}}(?:{_SPACE}\d{{3}}){{1,8}}(?!\d)(?:[.,]{_DIGITS})?"
_VULGAR = "[¼-¾⅐-⅞]"
_NUMBER = rf"(?:{_GROUPED}|{_DIGITS}(?:[.,:/’'\-–−]{_DIGITS}){{0,12}}{_VULGAR}?)"
_SIGN = "(?:(?:US|CA|AU|NZ|HK|NT|MX|[ACSR])?[$]|[€£¥₽₴₸₹₺₩₪₫₦₱฿₾₼֏¢￥])"
_MONEY = (
    "(?:USD|EUR|GBP|BYN|RUB|UAH|KZT|PLN|CZK|HUF|RON|BGN|RSD|CHF|SEK|NOK|DKK|TRY|GEL|AMD|AZN|UZS|KGS|MDL|ILS|AED|SAR|"
    "CNY|JPY|KRW|INR|IDR|VND|THB|MYR|SGD|HKD|AUD|NZD|CAD|BRL|MXN|ARS|CLP|COP|ZAR|NGN|EGP|Br)"
)
_BEFORE = r"(?:Rs|Rp|kr|Fr|zł|Kč)\.?|RM"  # short names of currencies that stand before the number
_AFTER = "руб|р|грн|тг|лв|zł|Kč|Ft|lei|leu|kr|TL|Fr|Rs|元|円|圓|원|บาท|đ"  # … and after it
_URL_BODY = (
    r"(?:(?!\]\(|\{\{[/#^]|\{%)[^\s<>|\"。，、；：！？）」』】]){0,2000}"
    r"[^\s<>\"'.,;:!?)\]}»”’…*_~`。，、；：！？）」』】]"
)
# A number does not end in the midst of a longer one, nor take away the number of an amount.
_CURRENCY_NEXT = rf"{_SPACE}?(?:{_SIGN}|(?:{_MONEY}|{_AFTER})(?!W))(?!{_SPACE}?\d|[{{A-Za-z_])"
_NUMBER_END = (
    rf"(?!W|[-–/.,:]?\d|[年년月월日일]|{_SPACE}\d{{1,3}}[*•]|[*•]{{2}}[ -][*•]{{4}}"
    rf"|{_SPACE}?(?:[%‰°](?!W|[({{])|[AaPp]\.?[Mm](?!W))|{_CURRENCY_NEXT})"
)
_FILE_TYPES = (
    "pdf|docx?|xlsx?|pptx?|odt|ods|csv|tsv|txt|rtf|md|zip|rar|7z|t?gz|jpe?g|png|gif|webp|svg|heic|mp[34]|wav|avi|mov|"
    "mkv|json|xml|ya?ml|html?|exe|msi|apk|ipa|dmg|iso|log|ini|cfg|conf|dll|py|js|php|sh|bat"
)
_EMOJI = (
    r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u25a0-\u25ff\u2190-\u21ff\u203c\u2049\u3030\u303d]"
    r"[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]{0,12}"
)
_MODIFIER = "(?:Ctrl|Control|Strg|AltGr|Alt|Shift|Umschalt|Maj|Cmd|Command|Option|Opt|Win|Windows|Fn|Meta|Super|[⌘⌥⇧⌃])"
_KEY = (
    "(?:Enter|Return|Esc|Tab|Space|Delete|Del|Backspace|Home|End|PgUp|PgDn|Insert|Ins|Pause|Print|PrtScn|Entf|Einfg|"
    r"F\d{1,2}|[A-Z0-9]|[+\-=/,.←↑→↓])"
)


# Capitals of the scripts that have them, and the letters of scripts that do not.
_CAPITAL = "".join(sign for sign in map(chr, range(0x41, 0x590)) if unicodedata.category(sign) in ("Lu", "Lt"))
_UNCASED = r"\u05d0-\u109f\u10d0-\u13ff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af"


def _quoted(opening: str, closing: str, *, also_not: str = "") -> str:
    """Return a pattern of names between quotation marks.

    A name is what the customer must find on the screen as it is printed there: at most four words and 40 characters
    that begin with a capital or a digit (three words and 20 characters in scripts without capitals), without
    punctuation of sentences and without mark-up; three dots may follow, as they do on buttons. All other quotations
    are speech, and are translated.
    """
    sign = rf"(?:[^\s\"«»„“”‹›「」『』【】《》`*_<>{{}}\[\]|,;:.!?…،؛؟、，。；：！？।\ue000-\uf8ff{also_not}]|\.(?=\w))"

    def words(first: str, most: int, length: int) -> str:
        more = rf"(?:{_SPACE}{sign}{{1,{length}}}){{0,{most - 1}}}"
        return rf"(?=[^\n]{{1,{length + 5}}}?{closing})(?=[{first}]){sign}{{1,{length}}}{more}"

    names = f"(?:{words(_CAPITAL + r'0-9', 4, 40)}|{words(_UNCASED, 3, 20)})"
    return rf"{opening}{_SPACE}?{names}(?:…|\.\.\.|(?<![かねよの])){_SPACE}?{closing}"


# Words in which no span begins, passed over in one step: most of every text.
_SMALL = "".join(
    sign for sign in map(chr, range(0x61, 0x1100)) if unicodedata.category(sign) in ("Ll", "Lo", "Mn", "Mc")
)
_PLAIN = (
    rf"(?<!\S)(?:(?!(?:kr|zł|{_MODIFIER})[ ])[{_CAPITAL}]?[{_SMALL}]{{2,60}}[.,;!?]?[ ]){{1,100}}"
    r"|[\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff\uac00-\ud7a3]{1,1000}"
)

# In these patterns W, in a lookaround, is a letter or digit of a script with spaces: an underscore may be mark-up.
# The first that fits at a place wins. Repetitions are bounded: hostile text costs linear time.
_PATTERNS = {
    "code": r"(?<!`)`[^`\n]{1,2000}`(?!`)",
    # What steers a template, and mark-up with words inside that only its own program understands.
    "directive": (
        r"\{\{\{?[#/^!>&~][^{}\n]{0,200}\}?\}\}|\{\{\s*else\b[^{}\n]{0,200}\}\}|\{%[^{}\n]{0,500}%\}|<%[^<>\n]{0,500}%>"
        r"|\{\s{0,5}\w{1,60}\s{0,5},\s{0,5}(?:plural|select|selectordinal|number|date|time|choice)\b[^{}]{0,200}"
        r"(?:\{[^{}]{0,500}(?:\{[^{}]{0,200}\}[^{}]{0,500}){0,10}\}[^{}]{0,100}){0,20}\}"
    ),
    "placeholder": (
        r"\{\{\{[^{}\n]{0,200}\}\}\}|\{\{[^{}\n]{0,200}\}\}|[$#]?\{[^{}\n]{0,200}\}|\[\[[A-Za-z_][\w.]{0,60}\]\]"
        r"|%\([^()\n]{1,100}\)[#0+-]?\d{0,4}(?:\.\d{1,4})?[sdifgexXr]"
        r"|(?<!\d)%(?:\d{1,2}\$)?[#0+-]?\d{0,4}(?:\.\d{1,4})?[sdifgexX@](?![^\W\d_])|%%"
        r"|%[A-Za-z_]\w{1,40}%|(?<!W)(?<!\$)\$[A-Za-z_][A-Za-z0-9_]{1,60}"
    ),
    "tag": (
        r"</?[A-Za-z][^<>]{0,2000}>|<![A-Za-z\[][^<>]{0,500}>"
        r"|&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    ),
    "url": rf"(?:(?:https?|ftp|wss?)://|www\.){_URL_BODY}|(?:mailto|tel|sms|tg):{_URL_BODY}",
    "email": (
        rf"(?<!{_LETTER})(?<![.+-])(?:{_LETTER}|[.+-]){{1,64}}@(?:{_LETTER}|-){{1,63}}(?:\.(?:{_LETTER}|-){{1,63}}){{1,8}}"
    ),
    "file": (
        r"(?<![A-Za-z0-9])[A-Za-z]:\\[^\s<>\"|?*`~()\[\]]{0,260}[^\s<>\"|?*`~()\[\].,;:!_]|\\\\[A-Za-z0-9_.$-]{1,60}\\[^\s<>\"|?*]{1,260}"
        r"|(?<!W)(?<![/.<:])(?:(?<!~)~/|\.{1,2}/|/(?=[A-Za-z_.]))(?:[A-Za-z0-9_.@+-]{1,80}/){0,12}"
        r"(?:[A-Za-z0-9_.@+-]{0,80}[A-Za-z0-9_])?(?<!/)/?(?!W)"
        rf"|(?<!{_LETTER})(?<![.-])(?:{_LETTER}|-){{1,80}}(?:\.(?:{_LETTER}|-){{1,40}}){{0,4}}\.(?:{_FILE_TYPES})(?!W)"
    ),
    "domain": (
        r"(?<![A-Za-z0-9.-])(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,6}[A-Za-z]{2,12}(?![A-Za-z0-9])"
        rf"(?:/(?:{_URL_BODY})?)?"
        rf"|(?<!{_LETTER})(?<![.-])(?:{_LETTER}|-){{1,63}}\.(?:рф|бел|укр|қаз|срб|мкд|бг|ελ|հայ|გე)(?!W)(?:/(?:{_URL_BODY})?)?"
    ),
    "handle": rf"(?<!W)(?<!@)@[A-Za-z0-9_]{{2,40}}|(?<!W)(?<![#&])#[^\W\d_]{_LETTER}{{1,60}}",
    "link": (
        r"!?\[(?=[^\[\]\n]{1,500}\](?:\(|\[))|\]\((?:[^()\s]|\([^()\s]{0,200}\)){1,2000}(?:[ ]\"[^\"\n]{0,200}\")?\)"
        r"|\]\[[^\[\]\n]{0,100}\]|(?m:^)[ ]{0,3}\[[^\[\]\n]{1,100}\]:|\[\^[^\[\]\s]{1,40}\]"
    ),
    "escape": r"\\[\\`*_{}\[\]()#+.!|<>~-]",
    "key": (
        rf"(?<!W){_MODIFIER}(?:{_SPACE}?\+{_SPACE}?{_MODIFIER}){{0,3}}{_SPACE}?[+-]{_SPACE}?{_KEY}(?!W)"
        r"|[⌘⌥⇧⌃]{1,3}[A-Z0-9](?!W)"
    ),
    "emoji": (
        rf"[#*0-9]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|{_EMOJI}(?:\u200d{_EMOJI}){{0,10}}"
        r"|(?<!W)(?<!:):[a-z][a-z0-9_+-]{1,30}:(?!W)|(?<!W)(?<![:;=])[:;=][-'’]?[()DP](?!W|[()])"
    ),
    "date": (
        r"(?<!\d)\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d)"
        r"|(?<!W)(?<![.,:/-])\d{1,2}(?:[./-]\d{1,2}[./-](?:\d{4}|\d{2})|:\d{2}(?::\d{2})?(?:[–-]\d{1,2}:\d{2})?)"
        r"(?!W|[./:-]\d|[ ]?[AaPp]\.?[Mm])"
        rf"|(?<!\d)\d{{1,2}}\.{_SPACE}\d{{1,2}}\.{_SPACE}\d{{2,4}}(?!\d)"
        r"|\d{2,4}[年년][ ]?(?:\d{1,2}[月월][ ]?(?:\d{1,2}[日일])?)?(?<! )|\d{1,2}[月월][ ]?\d{1,2}[日일]"
        rf"|(?<!W)(?<![.,:])\d{{1,2}}(?:[:.]\d{{2}}){{0,2}}(?:{_SPACE}?(?:[pP]\.?[mM]|[aA]\.[mM]|AM)(?!W)|am(?!W))"
        r"(?:(?<=\.[mM])\.(?=[,;)]|\s[a-z]))?"
    ),
    "amount": (
        # "5 € 10": nobody knows whose the sign is, so that it stays between them
        rf"(?<!W)(?<![.,])[-−+±]?{_NUMBER}(?:{_SPACE}?(?:{_SIGN}|{_MONEY}){_SPACE}?{_NUMBER}){{1,5}}"
        rf"(?:{_SPACE}?(?:{_SIGN}|{_MONEY}(?!W)))?"
        + _NUMBER_END
        + rf"|(?<!W)[-−]?(?:{_SIGN}|{_MONEY}(?![^\W\d_])|{_BEFORE}){_SPACE}?{_NUMBER}(?!\d|{_CURRENCY_NEXT})"
        rf"|(?<!W)(?<![.,])[-−+±]?{_NUMBER}{_SPACE}?(?:{_SIGN}|(?:{_MONEY}|{_AFTER})(?!W))"
        r"(?:(?<=руб|грн|.тг|.лв)\.(?=\s?[,;)]|\s[^\W\d_A-ZА-ЯЁІЎЎҐЄЇ]))?"
    ),
    "account": (  # bank accounts, cards shown in part, identifiers of machines
        r"(?<!W)[A-Z]{2}\d{2}(?:(?![ ][A-Z]{2}\d{2}[ ])[ ]?[A-Z0-9]{4}){2,7}"
        r"(?:(?![ ][A-Z]{2}\d{2}[ ])[ ]?(?:\d{1,4}|\d{2,3}[A-Z])(?![ ]\d))?" + _NUMBER_END + "|"
        r"(?:(?<=BIC )|(?<=BIC: )|(?<=SWIFT )|(?<=SWIFT: ))[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?!W)"
        r"|(?<!W)(?<!•)(?<!(?<!\*)\*)(?<!\*\*\*)(?=[\d -]{0,24}[*•])"
        r"(?:[\d*•]{4}[ -]?){2,3}[\d*•]{4}(?!W|•|\*(?!\*(?!\*)))"
        r"|(?<!W)(?<![*•])(?:\*{4}|[•·]{2,16})[ ]?\d{2,4}(?!W|\*)"
        r"|(?<![A-Za-z0-9])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![A-Za-z0-9])"
        r"|(?<![A-Za-z0-9:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![A-Za-z0-9:])|(?<!W)(?<![#&])#[0-9A-Fa-f]{3,8}(?!W)"
    ),
    "phone": (
        r"(?<!W)(?<!\+)(?:\+\(?|\()\d(?:(?:[ \u00a0()/–-]{1,2}|\.)?\d){6,17}" + _NUMBER_END + "|"
        r"(?<!W)(?<![+.,-])\d(?:(?:[ \u00a0()/–-]{1,2}|\.)?\d){8,17}" + _NUMBER_END + "|"
        r"(?<!W)(?<![+.,-])\d-\d{3}(?:-[A-Z0-9]{2,10}){1,3}(?!W)"
    ),
    "identifier": (
        rf"(?<!{_LETTER}){_LETTER}{{1,60}}(?<!_)_(?!_){_LETTER}{{1,120}}(?<!_)"
        # a code's parts hold digits or are short: "2-YEAR" is a number and a word
        r"|(?<![A-Za-z0-9])(?=[A-Z0-9]{0,20}(?:[A-Z][-/]?\d|\d[A-Z]))[A-Z0-9]{1,20}"
        r"(?:[-/](?:(?=[A-Z]{0,19}\d)[A-Z0-9]{1,20}|[A-Z]{1,3})(?![A-Za-z0-9])){0,8}(?![A-Za-z0-9])"
        r"|(?<![A-Za-z0-9])[vV]\d{1,5}(?:\.\d{1,5}){1,4}(?:[-+][A-Za-z0-9.]{0,30}[A-Za-z0-9])?(?!W)"
        r"|(?<![A-Za-z0-9])[A-Za-z]{1,6}[-/]\d{3,20}(?![A-Za-z0-9])"
        r"|(?<![A-Za-z0-9])(?=[A-Za-z]{0,19}\d)(?=\d{0,19}[A-Za-z])[A-Za-z0-9]{2,40}(?![A-Za-z0-9])"
    ),
    "number": (
        rf"(?:№{_SPACE}?|(?<!W)(?<!#)#){_DIGITS}(?:[-/.]{_DIGITS}){{0,4}}|(?:(?<!W)%)?(?:(?<!W)(?<!\))[-−+±])?(?:{_NUMBER}|{_VULGAR})"
        rf"(?:[%‰°](?:[CF](?!W))?|{_SPACE}[%‰°](?:[CF](?!W)|(?!W|\(|{{(?![{{%]))))?"
    ),
    "quote": "|".join(
        (
            _quoted("“", "”"),
            _quoted("„", "[“”]"),
            _quoted("«", "»"),
            _quoted("‹", "›"),
            _quoted("「", "」"),
            _quoted("『", "』"),
            _quoted("【", "】"),
            _quoted(r"(?<!W)(?<![\"'])\"", r"\"(?!W|\")"),
            _quoted(r"(?<!W)(?<![\"'])'", r"'(?!W|[\"'])", also_not="'"),
            _quoted(r"(?<!W)(?<![‘’])‘", r"’(?!W)", also_not="’"),
        )
    ),
    "emphasis": r"\*{1,3}|_{1,3}|~~|\|",
    "private": r"[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]",
}
KINDS = ("block", *_PATTERNS)
# What belongs to a sentence like a word of it; all others are mark-up, whose order and nesting are the text's own.
WORDLIKE = frozenset(_PATTERNS) - {"code", "directive", "tag", "link", "escape", "emoji", "emphasis", "private"}


@cache
def _spans(with_quotes: bool) -> re.Pattern[str]:
    """Return the pattern of all spans; compiling it takes 80 ms, which only those who translate spend."""
    named = (f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items() if with_quotes or kind != "quote")
    return re.compile(_with_words("|".join([_PLAIN, *named])))


def _with_words(pattern: str) -> str:
    """Return the pattern with W written out."""
    return re.sub(r"\((\?<?!)W\b", lambda found: f"({found[1]}{_WORD}", pattern)


_BLOCK_STARTS = re.compile(
    r"```|~~~|<!--|<(script|style|pre|code|kbd|samp|var|svg|math)\b[^<>]{0,2000}>", re.IGNORECASE
)
_BLOCK_ENDS = {"```": "```", "~~~": "~~~", "<!--": "-->"}


@lru_cache(maxsize=32)  # a text is looked at before it is translated, and again when that is verified
def find_spans(text: str, *, with_quotes: bool = True) -> tuple[Span, ...]:
    """Return the spans of a text in order; they do not overlap. Takes time linear in the text's length.

    Without quotes, what stands between quotation marks is looked into like everything else.
    """
    pattern = _spans(with_quotes)
    spans: list[Span] = []
    done = 0
    for block in [*_blocks(text), Span(kind="block", start=len(text), end=len(text), text="")]:
        spans.extend(
            Span(kind=found.lastgroup, start=found.start(), end=found.end(), text=found.group())
            for found in pattern.finditer(text, done, block.start)
            if found.lastgroup is not None
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
