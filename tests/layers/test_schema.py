"""What is derived from a definition follows it, and nothing else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import geopandas as gpd
import jsonschema
import numpy as np
import pandas as pd
import pytest
import shapely

from layers.catalogue import list_definitions, shipped_definitions
from layers.definitions import COMMON_FIELDS, LayerDefinition, parse_definition, read_definition
from layers.errors import CrsError, DefinitionError, MissingFileError, UnknownFieldError, ValueOutOfRangeError
from layers.schema import empty_features, json_schema, legend, queryables, reference_page, typed
from layers.types import LANGUAGES, Text

PLOTS = """
id = "plots"
theme = "land"
geometry = ["Polygon", "MultiPolygon"]
title = {vi = "Lô đất", en = "Plots"}
description = {vi = "Các lô.", en = "The plots."}
label = {vi = "name", en = "name"}
style = {color = "#888888", by = "land_use"}
fields = [
  {name = "name", type = "text", title = {vi = "Tên", en = "Name"}, required = true},
  {name = "park_id", type = "text", title = {vi = "Khu", en = "Park"}, references = "parks"},
  {name = "floors", type = "integer", title = {vi = "Số tầng", en = "Floors"}, minimum = 1, maximum = 50},
  {name = "area_ha", type = "number", title = {vi = "Diện tích", en = "Area"}, unit = "ha"},
  {name = "built", type = "boolean", title = {vi = "Đã xây", en = "Built"}},
  {name = "land_use", type = "text", title = {vi = "Loại đất", en = "Land use"}, codes = [
    {value = "CN", title = {vi = "Công nghiệp", en = "Industry"}, color = "#aa5500"},
    {value = "CX", title = {vi = "Cây xanh", en = "Greenery"}, color = "#22aa22"},
    {value = "GT", title = {vi = "Giao thông", en = "Roads"}},
  ]},
]
"""


@pytest.fixture
def plots() -> LayerDefinition:
    return parse_definition(PLOTS, where="plots.toml")


def test_the_schema_judges_features_as_the_definition_does(plots: LayerDefinition) -> None:
    schema = json_schema(plots, "en")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(
        {**schema, "properties": {k: v for k, v in schema["properties"].items() if k != "geometry"}}
    )
    good: dict[str, Any] = {"name": "A1", "floors": 3, "area_ha": 1.5, "built": True, "land_use": "CN"}
    assert list(validator.iter_errors(good)) == []
    for wrong in ({"floors": 0}, {"floors": 51}, {"floors": 1.5}, {"land_use": "XX"}, {"colour": "red"}, {"name": 3}):
        assert len(list(validator.iter_errors({**good, **wrong}))) == 1, wrong
    assert len(list(validator.iter_errors({"floors": 3}))) == 1


def test_titles_units_and_roles_stand_in_the_schema(plots: LayerDefinition) -> None:
    vi, en = json_schema(plots, "vi")["properties"], json_schema(plots, "en")["properties"]
    assert (vi["area_ha"]["title"], en["area_ha"]["title"]) == ("Diện tích", "Area")
    assert en["area_ha"]["x-ogc-unit"] == "ha"
    assert en["park_id"]["x-ogc-collectionId"] == "parks"
    assert en["land_use"]["x-parkplan-codes"]["CX"] == "Greenery"
    assert en["geometry"]["x-ogc-role"] == "primary-geometry"
    assert en["id"]["x-ogc-role"] == "id"
    assert en["valid_from"]["x-ogc-role"] == "primary-interval-start"


@pytest.mark.parametrize(
    ("types", "format_"),
    [
        ('["Polygon", "MultiPolygon"]', "geometry-polygon-or-multipolygon"),
        ('["MultiLineString", "LineString"]', "geometry-linestring-or-multilinestring"),
        ('["LineString"]', "geometry-linestring"),
        ('["MultiPoint"]', "geometry-multipoint"),
        ('["Point", "Polygon"]', "geometry-any"),
    ],
)
def test_the_kind_of_geometry_is_named_as_the_standard_does(types: str, format_: str) -> None:
    """QGIS takes the type of a layer from it, where the first features have no geometry."""
    definition = parse_definition(PLOTS.replace('["Polygon", "MultiPolygon"]', types), where="x")
    assert json_schema(definition, "vi")["properties"]["geometry"]["format"] == format_
    assert queryables(definition, "vi")["properties"]["geometry"]["format"] == format_


def test_fields_have_an_order_and_the_id_the_name_that_features_give_it(plots: LayerDefinition) -> None:
    """QGIS forgets the order of a JSON object, and would send back `feature_id` as an attribute."""
    properties = json_schema(plots, "vi")["properties"]
    assert [schema["x-ogc-propertySeq"] for schema in properties.values()] == list(range(1, len(properties) + 1))
    assert list(properties)[:4] == ["id", "geometry", "name", "park_id"]
    own = parse_definition(PLOTS.replace('name = "built"', 'name = "id"'), where="x")
    assert json_schema(own, "vi")["properties"]["id"]["type"] == "boolean"
    assert json_schema(own, "vi")["properties"]["feature_id"]["x-ogc-role"] == "id"


def test_queryables_are_every_field_and_the_geometry(plots: LayerDefinition) -> None:
    names = [field.name for field in plots.all_fields]
    assert list(queryables(plots, "en")["properties"]) == ["feature_id", "geometry", *names]
    assert names[-len(COMMON_FIELDS) :] == ["valid_from", "valid_to", "position", "source", "confidence"]


def test_a_legend_has_a_line_a_code_and_one_for_none(plots: LayerDefinition) -> None:
    lines = legend(plots)
    assert [(line.value, line.color) for line in lines] == [
        ("CN", "#aa5500"),
        ("CX", "#22aa22"),
        ("GT", "#888888"),
        (None, "#888888"),
    ]
    single = parse_definition(PLOTS.replace(', by = "land_use"', ""), where="x")
    assert [(line.value, line.title) for line in legend(single)] == [(None, Text(vi="Lô đất", en="Plots"))]


def test_the_reference_page_names_every_field_in_both_languages() -> None:
    definitions = list(shipped_definitions().values())
    for language in LANGUAGES:
        page = reference_page(definitions, language)
        for definition in definitions:
            assert f"## {definition.title.say(language)} (`{definition.id}`)" in page
            for field in definition.all_fields:
                assert f"| `{field.name}` | {field.title.say(language)} |" in page


def test_typed_gives_every_column_its_dtype(plots: LayerDefinition) -> None:
    raw = gpd.GeoDataFrame(
        {
            "feature_id": [1, 2],
            "floors": ["3", None],
            "area_ha": ["2.5", ""],
            "built": ["true", None],
            "valid_to": [dt.date(2030, 1, 2), None],
            "colour": ["red", "blue"],
        },
        geometry=[shapely.box(0, 0, 1, 1), None],
        crs="EPSG:4326",
    )
    found = typed(plots, raw)
    assert found.index.tolist() == ["1", "2"]
    assert found["floors"].tolist() == [3, pd.NA]
    assert found["area_ha"].iloc[0] == 2.5
    assert np.isnan(found["area_ha"].iloc[1])
    assert found["built"].tolist() == [True, pd.NA]
    assert found["valid_to"].iloc[0] == pd.Timestamp("2030-01-02")
    assert found["name"].isna().all()
    assert found["colour"].tolist() == ["red", "blue"]
    assert raw.columns.tolist()[0] == "feature_id"
    pd.testing.assert_frame_equal(pd.DataFrame(typed(plots, found)), pd.DataFrame(found))


def test_typed_refuses_what_it_would_have_to_guess(plots: LayerDefinition) -> None:
    with pytest.raises(ValueOutOfRangeError, match=r"floors \[a\]: saw .*3\.5.*, wanted a whole number"):
        typed(plots, pd.DataFrame({"floors": [3.5]}, index=["a"]))
    square = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], index=["a"])
    with pytest.raises(CrsError, match="missing, wanted EPSG:4326"):
        typed(plots, square)
    with pytest.raises(CrsError, match="EPSG:3405, wanted EPSG:4326"):
        typed(plots, square.set_crs("EPSG:3405"))


def test_an_empty_layer_has_every_column(plots: LayerDefinition) -> None:
    empty = empty_features(plots)
    assert len(empty) == 0
    assert empty.columns.tolist() == [*(field.name for field in plots.all_fields), "geometry"]
    assert empty.crs == "EPSG:4326"


def test_layers_are_listed_by_theme() -> None:
    ids = list(shipped_definitions())
    assert ids[0] == "parks"
    assert ids.index("roads") < ids.index("wastewater_plants") < ids.index("rules")
    assert [d.id for d in list_definitions(list(shipped_definitions().values())[::-1])] == ids


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "plots"', 'id = "Plots!"', "id 'Plots!'"),
        ('id = "plots"', 'id = "gpkg_plots"', "gpkg_plots"),
        ('theme = "land"', 'theme = "lands"', "theme"),
        ('"Polygon", "MultiPolygon"', '"Polygone"', "geometry.0"),
        ('type = "integer"', 'type = "int"', "fields.2.type"),
        ('name = "floors"', 'name = "name"', "each field name once"),
        ('name = "floors"', 'name = "source"', "source"),
        ('name = "floors"', 'name = "Số tầng"', "name 'Số tầng'"),
        ('by = "land_use"', 'by = "floors"', "style by 'floors'"),
        ('value = "CX"', 'value = "CN"', "each code once"),
        ('"#aa5500"', '"brown"', "color 'brown'"),
        ('unit = "ha"', 'unti = "ha"', "unti"),
        ('type = "boolean"', 'type = "boolean", minimum = 1', "bounds"),
        ('{vi = "Lô đất", en = "Plots"}', '{en = "Plots"}', "title"),
        ('label = {vi = "name"', 'label = {vi = "ten"', "label 'ten'"),
        ('id = "plots"', 'id = plots"', "TOML"),
        ("required = true", 'required = "maybe"', "wanted true or false"),
        (
            'title = {vi = "Tên"',
            'titel = {vi = "Tên"',
            "fields.0.title is not valid: saw nothing, wanted this required key",
        ),
    ],
)
def test_a_wrong_definition_says_where_and_what(old: str, new: str, said: str) -> None:
    assert old in PLOTS
    with pytest.raises(DefinitionError) as caught:
        parse_definition(PLOTS.replace(old, new, 1), where="mine.toml")
    assert said in str(caught.value)
    vietnamese = caught.value.message("vi")
    assert "mine.toml" in vietnamese
    assert "cần" in vietnamese
    assert "wanted" not in vietnamese


def test_a_missing_definition_file_is_named(tmp_path: Any) -> None:
    with pytest.raises(MissingFileError, match=r"gone\.toml"):
        read_definition(tmp_path / "gone.toml")
    (tmp_path / "tcvn.toml").write_bytes(b"title = \xfe\xff")
    with pytest.raises(DefinitionError, match="UTF-8"):
        read_definition(tmp_path / "tcvn.toml")


def test_an_unknown_field_is_named(plots: LayerDefinition) -> None:
    with pytest.raises(UnknownFieldError, match=r"'flors'.*name, park_id, floors"):
        plots.field("flors")
