"""What holds for every filter: text and tree say the same, and both engines find the same features."""

from __future__ import annotations

import datetime as dt
import sys
import unicodedata
from collections.abc import Iterator

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layers.cql2 import condition, parse_filter
from layers.cql2.encoding import to_json, to_text
from layers.cql2.letters import folds, without_accents, without_case
from layers.cql2.nodes import Array, Call, Instant, Literal, Node, Property, Shape, Span
from layers.cql2.parsing import read_json, read_text
from layers.cql2.patterns import pattern_parts, pattern_text
from layers.cql2.postgis import POSTGIS
from layers.cql2.shapes import Placing
from layers.definitions import parse_definition
from layers.geojson import to_json as json_bytes
from layers.schema import typed
from layers.store import Put, Store, open_store
from tests.support.cql2 import find, found
from tests.support.stores import empty_schema

LAYER = """
id = "things"
title = { vi = "Vật", en = "Things" }
theme = "reference"
geometry = ["Point", "LineString", "Polygon", "MultiPolygon"]
fields = [
  { name = "name", type = "text", title = { vi = "Tên", en = "Name" } },
  { name = "other", type = "text", title = { vi = "Khác", en = "Other" } },
  { name = "count", type = "integer", title = { vi = "Số", en = "Count" } },
  { name = "size", type = "number", title = { vi = "Cỡ", en = "Size" } },
  { name = "open", type = "boolean", title = { vi = "Mở", en = "Open" } },
  { name = "opened", type = "date", title = { vi = "Ngày", en = "Opened" } },
]
"""
THINGS = parse_definition(LAYER, where="things.toml")
NAMES = [
    "Đường Láng", "ĐƯỜNG LÁNG", "duong lang", "Hoà Lạc", "Hòa Lạc", "Hoa\u0300 La\u0323c", "Phú Nghĩa", "100% _x\\y",
    "Straße", "STRASSE", "Οδος", "ΟΔΟΣ", "İstanbul", "ﬁn", "a*[b]?", "it's", "tab\there", "", "ǰ Ꭰ ꭰ", "ÿŸ", "Ǿ ø",
]  # fmt: skip
SHAPES = [
    shapely.Point(105.8, 21.0),
    shapely.Point(179.9, -16.0),
    shapely.Point(-179.9, -16.0),
    shapely.LineString([(105.0, 20.0), (106.0, 21.0)]),
    shapely.box(105.0, 20.0, 106.0, 21.0),
    shapely.box(105.5, 20.5, 107.0, 22.0),
    shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
    None,
]


def things() -> gpd.GeoDataFrame:
    """Features with every kind of value, missing ones too."""
    count = len(NAMES)
    frame = pd.DataFrame(
        {
            "name": [*NAMES[:-2], None, NAMES[-1]],
            "other": [*NAMES[1:-1], None, "x"],
            "count": pd.array([None if i % 5 == 4 else i - 3 for i in range(count)], dtype="Int64"),
            "size": [float("nan") if i % 4 == 3 else (i - 5) / 3 for i in range(count)],
            "open": pd.array([(None, True, False)[i % 3] for i in range(count)], dtype="boolean"),
            "opened": [None if i % 6 == 5 else dt.date(2020 + i, 1 + i % 12, 1 + i) for i in range(count)],
            "valid_from": [None if i % 3 == 0 else dt.date(2020 + i, 1, 1) for i in range(count)],
            "valid_to": [None if i % 4 == 0 else dt.date(2030 + i, 12, 31) for i in range(count)],
        },
        index=[f"t{i}" for i in range(count)],
    )
    geometry = gpd.GeoSeries([SHAPES[i % len(SHAPES)] for i in range(count)], index=frame.index, crs="EPSG:4326")
    return typed(THINGS, gpd.GeoDataFrame(frame, geometry=geometry))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, postgis_url: str) -> Iterator[tuple[Store, Store]]:
    """Give a store of each engine with the same features."""
    file = tmp_path_factory.mktemp("things") / "things.gpkg"
    with empty_schema(postgis_url) as server, open_store(file) as embedded, open_store(server) as postgis:
        for store in (embedded, postgis):
            store.add_layer(THINGS)
            store.commit([Put("things", things())], author="Kiểm thử", message="Nạp")
        yield embedded, postgis


