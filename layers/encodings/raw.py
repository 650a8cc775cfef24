"""Reading bytes whose encoding nobody states: the text of a .dbf file without .cpg.

Valid UTF-8 is UTF-8: other encodings hardly ever make it by accident. Everything else is read as Windows-1252, which
loses nothing, and the text doctor tells what it really is: Western text, Windows-1258, TCVN3, VNI or another. What the
file declares counts as evidence, not as proof: files in TCVN3 declare Windows-1252, and what says UTF-8 need not be.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from layers.encodings.carriers import CP1252
from layers.encodings.conversion import Lost, convert
from layers.encodings.detection import CERTAIN, Candidate, detect
from layers.types import Text

__all__ = ["DecodedBytes", "decode_bytes"]

#: Bytes that a UTF-8 character can lack at most, where a field cut it.
_LONGEST_CUT: Final = 3
_SIGNS: Final = "".join(CP1252.get(byte, chr(byte)) for byte in range(0x100))
#: Names of code pages, without spaces and hyphens, to what they say of the schemes; TCVN3 and VNI declare any of them.
_WESTERN: Final = {"unicode": 1.0, "tcvn3": 0.3, "vni": 0.3, "cp1258": 0.1, "viscii": 0.1, "vps": 0.1, "utf-8": 0.1}
_VIETNAMESE: Final = {"cp1258": 1.0, "tcvn3": 0.3, "vni": 0.3, "unicode": 0.01, "viscii": 0.1, "vps": 0.1, "utf-8": 0.1}
_DECLARED: Final = {
    **dict.fromkeys(("1252", "cp1252", "windows1252", "ansi1252", "ansi", "latin1", "iso88591", "88591"), _WESTERN),
    **dict.fromkeys(("1258", "cp1258", "windows1258", "ansi1258"), _VIETNAMESE),
    **{name: {name: 1.0, "unicode": 0.01} for name in ("tcvn3", "vni", "viscii", "vps", "viqr")},
    "abc": {"tcvn3": 1.0, "unicode": 0.01},
}


@dataclass(frozen=True, slots=True)
class DecodedBytes:
    """Texts read from bytes.

    Parameters
    ----------
    values : tuple of str
        One text for each value given. NFC where the encoding was converted.
    codec : str
        The codec the bytes were read with: "ascii", "utf-8" or "cp1252".
    encoding : str
        Scheme that was applied to what the codec gave; "unicode" is none.
    candidates : tuple of Candidate
        All readings worth naming, the likeliest first.
    clear : bool
        Whether one reading is clear. If not, the values are as the codec gave them and the user has to choose.
    lost : tuple of Lost
        Letters that are not certain; characters that the width of a field cut off stand as �.
    why : Text
        How the codec was found.
    """

    values: tuple[str, ...]
    codec: str
    encoding: str
    candidates: tuple[Candidate, ...]
    clear: bool
    lost: tuple[Lost, ...]
    why: Text


def decode_bytes(raw: bytes | Sequence[bytes], hints: Sequence[str] = ()) -> DecodedBytes:
    r"""Return the texts that bytes of unknown encoding hold.

    Parameters
    ----------
    raw : bytes or sequence of bytes
        One text, or the values of one column or table. Fields one by one are better than a block: UTF-8 characters
        that a field cuts off are then recognised.
    hints : sequence of str, optional
        What the file or the user says of its encoding ("cp1258", "ANSI 1252", "TCVN3"); unknown names do not count.

    Returns
    -------
    DecodedBytes
        The texts, and how sure they are.

    Examples
    --------
    >>> decode_bytes([b"Khu c\xabng nghi\xd6p", b"\xa7\xabng Anh"]).values
    ('Khu công nghiệp', 'Đông Anh')
    >>> decode_bytes("Hoà Lạc".encode()).codec
    'utf-8'
    """
    values = (raw,) if isinstance(raw, bytes) else tuple(raw)
    if all(map(bytes.isascii, values)):
        return _read(tuple(value.decode("ascii") for value in values), "ascii", _ASCII)
    texts = [_utf8(value) for value in values]
    if all(text is not None for text in texts):
        return _read(tuple(text or "" for text in texts), "utf-8", _UTF8)
    texts_1252 = tuple(value.decode("latin-1").translate(_TABLE) for value in values)
    prior: dict[str, float] = {}
    for hint in hints:
        said = _DECLARED.get(re.sub(r"[\s_-]", "", hint.lower()), {})
        prior |= {name: max(weight, prior.get(name, 0.0)) for name, weight in said.items()}
    return _read(texts_1252, "cp1252", _CP1252_WHY, prior)


_TABLE: Final = {byte: _SIGNS[byte] for byte in range(0x80, 0x100)}
_ASCII: Final = Text(vi="Chỉ có ký tự ASCII.", en="Only ASCII characters.")
_UTF8: Final = Text(vi="Các byte là UTF-8 hợp lệ.", en="The bytes are valid UTF-8.")
_CP1252_WHY: Final = Text(
    vi="Các byte không phải UTF-8; đã đọc như Windows-1252 rồi xét bảng mã của chữ.",
    en="The bytes are not UTF-8; they were read as Windows-1252 and the text was then examined.",
)


def _utf8(value: bytes) -> str | None:
    """Decode UTF-8 whose last character may be cut off; None if it is none."""
    try:
        text, read = codecs.utf_8_decode(value, "strict", False)
    except UnicodeDecodeError:
        return None
    cut = len(value) - read
    # One lone high byte behind ASCII is as well a letter of another encoding.
    if cut and text.isascii():
        return None
    return text + ("\ufffd" if 0 < cut <= _LONGEST_CUT else "")


def _read(texts: tuple[str, ...], codec: str, why: Text, prior: dict[str, float] | None = None) -> DecodedBytes:
    ranked = detect(texts, prior=prior)
    first = ranked[0]
    clear = first.confidence >= CERTAIN and not first.mixed
    encoding = first.encoding if clear else "unicode"
    converted = convert(texts, encoding)
    values = tuple(map(str, converted.values))
    return DecodedBytes(values, codec, encoding, ranked, clear, converted.lost, why)
