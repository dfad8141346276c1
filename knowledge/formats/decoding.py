"""Bytes of an imported file to text: byte-order marks, UTF-8, UTF-16, and the code pages of old spreadsheets."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from knowledge.errors import InputError, TooLargeError

# Longest first: UTF-32's little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UTF_MARKS = b"\xef\xbb\xbf\xff\xfe"  # the bytes a byte-order mark may consist of
# What spreadsheets write where they do not write Unicode. Fewer candidates make better guesses.
_CODE_PAGES = [
    *("cp1251", "cp1252", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "cp866"),
    *("koi8_r", "koi8_u", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
_MAX_LINES = 2_000_000
_SAMPLE = 200_000  # bytes
_CLOSE = 0.05  # of charset-normalizer's chaos; candidates this near to the best are told apart by letters

# Latin code pages share most letters; a wrong one shows in letters that no single language has.
_LATIN_PAGES = frozenset({"cp1250", "cp1252", "cp1254", "cp1257", "cp1258"})
_ALPHABETS = (
    *("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü¿¡ªº", "àáâãçéêíóôõúü", "àèéìíîòóùú", "äåöæøé", "éëïóöüĳ", "áðéíóúýþæö"),
    *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "çğıöşüâîû"),
    *("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž", "àçèéíïòóúü·", "ëç"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """Text of a file, the encoding it came in, and whether that was a guess."""

    text: str
    encoding: str
    guessed: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say that the encoding was guessed, if it was."""
        if not self.guessed:
            return ()
        return (
            f"The file is not UTF-8; it was read as {self.encoding}. If letters look wrong, save it as UTF-8 "
            "and import it again.",
        )


def decode(data: bytes) -> Decoded:
    """Return the text of a file in whatever encoding.

    Raises InputError when no encoding fits, and TooLargeError for more lines than any real file of
    the allowed size has: each costs time, an empty one too.
    """
    decoded = _decode(data)
    lines = decoded.text.count("\n") + decoded.text.count("\r")
    if lines > _MAX_LINES:
        raise TooLargeError(f"The file has {lines:,} line breaks; at most {_MAX_LINES:,} are allowed: split it.")
    return decoded


def _decode(data: bytes) -> Decoded:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return Decoded(text=data.decode(encoding), encoding=encoding.removesuffix("-sig"))
            except UnicodeDecodeError as error:
                raise InputError(
                    f"The file begins as {encoding.removesuffix('-sig')} but byte {error.start:,} does not fit: "
                    "it is cut off or damaged; save it again as UTF-8."
                ) from error
    wide = _unmarked_utf16(data)
    if wide:
        try:
            return Decoded(text=data.decode(wide), encoding=wide, guessed=True)
        except UnicodeDecodeError:
            pass
    try:
        return Decoded(text=data.decode(), encoding="utf-8")
    except UnicodeDecodeError as error:
        _refuse_damaged_utf8(data, error)
    return _guess(data)


def _unmarked_utf16(data: bytes) -> str | None:
    """Recognise UTF-16 by its NULs: many, and all on one side of the pairs; every format has ASCII in it."""
    if len(data) % 2:
        return None
    even, odd = data[0::2].count(0), data[1::2].count(0)
    if max(even, odd) < max(10, len(data) // 50) or (even and odd):
        return None
    return "utf-16-le" if odd else "utf-16-be"


def _refuse_damaged_utf8(data: bytes, error: UnicodeDecodeError) -> None:
    """Raise InputError for UTF-8 with a few wrong bytes: any code page would turn all of it into nonsense."""
    text = data.decode(errors="replace")
    wrong = text.count("\ufffd")
    right = len(text) - len(text.encode("ascii", errors="ignore")) - wrong
    if right > 4 * wrong:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"The file is UTF-8 but line {line:,} has the byte 0x{data[error.start]:02X}, which is not: "
            "it is damaged or mixed with another encoding; save it again as UTF-8."
        ) from error


def _guess(data: bytes) -> Decoded:
    lines: list[bytes] = []
    size = 0
    for found in re.finditer(rb"[^\n]*[\x80-\xff][^\n]*\n?", data):
        lines.append(found[0])
        size += len(found[0])
        if size > _SAMPLE:
            break
    sample = b"".join(lines)[:_SAMPLE]
    matches = list(from_bytes(sample, cp_isolation=_CODE_PAGES))
    near = [match for match in matches if match.chaos <= matches[0].chaos + _CLOSE]
    if any(match.encoding in _LATIN_PAGES for match in near):
        near.sort(key=lambda match: _foreign_letters(str(match)))
    for match in [*near, *matches]:
        try:
            return Decoded(text=data.decode(match.encoding), encoding=match.encoding, guessed=True)
        except UnicodeDecodeError:
            continue
    raise InputError("The file's encoding cannot be recognised; expected text: save it as UTF-8 and import it again.")


def _foreign_letters(text: str) -> float:
    """Return the share of letters beyond ASCII that do not belong to the one language that fits best."""
    letters = [character for character in text.lower() if character > "\x7f" and character.isalpha()]
    inside = re.findall(r"(?<=\w)[^\w\s\x00-\x7f\u2010-\u203a«»](?=\w)", text)  # a sign amid a word: a wrong letter
    total = len(letters) + len(inside)
    if not total:
        return 0.0
    best = max(sum(letter in alphabet for letter in letters) for alphabet in _ALPHABETS)
    return 1 - best / total
