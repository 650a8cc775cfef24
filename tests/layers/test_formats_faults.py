"""What is wrong with how a file was written is told, or keeps the file out where it has no one meaning."""

from __future__ import annotations

import json
import shutil
import sqlite3
import struct
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from layers.errors import FileUnreadableError
from layers.examining import validate_file
from layers.formats import inspect, read_batches, read_features
from layers.formats.model import Fault
from layers.types import Language
from layers.validation import RULES

RING = [[105, 21], [105.01, 21], [105.01, 21.01], [105, 21.01], [105, 21]]


def feature(geometry: Any = None, **members: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": "A"}, "geometry": geometry, **members}


def point(x: float = 105, y: float = 21) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


def area(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def write(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "lots.geojson"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": list(features)}


def faults(tmp_path: Path, document: Any) -> tuple[Fault, ...]:
    return read_features(write(tmp_path, document)).faults


def said(fault: Fault, language: Language = "en") -> tuple[str, str]:
    seen, wanted = (one if isinstance(one, str) else one.say(language) for one in (fault.seen, fault.wanted))
    return seen, wanted


def refusal(tmp_path: Path, document: Any) -> str:
    with pytest.raises(FileUnreadableError) as caught:
        read_features(write(tmp_path, document))
    assert caught.value.message("vi") != caught.value.message("en")
    return caught.value.message("en")


# Rings that are open --------------------------------------------------------------------------------------------------


def test_open_rings_are_closed_without_moving_a_vertex(tmp_path: Path) -> None:
    many = {"type": "MultiPolygon", "coordinates": [[RING[:-1]], [RING[1:]]]}
    path = write(tmp_path, collection(feature(area(RING)), feature(area(RING[:-1])), feature(many)))
    before = path.read_bytes()
    source = read_features(path)
    assert [(fault.rule, fault.row) for fault in source.faults] == [
        ("file-unclosed-ring", 1),
        ("file-unclosed-ring", 2),
    ]
    assert shapely.get_coordinates(source.frame.geometry.iloc[1]).tolist() == RING
    assert (source.path, source.layer, path.read_bytes()) == (path, "lots", before)
    receipt = validate_file(path)
    issue = next(issue for issue in receipt.issues if issue.rule == "file-unclosed-ring")
    assert issue.message("en") == (
        "lots, row 2, field geometry: a ring is not closed; saw open rings: 1, wanted a ring that ends in its first "
        "position. Mended: the ring was closed to its first vertex (0.00 m² moved)."
    )
    assert issue.message("vi") == (
        "lots, dòng 2, trường geometry: vòng biên không khép kín; gặp 1 vòng chưa khép, cần vòng kết thúc tại đỉnh đầu "
        "của nó. Đã sửa: khép vòng về đỉnh đầu (đổi 0.00 m²)."
    )


def test_a_ring_of_two_positions_is_no_ring(tmp_path: Path) -> None:
    assert "feature 1: a ring of only 2 positions" in refusal(tmp_path, collection(feature(area(RING[:2]))))


def test_lots_with_two_open_rings_are_read(shared_data: Path) -> None:
    source = read_features(shared_data / "industrial" / "shtp_lots_pixel_coords.geojson")
    assert [fault.row for fault in source.faults if fault.rule == "file-unclosed-ring"] == [1, 5]


def test_open_rings_of_jsonfg_are_closed_too(tmp_path: Path) -> None:
    conforms = "http://www.opengis.net/spec/json-fg-1/0.2/conf/core"
    source = read_features(write(tmp_path, collection(feature(area(RING[:-1])), conformsTo=[conforms])))
    assert source.driver == "JSON-FG"
    assert [(fault.rule, fault.row) for fault in source.faults] == [("file-unclosed-ring", 0)]
    assert shapely.get_coordinates(source.frame.geometry.iloc[0]).tolist() == RING


# Stated bounds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bbox", "wrong"),
    [
        ([105, 21, 106, 22], False),
        ([105, 21, 0, 106, 22, 0], False),
        ([105.001, 21, 106, 21.999], False),
        ([21, 105, 22, 106], True),
        ([105, 21, 106, 23], True),
        ([179, 21, -179, 22], False),
        ([105, 21, 106], True),
        ([105, 21, 106, "22"], True),
        (None, True),
    ],
)
def test_bounds_of_geojson(tmp_path: Path, bbox: Any, wrong: bool) -> None:  # noqa: FBT001
    found = faults(tmp_path, collection(feature(point()), feature(point(106, 22)), bbox=bbox))
    assert [(fault.rule, fault.row, fault.field) for fault in found] == [("file-bbox", None, "bbox")] * wrong


def test_bounds_are_told_as_stated_and_as_they_are(tmp_path: Path) -> None:
    fault = faults(tmp_path, collection(feature(point()), feature(point(106, 22)), bbox=[21, 105, 22, 106]))[0]
    assert said(fault) == ("21, 105, 22, 106", "105, 21, 106, 22")


def lots() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=gpd.points_from_xy([105, 106], [21, 22]), crs="EPSG:4326")


def test_bounds_of_a_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "lots.gpkg"
    lots().to_file(path)
    assert read_features(path).faults == ()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_contents SET max_x = 180")
    assert [fault.rule for fault in read_features(path).faults] == ["file-bbox"]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_contents SET max_x = NULL")
    assert read_features(path).faults == ()


def test_bounds_of_a_shapefile(tmp_path: Path) -> None:
    path = tmp_path / "lots.shp"
    lots().to_file(path, encoding="UTF-8")
    assert read_features(path).faults == ()
    content = bytearray(path.read_bytes())
    content[36:68] = struct.pack("<4d", 0, 0, 1, 1)
    path.write_bytes(content)
    fault = read_features(path).faults[0]
    assert (fault.rule, said(fault)) == ("file-bbox", ("0, 0, 1, 1", "105, 21, 106, 22"))


def test_bounds_of_a_geoparquet_file(tmp_path: Path) -> None:
    path = tmp_path / "lots.parquet"
    lots().to_parquet(path)
    assert read_features(path).faults == ()
    table = pq.read_table(path)
    for bbox, wrong in (([105, 21, 0, 106, 22, 9], 0), ([21, 105, 22, 106], 1), ([105, 21], 0), (["a", 1, 2, 3], 0)):
        about = json.loads(table.schema.metadata[b"geo"])
        about["columns"]["geometry"]["bbox"] = bbox
        pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"geo": json.dumps(about)}), path)
        assert [fault.rule for fault in read_features(path).faults] == ["file-bbox"] * wrong