# Every kind of filter -------------------------------------------------------------------------------------------------

texts = st.one_of(st.sampled_from(NAMES), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8))
text_fields = st.sampled_from([Property("name"), Property("other"), Property("feature_id"), Property("source")])
text_values: st.SearchStrategy[Node] = st.recursive(
    st.one_of(text_fields, texts.map(Literal)),
    lambda inner: st.builds(
        lambda name, part: Call(name, (part,)), st.sampled_from(["casei", "accenti", "trim"]), inner
    ),
    max_leaves=2,
)
numbers = st.one_of(
    st.integers(-20, 20), st.floats(-100, 100, allow_nan=False).map(lambda x: int(x) if x.is_integer() else x)
)
number_values: st.SearchStrategy[Node] = st.recursive(
    st.one_of(st.sampled_from([Property("count"), Property("size")]), numbers.map(Literal)),
    lambda inner: st.one_of(
        st.builds(
            lambda op, a, b: Call(op, (a, b)), st.sampled_from(["+", "-", "*", "/", "%", "div", "^"]), inner, inner
        ),
        st.builds(lambda name, part: Call(name, (part,)), st.sampled_from(["abs", "floor", "ceiling"]), inner),
        st.builds(lambda part: Call("length", (part,)), text_values),
    ),
    max_leaves=4,
)
days = st.dates(dt.date(2015, 1, 1), dt.date(2045, 12, 31)).map(Instant)
moments = st.builds(
    lambda day, seconds: dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(seconds=seconds),
    st.dates(dt.date(2015, 1, 1), dt.date(2045, 12, 31)),
    st.floats(0, 86_399).map(lambda s: round(s, 3)),
).map(Instant)
day_fields = st.sampled_from([Property("opened"), Property("valid_from"), Property("valid_to")])
times = st.one_of(day_fields, days, moments)
ends = st.one_of(st.none(), day_fields)
spans = st.one_of(
    st.builds(Span, ends, ends),
    st.lists(days, min_size=2, max_size=2).map(lambda two: Span(*sorted(two, key=lambda day: day.value))),
    st.builds(Span, moments, st.none()),
)
bounds = st.sampled_from(
    [(105.0, 20.0, 105.5, 21.5), (170.0, -20.0, -170.0, 0.0), (105.8, 21.0, 105.8, 21.0), (0.0, 0.0, 2.0, 2.0)]
)
places = st.one_of(
    st.just(Property("geometry")),
    bounds.map(lambda four: Placing().box(four)),
    st.sampled_from([shape for shape in SHAPES if shape is not None]).map(Shape),
    st.just(
        Shape(shapely.from_wkt("GEOMETRYCOLLECTION(POINT(105.8 21), POLYGON((105 20,106 20,106 21,105 21,105 20)))"))
    ),
    st.just(Shape(shapely.from_wkt("GEOMETRYCOLLECTION(POINT(105.8 21), LINESTRING(105 20,106 21,107 21))"))),
)
spatial = st.builds(
    lambda name, a, b: Call(name, (a, b)),
    st.sampled_from(
        ["s_intersects", "s_equals", "s_disjoint", "s_touches", "s_within", "s_overlaps", "s_crosses", "s_contains"]
    ),
    places,
    places,
)
temporal = st.one_of(
    st.builds(
        lambda name, a, b: Call(name, (a, b)),
        st.sampled_from(["t_after", "t_before", "t_disjoint", "t_equals", "t_intersects"]),
        st.one_of(times, spans),
        st.one_of(times, spans),
    ),
    st.builds(
        lambda name, a, b: Call(name, (a, b)),
        st.sampled_from(
            [
                "t_contains",
                "t_during",
                "t_finishedby",
                "t_finishes",
                "t_meets",
                "t_metby",
                "t_overlappedby",
                "t_overlaps",
            ]
        ),
        spans,
        spans,
    ),
)
comparisons = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
patterns = st.text("aĐ%_\\ *[?'x", max_size=6).map(lambda text: Literal(pattern_text(pattern_parts(text))))
scalar = st.one_of(
    *(
        st.builds(lambda op, a, b: Call(op, (a, b)), comparisons, kind, kind)
        for kind in (text_values, number_values, times)
    ),
    st.builds(lambda a, b: Call("like", (a, b)), text_values, patterns),
    st.builds(lambda a, b: Call("like", (Call("casei", (a,)), Call("casei", (b,)))), text_values, patterns),
    st.builds(
        lambda a, items: Call("in", (a, Array(tuple(items)))),
        text_values,
        st.lists(text_values, min_size=1, max_size=3),
    ),
    st.builds(lambda a, b, c: Call("between", (a, b, c)), number_values, number_values, number_values),
    st.builds(
        lambda a: Call("isnull", (a,)), st.one_of(text_values, number_values, times, st.just(Property("geometry")))
    ),
    st.sampled_from([Property("open"), Literal(True), Literal(False), Call("=", (Property("open"), Literal(False)))]),
    st.builds(lambda day: Call("planned_at", (day,)), days),
    st.builds(
        lambda name, items: Call(name, (Call("split", (Property("name"), Literal(" "))), Array(tuple(items)))),
        st.sampled_from(["a_equals", "a_contains", "a_containedby", "a_overlaps"]),
        st.lists(texts.map(Literal), min_size=1, max_size=3),
    ),
)
conditions: st.SearchStrategy[Node] = st.recursive(
    st.one_of(scalar, temporal, spatial),
    lambda inner: st.one_of(
        st.builds(
            lambda name, parts: Call(name, tuple(parts)),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=3),
        ),
        st.builds(lambda part: Call("not", (part,)), inner),
        st.builds(lambda a, b: Call("=", (a, b)), inner, inner),
    ),
    max_leaves=4,
)
SOME = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@SOME
@given(node=conditions)
def test_text_and_json_give_the_tree_back(node: Node) -> None:
    from_json = read_json(json_bytes(to_json(node)).decode(), Placing())
    text = to_text(from_json)
    assert to_text(node) == text or "and" in text.lower() or "or" in text.lower()  # nested ones are joined
    from_text = read_text(text, Placing())
    assert to_text(from_text) == text
    assert to_text(read_text(to_text(node), Placing())) == text
    assert read_json(json_bytes(to_json(from_text)).decode(), Placing()) == from_text


