"""Every old way of writing Vietnamese as a pair of functions: text to Unicode, and Unicode to text.

A scheme is named after its encoding. Where the text was read as Windows-1258 and not, as usual, as Windows-1252 or
ISO-8859-1, `@cp1258` follows: "tcvn3@cp1258". "utf-8" is UTF-8 that was read as a single-byte code page, "utf-8-twice"
the same done twice; "nfd" and "composite" are Unicode whose marks stand apart; "eth" is Unicode with the Icelandic Ð
for Đ, "cp1252" Western text whose dashes and quotation marks a reader of ISO-8859-1 took for control codes.

Every function takes and gives one text. Decoding never drops a character: one that the encoding does not have stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from layers.encodings.capitals import restore_capitals
from layers.encodings.carriers import (
    CP1252,
    CP1258,
    FROM_CP1258,
    OUTSIDE_CP1252,
    OUTSIDE_CP1258,
    SIGNS,
    TO_BYTE,
    TO_CP1258,
    any_of,
)
from layers.encodings.letters import CAPITAL, LETTERS, SMALL, tone_of, without_tone
from layers.encodings.tables import TCVN3, VISCII, VNI, VPS
from layers.encodings.viqr import decode_viqr, encode_viqr
from layers.types import Text

__all__ = ["SCHEMES", "UNICODE_FORMS", "Scheme"]

#: Letters and control codes outside ASCII; signs such as ° ² ½ – may stand in any text.
_LETTER: Final = r"(?:[^\W\d_ªº²³¹¼½¾]|[\x80-\x9f])(?<=[^\x00-\x7f])"
_NOT_ASCII: Final = r"[^\x00-\x7f]"
_UNWRITABLE: Final = "?"
#: The sign for a character that was lost before stays what it is.
_LOST: Final = 0xFFFD


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way of writing Vietnamese.

    Parameters
    ----------
    name : str
        Its name in this package.
    title : Text
        Its name for a reader.
    decode : callable
        From a text in it to Unicode, NFC.
    encode : callable
        From Unicode, NFC, to a text in it; what it cannot write becomes a question mark or, where only the case is
        missing, a small letter.
    strays : callable
        From a text to the positions of characters that no text in this encoding has.
    applies : callable
        From a text to whether its characters can have come from this encoding at all; if not, it is left alone.
    """

    name: str
    title: Text
    decode: Callable[[str], str]
    encode: Callable[[str], str]
    strays: Callable[[str], list[int]]
    applies: Callable[[str], bool]


def _always(_text: str) -> bool:
    return True


def _none(_text: str) -> list[int]:
    return []


def _within_cp1252(text: str) -> bool:
    return OUTSIDE_CP1252.search(text) is None


def _within_cp1258(text: str) -> bool:
    return OUTSIDE_CP1258.search(text) is None


def _strays(codes: str, stray: str = _LETTER) -> Callable[[str], list[int]]:
    """Return a function that finds strays between the codes of an encoding."""
    both = re.compile(f"(?:{codes})|({stray})")
    return lambda text: [] if text.isascii() else [match.start() for match in both.finditer(text) if match[1]]


def _writer(sources: dict[str, str], codes: frozenset[str]) -> Callable[[str], str]:
    """Return a function that writes letters by a table, and other characters unless they would be taken for codes."""
    ordinary = {code: chr(code) for code in (*range(0x80), *TO_BYTE["cp1252"], _LOST) if chr(code) not in codes}
    without_case = {letter: sources[letter.lower()] for letter in LETTERS if letter.lower() in sources}
    table = {**ordinary, **{ord(letter): source for letter, source in (without_case | sources).items()}}
    writing = defaultdict(lambda: _UNWRITABLE, table)
    return lambda text: text.translate(writing)


def _single_byte(name: str, title: str, table: dict[str, int]) -> Scheme:
    sources = {letter: CP1252.get(byte, chr(byte)) for letter, byte in table.items()}
    codes = {ord(source): letter for letter, source in sources.items()}
    codes |= {byte: letter for letter, byte in table.items()}
    decoding = SIGNS | codes
    find = any_of(map(chr, codes))

    def decode(text: str) -> str:
        return text.translate(decoding)

    encode = _writer(sources, frozenset(map(chr, codes)))
    stray = re.compile(f"(?!{find}){_LETTER}")

    def strays(text: str) -> list[int]:
        return [match.start() for match in stray.finditer(text)]

    return Scheme(name, Text(vi=title, en=title), decode, encode, strays, _within_cp1252)


