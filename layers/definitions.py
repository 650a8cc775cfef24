"""What a layer is: one declaration, from which table, schema, legend, validation and documentation are derived.

A definition is written in TOML, by us or by a user at run time, and read into frozen values here. Nothing in this
module knows a database, a file format or the web.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from layers.declared import first_mistake, refuse
from layers.errors import DefinitionError, MissingFileError, UnknownFieldError
from layers.types import Text

__all__ = [
    "COMMON_FIELDS",
    "DEFAULT_METRIC_CRS",
    "ID_FIELD",
    "STORE_CRS",
    "Code",
    "Field",
    "FieldType",
    "GeometryType",
    "LayerDefinition",
    "Style",
    "Theme",
    "Topology",
    "Weight",
    "parse_definition",
    "read_definition",
]

#: Coordinates are stored and served in WGS 84, longitude before latitude.
STORE_CRS: Final = "EPSG:4326"
#: VN-2000 / TM-3 zone 482, for areas and lengths in Hanoi.
DEFAULT_METRIC_CRS: Final = "EPSG:5897"
#: Name of the index that carries the stable feature id.
ID_FIELD: Final = "feature_id"

FieldType = Literal["text", "integer", "number", "boolean", "date"]
GeometryType = Literal["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"]
Theme = Literal[
    "parks", "land", "transport", "energy", "water", "wastewater", "drainage", "telecom",
    "planning", "constraint", "social", "administration", "economy", "regulation", "reference",
]  # fmt: skip

#: How much a finding of a rule weighs in a layer.
Weight = Literal["error", "warning", "allowed"]

_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_NAME: Final = Text(
    vi="chữ thường không dấu, chữ số và _, bắt đầu bằng chữ, tối đa 48",
    en="lower-case letters, digits and _, a letter first, at most 48",
)
_RRGGBB: Final = Text(vi="màu #rrggbb", en="a colour #rrggbb")


def _as_text(value: object) -> object:
    """Let `{vi = ..., en = ...}` in a file become a `Text`."""
    return Text(**value) if isinstance(value, dict) and set(value) == {"vi", "en"} else value


BothLanguages = Annotated[Text, BeforeValidator(_as_text)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Code(_Value):
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
        if self.color is not None and not _COLOUR.fullmatch(self.color):
            raise refuse(f"color {self.color!r}", _RRGGBB)
        return self


class Field(_Value):
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
        if not _IDENTIFIER.fullmatch(self.name):
            raise refuse(f"name {self.name!r}", _NAME)
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


class Style(_Value):
    """How a layer is drawn.

    Parameters
    ----------
    color : str
        ``#rrggbb``, for features without a code that has a colour of its own.
    fill_opacity : float
        0 to 1.
    width, radius : float
        Of lines and of points, pixels.
    dash : str or None
        SVG dash pattern.
    by : str or None
        The coded field by which the legend is split.
    """

    color: str = "#555555"
    fill_opacity: float = 0.25
    width: float = 1.5
    radius: float = 5.0
    dash: str | None = None
    by: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not _COLOUR.fullmatch(self.color):
            raise refuse(f"color {self.color!r}", _RRGGBB)
        return self


class Topology(_Value):
    """How features of a layer may lie to each other and to those of another.

    Features whose planned times do not meet are not compared, nor are those whose geometry is schematic or a label.

    Parameters
    ----------
    overlaps : {"error", "warning", "allowed"}
        Two areas cover the same ground, or two lines run along each other.
    gaps : {"error", "warning", "allowed"}
        Areas enclose ground that none of them covers.
    least_shared : float
        Gaps are looked for only where areas have at least this share of their borders in common, 0 to 1.
    duplicates : {"error", "warning", "allowed"}
        Two features have the same geometry.
    dangles : {"error", "warning", "allowed"}
        A line ends close to another without reaching it, or just beyond it.
    crossings : {"error", "warning", "allowed"}
        Lines cross where at least one of them has no vertex.
    covered_by : str or None
        Id of the layer whose areas have to cover every feature.
    uncovered : {"error", "warning", "allowed"}
        A feature reaches out of them.
    within : str or None
        A field: only features of the same value are compared. Those without a value are compared with each other.
    tolerance_m : float
        What a circle of this diameter does not fit into is noise, metres; so is a line's end this near to another line.
    sliver_m : float
        Overlaps, gaps and areas that a circle of this diameter does not fit into are slivers, metres: a warning. Lines
        that run along each other for less are no overlap.
    reach_m : float
        How far from another line an end is held for one that misses it, metres.
    largest_gap_m2 : float or None
        Larger gaps are taken as meant; None reports all.
    """

    overlaps: Weight = "allowed"
    gaps: Weight = "allowed"
    least_shared: float = 0.0
    duplicates: Weight = "warning"
    dangles: Weight = "allowed"
    crossings: Weight = "allowed"
    covered_by: str | None = None
    uncovered: Weight = "warning"
    within: str | None = None
    tolerance_m: float = 0.001
    sliver_m: float = 0.2
    reach_m: float = 2.0
    largest_gap_m2: float | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not 0 <= self.tolerance_m <= min(self.sliver_m, self.reach_m):
            raise refuse(
                f"tolerance_m {self.tolerance_m:g}, sliver_m {self.sliver_m:g}, reach_m {self.reach_m:g}",
                Text(vi="0 <= tolerance_m <= sliver_m và reach_m", en="0 <= tolerance_m <= sliver_m and reach_m"),
            )
        if not 0 <= self.least_shared <= 1:
            raise refuse(f"least_shared {self.least_shared:g}", Text(vi="số từ 0 đến 1", en="a number from 0 to 1"))
        if self.largest_gap_m2 is not None and self.largest_gap_m2 <= 0:
            raise refuse(f"largest_gap_m2 {self.largest_gap_m2:g}", Text(vi="số lớn hơn 0", en="a number above 0"))
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
#: Names that the stores use themselves.
_RESERVED_PREFIXES: Final = ("gpkg_", "rtree_", "parkplan_", "sqlite_", "pg_", "spatial_ref_sys")
_RESERVED: Final = {ID_FIELD, "fid", "geom", "geometry", "changeset", *(field.name for field in COMMON_FIELDS)}


class LayerDefinition(_Value):
    """One layer of the plan.

    Parameters
    ----------
    id : str
        Lower-case name, stable: table name and collection id.
    title : Text
        In both languages.
    theme : str
        The group it is listed under.
    geometry : tuple of str
        Geometry types a feature may have; empty for a layer of attributes only. A feature may always lack a geometry:
        unknown stays empty.
    fields : tuple of Field
        Its own attributes; `all_fields` adds the common ones.
    description : Text or None
        What the title leaves open.
    label : Text or None
        Names of the fields that title a feature, one a language.
    style : Style
        How it is drawn.
    zoom : (int, int)
        First and last web map zoom at which it is drawn.
    topology : Topology or None
        How its features may lie to each other; None where nothing is asked of them.
    metric_crs : str
        Projected CRS for areas and lengths.
    source, licence : str
        Where its data come from, and under which terms.
    """

    id: str
    title: BothLanguages
    theme: Theme
    geometry: tuple[GeometryType, ...] = ()
    fields: tuple[Field, ...]
    description: BothLanguages | None = None
    label: BothLanguages | None = None
    style: Style = Style()
    zoom: tuple[int, int] = (0, 22)
    topology: Topology | None = None
    metric_crs: str = DEFAULT_METRIC_CRS
    source: str = ""
    licence: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not _IDENTIFIER.fullmatch(self.id):
            raise refuse(f"id {self.id!r}", _NAME)
        if self.id.startswith(_RESERVED_PREFIXES):
            raise refuse(
                f"id {self.id!r}",
                Text(
                    vi=f"tên không bắt đầu bằng {', '.join(_RESERVED_PREFIXES)}",
                    en=f"a name that does not begin with {', '.join(_RESERVED_PREFIXES)}",
                ),
            )
        names = [field.name for field in self.fields]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise refuse(f"fields {repeated}", Text(vi="mỗi tên trường một lần", en="each field name once"))
        if taken := sorted(_RESERVED.intersection(names)):
            raise refuse(
                f"fields {taken}",
                Text(
                    vi="tên khác: mọi lớp đã có sẵn các trường này",
                    en="other names: every layer has these fields by itself",
                ),
            )
        known = {field.name: field for field in self.all_fields}
        if self.style.by is not None and not (self.style.by in known and known[self.style.by].codes):
            raise refuse(f"style by {self.style.by!r}", Text(vi="một trường có codes", en="a field with codes"))
        for name in (self.label.vi, self.label.en) if self.label else ():
            if name not in known:
                raise refuse(f"label {name!r}", Text(vi=f"một trong {sorted(known)}", en=f"one of {sorted(known)}"))
        within = self.topology.within if self.topology else None
        if within is not None and within not in known:
            raise refuse(
                f"topology within {within!r}", Text(vi=f"một trong {sorted(known)}", en=f"one of {sorted(known)}")
            )
        return self

    @model_validator(mode="after")
    def _check_zoom(self) -> Self:
        if not 0 <= self.zoom[0] <= self.zoom[1] <= 24:
            raise refuse(f"zoom {self.zoom}", Text(vi="0 <= đầu <= cuối <= 24", en="0 <= first <= last <= 24"))
        return self

    @model_validator(mode="after")
    def _check_restricted(self) -> Self:
        within = self.topology.within if self.topology else None
        shown = {self.style.by, within, *((self.label.vi, self.label.en) if self.label else ())}
        if hidden := sorted(field.name for field in self.fields if field.restricted and field.name in shown):
            raise refuse(
                f"restricted {hidden}",
                Text(
                    vi="trường hạn chế không dùng làm nhãn, chú giải hay topology within",
                    en="no restricted field as label, in the legend or as topology within",
                ),
            )
        return self

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """Own fields, then the common ones."""
        return (*self.fields, *COMMON_FIELDS)

    @property
    def spatial(self) -> bool:
        """Whether features may have a geometry."""
        return bool(self.geometry)

    def field(self, name: str) -> Field:
        """Return one field, own or common.

        Parameters
        ----------
        name : str
            The field's name.

        Returns
        -------
        Field
            The field.

        Raises
        ------
        UnknownFieldError
            If the layer has no such field.
        """
        for field in self.all_fields:
            if field.name == name:
                return field
        raise UnknownFieldError(seen=name, wanted=", ".join(f.name for f in self.all_fields), where=self.id)


def parse_definition(text: str, *, where: str) -> LayerDefinition:
    """Read a definition from TOML.

    Parameters
    ----------
    text : str
        The TOML document.
    where : str
        What to call it in an error, a file name as a rule.

    Returns
    -------
    LayerDefinition
        The definition, checked.

    Raises
    ------
    DefinitionError
        If the text is no TOML or breaks a rule; names the place, what was seen and what was wanted.
    """
    try:
        return LayerDefinition.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(seen=error, wanted="TOML", where=where) from error
    except ValidationError as error:
        place, seen, wanted, _ = first_mistake(error, keys=LayerDefinition.model_fields)
        raise DefinitionError(seen=seen, wanted=wanted, where=f"{where}: {place}" if place else where) from error


def read_definition(path: Path) -> LayerDefinition:
    """Read a definition file.

    Parameters
    ----------
    path : Path
        A TOML file in UTF-8.

    Returns
    -------
    LayerDefinition
        The definition, checked.

    Raises
    ------
    MissingFileError
        If the file is not there.
    DefinitionError
        If it breaks a rule.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingFileError(seen=path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(seen=error, wanted="UTF-8", where=str(path)) from error
    return parse_definition(text, where=str(path))
