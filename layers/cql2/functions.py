"""Functions beyond those of the standard: what each takes, what it gives, and what it says of itself."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from layers.types import Text

__all__ = ["FUNCTIONS", "Argument", "Function", "Kind"]

#: What an expression may give.
Kind = Literal["text", "number", "boolean", "date", "timestamp", "interval", "geometry", "texts", "numbers", "nothing"]


class Argument(NamedTuple):
    """One argument of a function.

    Attributes
    ----------
    name : str
        What it is called.
    title : Text
        What it is.
    kinds : tuple of str
        What it may be.
    """

    name: str
    title: Text
    kinds: tuple[Kind, ...]


class Function(NamedTuple):
    """One function.

    Attributes
    ----------
    name : str
        In small letters; a filter may write it in any.
    title : Text
        What it does.
    arguments : tuple of Argument
        In their order.
    returns : str
        What it gives; missing in, missing out.
    """

    name: str
    title: Text
    arguments: tuple[Argument, ...]
    returns: Kind


_NUMBER: Final = Argument("number", Text(vi="số", en="a number"), ("number",))
_TEXT: Final = Argument("text", Text(vi="văn bản", en="a text"), ("text",))
_TIME: Final = Argument(
    "time", Text(vi="ngày hoặc thời điểm (UTC)", en="a day or a moment (UTC)"), ("date", "timestamp")
)
_DAY: Final = Argument("day", Text(vi="ngày", en="a day"), ("date",))
_GEOMETRY: Final = Argument("geometry", Text(vi="hình học", en="a geometry"), ("geometry",))

#: Every function by its name.
FUNCTIONS: Final[dict[str, Function]] = {
    function.name: function
    for function in (
        Function("abs", Text(vi="giá trị tuyệt đối", en="absolute value"), (_NUMBER,), "number"),
        Function(
            "ceiling",
            Text(vi="số nguyên nhỏ nhất không nhỏ hơn", en="least whole number not below"),
            (_NUMBER,),
            "number",
        ),
        Function(
            "floor",
            Text(vi="số nguyên lớn nhất không lớn hơn", en="greatest whole number not above"),
            (_NUMBER,),
            "number",
        ),
        Function("length", Text(vi="số ký tự", en="number of characters"), (_TEXT,), "number"),
        Function("trim", Text(vi="bỏ khoảng trắng ở hai đầu", en="without blanks at both ends"), (_TEXT,), "text"),
        Function(
            "split",
            Text(vi="tách văn bản thành tập các phần", en="the parts of a text, as a set"),
            (_TEXT, Argument("separator", Text(vi="dấu ngăn cách", en="what parts them"), ("text",))),
            "texts",
        ),
        Function("year", Text(vi="năm", en="the year"), (_TIME,), "number"),
        Function("month", Text(vi="tháng, 1 đến 12", en="the month, 1 to 12"), (_TIME,), "number"),
        Function("day", Text(vi="ngày trong tháng, 1 đến 31", en="the day of the month, 1 to 31"), (_TIME,), "number"),
        Function(
            "planned_at",
            Text(
                vi="đối tượng có mặt vào ngày này theo quy hoạch; đầu không ghi là để ngỏ",
                en="whether the feature is planned to exist on this day; an end that is not known is open",
            ),
            (_DAY,),
            "boolean",
        ),
        Function(
            "geometry_type",
            Text(vi="kiểu hình học, như Polygon", en="type of the geometry, such as Polygon"),
            (_GEOMETRY,),
            "text",
        ),
    )
}
