"""What a layer is: one declaration, from which table, schema, legend, validation and documentation are derived.

A definition is written in TOML, by us or by a user at run time, and read into frozen values here. Nothing in this
module knows a database, a file format or the web.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import ValidationError, model_validator

from layers.declared import first_mistake, refuse
from layers.errors import DefinitionError, MissingFileError, UnknownFieldError
from layers.fields import (
    COLOUR,
    COMMON_FIELDS,
    ID_FIELD,
    IDENTIFIER,
    NAME,
    RRGGBB,
    BothLanguages,
    Code,
    Declared,
    Field,
    FieldType,
)
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
GeometryType = Literal["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"]
Theme = Literal[
    "parks", "land", "transport", "energy", "water", "wastewater", "drainage", "telecom",
    "planning", "constraint", "social", "administration", "economy", "regulation", "reference",
]  # fmt: skip

#: How much a finding of a rule weighs in a layer.
Weight = Literal["error", "warning", "allowed"]


class Style(Declared):
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
        if not COLOUR.fullmatch(self.color):
            raise refuse(f"color {self.color!r}", RRGGBB)
        return self


class Topology(Declared):
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


#: Names that the stores use themselves.
_RESERVED_PREFIXES: Final = ("gpkg_", "rtree_", "parkplan_", "sqlite_", "pg_", "spatial_ref_sys")
_RESERVED: Final = {ID_FIELD, "fid", "geom", "geometry", "changeset", *(field.name for field in COMMON_FIELDS)}


class LayerDefinition(Declared):
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
        if not IDENTIFIER.fullmatch(self.id):
            raise refuse(f"id {self.id!r}", NAME)
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