def test_the_number_of_features_that_a_geopackage_states(tmp_path: Path) -> None:
    path = tmp_path / "lots.gpkg"
    lots().to_file(path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_ogr_contents SET feature_count = 7")
    source = read_features(path)
    assert (len(source.frame), inspect(path).layers[0].features) == (2, 2)
    assert [(fault.rule, fault.row, *said(fault)) for fault in source.faults] == [
        ("file-count", None, "7 features", "2 features")
    ]
    assert said(source.faults[0], "vi") == ("7 đối tượng", "2 đối tượng")


def test_a_layer_without_features_has_no_bounds(tmp_path: Path) -> None:
    for name in ("lots.shp", "lots.gpkg"):
        lots().iloc[:0].to_file(tmp_path / name)
        source = read_features(tmp_path / name, encoding="UTF-8" if name.endswith("shp") else None)
        assert (len(source.frame), source.faults) == (0, ())


# RFC 7946 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "rule", "row", "texts"),
    [
        (collection(feature(point(), id={})), "file-standard", 0, ("an id of type dict", "id kiểu dict")),
        (
            collection(feature(point()), feature(point(), id=True)),
            "file-standard",
            1,
            (("an id of type bool", "id kiểu bool")),
        ),
        (
            collection({"type": "Feature", "geometry": point()}, {"type": "Feature", "geometry": point()}),
            "file-standard",
            0,
            ("a Feature without properties (2 features)", "Feature không có properties (2 đối tượng)"),
        ),
        (
            collection({"type": "Feature", "properties": {"name": "A"}}),
            "file-standard",
            0,
            ("a Feature without geometry", "Feature không có geometry"),
        ),
        (
            collection(feature({**point(), "properties": {}})),
            "file-standard",
            0,
            ("a Point with a member properties", "Point có thành phần properties"),
        ),
        (
            collection(feature({"type": "GeometryCollection", "geometries": [point()]})),
            "file-standard",
            0,
            ("a GeometryCollection of a single geometry", "GeometryCollection chỉ có một hình học"),
        ),
        (
            collection(feature({"type": "LineString", "coordinates": [[105, 21, 1, 2], [106, 21, 1, 2]]})),
            "file-standard",
            0,
            ("positions of more than three numbers", "vị trí có hơn ba số"),
        ),
        (
            collection(feature(point()), crs={"type": "name", "properties": {"name": "EPSG:4326"}}),
            "file-standard",
            None,
            ("a member crs", "thành phần crs"),
        ),
        (
            collection(feature(point(), id=7), feature(point()), feature(point(), id="7")),
            "file-duplicate-id",
            2,
            ("'7' in 2 features", "'7' ở 2 đối tượng"),
        ),
        (
            collection(feature(area(RING[::-1])), feature(area(RING))),
            "file-winding",
            None,
            ("rings: 1", "1 vòng biên"),
        ),
        (
            collection(feature(area([[105, 21], [106, 21], [105, 21]]))),
            "file-standard",
            0,
            ("a ring of fewer than four positions", "vòng biên có ít hơn bốn vị trí"),
        ),
        (collection(feature(point(), bbox=["a"])), "file-bbox", 0, ('["a"]', '["a"]')),
        (
            collection(feature(point()), feature(point(), bbox=[105, 21, 106, 22])),
            "file-bbox",
            1,
            ("105, 21, 106, 22", "105, 21, 106, 22"),
        ),
        (
            collection(
                feature(
                    {
                        "type": "GeometryCollection",
                        "geometries": [point(), {"type": "GeometryCollection", "geometries": [point(), point()]}],
                    }
                )
            ),
            "file-standard",
            0,
            (
                "a GeometryCollection in a GeometryCollection",
                "GeometryCollection lồng trong GeometryCollection",
            ),
        ),
    ],
)
def test_what_the_standard_does_not_allow_is_told(
    tmp_path: Path, document: Any, rule: str, row: int | None, texts: tuple[str, str]
) -> None:
    found = faults(tmp_path, document)
    assert [(fault.rule, fault.row, fault.repair) for fault in found] == [(rule, row, None)]
    assert said(found[0])[0] == texts[0]
    assert said(found[0], "vi")[0] == texts[1]
    assert said(found[0])[1]
    assert RULES[rule].severity == "warning"


