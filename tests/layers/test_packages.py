"""Exchange packages: what goes out, what comes back on any path, what an institute changed, and what is refused."""

from __future__ import annotations

import io
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.catalogue import shipped_definitions
from layers.definitions import Field
from layers.errors import (
    FileUnreadableError,
    InvalidFeaturesError,
    MergeConflictsError,
    MissingFileError,
    SignatureError,
    StaleBaseError,
    UnknownChangesetError,
    UnknownLayerError,
    ValueOutOfRangeError,
)
from layers.merge import Resolution
from layers.packages import (
    PackageChanges,
    changes_of_package,
    commit_merge,
    create_package,
    fingerprint,
    make_keys,
    merge_package,
    read_area,
    read_private_key,
    read_public_key,
    sign_package,
    verify_package,
)
from layers.packages.dress import known_ids, settle
from layers.schema import typed
from layers.store import Put, Remove, Store, open_store
from layers.store.viewing import Sight, StoreView
from layers.types import Text

DEFINITIONS = shipped_definitions()
PLOTS = DEFINITIONS["plots"]
AREA = "105.6,20.9,105.7025,21.1"


def _shape(column: int, row: int) -> shapely.Polygon:
    x, y = 105.7 + column * 0.0011234567891, 21 + row * 0.00112345
    ring = [(x, y), (x + 0.001, y), (x + 0.00100000000123, y + 0.0009), (x + 0.0003, y + 0.00095), (x, y + 0.0009)]
    hole = [(x + 0.0002, y + 0.0002), (x + 0.0004, y + 0.0002), (x + 0.0004, y + 0.0004)]
    return shapely.Polygon(ring, [hole])


def plots(count: int = 20) -> gpd.GeoDataFrame:
    n = np.arange(count)
    frame = gpd.GeoDataFrame(
        {
            "name": [f"Lô đất số {k}" if k % 3 else None for k in n],
            "note_vi": "ghi chú dài " * 40,
            "area_ha": 0.85 + n / 7e6,
            "density_pct": [1 / 3 if k % 2 else -0.0 for k in n],
            "floors": [int(k) if k % 4 else None for k in n],
            "land_use": "CN",
            "valid_from": ["2030-12-31" if k % 2 else None for k in n],
        },
        geometry=[_shape(k % 5, k // 5) for k in range(count)],
        crs=4326,
    )
    return typed(PLOTS, frame.set_axis([f"{k:03}" if k < 10 else f"lô-{k}" for k in n]))


def fill(store: Store) -> Store:
    for layer in ("parks", "plots", "plans"):
        store.add_layer(DEFINITIONS[layer])
    store.commit([Put("plots", plots())], author="Sở", message="Quy hoạch gốc")
    return store


@pytest.fixture
def handed(store: Store) -> Store:
    return fill(store)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path, Path]]:
    """Give a store that nobody changes, a package of it, and the package unpacked."""
    folder = tmp_path_factory.mktemp("sent")
    with open_store(folder / "store.gpkg") as store:
        fill(store)
        create_package(store, folder / "p.zip", layers=["plots"], institute="Viện A", area=read_area(AREA))
        with zipfile.ZipFile(folder / "p.zip") as packed:
            packed.extractall(folder / "package")
        yield store, folder / "p.zip", folder / "package"


