"""The code tables of the old Vietnamese encodings, as published.

Every table follows the order of `letters.SMALL` (a ă â e ê i o ô ơ u ư y, each in the tones level, huyền, sắc, hỏi,
ngã, nặng; đ last). Single-byte tables hold two hexadecimal digits a letter; "--" is a plain ASCII letter or, among
capitals, one that the encoding does not have.

References
----------
TCVN 5712:1993, table VN3 (the encoding of the ".Vn" fonts, called TCVN3 or ABC).
RFC 1456 (May 1993), table 1: VISCII 1.1; section on VIQR.
Vietnamese Professionals Society, VPS encoding (IANA-style alias x-viet-vps), published chart.
VNI Software Company, VNI for Windows, published chart.
Microsoft code page 1258.
"""

from __future__ import annotations

from typing import Final

from layers.encodings.letters import CAPITAL, SMALL

__all__ = ["TCVN3", "VIQR_MARKS", "VIQR_TONES", "VISCII", "VNI", "VPS"]

_TCVN3_SMALL: Final = """
-- b5 b8 b6 b7 b9  a8 bb be bc bd c6  a9 c7 ca c8 c9 cb
-- cc d0 ce cf d1  aa d2 d5 d3 d4 d6
-- d7 dd d8 dc de
-- df e3 e1 e2 e4  ab e5 e8 e6 e7 e9  ac ea ed eb ec ee
-- ef f3 f1 f2 f4  ad f5 f8 f6 f7 f9
-- fa fd fb fc fe  ae
"""
#: VN3 has only the capitals without tone; with tone they are the small letters in a font of capitals (".VnTimeH").
_TCVN3_CAPITAL: Final = """
-- -- -- -- -- --  a1 -- -- -- -- --  a2 -- -- -- -- --
-- -- -- -- -- --  a3 -- -- -- -- --
-- -- -- -- -- --
-- -- -- -- -- --  a4 -- -- -- -- --  a5 -- -- -- -- --
-- -- -- -- -- --  a6 -- -- -- -- --
-- -- -- -- -- --  a7
"""
_VISCII_SMALL: Final = """
-- e0 e1 e4 e3 d5  e5 a2 a1 c6 c7 a3  e2 a5 a4 a6 e7 a7
-- e8 e9 eb a8 a9  ea ab aa ac ad ae
-- ec ed ef ee b8
-- f2 f3 f6 f5 f7  f4 b0 af b1 b2 b5  bd b6 be b7 de fe
-- f9 fa fc fb f8  df d7 d1 d8 e6 f1
-- cf fd d6 db dc  f0
"""
_VISCII_CAPITAL: Final = """
-- c0 c1 c4 c3 80  c5 82 81 02 05 83  c2 85 84 86 06 87
-- c8 c9 cb 88 89  ca 8b 8a 8c 8d 8e
-- cc cd 9b ce 98
-- d2 d3 99 a0 9a  d4 90 8f 91 92 93  b4 96 95 97 b3 94
-- d9 da 9c 9d 9e  bf bb ba bc ff b9
-- 9f dd 14 19 1e  d0
"""
_VPS_SMALL: Final = """
-- e0 e1 e4 e3 e5  e6 a2 a1 a3 a4 a5  e2 c0 c3 c4 c5 c6
-- e8 e9 c8 eb cb  ea 8a 89 8b cd 8c
-- ec ed cc ef ce
-- f2 f3 d5 f5 86  f4 d2 d3 b0 87 b6  d6 a9 a7 aa ab ae
-- f9 fa fb db f8  dc d8 d9 ba bb bf
-- ff 9a 9b cf 9c  c7
"""
_VPS_CAPITAL: Final = """
-- 80 c1 81 82 02  88 8e 8d 8f f0 04  c2 84 83 85 1c 03
-- d7 c9 de fe 05  ca 93 90 94 95 06
-- b5 b4 b7 b8 10
-- bc b9 bd be 11  d4 97 96 98 99 12  f7 9e 9d 9f a6 13
-- a8 da d1 ac 14  d0 af ad b1 1d 15
-- b2 dd fd b3 19  f1
"""


def _single_byte(small: str, capital: str) -> dict[str, int]:
    letters = zip((*SMALL, *CAPITAL), (*small.split(), *capital.split()), strict=True)
    return {letter: int(code, 16) for letter, code in letters if code != "--"}


#: Letter to byte.
TCVN3: Final = _single_byte(_TCVN3_SMALL, _TCVN3_CAPITAL)
VISCII: Final = _single_byte(_VISCII_SMALL, _VISCII_CAPITAL)
VPS: Final = _single_byte(_VPS_SMALL, _VPS_CAPITAL)

#: VNI: letter to one or two characters, as Windows-1252 shows them: the plain vowel (ô for ơ, ö for ư), then its marks.
_VNI_SMALL: Final = """
a aø aù aû aõ aï  aê aè aé aú aü aë  aâ aà aá aå aã aä
e eø eù eû eõ eï  eâ eà eá eå eã eä
i ì í æ ó ò
o oø où oû oõ oï  oâ oà oá oå oã oä  ô ôø ôù ôû ôõ ôï
u uø uù uû uõ uï  ö öø öù öû öõ öï
y yø yù yû yõ î  ñ
"""
VNI: Final = {
    **dict(zip(SMALL, _VNI_SMALL.split(), strict=True)),
    **dict(zip(CAPITAL, _VNI_SMALL.upper().split(), strict=True)),
}

#: VIQR: the signs behind a vowel, for its own mark and for its tone (combining marks).
VIQR_MARKS: Final = {"\u0302": "^", "\u0306": "(", "\u031b": "+"}
VIQR_TONES: Final = {"\u0300": "`", "\u0301": "'", "\u0309": "?", "\u0303": "~", "\u0323": "."}