BROKEN: list[tuple[Any, str]] = [
    ({"type": "LineString", "coordinates": [[105, 21]]}, "LineString: a line of only one position"),
    (
        {"type": "LineString", "coordinates": [[105, 21], [106, None]]},
        "LineString: a position that does not consist of",
    ),
    ({"type": "LineString", "coordinates": [[105, 21], [True, False]]}, "LineString: a position that does not consist"),
    ({"type": "Point", "coordinates": [105, "21"]}, "Point: a position that does not consist of numbers"),
    ({"type": "Point", "coordinates": {"x": 105, "y": 21}}, "Point: no list"),
    ({"type": "Point", "coordinates": []}, "Point: a position of only 0 numbers"),
    ({"type": "MultiPoint", "coordinates": [105, 21]}, "MultiPoint: coordinates that are not nested deeply enough"),
    ({"type": "Polygon", "coordinates": [RING[:2]]}, "a ring of only 2 positions"),
    ({"type": "GeometryCollection"}, "geometries that are no list of geometries"),
    ({"type": "GeometryCollection", "geometries": [None]}, "geometries that are no list of geometries"),
    ({"type": "point", "coordinates": [105, 21]}, 'a geometry of the type "point"'),
    (feature(point()), 'a geometry of the type "Feature"'),
    ([105, 21], "a geometry of the type [105, 21]"),
    (False, "a geometry of the type false"),
]