def _tcvn3() -> Scheme:
    plain = _single_byte("tcvn3", "TCVN3 (ABC)", TCVN3)

    def decode(text: str) -> str:
        return restore_capitals(plain.decode(text))

    return Scheme(plain.name, plain.title, decode, plain.encode, plain.strays, plain.applies)


def _vni_pattern(codes: Iterable[str]) -> str:
    """Return an expression for the codes: two characters before one, as ôø is ờ and ô alone ơ."""
    marks: dict[str, list[str]] = {}
    for source in codes:
        marks.setdefault(source[1:] and source[0], []).append(source[-1])
    alone = marks.pop("")
    return "|".join((*(f"{vowel}{any_of(those)}" for vowel, those in marks.items()), any_of(alone)))


def _vni() -> Scheme:
    codes = {source: letter for letter, source in VNI.items() if not letter.isascii()}
    # A mark typed in the other case than its vowel means the same.
    for source, letter in tuple(codes.items()):
        if len(source) > 1:
            codes.setdefault(source[0] + source[1].swapcase(), letter)
    find = _vni_pattern(codes)
    pattern = re.compile(find)

    def decode(text: str) -> str:
        return pattern.sub(lambda match: codes[match[0]], text).translate(SIGNS)

    sources = {letter: source for letter, source in VNI.items() if not letter.isascii()}
    encode = _writer(sources, frozenset(char for source in codes for char in source if not char.isascii()))
    return Scheme("vni", Text(vi="VNI", en="VNI"), decode, encode, _strays(find), _within_cp1252)


def _composed_of(letter: str) -> str:
    """Return a letter as Windows-1258 has it: whole if it can, else its vowel and a combining tone."""
    whole = letter.isascii() or ord(letter) in TO_BYTE["cp1258"]
    return letter if whole else without_tone(letter) + tone_of(letter)


_COMPOSITE: Final = str.maketrans({letter: _composed_of(letter) for letter in (*SMALL, *CAPITAL)})
#: Tone marks that found no vowel.
_LOOSE_MARK: Final = re.compile("[\u0300\u0301\u0303\u0309\u0323]")


def _cp1258() -> Scheme:
    decoding = {ord(CP1252[byte]): char for byte, char in CP1258.items()} | {byte: CP1258[byte] for byte in SIGNS}

    def decode(text: str) -> str:
        return unicodedata.normalize("NFC", text.translate(decoding))

    ordinary = {code: chr(code) for code in (*range(0x80), _LOST)} | FROM_CP1258
    writing = defaultdict(lambda: _UNWRITABLE, ordinary)

    def encode(text: str) -> str:
        return text.translate(_COMPOSITE).translate(writing)

    def strays(text: str) -> list[int]:
        marks = _LOOSE_MARK.finditer(text.translate(decoding))
        return [mark.start() for mark in marks if _loose(text[: mark.end()].translate(decoding))]

    return Scheme("cp1258", Text(vi="Windows-1258", en="Windows-1258"), decode, encode, strays, _within_cp1252)


def _loose(text: str) -> bool:
    return _LOOSE_MARK.search(unicodedata.normalize("NFC", text)[-1]) is not None


def _utf8(name: str, title: Text, carrier: str, *, times: int = 1) -> Scheme:
    to_byte, shown = TO_BYTE[carrier], CP1252 if carrier == "cp1252" else CP1258

    def among(first: int, last: int) -> str:
        return any_of(chr(char) for char, byte in to_byte.items() if first <= byte <= last)

    tail = among(0x80, 0xBF)
    find = f"{among(0xC2, 0xDF)}{tail}|{among(0xE0, 0xEF)}{tail}{{2}}|{among(0xF0, 0xF4)}{tail}{{3}}"
    pattern = re.compile(find)

    def character(match: re.Match[str]) -> str:
        try:
            return match[0].translate(to_byte).encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:  # a surrogate or an overlong form is no UTF-8
            return match[0]

    def decode(text: str) -> str:
        for _ in range(times):
            text = pattern.sub(character, text)
        return unicodedata.normalize("NFC", text)

    def encode(text: str) -> str:
        for _ in range(times):
            text = text.encode("utf-8", errors="replace").decode("latin-1").translate(shown)
        return text

    return Scheme(name, title, decode, encode, _strays(find, _NOT_ASCII), _always)