def zipped(folder: Path, target: Path, *, within: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for place in sorted(one for one in folder.rglob("*") if one.is_file()):
            packed.write(place, f"{within}{place.relative_to(folder).as_posix()}")
    return target


def ogr(*arguments: str | Path) -> None:
    subprocess.run(["ogr2ogr", *map(str, arguments)], check=True, capture_output=True)


def touched(changes: PackageChanges) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    one = changes.layers["plots"]
    assert one.receipt is not None
    assert one.receipt.issues == () or len(one)
    return one.inserted, one.updated, one.deleted


NOTHING: tuple[tuple[str, ...], ...] = ((), (), ())


# What goes out -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_package_holds_what_an_institute_needs(handed: Store, tmp_path: Path, language: Any) -> None:
    area = read_area(AREA)
    manifest = create_package(
        handed, tmp_path / "p.zip", layers=["plots", "parks"], institute="Viện A", area=area, language=language
    )
    inside = [id_ for id_, shape in plots().geometry.items() if shape.intersects(area)]
    assert manifest.layers["plots"].features == len(inside) == 12
    assert manifest.store.changeset == 1
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        names = packed.namelist()
        readme = packed.read("DOC-TRUOC.txt" if language == "vi" else "README.txt").decode()
        stated = orjson.loads(packed.read("manifest.json"))
        packed.extractall(tmp_path / "out")
    assert set(stated["files"]) == set(names) - {"manifest.json"}
    assert stated["area"]["type"] == "Polygon"
    assert stated["layers"]["plots"]["licence"] == PLOTS.licence
    assert ("trạng thái gốc: phiên bản thay đổi số 1" in readme.lower()) is (language == "vi")
    assert ("leave feature_id empty" in readme) is (language == "en")
    for name in ("plots.geojson", "plots.jsonfg"):
        document = orjson.loads((tmp_path / "out/layers" / name).read_bytes())
        assert sorted(one["id"] for one in document["features"]) == sorted(inside)
    with closing(sqlite3.connect(tmp_path / "out/parkplan.gpkg")) as database:
        assert {row[0] for row in database.execute("SELECT feature_id FROM plots")} == set(inside)
        unique = [row[1] for row in database.execute("PRAGMA index_list(plots)") if row[2]]
        assert [row[2] for row in database.execute(f'PRAGMA index_info("{unique[0]}")')] == ["feature_id"]
        types = dict(database.execute("SELECT table_name, geometry_type_name FROM gpkg_geometry_columns"))
    assert types == {"plots": "MULTIPOLYGON", "parks": "GEOMETRY"}


def test_a_package_of_an_earlier_state_goes_to_a_buffer_too(handed: Store) -> None:
    handed.commit([Remove("plots", ["000"])], author="Sở", message="Bỏ")
    target = io.BytesIO()
    manifest = create_package(handed, target, layers=["plots"], institute="Viện", changeset=1)
    assert (manifest.layers["plots"].features, manifest.store.changeset, manifest.area) == (20, 1, None)
    assert zipfile.ZipFile(target).testzip() is None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"layers": []}, ValueOutOfRangeError, "one layer or more"),
        ({"layers": ["nothing"]}, UnknownLayerError, "no layer 'nothing'"),
        ({"institute": " "}, ValueOutOfRangeError, "some text"),
        ({"changeset": 9}, UnknownChangesetError, "wanted 0..1"),
        ({"target": "no/folder/p.zip"}, ValueOutOfRangeError, "a folder that is there"),
    ],
)
def test_a_package_that_cannot_be_made(
    sent: tuple[Store, Path, Path], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    given_ = {"layers": ["plots"], "institute": "Viện", "target": io.BytesIO(), **options}
    with pytest.raises(error, match=message):
        create_package(sent[0], given_.pop("target"), **given_)


@pytest.mark.parametrize("area", ["105,21,105,22", "1,2,3", "a,b,c,d", "105,21,106,99"])
def test_an_area_that_is_none(area: str) -> None:
    with pytest.raises((ValueOutOfRangeError, MissingFileError)):
        read_area(area)


def test_an_area_is_read_from_a_file(tmp_path: Path) -> None:
    shape = shapely.box(105.6, 20.9, 105.7, 21.1)
    gpd.GeoDataFrame(geometry=[shape], crs=4326).to_crs(5897).to_file(tmp_path / "area.gpkg")
    assert read_area(tmp_path / "area.gpkg").symmetric_difference(shape).area < 1e-6


# What comes back without an edit -------------------------------------------------------------------------------------


def _as_it_is(_: Path, __: Path) -> None:
    pass


def _gpkg(package: Path, work: Path) -> None:
    ogr("-f", "GPKG", work / "x.gpkg", package / "parkplan.gpkg")
    shutil.move(work / "x.gpkg", package / "parkplan.gpkg")


def _qgis_order(package: Path, work: Path) -> None:
    """Save under another name with rows and fields in another order, an own key, and no field that is empty."""
    fields = "floors, land_use, feature_id, name, valid_from, density_pct, area_ha, note_vi, confidence, geom"
    query = f"SELECT {fields} FROM plots ORDER BY area_ha DESC"
    ogr("-f", "GPKG", "-nln", "plots", "-sql", query, work / "plots.gpkg", package / "parkplan.gpkg")
    (package / "parkplan.gpkg").unlink()
    shutil.move(work / "plots.gpkg", package / "của viện.gpkg")


def _geojson(package: Path, work: Path) -> None:
    ogr("-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=7", work / "plots.geojson", package / "parkplan.gpkg", "plots")
    shutil.move(work / "plots.geojson", package / "layers/plots.geojson")


def _geojson_gpkg(package: Path, work: Path) -> None:
    _geojson(package, work)
    ogr("-f", "GPKG", work / "x.gpkg", package / "layers/plots.geojson")
    shutil.move(work / "x.gpkg", package / "parkplan.gpkg")


def _shapefile(package: Path, work: Path) -> None:
    ogr("-f", "ESRI Shapefile", "-lco", "ENCODING=UTF-8", package / "plots.shp", package / "parkplan.gpkg", "plots")
    (package / "parkplan.gpkg").unlink()


def _vn2000(package: Path, work: Path) -> None:
    ogr("-f", "GPKG", "-t_srs", "EPSG:5897", work / "x.gpkg", package / "parkplan.gpkg", "plots")
    shutil.move(work / "x.gpkg", package / "parkplan.gpkg")


def _flatgeobuf(package: Path, work: Path) -> None:
    ogr("-f", "FlatGeobuf", package / "plots.fgb", package / "parkplan.gpkg", "plots")


def _texts(package: Path, work: Path) -> None:
    """Keys in another order, dates as text with a time, whole numbers as floats, missing as empty text."""
    place = package / "layers/plots.geojson"
    document = orjson.loads(place.read_bytes())
    for feature in document["features"]:
        properties = feature["properties"]
        for name, value in list(properties.items()):
            if value is None:
                properties[name] = ""
            elif name == "floors":
                properties[name] = float(value)
            elif name == "valid_from":
                properties[name] = f"{value}T00:00:00Z"
            elif name == "area_ha":
                properties[name] = repr(value)
        feature["properties"] = dict(sorted(properties.items(), reverse=True))
    document["features"].reverse()
    place.write_bytes(orjson.dumps(document))


def _turned(package: Path, work: Path) -> None:
    """Rings begun elsewhere and run the other way, single parts, text composed in another way."""
    frame = pyogrio.read_dataframe(package / "parkplan.gpkg", layer="plots")
    singles = frame.geometry.explode(index_parts=False).reverse()
    frame["name"] = frame["name"].str.normalize("NFD") + "  "
    moved = shapely.transform(shapely.normalize(singles.to_numpy()), lambda xy: np.round(xy, 7) + 0.0)
    pyogrio.write_dataframe(frame.set_geometry(moved, crs=4326), work / "x.gpkg", layer="plots")
    shutil.move(work / "x.gpkg", package / "parkplan.gpkg")


def _qgis_in_place(package: Path, work: Path) -> None:
    """Save in place: every row again under its own key, empty text for missing, a project beside, another journal."""
    with closing(sqlite3.connect(package / "parkplan.gpkg")) as database:
        for name, arguments in (("ST_IsEmpty", 1), ("ST_MinX", 1), ("ST_MaxX", 1), ("ST_MinY", 1), ("ST_MaxY", 1)):
            database.create_function(name, arguments, lambda _: 0)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("UPDATE plots SET geom = geom, name = coalesce(name, ''), note_vi = note_vi, floors = floors")
        database.execute("UPDATE plots SET confidence = '', source = ''")
        database.execute("CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)")
        database.commit()
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("VACUUM")


def _qgis_save_as(package: Path, work: Path) -> None:
    """Save under another name: keys kept as a field too, all parts multiple, and where each row came from."""
    query = "SELECT fid AS fid_1, *, 'plots' AS layer, 'C:/gói/parkplan.gpkg' AS path FROM plots"
    options = ("-nlt", "PROMOTE_TO_MULTI", "-nln", "plots", "-preserve_fid", "-sql", query)
    ogr("-f", "GPKG", *options, work / "x.gpkg", package / "parkplan.gpkg")
    shutil.move(work / "x.gpkg", package / "parkplan.gpkg")


def _heights(package: Path, work: Path) -> None:
    """Save with heights that nobody gave: 0 everywhere."""
    ogr("-f", "GPKG", "-dim", "XYZ", work / "x.gpkg", package / "parkplan.gpkg")
    shutil.move(work / "x.gpkg", package / "parkplan.gpkg")


def _table(package: Path, work: Path) -> None:
    """Attributes alone, as a table without shapes: shapes stay what they were."""
    ogr("-f", "CSV", package / "plots.csv", package / "parkplan.gpkg", "plots")
    (package / "parkplan.gpkg").unlink()


PATHS = [
    *(_as_it_is, _gpkg, _qgis_order, _qgis_in_place, _qgis_save_as, _geojson, _geojson_gpkg, _shapefile),
    *(_vn2000, _flatgeobuf, _texts, _turned, _heights, _table),
]


@pytest.mark.parametrize(
    "path",
    PATHS,
    ids=lambda path: path.__name__.strip("_"),
)
def test_a_round_trip_without_edits_is_an_empty_diff(
    sent: tuple[Store, Path, Path], tmp_path: Path, path: Callable[[Path, Path], None]
) -> None:
    store, _, package = sent
    shutil.copytree(package, tmp_path / "back")
    path(tmp_path / "back", tmp_path)
    # As a person zips it: the folder itself, not what is in it.
    changes = changes_of_package(store, zipped(tmp_path / "back", tmp_path / "back.zip", within="gói/"))
    assert changes.edits == []
    assert changes.base == 1
    assert changes.institute == "Viện A"
    if path is not _as_it_is:
        assert touched(changes) == NOTHING
    assert merge_package(store, changes).merge.edits() == []


def test_heights_that_were_given_count_and_those_that_were_not_do_not() -> None:
    base = plots(3)
    shapes = base.geometry.to_numpy()
    high = base.set_geometry(gpd.GeoSeries(shapely.force_3d(shapes, 12.5), index=base.index, crs=4326))
    zero = base.set_geometry(gpd.GeoSeries(shapely.force_3d(shapes, [0.0, 0.0, 3.0]), index=base.index, crs=4326))

    def changed(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> tuple[list[bool], list[bool]]:
        settled, differs = settle(PLOTS, before, after, spoken=[], spatial=True, tolerance_m=0.02, cut=False)
        return differs.tolist(), shapely.has_z(settled.geometry.to_numpy()).tolist()

    assert changed(base, zero) == ([False, False, True], [False, False, True])
    assert changed(high, base) == ([False] * 3, [True] * 3), "a format without heights took none away"
    assert changed(high, high.set_geometry(shapely.force_3d(shapes, 13.0), crs=4326))[0] == [True] * 3
    aside = base.set_geometry(base.geometry.translate(0.001).force_3d(0.0))
    assert changed(base, aside) == ([True] * 3, [False] * 3)


@pytest.mark.parametrize("name", ["plots.geojson", "plots.jsonfg"])
def test_a_bare_file_with_ids_is_no_edit_and_deletes_nothing(
    sent: tuple[Store, Path, Path], tmp_path: Path, name: str
) -> None:
    store, _, package = sent
    shutil.copy(package / "layers" / name, tmp_path / name)
    assert touched(changes_of_package(store, tmp_path / name, base=1)) == NOTHING
    assert touched(changes_of_package(store, tmp_path / name, area=read_area(AREA))) == NOTHING
    outside = [id_ for id_, shape in plots().geometry.items() if not shape.intersects(read_area(AREA))]
    assert touched(changes_of_package(store, tmp_path / name, complete=True))[2] == tuple(outside)


TEXTS = st.text("aăâ đ\u0301 \n", max_size=6)


@given(st.lists(st.tuples(TEXTS, st.floats(-1e6, 1e6), st.booleans()), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_other_digits_and_blanks_are_the_same_value(rows: list[tuple[str, float, bool]]) -> None:
    base = typed(
        PLOTS,
        pd.DataFrame(
            {"name": [row[0] or None for row in rows], "area_ha": [row[1] for row in rows]},
            index=[str(n) for n in range(len(rows))],
        ),
    )
    raw = gpd.GeoDataFrame(
        {"name": [f"{row[0]} " for row in rows], "area_ha": [f"{row[1]:.15g}" for row in rows]},
        geometry=[None] * len(rows),
        crs=4326,
        index=base.index,
    )
    settled, changed = settle(PLOTS, base, raw, spoken=["name", "area_ha"], spatial=False, tolerance_m=0, cut=False)
    assert not changed.any()
    assert settled["area_ha"].tolist() == base["area_ha"].tolist()
    raw["area_ha"] = [f"{row[1] + 1:.15g}" for row in rows]
    assert settle(PLOTS, base, raw, spoken=["area_ha"], spatial=False, tolerance_m=0, cut=False)[1].all()


def test_ids_that_became_numbers_are_known_again() -> None:
    known = pd.Index(["007", "12", "lô-1", "1", "01"])
    ids = pd.Index(["7", "12.0", "lô-1", "1", "99", None], dtype=object)
    assert known_ids(ids, known).tolist()[:5] == ["007", "12", "lô-1", "1", "99"]


# What an institute changed -------------------------------------------------------------------------------------------


def edited(package: Path, tmp_path: Path, *statements: str) -> Path:
    """Edit the GeoPackage as a person does in QGIS, and zip everything again."""
    shutil.copytree(package, tmp_path / "back", dirs_exist_ok=True)
    frame = pyogrio.read_dataframe(tmp_path / "back/parkplan.gpkg", layer="plots")
    namespace = {"frame": frame, "pd": pd, "gpd": gpd, "shapely": shapely, "shape": _shape}
    for statement in statements:
        exec(statement, namespace)  # noqa: S102 - written in this file
    pyogrio.write_dataframe(namespace["frame"], tmp_path / "back/parkplan.gpkg", layer="plots")
    return zipped(tmp_path / "back", tmp_path / "back.zip")


RENAME = "frame.loc[frame.feature_id == '001', 'name'] = 'Lô mới'"
DROP = "frame = frame[frame.feature_id != '002']"
MOVE = "frame.loc[frame.feature_id == '006', 'geometry'] = shapely.transform(frame.geometry[3], lambda xy: xy + 0.0001)"
ADD = (
    "frame = pd.concat([frame, gpd.GeoDataFrame({'feature_id': [None], 'name': ['Thêm'], 'land_use': ['DV']}, "
    "geometry=[shapely.MultiPolygon([shape(0, 9)])], crs=4326)])"
)


def test_edits_inside_the_area_come_back_with_a_receipt(handed: Store, tmp_path: Path) -> None:
    create_package(handed, tmp_path / "p.zip", layers=["plots"], institute="Viện A", area=read_area(AREA))
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        packed.extractall(tmp_path / "package")
    place = edited(tmp_path / "package", tmp_path, RENAME, DROP, ADD)
    changes = changes_of_package(handed, place)
    inserted, updated, deleted = touched(changes)
    assert (updated, deleted) == (("001",), ("002",))
    assert len(inserted) == 1
    assert inserted[0].startswith("plots-")
    assert changes_of_package(handed, place).layers["plots"].inserted == inserted
    receipt = changes.receipts[0]
    assert (receipt.state, receipt.read, receipt.unchanged, receipt.written) == ("checked", 12, 10, 3)
    assert any("1 new features had no id" in note for note in receipt.messages("en"))
    document = orjson.loads(orjson.dumps(changes.document("vi")))
    assert document["layers"]["plots"]["deleted"] == ["002"]
    # The store has moved on, in other features and in other attributes of the same.
    current = handed.read("plots")
    current.loc["001", "floors"] = 9
    current.loc["lô-19", "name"] = "Ngoài phạm vi"
    handed.commit([Put("plots", current)], author="Sở", message="Sửa")
    merged = merge_package(handed, changes)
    assert not len(merged.merge.conflicts)
    written = commit_merge(handed, merged, author="Sở", message="Nhận gói của Viện A")
    assert written is not None
    assert written.features == 3
    after = handed.read("plots")
    assert (after.loc["001", "name"], after.loc["001", "floors"]) == ("Lô mới", 9)
    assert after.loc["lô-19", "name"] == "Ngoài phạm vi"
    assert "002" not in after.index
    assert after.loc[inserted[0], "name"] == "Thêm"
    assert len(after) == 20
    again = merge_package(handed, changes_of_package(handed, place))
    assert commit_merge(handed, again, author="Sở", message="Lần nữa") is None


def test_conflicts_with_the_current_state_stop_all_of_it(handed: Store, tmp_path: Path) -> None:
    create_package(handed, tmp_path / "p.zip", layers=["plots"], institute="Viện A")
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        packed.extractall(tmp_path / "package")
    changes = changes_of_package(handed, edited(tmp_path / "package", tmp_path, RENAME, DROP, ADD))
    current = handed.read("plots")
    current.loc["001", "name"] = "Tên khác"
    current.loc["002", "floors"] = 3
    handed.commit([Put("plots", current)], author="Sở", message="Sửa")
    merged = merge_package(handed, changes)
    assert merged.merge.conflicts.counts() == {"attribute": 1, "delete_edit": 1}
    with pytest.raises(MergeConflictsError, match="2 conflicts are open"):
        commit_merge(handed, merged, author="Sở", message="Nhận")
    assert len(handed.changesets()) == 2
    solved = merged.resolve(
        Resolution("theirs", by="An", why="họp ngày 24"), Resolution("ours", feature_id="002", by="An")
    )
    written = commit_merge(handed, solved, author="Sở", message="Nhận")
    assert written is not None
    assert "lấy bản gửi đến (An): họp ngày 24" in written.message
    after = handed.read("plots")
    assert (after.loc["001", "name"], after.loc["002", "floors"], len(after)) == ("Lô mới", 3, 21)
    # What was merged before somebody else changed the same feature is not written over it.
    late = merge_package(handed, changes, rules=[Resolution("theirs")])
    current = handed.read("plots", ids=["002"]).assign(floors=5)
    handed.commit([Put("plots", current)], author="Sở", message="Sửa nữa")
    with pytest.raises(StaleBaseError):
        commit_merge(handed, late, author="Sở", message="Nhận")


def test_a_reference_to_a_park_that_was_removed_meanwhile(handed: Store, tmp_path: Path) -> None:
    park = typed(DEFINITIONS["parks"], pd.DataFrame({"name_vi": ["KCN"]}, index=["k"]))
    handed.commit([Put("parks", park)], author="Sở", message="KCN")
    create_package(handed, tmp_path / "p.zip", layers=["plots"], institute="Viện A")
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        packed.extractall(tmp_path / "package")
    changes = changes_of_package(
        handed, edited(tmp_path / "package", tmp_path, "frame.loc[frame.feature_id == '001', 'park_id'] = 'k'")
    )
    handed.commit([Remove("parks", ["k"])], author="Sở", message="Bỏ")
    merged = merge_package(handed, changes)
    assert merged.merge.conflicts.counts() == {"reference": 1}
    kept = merged.resolve(Resolution("theirs", by="An"))
    assert commit_merge(handed, kept, author="Sở", message="Nhận") is not None
    assert handed.read("parks").index.tolist() == ["k"]


def test_new_overlaps_between_two_editors_are_conflicts(handed: Store, tmp_path: Path) -> None:
    create_package(handed, tmp_path / "p.zip", layers=["plots"], institute="Viện A")
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        packed.extractall(tmp_path / "package")
    spot = "shapely.MultiPolygon([shapely.box(105.72, 21, 105.7215, 21.001)])"
    add = ADD.replace("shapely.MultiPolygon([shape(0, 9)])", spot)
    changes = changes_of_package(handed, edited(tmp_path / "package", tmp_path, add))
    ours = gpd.GeoDataFrame({"name": ["Ta"]}, geometry=[shapely.box(105.721, 21, 105.722, 21.001)], crs=4326)
    handed.commit([Put("plots", ours.set_axis(["ta"]))], author="Sở", message="Thêm")
    merged = merge_package(handed, changes)
    assert merged.merge.conflicts.counts() == {"overlap": 1}
    assert len(commit_merge(handed, merged.resolve(Resolution("accept")), author="S", message="M").message) > 1  # type: ignore[union-attr]


def test_a_wrong_value_refuses_the_file_and_names_its_row(sent: tuple[Store, Path, Path], tmp_path: Path) -> None:
    store, _, package = sent
    place = edited(package, tmp_path, "frame.loc[frame.feature_id == '001', 'land_use'] = 'XX'", RENAME)
    changes = changes_of_package(store, place)
    receipt = changes.receipts[0]
    assert receipt.state == "refused"
    assert [(issue.rule, issue.feature_id, issue.field) for issue in receipt.errors] == [
        ("field-code", "001", "land_use")
    ]
    with pytest.raises(InvalidFeaturesError, match="1 issues"):
        _ = changes.edits
    with pytest.raises(InvalidFeaturesError):
        merge_package(store, changes)


def test_a_feature_that_was_copied_with_its_id_is_refused(sent: tuple[Store, Path, Path], tmp_path: Path) -> None:
    store, _, package = sent
    place = edited(package, tmp_path, "frame = pd.concat([frame, frame[frame.feature_id == '001']])")
    receipt = changes_of_package(store, place).receipts[0]
    assert receipt.state == "refused"
    assert {issue.rule for issue in receipt.errors} == {"id-duplicate", "topology-duplicate"}


def test_edits_in_two_files_have_to_agree(sent: tuple[Store, Path, Path], tmp_path: Path) -> None:
    store, _, package = sent
    edited(package, tmp_path, RENAME)
    place = tmp_path / "back/layers/plots.geojson"
    document = orjson.loads(place.read_bytes())
    feature = next(one for one in document["features"] if one["id"] == "001")
    feature["properties"]["name"] = "Lô mới"
    place.write_bytes(orjson.dumps(document))
    changes = changes_of_package(store, zipped(tmp_path / "back", tmp_path / "back.zip"))
    assert touched(changes) == ((), ("001",), ())
    feature["properties"]["name"] = "Tên thứ ba"
    place.write_bytes(orjson.dumps(document))
    with pytest.raises(ValueOutOfRangeError, match=r"edited differently: layers/plots.geojson, parkplan.gpkg"):
        changes_of_package(store, zipped(tmp_path / "back", tmp_path / "back.zip"))


# What is refused -----------------------------------------------------------------------------------------------------


def test_a_package_of_another_store_is_refused(sent: tuple[Store, Path, Path], tmp_path: Path) -> None:
    with open_store(tmp_path / "other.gpkg") as other:
        fill(other)
        with pytest.raises(ValueOutOfRangeError, match="a package of this store"):
            changes_of_package(other, sent[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told | {"version": 2}, "version 1"),
        (lambda told: told | {"area": {"type": "Point", "coordinates": [1, 2]}}, "area"),
        (lambda told: told | {"area": {"type": "Strange"}}, "area"),
        (lambda told: told | {"more": 1}, "more"),
        (lambda _: {}, "format"),
        (lambda _: [], "manifest"),
    ],
)
def test_a_manifest_is_hostile_input(
    sent: tuple[Store, Path, Path], tmp_path: Path, change: Callable[[Any], Any], message: str
) -> None:
    store, _, package = sent
    shutil.copytree(package, tmp_path / "back")
    place = tmp_path / "back/manifest.json"
    place.write_bytes(orjson.dumps(change(orjson.loads(place.read_bytes()))))
    with pytest.raises(FileUnreadableError, match=message):
        changes_of_package(store, zipped(tmp_path / "back", tmp_path / "back.zip"))
    place.write_bytes(b"{")
    with pytest.raises(FileUnreadableError, match=r"manifest.json"):
        changes_of_package(store, zipped(tmp_path / "back", tmp_path / "back.zip"))


def test_archives_that_lead_out_or_explode_are_refused(sent: tuple[Store, Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as packed:
        packed.writestr("../manifest.json", "{}")
    with pytest.raises(FileUnreadableError, match="stay inside the archive"):
        changes_of_package(sent[0], tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("manifest.json", b"0" * 50_000_000)
    with pytest.raises(FileUnreadableError, match="unpacks to"):
        changes_of_package(sent[0], tmp_path / "bomb.zip")


def test_files_that_are_for_no_layer(sent: tuple[Store, Path, Path], tmp_path: Path) -> None:
    store, _, package = sent
    with pytest.raises(MissingFileError):
        changes_of_package(store, tmp_path / "nothing.geojson")
    shutil.copy(package / "layers/plots.geojson", tmp_path / "of-the-institute.geojson")
    with pytest.raises(FileUnreadableError, match="no layer of the store"):
        changes_of_package(store, tmp_path / "of-the-institute.geojson")
    with pytest.raises(UnknownLayerError):
        changes_of_package(store, tmp_path / "of-the-institute.geojson", layer="nothing")
    assert touched(changes_of_package(store, tmp_path / "of-the-institute.geojson", layer="plots")) == NOTHING
    with pytest.raises(UnknownChangesetError):
        changes_of_package(store, tmp_path / "of-the-institute.geojson", layer="plots", base=7)


# Signatures ----------------------------------------------------------------------------------------------------------


def test_a_signed_package_is_whole_until_somebody_edits_it(handed: Store, tmp_path: Path) -> None:
    private, public = make_keys(tmp_path, "so")
    assert private.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileUnreadableError, match="an unused name"):
        make_keys(tmp_path, "so")
    key, open_key = read_private_key(private), read_public_key(public)
    create_package(handed, tmp_path / "p.zip", layers=["plots"], institute="Viện", key=key, signed_by="Sở QHKT")
    found = verify_package(tmp_path / "p.zip", key=open_key)
    assert (found.by, found.key, found.whole) == ("Sở QHKT", fingerprint(open_key), True)
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        packed.extractall(tmp_path / "package")
    place = edited(tmp_path / "package", tmp_path, RENAME)
    with pytest.raises(SignatureError, match=r"was changed since: parkplan\.gpkg"):
        verify_package(place)
    changes = changes_of_package(handed, place)
    assert touched(changes) == ((), ("001",), ())
    assert "was changed since: parkplan.gpkg" in changes.notes[0].en
    other, other_public = make_keys(tmp_path, "vien")
    sign_package(place, read_private_key(other), by="Viện")
    assert verify_package(place).by == "Viện"
    with pytest.raises(SignatureError, match=fingerprint(read_public_key(other_public))):
        verify_package(place, key=open_key)
    assert changes_of_package(handed, place).notes[0].vi.startswith("Chữ ký của Viện")


def test_wrong_signatures_and_keys(sent: tuple[Store, Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match=r"there is no signature\.json"):
        verify_package(sent[1])
    private, public = make_keys(tmp_path, "k")
    shutil.copy(sent[1], tmp_path / "p.zip")
    sign_package(tmp_path / "p.zip", read_private_key(private), by="Sở")
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        packed.extractall(tmp_path / "back")
    place = tmp_path / "back/signature.json"
    told = orjson.loads(place.read_bytes())
    for change, message in (
        ({"by": "Ai đó"}, "it is wrong"),
        ({"signature": "!"}, "Wanted a signature.json"),
        ({"public_key": "AAAA"}, "Wanted a signature.json"),
        ({"format": "other"}, "strange content"),
        ({"files": []}, "strange content"),
    ):
        place.write_bytes(orjson.dumps(told | change))
        with pytest.raises(SignatureError, match=message):
            verify_package(zipped(tmp_path / "back", tmp_path / "wrong.zip"))
    with pytest.raises(FileUnreadableError, match="a private Ed25519 key"):
        read_private_key(public)
    with pytest.raises(FileUnreadableError, match="a public Ed25519 key"):
        read_public_key(private)
    with pytest.raises(MissingFileError):
        read_public_key(tmp_path / "none.pub")
    with pytest.raises(MissingFileError):
        sign_package(tmp_path / "none.zip", read_private_key(private), by="")
    with pytest.raises(FileUnreadableError, match="a key file"):
        read_private_key(tmp_path)


# What may not leave ---------------------------------------------------------------------------------------------------


def test_a_restricted_field_is_in_no_file_of_a_package_and_keeps_its_value(store: Store, tmp_path: Path) -> None:
    secret = Field(name="price", type="text", title=Text(vi="Giá", en="Price"), restricted=True)
    definition = PLOTS.model_copy(update={"fields": (*PLOTS.fields, secret)})
    for one in (DEFINITIONS["parks"], definition):
        store.add_layer(one)
    store.commit([Put("plots", typed(definition, plots().assign(price="BÍ MẬT 42")))], author="Sở", message="Gốc")
    seen: Any = StoreView(store, Sight(layers=None, restricted=frozenset()))
    create_package(seen, tmp_path / "p.zip", layers=["plots"], institute="Viện")
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        packed.extractall(tmp_path / "package")
        whole = b"".join(packed.read(name) for name in packed.namelist())
    assert b"price" not in whole
    assert "BÍ MẬT".encode() not in whole
    changes = changes_of_package(store, edited(tmp_path / "package", tmp_path, RENAME))
    assert touched(changes) == ((), ("001",), ())
    assert commit_merge(store, merge_package(store, changes), author="Sở", message="Nhận") is not None
    after = store.read("plots")
    assert (after.loc["001", "name"], set(after["price"])) == ("Lô mới", {"BÍ MẬT 42"})
