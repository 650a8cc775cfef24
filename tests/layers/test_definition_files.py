"""The shipped layer definitions: complete, in both languages, drawable, and consistent with one another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from layers.catalogue import shipped_definitions
from layers.definitions import Field, LayerDefinition, read_definition
from layers.types import Text

FOLDER = Path(str(files("layers") / "definitions"))
FILES = sorted(FOLDER.glob("*.toml"))
SPATIAL = {
    "admin_units", "constraint_areas", "coverage", "drainage", "enterprises", "gas", "parks", "planning_zones", "plots",
    "power_lines", "railways", "rivers", "roads", "sewers", "social_facilities", "substations", "telecom",
    "wastewater_plants", "water_mains", "water_plants",
}  # fmt: skip
ATTRIBUTES_ONLY = {"facts", "indicators", "land_use_codes", "plans", "rules", "unit_relations"}
#: What code and rules rely on, by layer and field.
CODES = {
    ("parks", "kind"): (
        "industrial_park", "supporting_industrial_park", "eco_industrial_park", "hi_tech_park", "industrial_cluster",
        "export_processing_zone",
    ),
    ("parks", "status"): ("operating", "under_construction", "in_plan", "proposed"),
    ("parks", "time_basis"): ("established", "approved", "plan", "unknown"),
    ("plots", "land_use"): ("CN", "DV", "CX", "MN", "GT", "HTKT", "P", "AN", "NT"),
    ("roads", "road_class"): (
        "expressway", "national", "provincial", "urban_main", "urban", "district", "local", "internal", "service",
        "path", "other",
    ),
    ("wastewater_plants", "technology"): (
        "sludge_drying_beds", "mechanical_sludge", "biological", "enclosed_odour_treated",
    ),
    ("telecom", "kind"): ("base_station_5g", "base_station", "exchange", "fibre"),
    ("planning_zones", "zone"): (
        "industrial", "residential", "urban", "green", "agriculture", "transport", "technical", "public", "other",
    ),
    ("constraint_areas", "constraint"): (
        "flood_corridor", "heritage", "airport", "protected", "rice_land", "inner_urban",
    ),
    ("social_facilities", "facility"): (
        "worker_housing", "housing", "school", "kindergarten", "clinic", "hospital", "bus_stop",
    ),
    ("enterprises", "hazard_class"): ("I", "II", "III", "IV", "V"),
    ("admin_units", "level"): ("province", "district", "commune"),
    ("unit_relations", "relation"): ("whole", "part", "unknown"),
    ("coverage", "completeness"): ("complete", "partial"),
    ("rules", "severity"): ("fail", "warning"),
    ("rules", "check"): (
        "share", "separation", "attribute", "trigger", "overlap", "within", "reach", "presence", "lookup", "area_match",
        "place_match", "time_known",
    ),
}  # fmt: skip
#: The end of a field's name tells its unit.
UNITS = {
    "_m3_day": "m³/d", "_km2": "km²", "_ha": "ha", "_pct": "%", "_mm": "mm", "_kv": "kV", "_mva": "MVA", "_bar": "bar",
    "_billion_vnd": "10⁹ VND", "_m": "m",
}  # fmt: skip
ENGLISH = re.compile(
    r"\b(the|of|and|parks?|with|from|for|not|areas?|roads?|plans?|known|source|decision|year|built|works|housing|note)\b",
    re.IGNORECASE,
)


def texts(value: LayerDefinition | Field) -> Iterator[Text]:
    yield value.title
    if value.description is not None:
        yield value.description
    for field in value.fields if isinstance(value, LayerDefinition) else ():
        yield from texts(field)
        yield from (code.title for code in field.codes)


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def definition(request: pytest.FixtureRequest) -> LayerDefinition:
    return read_definition(request.param)


def test_every_layer_has_its_file() -> None:
    assert {path.stem for path in FILES} == SPATIAL | ATTRIBUTES_ONLY
    assert {path.stem: read_definition(path).id for path in FILES} == {path.stem: path.stem for path in FILES}
    assert {id_ for id_, one in shipped_definitions().items() if one.spatial} == SPATIAL


def test_every_text_is_there_in_both_languages(definition: LayerDefinition) -> None:
    for text in texts(definition):
        assert text.vi.strip() == text.vi != "", text
        assert text.en.strip() == text.en != "", text
        assert not ENGLISH.search(text.vi.replace('"check"', "").replace('"unknown"', "")), text.vi
        assert unicodedata.normalize("NFC", text.vi) == text.vi
    assert definition.description is not None
    assert definition.source
    assert definition.licence


def test_fields_of_one_language_come_in_pairs(definition: LayerDefinition) -> None:
    names = {field.name for field in definition.fields}
    # English names of things stand beside `name` too, which is in the language of the thing.
    paired = {name for name in names if name.endswith(("_vi", "_en"))} - {"name_en"}
    stems = {name[:-3] for name in paired}
    assert {f"{stem}_{language}" for stem in stems for language in ("vi", "en")} <= names


def test_the_end_of_a_name_tells_the_unit(definition: LayerDefinition) -> None:
    for field in definition.fields:
        wanted = next((unit for end, unit in UNITS.items() if field.name.endswith(end)), None)
        if field.type == "number" and wanted:
            assert field.unit == wanted, field.name
            assert field.minimum == 0, field.name
        if field.name.endswith("_pct"):
            assert field.maximum == 100, field.name


def test_a_legend_line_has_a_colour_of_its_own(definition: LayerDefinition) -> None:
    if definition.style.by is None:
        return
    colors = [code.color for code in definition.field(definition.style.by).codes]
    assert None not in colors
    assert len(set(colors)) == len(colors)


def test_references_lead_to_shipped_layers(definition: LayerDefinition) -> None:
    wanted = {"park_id": "parks", "plan_id": "plans", "old_unit": "admin_units", "new_unit": "admin_units"}
    for field in definition.fields:
        assert field.references == wanted.get(field.name, field.references)
        assert field.references is None or field.references in shipped_definitions()


@pytest.mark.parametrize(("layer", "field"), CODES, ids=".".join)
def test_code_lists_are_those_that_code_and_rules_use(layer: str, field: str) -> None:
    codes = shipped_definitions()[layer].field(field).codes
    assert tuple(code.value for code in codes) == CODES[layer, field]


@pytest.mark.parametrize(
    ("layer", "geometry"),
    [
        ("parks", {"Point", "Polygon", "MultiPolygon"}),
        ("plots", {"Polygon", "MultiPolygon"}),
        ("roads", {"LineString", "MultiLineString"}),
        ("wastewater_plants", {"Point", "Polygon"}),
        ("admin_units", {"Point", "Polygon", "MultiPolygon"}),
        ("facts", set()),
    ],
)
def test_geometry_types(layer: str, geometry: set[str]) -> None:
    assert set(shipped_definitions()[layer].geometry) == geometry


def test_areas_of_hanoi_are_measured_in_vn2000_zone_482() -> None:
    assert {definition.metric_crs for definition in shipped_definitions().values()} == {"EPSG:5897"}


def test_parks_are_drawn_by_status_and_titled_in_the_readers_language() -> None:
    parks = shipped_definitions()["parks"]
    assert parks.style.by == "status"
    assert parks.label == Text(vi="name_vi", en="name_en")
    assert [field.name for field in parks.fields if field.required] == ["name_vi"]
