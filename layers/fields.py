"""What an attribute of a layer is: its type, unit, bounds and codes, and the attributes that every layer has."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from layers.declared import refuse
from layers.types import Text

__all__ = [
    "COLOUR",
    "COMMON_FIELDS",
    "IDENTIFIER",
    "ID_FIELD",
    "NAME",
    "RRGGBB",
    "BothLanguages",
    "Code",
    "Declared",
    "Field",
    "FieldType",
]

#: Name of the index that carries the stable feature id.
ID_FIELD: Final = "feature_id"

FieldType = Literal["text", "integer", "number", "boolean", "date"]

#: What layers and fields may be called.
IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
#: What a colour is written as.
COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
#: The same in words.
NAME: Final = Text(
    vi="chữ thường không dấu, chữ số và _, bắt đầu bằng chữ, tối đa 48",
    en="lower-case letters, digits and _, a letter first, at most 48",
)
RRGGBB: Final = Text(vi="màu #rrggbb", en="a colour #rrggbb")


def _as_text(value: object) -> object:
    """Let `{vi = ..., en = ...}` in a file become a `Text`."""
    return Text(**value) if isinstance(value, dict) and set(value) == {"vi", "en"} else value


#: ``{vi = ..., en = ...}`` in a file.
BothLanguages = Annotated[Text, BeforeValidator(_as_text)]


class Declared(BaseModel):
    """A part of a definition: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Code(Declared):
    """One value of a code list.

    Parameters
    ----------
    value : str
        As stored.
    title : Text
        As shown.
    color : str or None
        ``#rrggbb`` in the legend and on the map.
    """

    value: str
    title: BothLanguages
    color: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.color is not None and not COLOUR.fullmatch(self.color):
            raise refuse(f"color {self.color!r}", RRGGBB)
        return self


class Field(Declared):
    """One attribute of a layer.

    Parameters
    ----------
    name : str
        Column name.
    type : {"text", "integer", "number", "boolean", "date"}
        Type of its values.
    title : Text
        As shown.
    unit : str or None
        Of a number.
    codes : tuple of Code
        The values that a text may have; empty for any.
    minimum, maximum : float or None
        Bounds of a number, inclusive.
    required : bool
        Whether every feature must have a value.
    references : str or None
        Id of the layer whose feature ids the values are.
    measures : {"area", "length"} or None
        What of the feature's geometry a number states, in its unit; checks compare the two.
    restricted : bool
        Whether only those may see its values whose role allows it, such as land prices and negotiations.
    description : Text or None
        What the title leaves open.
    """

    name: str
    type: FieldType
    title: BothLanguages
    unit: str | None = None
    codes: tuple[Code, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    references: str | None = None
    measures: Literal["area", "length"] | None = None
    restricted: bool = False
    description: BothLanguages | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not IDENTIFIER.fullmatch(self.name):
            raise refuse(f"name {self.name!r}", NAME)
        if self.codes and self.type != "text":
            raise refuse(
                f"{self.name}: codes, type {self.type}",
                Text(vi="codes chỉ với kiểu text", en="codes with type text only"),
            )
        if len({code.value for code in self.codes}) != len(self.codes):
            raise refuse(
                f"{self.name}: codes {[code.value for code in self.codes]}",
                Text(vi="mỗi mã một lần", en="each code once"),
            )
        bounded = self.minimum is not None or self.maximum is not None
        if bounded and self.type not in ("integer", "number"):
            raise refuse(
                f"{self.name}: minimum/maximum, type {self.type}",
                Text(vi="cận chỉ với kiểu integer hoặc number", en="bounds with type integer or number only"),
            )
        if self.measures is not None and (self.type not in ("integer", "number") or self.unit is None):
            raise refuse(
                f"{self.name}: measures, type {self.type}, unit {self.unit}",
                Text(vi="measures chỉ với số có đơn vị", en="measures with a number that has a unit only"),
            )
        if self.restricted and self.required:
            raise refuse(
                f"{self.name}: restricted, required",
                Text(
                    vi="trường hạn chế không bắt buộc: người không được xem vẫn thêm được đối tượng",
                    en="a restricted field that is not required: those who may not see it can add features",
                ),
            )
        return self


def _common(name: str, type_: FieldType, vi: str, en: str, codes: tuple[Code, ...] = ()) -> Field:
    return Field(name=name, type=type_, title=Text(vi=vi, en=en), codes=codes)


def _code(value: str, vi: str, en: str) -> Code:
    return Code(value=value, title=Text(vi=vi, en=en))


#: Fields that every layer has behind its own: planned time (both ends inclusive), how the geometry was made, where the
#: facts come from and how far they can be trusted.
COMMON_FIELDS: Final[tuple[Field, ...]] = (
    _common("valid_from", "date", "Có từ ngày", "Valid from"),
    _common("valid_to", "date", "Đến hết ngày", "Valid to"),
    _common(
        "position",
        "text",
        "Độ chính xác hình học",
        "Geometry quality",
        (
            _code("surveyed", "đo đạc", "surveyed"),
            _code("digitised", "số hoá", "digitised"),
            _code("published", "theo nguồn công bố", "as published"),
            _code("label", "điểm đặt nhãn", "label point"),
            _code("schematic", "sơ đồ", "schematic"),
            _code("unknown", "chưa rõ", "unknown"),
        ),
    ),
    _common("source", "text", "Nguồn", "Source"),
    _common(
        "confidence",
        "text",
        "Độ tin cậy",
        "Confidence",
        (_code("high", "cao", "high"), _code("medium", "trung bình", "medium"), _code("low", "thấp", "low")),
    ),
)
