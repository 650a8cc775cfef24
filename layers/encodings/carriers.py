"""The code pages through which old Vietnamese text reaches a program: Windows-1252 and Windows-1258.

A reader that knows nothing of TCVN3 or VNI takes each byte for a character of its code page. Undoing that is a change
of characters one by one; the functions here give the tables. Bytes that a code page leaves without meaning, and all of
80 to 9F in ISO-8859-1, come as control codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = [
    "CP1252",
    "CP1258",
    "FROM_CP1258",
    "HIGH",
    "OUTSIDE_CP1252",
    "OUTSIDE_CP1258",
    "SIGNS",
    "TO_BYTE",
    "TO_CP1258",
    "any_of",
    "to_bytes",
]

HIGH: Final = range(0x80, 0x100)


def _characters(codec: str) -> dict[int, str]:
    return {byte: bytes([byte]).decode(codec, errors="ignore") or chr(byte) for byte in HIGH}


#: Byte to character.
CP1252: Final = _characters("cp1252")
CP1258: Final = _characters("cp1258")
#: Code point to byte, by code page; control codes stand for their byte too.
TO_BYTE: Final = {
    "cp1252": {byte: byte for byte in range(0x80, 0xA0)} | {ord(char): byte for byte, char in CP1252.items()},
    "cp1258": {byte: byte for byte in range(0x80, 0xA0)} | {ord(char): byte for byte, char in CP1258.items()},
}
#: Control codes of ISO-8859-1 to the signs that Windows-1252 has for the same bytes.
SIGNS: Final = {byte: CP1252[byte] for byte in range(0x80, 0xA0)}
#: Between the two code pages, character by character.
FROM_CP1258: Final = {char: CP1252[byte] for char, byte in TO_BYTE["cp1258"].items()}
TO_CP1258: Final = {ord(CP1252[byte]): char for byte, char in CP1258.items()}


def any_of(characters: Iterable[str], *, but: bool = False) -> str:
    r"""Return a regular expression for one of several characters.

    Parameters
    ----------
    characters : iterable of str
        The characters.
    but : bool, optional
        Match every other character instead.

    Returns
    -------
    str
        A character class.

    Examples
    --------
    >>> any_of("a]"), any_of("a", but=True)
    ('[a\\]]', '[^a]')
    """
    return f"[{'^' if but else ''}{''.join(map(re.escape, characters))}]"


#: ASCII, and the sign for a character that was lost before: it says nothing of the encoding.
_ASCII: Final = (*map(chr, range(0x80)), "\ufffd")
#: Characters that a reader of the code page cannot have given.
OUTSIDE_CP1252: Final = re.compile(any_of((*_ASCII, *map(chr, TO_BYTE["cp1252"])), but=True))
OUTSIDE_CP1258: Final = re.compile(any_of((*_ASCII, *map(chr, TO_BYTE["cp1258"])), but=True))


def to_bytes(text: str) -> str:
    r"""Return a text with every sign of Windows-1252 replaced by its byte, as a character below 256.

    Parameters
    ----------
    text : str
        Text as a reader of Windows-1252 or ISO-8859-1 gave it.

    Returns
    -------
    str
        The same for both readers; characters that neither has stay.

    Examples
    --------
    >>> to_bytes("a–") == to_bytes("a\x96") == "a\x96"
    True
    """
    return text if text.isascii() else text.translate(TO_BYTE["cp1252"])