@pytest.mark.parametrize(("geometry", "seen"), BROKEN)
@pytest.mark.parametrize("lines", [False, True])
def test_a_geometry_that_cannot_be_read_leaves_its_row_without_one(
    tmp_path: Path,
    geometry: Any,
    seen: str,
    lines: bool,  # noqa: FBT001
) -> None:
    features = [feature(point()), feature(geometry), feature(area(RING))]
    path = tmp_path / ("lots.geojsonl" if lines else "lots.geojson")
    path.write_text("\n".join(map(json.dumps, features)) if lines else json.dumps(collection(*features)))
    source = read_features(path)
    assert [None if shape is None else shape.geom_type for shape in source.frame.geometry] == ["Point", None, "Polygon"]
    assert source.frame["name"].tolist() == ["A", "A", "A"]
    assert [(fault.rule, fault.row, fault.field) for fault in source.faults] == [("file-feature", 1, "geometry")]
    assert said(source.faults[0])[0].startswith(seen)
    assert [issue.rule for issue in validate_file(path).errors] == ["file-feature"]


@pytest.mark.parametrize("member", ["text", None, 3, point(), {**feature(point()), "type": "feature"}, collection()])
def test_what_is_no_feature_leaves_an_empty_row(tmp_path: Path, member: Any) -> None:
    source = read_features(write(tmp_path, collection(feature(point()), member, feature(point()))))
    assert [(fault.rule, fault.row, fault.field) for fault in source.faults] == [("file-feature", 1, "type")]
    assert (source.frame.geometry.isna().tolist(), source.frame["name"].isna().tolist()) == ([False, True, False],) * 2


def test_properties_that_are_no_object_are_told_and_the_place_is_kept(tmp_path: Path) -> None:
    source = read_features(write(tmp_path, collection(feature(point()), feature(point(), properties=["a"]))))
    assert source.frame.geometry.iloc[1].equals(source.frame.geometry.iloc[0])
    assert [(fault.rule, fault.row, fault.field) for fault in source.faults] == [("file-feature", 1, "properties")]
    assert source.frame["name"].isna().tolist() == [False, True]


@pytest.mark.parametrize("mark", ["", "\x1e"])
def test_open_rings_of_lines_are_closed_and_every_other_line_is_as_it_was(tmp_path: Path, mark: str) -> None:
    features = [feature(point(), id=1), feature(area(RING[:-1]), id=2), feature(point(106, 22), id=2)]
    path = tmp_path / "lots.geojsonl"
    path.write_text("".join(f"{mark}{json.dumps(one)}\n" for one in features))
    source = read_features(path)
    assert [(fault.rule, fault.row) for fault in source.faults] == [("file-unclosed-ring", 1), ("file-duplicate-id", 2)]
    assert shapely.get_coordinates(source.frame.geometry).tolist() == [[105, 21], *RING, [106, 22]]
    assert "members twice in one object: name" in refusal_of(
        path, '{"type": "Feature", "properties": {"name": 1, "name": 2}}'
    )


