"""The receipt of a file as a page that stands by itself: to be mailed, printed, or shown by the portal."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from layers.types import Language, Text

__all__ = ["SHOWN", "WORDS", "grouped", "receipt_page", "shortened", "write_moment", "write_number"]

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
#: Issues of one rule that the page lists; all of them are in the JSON document and in the issues layer.
SHOWN: Final = 200
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: What the page says around the receipt.
WORDS: Final[dict[str, Text]] = {
    "title": Text(vi="Biên nhận dữ liệu", en="Receipt"),
    "state_checked": Text(vi="Đã kiểm tra, chưa ghi gì", en="Checked, nothing written"),
    "state_accepted": Text(vi="Đã nhận", en="Accepted"),
    "state_partly_accepted": Text(vi="Nhận một phần", en="Accepted in part"),
    "state_refused": Text(vi="Từ chối, không ghi gì", en="Refused, nothing written"),
    "file": Text(vi="Tệp", en="File"),
    "layer": Text(vi="Lớp", en="Layer"),
    "time": Text(vi="Thời điểm (UTC)", en="Time (UTC)"),
    "checksum": Text(vi="Mã kiểm SHA-256", en="SHA-256 checksum"),
    "size": Text(vi="Dung lượng", en="Size"),
    "bytes": Text(vi="byte", en="bytes"),
    "driver": Text(vi="Định dạng, bảng mã", en="Format, encoding"),
    "changeset": Text(vi="Phiên bản thay đổi", en="Changeset"),
    "read": Text(vi="đối tượng đọc được", en="features read"),
    "written": Text(vi="đã ghi", en="written"),
    "to_write": Text(vi="sẽ ghi", en="would be written"),
    "unchanged": Text(vi="không đổi", en="unchanged"),
    "refused": Text(vi="bị loại", en="left out"),
    "errors": Text(vi="lỗi", en="errors"),
    "warnings": Text(vi="cảnh báo", en="warnings"),
    "repaired": Text(vi="đã tự sửa", en="put right"),
    "coordinates": Text(vi="Toạ độ", en="Coordinates"),
    "no_coordinates": Text(vi="Không có toạ độ nào được chuyển.", en="No coordinates were moved."),
    "choices": Text(vi="Các cách đọc toạ độ có thể", en="What the coordinates may be"),
    "key": Text(vi="Chọn bằng", en="Choose by"),
    "share": Text(vi="Khả năng", en="Share"),
    "offset": Text(vi="Cách cách đọc đầu", en="Off the first"),
    "why": Text(vi="Vì sao", en="Why"),
    "text": Text(vi="Bảng mã văn bản", en="Text"),
    "notes": Text(vi="Ghi chú", en="Notes"),
    "columns": Text(vi="Trường lấy từ cột", en="Fields and the columns they came from"),
    "left_out": Text(vi="Cột không nhập", en="Columns left out"),
    "issues": Text(vi="Các vấn đề", en="Issues"),
    "none": Text(vi="Không thấy vấn đề nào.", en="Nothing was found."),
    "error": Text(vi="lỗi", en="error"),
    "warning": Text(vi="cảnh báo", en="warning"),
    "institute": Text(vi="Đơn vị gửi sửa", en="For the institute to mend"),
    "planner": Text(vi="Người tiếp nhận xử lý", en="For the planner to settle"),
    "to_do": Text(vi="Cần làm", en="What to do"),
    "row": Text(vi="Dòng", en="Row"),
    "feature": Text(vi="Đối tượng", en="Feature"),
    "field": Text(vi="Trường", en="Field"),
    "column": Text(vi="cột", en="column"),
    "with": Text(vi="với", en="with"),
    "seen": Text(vi="Gặp", en="Seen"),
    "wanted": Text(vi="Cần", en="Wanted"),
    "show_place": Text(vi="xem trên bản đồ", en="show on the map"),
    "place": Text(vi="Vị trí (kinh độ, vĩ độ)", en="Place (longitude, latitude)"),
    "in_file": Text(vi="trong tệp", en="in the file"),
    "repair": Text(vi="Đã sửa", en="Put right"),
    "more": Text(
        vi="và {count} chỗ khác, xem bản JSON hoặc lớp vấn đề", en="and {count} more, in the JSON or the issues layer"
    ),
}


def receipt_page(document: dict[str, Any], language: Language) -> str:
    """Return a receipt as a page that needs nothing beside itself.

    Parameters
    ----------
    document : dict
        What `layers.receipts.Receipt.document` gives.
    language : {"vi", "en"}
        The reader's language, which should be that of the document.

    Returns
    -------
    str
        HTML; whatever the file holds is text in it, never markup, and there is no script.
    """
    words = {name: text.say(language) for name, text in WORDS.items()}
    return _template().render(receipt=document, groups=grouped(document), words=words, language=language, shown=SHOWN)


def grouped(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rules of a receipt, each with its issues.

    Parameters
    ----------
    document : dict
        What `layers.receipts.Receipt.document` gives.

    Returns
    -------
    list of dict
        As the document has them, and ``found``.
    """
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for issue in document["issues"]:
        found.setdefault((issue["rule"], issue["severity"]), []).append(issue)
    return [{**rule, "found": found[rule["rule"], rule["severity"]]} for rule in document["rules"]]


def shortened(document: dict[str, Any]) -> dict[str, Any]:
    """Return a receipt with as many issues of each rule as a page lists.

    Parameters
    ----------
    document : dict
        What `layers.receipts.Receipt.document` gives.

    Returns
    -------
    dict
        Each issue has a ``number``, its place in the whole list; ``rules`` still counts all, ``placed`` those with a
        place.
    """
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for number, issue in enumerate(document["issues"]):
        key = (issue["rule"], issue["severity"])
        seen[key] += 1
        if seen[key] <= SHOWN:
            kept.append({**issue, "number": number})
    placed = sum(issue["coordinate"] is not None for issue in document["issues"])
    return {**document, "issues": kept, "placed": placed}


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = write_number
    environment.filters["moment"] = write_moment
    return environment.get_template("receipt.html")


def write_moment(text: str, language: Language) -> str:
    """Write a time as the reader's language does.

    Parameters
    ----------
    text : str
        ISO 8601, with its offset.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str
        Day and minute, UTC.

    Examples
    --------
    >>> write_moment("2026-11-24T18:17:32+07:00", "vi"), write_moment("2026-11-24T11:17:32Z", "en")
    ('24/11/2026 11:17', '24 Nov 2026, 11:17')
    """
    time = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    if language == "vi":
        return f"{time:%d/%m/%Y %H:%M}"
    return f"{time.day} {_MONTHS[time.month - 1]} {time:%Y, %H:%M}"


def write_number(value: float, language: Language, digits: int = 2) -> str:
    """Write a number as the reader's language does.

    Parameters
    ----------
    value : float
        The number.
    language : {"vi", "en"}
        The reader's language.
    digits : int
        Decimals at most.

    Returns
    -------
    str
        With separators of thousands.
    """
    text = f"{value:,.{digits}f}"
    if digits:
        text = text.rstrip("0").rstrip(".")
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))
