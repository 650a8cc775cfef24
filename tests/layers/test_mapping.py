"""Columns become fields by name or by a mapping file; nothing is lost, translated or invented without being told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from layers.catalogue import shipped_definitions
from layers.definitions import Code, Field, LayerDefinition
from layers.errors import DefinitionError, MissingFileError
from layers.mapping import ColumnMapping, Translation, map_by_name, parse_mapping, read_mapping, shipped_mappings
from layers.types import Text

PARKS = LayerDefinition(
    id="parks",
    title=Text(vi="Khu công nghiệp", en="Parks"),
    theme="parks",
    geometry=("Point",),
    fields=(
        Field(name="name_vi", type="text", title=Text(vi="Tên tiếng Việt", en="Vietnamese name")),
        Field(name="area_ha", type="number", title=Text(vi="Diện tích", en="Area")),
        Field(
            name="kind",
            type="text",
            title=Text(vi="Loại hình", en="Kind"),
            codes=(
                Code(value="park", title=Text(vi="khu", en="park")),
                Code(value="cluster", title=Text(vi="cụm", en="cluster")),
            ),
        ),
        Field(name="note", type="text", title=Text(vi="Ghi chú", en="Note")),
    ),
)


def source(**columns: Any) -> gpd.GeoDataFrame:
    rows = len(next(iter(columns.values())))
    index = pd.RangeIndex(1, rows + 1, name="fid")
    return gpd.GeoDataFrame(columns, geometry=[Point(105, 21)] * rows, index=index, crs="EPSG:4326")


def mapping(**keys: Any) -> ColumnMapping:
    return ColumnMapping(layer="parks", where="parks.toml", **keys)


def refusal(mapped: ColumnMapping, features: gpd.GeoDataFrame, definition: LayerDefinition = PARKS) -> str:
    with pytest.raises(DefinitionError) as caught:
        mapped.apply(definition, features)
    assert caught.value.message("vi").startswith("Định nghĩa parks.toml: ")
    return caught.value.message("en")


def test_columns_templates_constants_and_ids() -> None:
    features = source(ma=["01", "02"], ten=["Hoà Lạc", None], ha=[1586.0, 12.5], loai=["KCN", "CCN"], x=[1, 2])
    done = mapping(
        id="iip-{ma}",
        fields={"name_vi": "ten", "area_ha": "ha", "note": "{ten}: {ha} ha ({loai})"},
        constants={"valid_from": dt.date(2025, 7, 1), "position": "published"},
        skip=("loai",),
    ).apply(PARKS, features)
    frame = done.features
    assert frame.index.tolist() == ["iip-01", "iip-02"]
    assert frame.index.name == "feature_id"
    assert frame["area_ha"].tolist() == [1586.0, 12.5]
    assert frame["note"].iloc[0] == "Hoà Lạc: 1586 ha (KCN)"
    assert pd.isna(frame["note"].iloc[1])
    assert frame["valid_from"].tolist() == [dt.date(2025, 7, 1)] * 2
    assert frame.geometry.iloc[0] == Point(105, 21)
    assert frame.crs == "EPSG:4326"
    assert done.left_out == ("x",)
    assert done.skipped == ()
    assert done.columns == {
        "name_vi": "ten",
        "area_ha": "ha",
        "note": "{ten}: {ha} ha ({loai})",
        "valid_from": '"2025-07-01"',
        "position": '"published"',
    }


def test_columns_skipped_on_purpose_are_told_apart_from_left_out_ones() -> None:
    done = mapping(id="ma", fields={"name_vi": "ten"}, skip=("x", "not there")).apply(
        PARKS, source(ma=["a"], ten=["b"], x=[1], y=[2])
    )
    assert (done.left_out, done.skipped) == (("y",), ("x",))


def test_values_are_translated_counted_and_others_passed_on() -> None:
    done = mapping(
        id="ma",
        fields={"kind": "loai", "area_ha": "ha"},
        values={"kind": {"KCN": "park", "CCN": "cluster", "KCN/CCN": ""}, "area_ha": {"-1": "", "7": 7.5}},
    ).apply(
        PARKS, source(ma=list("abcdef"), loai=["KCN", "CCN", "KCN", "KCN/CCN", "?", None], ha=[1.0, -1, 7, 2, 3, None])
    )
    assert done.features["kind"].isna().tolist() == [False, False, False, True, False, True]
    assert done.features["kind"].dropna().tolist() == ["park", "cluster", "park", "?"]
    assert done.features["area_ha"].dropna().tolist() == [1, 7.5, 2, 3]
    assert done.translations == (
        Translation("kind", "KCN", "park", 2),
        Translation("kind", "CCN", "cluster", 1),
        Translation("kind", "KCN/CCN", "", 1),
        Translation("area_ha", "-1", "", 1),
        Translation("area_ha", "7", "7.5", 1),
    )


def test_only_takes_the_features_that_are_asked_for() -> None:
    features = source(ma=[1, 2, 3], ten=["a", "b", "c"], loai=["road", "railway", None])
    done = mapping(id="ma", fields={"name_vi": "ten"}, only={"loai": ("road", "path")}).apply(PARKS, features)
    assert done.features.index.tolist() == ["1"]
    assert done.filtered == 2
    none = mapping(id="ma", fields={"name_vi": "ten"}, only={"ma": ("9",)}).apply(PARKS, features)
    assert (len(none.features), none.filtered) == (0, 3)


def test_feature_numbers_are_an_id_only_if_asked_for() -> None:
    assert mapping(id="sheet-{fid}").apply(PARKS, source(ten=["a", "b"])).features.index.tolist() == [
        "sheet-1",
        "sheet-2",
    ]
    assert mapping(id="fid").apply(PARKS, source(fid=["x"])).features.index.tolist() == ["x"]
    text = refusal(mapping(fields={"name_vi": "ten"}), source(ten=["a"]))
    assert "parks.toml: id is not valid: saw ten, wanted a column feature_id or id" in text
    assert '"{fid}": number in the file' in text


def test_missing_parts_of_an_id_leave_it_missing() -> None:
    done = mapping(id="2025-{ma}").apply(PARKS, source(ma=["01", None]))
    assert done.features.index.tolist()[0] == "2025-01"
    assert done.features.index.isna().tolist() == [False, True]


def test_a_column_whose_name_looks_like_a_template_is_a_column() -> None:
    done = mapping(id="{ma}", fields={"name_vi": "{ten}"}).apply(PARKS, source(**{"{ma}": ["x"], "{ten}": ["y"]}))
    assert done.features.index.tolist() == ["x"]
    assert done.features["name_vi"].tolist() == ["y"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"fields": {"name": "ten"}},
            "fields.name is not valid: saw name, wanted name_vi, area_ha, kind, note, valid_from",
        ),
        ({"fields": {"name_vi": "Ten"}}, "fields.name_vi is not valid: saw Ten, wanted fid, ma, ten"),
        ({"fields": {"note": "{ten} {huyen}"}}, "fields.note is not valid: saw huyen, wanted fid, ma, ten"),
        ({"id": "2025-{code}"}, "id is not valid: saw code, wanted fid, ma, ten"),
        ({"constants": {"colour": "red"}}, "constants.colour is not valid: saw colour, wanted name_vi"),
        (
            {"fields": {"note": "ten"}, "constants": {"note": "x"}},
            "constants.note is not valid: saw ten, wanted a column or a constant, not both",
        ),
        ({"values": {"kind": {"a": "b"}}}, "values.kind is not valid: saw kind, wanted "),
        ({"only": {"loai": ("a",)}}, "only.loai is not valid: saw loai, wanted fid, ma, ten"),
    ],
)
def test_mistakes_name_file_key_seen_and_wanted(keys: dict[str, Any], said: str) -> None:
    assert f"The definition parks.toml: {said}" in refusal(mapping(**{"id": "ma", **keys}), source(ma=["a"], ten=["b"]))


def test_a_mapping_for_another_layer_is_refused() -> None:
    other = PARKS.model_copy(update={"id": "plots"})
    assert "parks.toml: layer is not valid: saw parks, wanted plots" in refusal(
        mapping(id="ma"), source(ma=["a"]), other
    )


# By name -------------------------------------------------------------------------------------------------------------


def test_names_and_titles_fit_whatever_their_tone_marks_and_case() -> None:
    columns = ["FEATURE_ID", "Tên Tiếng Việt", "dien tich", "KIND", "Valid from", "khác"]
    found = map_by_name(PARKS, columns)
    assert found.id == "FEATURE_ID"
    assert found.fields == {
        "name_vi": "Tên Tiếng Việt",
        "area_ha": "dien tich",
        "kind": "KIND",
        "valid_from": "Valid from",
    }


def test_the_exact_name_wins_and_feature_id_goes_before_id() -> None:
    found = map_by_name(PARKS, ["id", "feature_id", "note", "Ghi chú", "Note"])
    assert found.id == "feature_id"
    assert found.fields == {"note": "note"}
    assert map_by_name(PARKS, ["ID"]).id == "ID"
    assert map_by_name(PARKS, ["code"]).id is None


def test_two_columns_for_one_field_are_refused() -> None:
    with pytest.raises(
        DefinitionError, match=r"a\.gpkg: area_ha is not valid: saw Diện tích, AREA, wanted one column a"
    ):
        map_by_name(PARKS, ["Diện tích", "AREA"], where="a.gpkg")


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=8))
def test_every_column_goes_somewhere_once(columns: list[str]) -> None:
    """A column is an id, a field, or listed as left out; no field has two."""
    try:
        found = map_by_name(PARKS, columns)
    except DefinitionError:
        return
    assert set(found.fields.values()) <= set(columns)
    assert len(set(found.fields.values())) == len(found.fields)
    if found.id is not None and "geometry" not in columns:
        done = found.apply(PARKS, source(**{column: ["x"] for column in columns}))
        assert sorted([*done.left_out, *found.fields.values(), found.id]) == sorted(columns)


# Files ---------------------------------------------------------------------------------------------------------------


def test_a_mapping_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "zones.toml"
    path.write_text(
        'layer = "parks"\nid = "{ma}"\n[fields]\nname_vi = "Tên"\n[constants]\nvalid_from = 2025-07-01\narea_ha = 3.5\n'
        '[values.name_vi]\n"-" = ""\n[only]\nkind = ["KCN"]\n',
        encoding="utf-8",
    )
    found = read_mapping(path)
    assert found.where == str(path)
    assert found.constants == {"valid_from": dt.date(2025, 7, 1), "area_ha": 3.5}
    assert found.only == {"kind": ("KCN",)}
    assert read_mapping(str(path)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("layer = ", "zones.toml is not valid: saw Invalid value"),
        ('layer = "parks"\nfield = 1\n', "zones.toml: field is not valid: saw field, wanted layer, "),
        ("id = 'x'\n", "zones.toml: layer is not valid: saw nothing, wanted this required key"),
        (
            'layer = "parks"\n[fields]\nname_vi = 3\n',
            "zones.toml: fields.name_vi is not valid: saw 3, wanted text in quotes",
        ),
        (
            'layer = "parks"\nwhere = "x"\n',
            "zones.toml is not valid: saw where, wanted layer, id, source_layer, fields,",
        ),
    ],
)
def test_faulty_mapping_files(text: str, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_mapping(text, where="zones.toml")
    assert said in caught.value.message("en")
    assert "Định nghĩa zones.toml" in caught.value.message("vi")


def test_missing_and_unreadable_mapping_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"There is no file no-such-mapping \(hanoi-districts-2020, "):
        read_mapping("no-such-mapping")
    path = tmp_path / "a.toml"
    path.write_bytes(b"layer = '\xff'")
    with pytest.raises(DefinitionError, match="wanted UTF-8"):
        read_mapping(path)
    with pytest.raises(DefinitionError, match="Is a directory"):
        read_mapping(tmp_path)


def test_shipped_mappings_fit_their_layers() -> None:
    assert shipped_mappings() == ("hanoi-districts-2020", "hanoi-units-2026", "industrial-zones-2026", "osm-roads")
    for name in shipped_mappings():
        found = read_mapping(name)
        definition = shipped_definitions()[found.layer]
        specs = [found.id or "", *found.fields.values(), *found.only]
        columns = {part for spec in specs for part in (spec.replace("{", "}").split("}")[1::2] or [spec])}
        found.check(definition, sorted(columns))
        for field, table in found.values.items():
            codes = {code.value for code in definition.field(field).codes}
            assert not codes or set(table.values()) <= {*codes, ""}