def _through_cp1258(scheme: Scheme) -> Scheme:
    """Return a scheme for the same encoding when it was read as Windows-1258."""

    def decode(text: str) -> str:
        return scheme.decode(text.translate(FROM_CP1258))

    def encode(text: str) -> str:
        return scheme.encode(text).translate(TO_CP1258)

    def strays(text: str) -> list[int]:
        return scheme.strays(text.translate(FROM_CP1258))

    title = Text(vi=f"{scheme.title.vi}, bị đọc như Windows-1258", en=f"{scheme.title.en}, read as Windows-1258")
    return Scheme(f"{scheme.name}@cp1258", title, decode, encode, strays, _within_cp1258)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


_ETHS: Final = str.maketrans({"Ð": "Đ", "ð": "đ", "Ɖ": "Đ", "ɖ": "đ"})
_CONTROLS: Final = {ord(char): byte for byte, char in SIGNS.items()}
_NO_ETHS: Final = str.maketrans({"Đ": "Ð", "đ": "ð"})


def _unicode_forms() -> tuple[Scheme, ...]:
    def same(text: str) -> str:
        return text

    def composite(text: str) -> str:
        return text.translate(_COMPOSITE)

    def without_eths(text: str) -> str:
        return _nfc(text).translate(_ETHS)

    def with_eths(text: str) -> str:
        return text.translate(_NO_ETHS)

    def signs(text: str) -> str:
        return text.translate(SIGNS)

    def controls(text: str) -> str:
        return text.translate(_CONTROLS)

    return (
        Scheme("unicode", Text(vi="Unicode dựng sẵn", en="Unicode"), same, same, _none, _always),
        Scheme("nfd", Text(vi="Unicode phân rã (NFD)", en="decomposed Unicode (NFD)"), _nfc, _nfd, _none, _always),
        Scheme(
            "composite",
            Text(vi="Unicode tổ hợp", en="Unicode with combining tone marks"),
            _nfc,
            composite,
            _none,
            _always,
        ),
        Scheme(
            "eth",
            Text(vi="Unicode dùng nhầm Ð (eth) thay Đ", en="Unicode with Ð (eth) in place of Đ"),
            without_eths,
            with_eths,
            _none,
            _always,
        ),
        Scheme(
            "cp1252",
            Text(vi="Windows-1252 bị đọc như ISO-8859-1", en="Windows-1252 read as ISO-8859-1"),
            signs,
            controls,
            _none,
            _always,
        ),
    )


def _viqr() -> Scheme:
    letter = re.compile(_LETTER)

    def without_letters(text: str) -> bool:
        return text.isascii() or letter.search(text) is None

    return Scheme("viqr", Text(vi="VIQR", en="VIQR"), decode_viqr, encode_viqr, _none, without_letters)


def _schemes() -> dict[str, Scheme]:
    read_as = Text(vi="UTF-8 bị đọc như Windows-1252", en="UTF-8 read as Windows-1252")
    read_as_cp1258 = Text(vi="UTF-8 bị đọc như Windows-1258", en="UTF-8 read as Windows-1258")
    twice = Text(vi="UTF-8 bị đọc sai hai lần", en="UTF-8 read as Windows-1252 twice")
    carried = (
        _tcvn3(),
        _vni(),
        _single_byte("viscii", "VISCII", VISCII),
        _single_byte("vps", "VPS", VPS),
    )
    schemes = (
        *_unicode_forms(),
        _utf8("utf-8", read_as, "cp1252"),
        _utf8("utf-8-twice", twice, "cp1252", times=2),
        *carried,
        _cp1258(),
        _viqr(),
        _utf8("utf-8@cp1258", read_as_cp1258, "cp1258"),
        *map(_through_cp1258, carried),
    )
    return {scheme.name: scheme for scheme in schemes}


#: Every scheme by its name, the likelier first.
SCHEMES: Final = _schemes()
#: Those that are Unicode already.
UNICODE_FORMS: Final = ("unicode", "nfd", "composite")