def refusal_of(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(FileUnreadableError) as caught:
        read_features(path)
    return caught.value.message("en")


@pytest.mark.parametrize(
    ("document", "en"),
    [
        (collection(feature(point(), properties=["a"])), "feature 1: properties of type list"),
        ('{"type": "FeatureCollection", "features": [], "features": []}', "members twice in one object: features"),
        (
            '{"type": "Feature", "properties": {"a": {"b": 1, "b": 2}}, "geometry": null}',
            "members twice in one object: b",
        ),
        (
            collection(feature({"type": "MultiPolygon", "coordinates": [[[1]]]})),
            "MultiPolygon: coordinates that are not",
        ),
        (
            collection(feature({"type": "MultiPoint", "coordinates": [[[0, 0]]]})),
            "MultiPoint: a position that does not",
        ),
        (collection(feature({"type": "LineString"})), "feature 1: a LineString without coordinates"),
        (collection(feature({"type": "LineString", "coordinates": 3})), "feature 1: LineString: no list"),
        (collection(feature({"type": "LineString", "coordinates": [[1], [2]]})), "a position of only 1 numbers"),
        ({"type": "GeometryCollection", "geometries": [False]}, "geometries that are no list of geometries"),
    ],
)
def test_what_has_no_one_meaning_is_refused(tmp_path: Path, document: Any, en: str) -> None:
    assert en in refusal(tmp_path, document)


def test_texts_that_look_like_members_are_no_members(tmp_path: Path) -> None:
    assert faults(tmp_path, collection(feature(point(), properties={"name": 'a "name": b', 'c": ': {"name": 1}}))) == ()


def test_a_published_linter_and_this_package_agree(shared_data: Path) -> None:
    """Where the linter has something to say, the file is refused or has a fault; where all is well, it has none."""
    silent = set()
    bad = sorted((shared_data / "formats" / "geojson_bad").glob("*.geojson"))
    assert len(bad) == 22
    for path in bad:
        messages = json.loads(path.with_suffix("").with_suffix(".expected_messages.json").read_bytes())
        receipt = validate_file(path)
        told = [issue for issue in receipt.issues if issue.rule.startswith("file-")]
        if messages and not told:
            silent.add(path.stem)
    assert silent == set()
    good = sorted((shared_data / "formats" / "geojson_good").glob("*.geojson"))
    assert len(good) == 18
    for path in good:
        assert [fault for fault in read_features(path).faults if RULES[fault.rule].severity == "error"] == []


# Curves ---------------------------------------------------------------------------------------------------------------


def arcs(tmp_path: Path, name: str, text: str, kind: str) -> Path:
    path, table_path = tmp_path / name, tmp_path / "arcs.csv"
    table_path.write_text(f'id,WKT\n1,"{text}"\n2,"{text}"\n')
    options = ["-nlt", kind, "-a_srs", "EPSG:4326", "-oo", "GEOM_POSSIBLE_NAMES=WKT"]
    subprocess.run(["ogr2ogr", str(path), str(table_path), *options], check=True)
    return path


ARC = "CURVEPOLYGON (CIRCULARSTRING (105 21, 105.01 21.01, 105.02 21, 105.01 20.99, 105 21))"
STRAIGHT = "MULTISURFACE (((105 21, 105.02 21, 105.01 21.01, 105 21)))"


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="ogr2ogr is not there to write arcs")
@pytest.mark.parametrize(
    ("name", "text", "kind", "seen"),
    [
        ("lots.gpkg", ARC, "CURVEPOLYGON", "arcs in 2 features"),
        ("lots.gpkg", ARC, "GEOMETRY", "arcs in 2 features"),
        ("lots.fgb", ARC, "CURVEPOLYGON", "arcs in 2 features"),
        ("lots.gml", ARC, "CURVEPOLYGON", "arcs: 2"),
        ("lots.gpkg", STRAIGHT, "MULTISURFACE", None),
        ("lots.gml", STRAIGHT, "MULTISURFACE", None),
    ],
)
def test_arcs_are_told_with_how_far_off_the_segments_lie(
    tmp_path: Path, name: str, text: str, kind: str, seen: str | None
) -> None:
    source = read_features(arcs(tmp_path, name, text, kind))
    found = [fault for fault in source.faults if fault.rule == "file-curve"]
    assert [said(fault)[0] for fault in found] == ([] if seen is None else [seen])
    if seen is not None:
        assert "0.06 % of its radius" in said(found[0])[1]
        assert "0,06 % bán kính" in said(found[0], "vi")[1]
        # The share that is told: how far the middle of a segment lies from the arc.
        ring = shapely.get_coordinates(source.frame.geometry.iloc[0])
        middles = (ring[1:] + ring[:-1]) / 2 - [105.01, 21]
        assert 0.01 - np.hypot(*middles.T) == pytest.approx(0.01 * 0.0006, rel=0.02)


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="ogr2ogr is not there to write arcs")
@pytest.mark.parametrize("name", ["lots.gpkg", "lots.fgb"])
def test_arcs_in_batches_are_those_of_the_whole_layer(tmp_path: Path, name: str) -> None:
    path = arcs(tmp_path, name, ARC, "CURVEPOLYGON")
    whole = read_features(path)
    batches = list(read_batches(path, rows=1))
    assert [len(batch.frame) for batch in batches] == [1, 1]
    assert [batch.faults for batch in batches] == [whole.faults] * 2
    found = [batch.frame.geometry.iloc[0] for batch in batches]
    assert shapely.equals_identical(found, whole.frame.geometry.to_numpy()).all()