@SOME
@given(node=conditions)
def test_both_engines_find_the_same_and_nothing_is_both_so_and_not_so(stores: tuple[Store, Store], node: Node) -> None:
    text = to_text(node)
    embedded, postgis = stores
    both = []
    for store in (embedded, postgis):
        true = find(store, "things", text)
        false = find(store, "things", f"NOT ({text})")
        assert true.isdisjoint(false)
        assert find(store, "things", f"NOT (NOT ({text}))") == true
        both.append((true, false))
    assert both[0] == both[1]


def test_the_spatial_index_changes_no_answer(stores: tuple[Store, Store]) -> None:
    for store in stores:
        definition, core = store.definition("things"), store._core
        for text in ("S_INTERSECTS(geom,BBOX(105,20,105.5,21.5))", "S_WITHIN(geom,BBOX(0,0,4,4)) OR count > 3"):
            asked = parse_filter(text, definition=definition)
            table = core.table(definition)
            plain = condition(asked, definition, table, core.engine, indexed=False)
            with core.reading() as connection:
                assert core.count(connection, table, [plain]) == len(found(store, asked)) > 0


def test_a_filter_at_its_limits_is_answered(stores: tuple[Store, Store]) -> None:
    many = " OR ".join(f"count = {i}" for i in range(1_000))
    inside = f"count IN ({','.join(map(str, range(1_000)))})"
    line = f"S_INTERSECTS(geometry, LINESTRING({','.join(f'{i / 100} 0' for i in range(3_000))}))"
    chain = "count >= 0"
    for level in range(18):
        chain = f"(size > {level} {('AND', 'OR')[level % 2]} {chain})"
    deep = [
        ("NOT " * 20 + line, line),
        ("size" + " + 1" * 21 + " > 0", "size + 21 > 0"),
        ("1 + (" * 20 + "size" + ")" * 20 + " > 0", "20 + size > 0"),
        ("abs(" * 20 + "size" + ")" * 20 + " > 1", "abs(size) > 1"),
        ("floor(" * 20 + "size" + ")" * 20 + " > 1", "floor(size) > 1"),
        ("accenti(casei(" * 2 + "trim(" * 15 + "name" + ")" * 19 + " = 'strasse'", "CASEI(name) = 'strasse'"),
        ("open = (" * 20 + "count > 1" + ")" * 20, "(open IS NOT NULL) AND count > 1"),
        ("(" * 20 + "count > 1" + " = open)" * 20, "(open IS NOT NULL) AND count > 1"),
        (chain, chain),
        (" OR ".join([f"{chain} AND NOT ({chain})"] * 20), "FALSE"),
    ]
    for store in stores:
        assert find(store, "things", many) == find(store, "things", inside) == find(store, "things", "count >= 0")
        for text, same in deep:
            assert find(store, "things", text) == find(store, "things", same), text[:50]


