"""Every rule finds exactly the rows that break it, says where and why, and lets everything else through."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from layers.definitions import Code, Field, GeometryType, LayerDefinition
from layers.schema import typed
from layers.types import Text
from layers.validation import RULES, Issue, check, errors_of

SAME = Text(vi="như nhau", en="same")
CODES = (Code(value="CN", title=SAME), Code(value="CX", title=SAME))
BOW_TIE = Polygon([(105, 21), (106, 22), (106, 21), (105, 22)])


def layer(*geometry: GeometryType) -> LayerDefinition:
    return LayerDefinition(
        id="plots",
        title=SAME,
        theme="parks",
        geometry=geometry,
        fields=(
            Field(name="name", type="text", title=SAME, required=True),
            Field(name="land_use", type="text", title=SAME, codes=CODES),
            Field(name="area_ha", type="number", title=SAME, minimum=0, maximum=1000),
            Field(name="floors", type="integer", title=SAME, minimum=1),
            Field(name="built", type="boolean", title=SAME),
        ),
    )  # fmt: skip


PLOTS = layer("Polygon", "MultiPolygon")


def plots(rows: int = 1, *, ids: Any = None, geometry: Any = None, **columns: Any) -> gpd.GeoDataFrame:
    """Give plots without any fault, but for what is asked for."""
    index = pd.Index([f"plot {n}" for n in range(rows)] if ids is None else ids, name="feature_id")
    named = {"name": ["Lô A"] * rows, **columns}
    shapes = [box(105, 21, 105.1, 21.1)] * rows if geometry is None else geometry
    return gpd.GeoDataFrame(named, geometry=shapes, index=index, crs="EPSG:4326")


def only(issues: tuple[Issue, ...]) -> Issue:
    assert len(issues) == 1, [issue.message() for issue in issues]
    return issues[0]


def test_features_without_fault_pass_raw_and_typed() -> None:
    raw = plots(
        2,
        land_use=["CN", None],
        area_ha=["12.5", ""],
        floors=[3.0, np.nan],
        built=["yes", None],
        valid_from=["2025-07-01", None],
        valid_to=["2025-07-01", "2030-12-31"],
        geometry=[MultiPolygon([box(105, 21, 106, 22)]), None],
    )
    assert check(PLOTS, raw) == ()
    assert check(PLOTS, typed(PLOTS, plots(2))) == ()
    assert check(PLOTS, raw.iloc[:0]) == ()


@pytest.mark.parametrize(
    ("columns", "rule", "field", "seen", "wanted"),
    [
        ({"name": [None]}, "field-required", "name", "nothing", "a value"),
        ({"name": ["  "]}, "field-required", "name", "'  '", "a value"),
        ({"name": [["a", "b"]]}, "field-type", "name", "['a', 'b']", "text"),
        ({"land_use": ["ODT"]}, "field-code", "land_use", "'ODT'", "CN, CX"),
        ({"land_use": [""]}, "field-code", "land_use", "''", "CN, CX"),
        ({"area_ha": ["abc"]}, "field-type", "area_ha", "'abc'", "a finite number with a decimal point"),
        ({"area_ha": [np.inf]}, "field-type", "area_ha", "inf", "a finite number with a decimal point"),
        ({"area_ha": [-0.5]}, "field-minimum", "area_ha", "-0.5", "at least 0"),
        ({"area_ha": ["1000.5"]}, "field-maximum", "area_ha", "'1000.5'", "at most 1000"),
        ({"floors": [3.5]}, "field-type", "floors", "3.5", "a whole number"),
        ({"floors": [0]}, "field-minimum", "floors", "0", "at least 1"),
        ({"built": ["maybe"]}, "field-type", "built", "'maybe'", "true or false"),
        ({"valid_from": ["01/07/2025"]}, "field-type", "valid_from", "'01/07/2025'", "a date such as 2030-12-31"),
        ({"position": ["guessed"]}, "field-code", "position", "'guessed'", "surveyed, digitised"),
        (
            {"valid_from": ["2025-07-02"], "valid_to": ["2025-07-01"]},
            "time-order",
            "valid_to",
            "'2025-07-02..2025-07-01'",
            "valid_to not before valid_from",
        ),
    ],
)
def test_attribute_rules(columns: dict[str, Any], rule: str, field: str, seen: str, wanted: str) -> None:
    issue = only(check(PLOTS, plots(**columns)))
    assert (issue.rule, issue.field, issue.row, issue.feature_id) == (rule, field, 0, "plot 0")
    assert issue.severity == "error"
    start = f"plots, row 1, feature 'plot 0', field {field}: {RULES[rule].title.en}; saw {seen}, wanted {wanted}"
    assert issue.message("en").startswith(start)
    assert issue.message("vi").startswith(
        f"plots, dòng 1, đối tượng 'plot 0', trường {field}: {RULES[rule].title.vi}; gặp "
    )


@pytest.mark.parametrize(
    ("shape", "rule", "seen"),
    [
        (Point(105, 21), "geometry-type", "'Point'"),
        (shapely.GeometryCollection([box(105, 21, 106, 22)]), "geometry-type", "'GeometryCollection'"),
        (
            Polygon([(105, 21, 7), (106, 21, 7), (106, 22, 7)]),
            "geometry-dimension",
            "'POLYGON Z ((105 21 7, 106 21 7, 106 22 7, 105 21 7))'",
        ),
        (Polygon(), "geometry-empty", "'POLYGON EMPTY'"),
        (box(588618, 2325348, 588718, 2325448), "geometry-range", "(588618.0, 2325348.0, 588718.0, 2325448.0)"),
        (box(179, 21, 180.5, 22), "geometry-range", "(179.0, 21.0, 180.5, 22.0)"),
        (box(105, 89, 106, 90.1), "geometry-range", "(105.0, 89.0, 106.0, 90.1)"),
        (BOW_TIE, "geometry-invalid", "Self-intersection (105.5 21.5)"),
    ],
)
def test_geometry_rules(shape: shapely.Geometry, rule: str, seen: str) -> None:
    issue = only(check(PLOTS, plots(geometry=[shape])))
    assert (issue.rule, issue.row, issue.severity) == (rule, 0, "error")
    assert issue.message("en").startswith(
        f"plots, row 1, feature 'plot 0': {RULES[rule].title.en}; saw {seen}, wanted "
    )


def test_coordinates_that_are_no_numbers() -> None:
    with np.errstate(invalid="ignore"):
        shapes = [
            Polygon([(105, 21), (np.nan, 22), (106, 21), (105, 21)]),
            Polygon([(105, 21), (np.inf, 22), (106, 21), (105, 21)]),
            box(105, 21, 106, 22),
        ]
    issues = check(PLOTS, plots(3, geometry=shapes))
    assert [(issue.rule, issue.row) for issue in issues] == [("geometry-number", 0), ("geometry-number", 1)]
    assert "wanted a finite number for every coordinate" in issues[0].message("en")
    assert "cần số hữu hạn cho mọi toạ độ" in issues[0].message("vi")


def test_edges_of_the_world_are_inside() -> None:
    assert check(PLOTS, plots(geometry=[box(-180, -90, 180, 90)])) == ()


def test_invalid_lines_are_a_warning_and_areas_an_error() -> None:
    with np.errstate(invalid="ignore"):
        stub = LineString([(105, 21), (105, 21)])
    definition = layer("LineString", "Polygon")
    issues = check(definition, plots(2, geometry=[stub, BOW_TIE]))
    assert [(issue.row, issue.severity) for issue in issues] == [(0, "warning"), (1, "error")]
    assert errors_of(issues) == issues[1:]
    assert "quá ít điểm" in issues[0].message("vi")
    assert "tự cắt (105.5 21.5)" in issues[1].message("vi")


def test_geometry_of_an_attribute_layer_and_unknown_places() -> None:
    issue = only(check(layer(), plots(2, geometry=[Point(105, 21), None])))
    assert (issue.rule, issue.row) == ("geometry-unwanted", 0)
    assert "saw 'Point', wanted no geometry" in issue.message("en")
    assert check(PLOTS, plots(2, geometry=[None, None])) == ()
    bare = gpd.GeoDataFrame({"name": ["Lô A"]}, index=pd.Index(["a"], name="feature_id"))
    assert check(PLOTS, bare) == ()


def test_ids_are_text_there_and_unique() -> None:
    issues = check(PLOTS, plots(6, ids=["a", "a", None, " ", 5, "b"]))
    assert [(issue.rule, issue.row, issue.feature_id) for issue in issues] == [
        ("id-duplicate", 1, "a"),
        ("id-missing", 2, None),
        ("id-missing", 3, " "),
        ("id-type", 4, None),
    ]
    assert "saw nothing, wanted a text id, unique in the layer" in issues[1].message("en")
    assert "gặp để trống, cần mã bằng văn bản" in issues[1].message("vi")
    numbers = check(PLOTS, plots(2, ids=[1, 2]))
    assert [(issue.rule, issue.seen) for issue in numbers] == [("id-type", 1), ("id-type", 2)]


def test_unknown_and_missing_columns_concern_the_whole_frame() -> None:
    frame = plots(2, height_m=[1, 2]).drop(columns="name")
    unknown, required = check(PLOTS, frame)
    assert (unknown.rule, unknown.row, unknown.field) == ("field-unknown", None, "height_m")
    assert unknown.message("en").startswith(
        "plots, field height_m: the layer has no such field; saw 'height_m', wanted name, land_use, "
    )
    assert (required.rule, required.row, required.field) == ("field-required", None, "name")
    assert "saw no such column" in required.message("en")
    assert "gặp không có cột" in required.message("vi")
    assert [issue.rule for issue in check(PLOTS, frame.iloc[:0])] == ["field-unknown"]


def test_issues_come_in_row_order_and_all_of_them() -> None:
    frame = plots(3, area_ha=[-1, 5, -2], land_use=["CN", "X", "Y"], geometry=[BOW_TIE, Point(0, 0), None])
    assert [(issue.row, issue.rule) for issue in check(PLOTS, frame)] == [
        (0, "field-minimum"),
        (0, "geometry-invalid"),
        (1, "field-code"),
        (1, "geometry-type"),
        (2, "field-code"),
        (2, "field-minimum"),
    ]


def test_long_values_are_cut_in_messages() -> None:
    text = only(check(PLOTS, plots(land_use=["x" * 500]))).message("en")
    assert "xxx…, wanted CN, CX" in text
    assert len(text) < 250


def test_argument_is_not_changed() -> None:
    frame = plots(2, area_ha=["1", "abc"], floors=["2", None])
    before = frame.copy()
    check(PLOTS, frame)
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))


def test_every_rule_speaks_both_languages() -> None:
    for name, rule in RULES.items():
        issue = Issue(name, "plots", 1, "a", None, "x", "y")
        assert rule.title.vi in issue.message("vi")
        assert rule.title.en in issue.message("en")
        assert rule.title.vi != rule.title.en
        assert rule.fix.vi != rule.fix.en


#: Frames take their time on a busy machine; how long is no matter of these tests.
LAW = settings(deadline=None, max_examples=50)
ROW = st.fixed_dictionaries(
    {
        "id": st.one_of(st.none(), st.sampled_from(["a", "b", " ", "c"]), st.integers(0, 3)),
        "name": st.one_of(st.none(), st.sampled_from(["Lô A", " ", ""])),
        "land_use": st.one_of(st.none(), st.sampled_from(["CN", "CX", "ODT", ""])),
        "area_ha": st.one_of(st.none(), st.floats(-2000, 2000), st.sampled_from(["5", "abc", ""])),
        "floors": st.one_of(st.none(), st.integers(-2, 5), st.sampled_from([1.5, "2"])),
        "geometry": st.one_of(
            st.none(), st.sampled_from([box(105, 21, 106, 22), BOW_TIE, Polygon(), Point(0, 0), box(0, 0, 500, 1)])
        ),
    }
)


def frame_of(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    columns = {
        key: pd.array([row[key] for row in rows], dtype=object) for key in ("name", "land_use", "area_ha", "floors")
    }
    index = pd.Index(np.array([row["id"] for row in rows], dtype=object), name="feature_id")
    return gpd.GeoDataFrame(columns, geometry=[row["geometry"] for row in rows], index=index, crs="EPSG:4326")


@LAW
@given(st.lists(ROW, max_size=6))
def test_rows_are_judged_each_by_itself(rows: list[dict[str, Any]]) -> None:
    """What is found in a row does not depend on the others, but for repeated ids."""
    together = {(issue.row, issue.rule, issue.field) for issue in check(PLOTS, frame_of(rows))}
    alone = {
        (number, issue.rule, issue.field)
        for number, row in enumerate(rows)
        for issue in check(PLOTS, frame_of([row]))
    }  # fmt: skip
    assert {issue for issue in together if issue[1] != "id-duplicate"} == alone


@LAW
@given(st.lists(ROW, max_size=6))
def test_what_passes_is_the_same_typed(rows: list[dict[str, Any]]) -> None:
    """Typing a frame that passes loses nothing, and the typed frame passes, too."""
    frame = frame_of(rows)
    good = frame.iloc[[n for n, row in enumerate(rows) if not check(PLOTS, frame_of([row]))]]
    good = good[~good.index.duplicated()]
    assert check(PLOTS, good) == ()
    values = typed(PLOTS, good)
    assert check(PLOTS, values) == ()
    assert values["land_use"].isna().tolist() == good["land_use"].isna().tolist()


@LAW
@given(st.lists(ROW, min_size=1, max_size=6), st.randoms())
def test_row_order_does_not_matter(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)

    def found(rows: list[dict[str, Any]]) -> list[tuple[str, str | None, str]]:
        issues = check(PLOTS, frame_of(rows))
        return sorted((issue.rule, issue.field, repr(issue.seen)) for issue in issues)

    assert found(shuffled) == found(rows)
