"""The text doctor on real columns: proper text stays, old encodings of the same text are found and read back."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pandas as pd
import pyogrio
import pytest

from layers.encodings import canonical, convert, detect, encode, repair

#: File, layer, column.
VIETNAMESE = [
    ("admin/hanoi_units_2026.gpkg", "wards", "fullName"),
    ("admin/hanoi_districts_2020.gpkg", None, "name"),
    ("admin/vietnam_provinces_2026.gpkg", None, "name"),
    ("industrial/vietnam_industrial_zones_north_2026.geojson", None, "name"),
    ("industrial/vietnam_industrial_zones_north_2026.geojson", None, "address"),
    ("osm/hanoi_inner_roads_2025.gpkg", None, "name"),
    ("transport/vietnam_national_roads.geojson", None, "ten"),
    ("planning/hanoi_redriver_planning_sketch.geojson", None, "description"),
]
ENCODINGS = [
    "tcvn3",
    "vni",
    "viscii",
    "vps",
    "cp1258",
    "viqr",
    "utf-8",
    "utf-8-twice",
    "nfd",
    "composite",
    "utf-8@cp1258",
]


def _column(folder: Path, file: str, layer: str | None, name: str) -> pd.Series:
    read = pyogrio.read_dataframe(folder / file, layer=layer, read_geometry=False)
    column: pd.Series = read[name].dropna()
    return column.map(lambda text: unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(("file", "layer", "name"), VIETNAMESE)
def test_proper_vietnamese_columns_stay(shared_data: Path, file: str, layer: str | None, name: str) -> None:
    column = _column(shared_data, file, layer, name)
    done = repair(column)

    assert done.columns[0].state == "kept"
    pd.testing.assert_series_equal(done.values, column)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("file", "layer", "name"), VIETNAMESE)
def test_old_encodings_of_real_columns_are_found_and_read_back(
    shared_data: Path, file: str, layer: str | None, name: str, encoding: str
) -> None:
    column = _column(shared_data, file, layer, name)
    written = encode(column, encoding)
    first = detect(written.values)[0]

    assert (first.encoding, first.confidence > 0.95) == (encoding, True)
    read = convert(written.values, encoding).values
    wrong = [(one, other) for one, other in zip(column, read, strict=True) if one != other]
    # TCVN3 cannot tell Ứng from ứng; VISCII and VPS have no dash.
    assert all(one.lower() == other.lower() or "–" in one for one, other in wrong)
    assert len(wrong) <= len(column) // 12


def test_columns_without_vietnamese_stay(shared_data: Path) -> None:
    for file in ("cadastre/duynghia_parcels_sheets_1_6.gpkg", "vientiane/road_current2019_v0.shp"):
        read = pyogrio.read_dataframe(shared_data / file, read_geometry=False)
        assert {column.state for column in repair(read).columns} == {"kept"}


def test_french_zoning_that_was_misread_is_read_again(shared_data: Path) -> None:
    read = pyogrio.read_dataframe(shared_data / "zoning/fr_plu_41175/ZONE_URBA.shp", read_geometry=False)
    done = repair(read)
    decided = {column.column: (column.state, column.encoding) for column in done.columns}

    assert decided["LIBELONG"] == ("repaired", "utf-8")
    assert {state for name, (state, _) in decided.items() if name != "LIBELONG"} == {"kept"}
    assert done.values["LIBELONG"].str.contains("bâti existant").any()


def test_french_text_of_windows_1252_stays(shared_data: Path) -> None:
    read = pyogrio.read_dataframe(
        shared_data / "formats/shp_latin1/PRESCRIPTION_PCT.shp", encoding="ISO-8859-1", read_geometry=False
    )

    assert {column.state for column in repair(read).columns} == {"kept"}


def test_hoa_lac_is_one_name_in_both_styles(shared_data: Path) -> None:
    names = _column(shared_data, "admin/hanoi_units_2026.gpkg", "wards", "name")

    assert "Hoà Lạc" in set(names)
    assert "Hòa Lạc" not in set(names)
    assert canonical("HÒA LẠC").casefold() in set(names.map(canonical).str.casefold())