# Letters --------------------------------------------------------------------------------------------------------------


def test_case_folding_is_small_letters_and_a_list_for_every_letter_there_is() -> None:
    single, several = folds()
    for letter in map(chr, range(sys.maxunicode + 1)):
        if not 0xD800 <= ord(letter) <= 0xDFFF:
            small = letter.lower()
            assert "".join(several.get(sign) or single.get(sign) or sign for sign in small) == letter.casefold()


@given(text=st.text())
def test_a_text_without_accents_or_case_stays_as_it_is(text: str) -> None:
    bare = without_accents(text)
    assert without_accents(bare) == bare
    assert without_accents(unicodedata.normalize("NFD", text)) == without_accents(unicodedata.normalize("NFC", text))
    assert without_case(without_case(text)) == without_case(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ACCENTI(CASEI(name)) = accenti(casei('DUONG lang'))", {"t0", "t1", "t2"}),
        ("ACCENTI(name) = accenti('Hoa Lac')", {"t3", "t4", "t5"}),
        ("CASEI(name) = casei('đường láng')", {"t0", "t1"}),
        ("CASEI(name) = casei('strasse')", {"t8", "t9"}),
        ("CASEI(name) = casei('οδοσ')", {"t10", "t11"}),
        ("CASEI(name) = casei('FIN')", {"t13"}),
        ("ACCENTI(name) = accenti('O o')", {"t20"}),
        (r"name LIKE '100\%%'", {"t7"}),
        (r"name LIKE '%\_x\\y'", {"t7"}),
        ("name LIKE 'a*[b]?'", {"t14"}),
        (r"name = 'tab\there'", {"t16"}),
        (r"name = 'it\'s' AND name = 'it''s'", {"t15"}),
        (r"name = '100% _x\\y'", {"t7"}),
        ("name = ''", {"t17"}),
    ],
)
def test_vietnamese_and_other_letters(stores: tuple[Store, Store], text: str, expected: set[str]) -> None:
    for store in stores:
        assert find(store, "things", text) == expected


def test_every_letter_is_folded_alike_on_both_engines(stores: tuple[Store, Store]) -> None:
    """The server folds by its own tables; letters that Unicode gained since they were made are not compared."""
    letters = [
        chr(c) for c in range(1, sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF and chr(c).casefold() != chr(c)
    ]
    letters += [chr(c) for c in range(0xC0, 0x2000) if unicodedata.decomposition(chr(c))]
    postgis = stores[1]
    dialect = POSTGIS
    row = sa.func.unnest(sa.literal(letters, sa.ARRAY(sa.Text))).table_valued("letter").render_derived().c.letter
    statement = sa.select(row, dialect.without_case(row), dialect.without_accents(row))
    with postgis._core.reading() as connection:
        for letter, case, accents in connection.execute(statement):
            assert (case, accents) == (without_case(letter), without_accents(letter)), hex(ord(letter))
