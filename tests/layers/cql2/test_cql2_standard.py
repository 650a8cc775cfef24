"""Every predicate of the standard's test data finds as many features as it must, in text and in JSON, on both engines.

`further.csv` holds the predicates of the abstract test suite (OGC 21-065r2, annex A) that the shared list lacks.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import random
from pathlib import Path

import pytest

from layers.cql2 import parse_filter
from layers.errors import FilterError
from layers.store import Store
from tests.support.cql2 import find, found

PLACES = "ne_110m_populated_places_simple"
COUNTRIES = "ne_110m_admin_0_countries"
ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("PARKPLAN_SHARED", ROOT.parent / "shared")) / "conformance" / "cql2" / "predicates.csv"


def predicates() -> list[tuple[str, str, int]]:
    """Layer, predicate and number of features: the shared list, then the rest of the standard's."""
    listed = []
    if SHARED.exists():
        with SHARED.open(encoding="utf-8", newline="") as file:
            listed += [
                (row["collection"], row["predicate_cql2_text"], int(row["expected_count"]))
                for row in csv.DictReader(file)
            ]
    with (Path(__file__).parent / "further.csv").open(encoding="utf-8", newline="") as file:
        listed += [(PLACES, row["predicate"], int(row["expected"])) for row in csv.DictReader(file)]
    return listed


PREDICATES = predicates()


@pytest.mark.parametrize(("layer", "text", "expected"), PREDICATES, ids=[text for _, text, _ in PREDICATES])
def test_a_predicate_finds_what_it_must(standard: Store, layer: str, text: str, expected: int) -> None:
    definition = standard.definition(layer)
    asked = parse_filter(text, definition=definition)
    assert len(found(standard, asked)) == expected
    document = json.dumps(asked.document())
    from_json = parse_filter(document, definition=definition, language="cql2-json")
    assert from_json == asked
    assert from_json.expression == asked.expression
    assert len(found(standard, from_json)) == expected
    again = parse_filter(asked.text, definition=definition)
    assert again.expression == asked.expression
    assert again.text == asked.text


def test_all_are_there() -> None:
    assert len(PREDICATES) in (115, 115 + 139)


def test_predicates_combine(standard: Store) -> None:
    """Sets of features obey the truth table: each combination finds what its parts say, the unknown ones in neither."""
    texts = [text for layer, text, _ in PREDICATES if layer == PLACES]
    chosen = random.Random(5).sample(texts, 40)  # noqa: S311 - the same each time
    every = find(standard, PLACES, "TRUE")
    for p1, p2, p3, p4 in itertools.batched(chosen, 4) if hasattr(itertools, "batched") else _fours(chosen):
        true = {p: find(standard, PLACES, p) for p in (p1, p2, p3, p4)}
        false = {p: find(standard, PLACES, f"NOT ({p})") for p in (p1, p2, p3, p4)}
        assert all(not true[p] & false[p] and true[p] | false[p] <= every for p in true)
        got = find(standard, PLACES, f"((NOT ({p1}) AND {p2}) OR ({p3} and NOT ({p4})) or not ({p1} AND {p4}))")
        assert got == (false[p1] & true[p2]) | (true[p3] & false[p4]) | (false[p1] | false[p4])


def _fours(texts: list[str]) -> list[tuple[str, str, str, str]]:
    return [(a, b, c, d) for a, b, c, d in zip(*[iter(texts)] * 4, strict=True)]


@pytest.mark.parametrize("function", ["S_INTERSECTS", "S_DISJOINT", "S_WITHIN", "S_CONTAINS", "S_EQUALS"])
@pytest.mark.parametrize(
    "place", ["POINT(90 180)", "BBOX(-181,0,10,10)", "BBOX(0,0,10,90.5)", "LINESTRING(0 0, 200 0)"]
)
def test_a_place_that_is_not_on_the_earth_is_refused(standard: Store, function: str, place: str) -> None:
    with pytest.raises(FilterError) as caught:
        find(standard, COUNTRIES, f"{function}(geom,{place})")
    assert "latitudes -90 to 90" in caught.value.message("en")
    assert "vĩ độ từ -90 đến 90" in caught.value.message("vi")


def test_a_box_is_the_same_as_its_polygon_and_its_opposite_is_disjoint(standard: Store) -> None:
    for layer in (COUNTRIES, PLACES, "ne_110m_rivers_lake_centerlines"):
        box, polygon = "BBOX(0,40,10,50)", "POLYGON((0 40,10 40,10 50,0 50,0 40))"
        for name in ("INTERSECTS", "DISJOINT", "WITHIN", "CONTAINS", "TOUCHES", "CROSSES", "OVERLAPS", "EQUALS"):
            assert find(standard, layer, f"S_{name}(geom,{box})") == find(standard, layer, f"S_{name}(geom,{polygon})")
        meeting = find(standard, layer, f"S_INTERSECTS(geom,{box})")
        assert meeting == find(standard, layer, f"NOT S_DISJOINT(geom,{box})")
        assert meeting.isdisjoint(find(standard, layer, f"S_DISJOINT(geom,{box})"))
        assert meeting == find(standard, layer, f"S_INTERSECTS({box},geom) = TRUE")
        assert meeting == find(standard, layer, f"NOT (NOT S_INTERSECTS(geom,{box}))")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A_EQUALS((1,2,2),(2,1))", 243),
        ("A_CONTAINS(('a','b'),('b'))", 243),
        ("A_CONTAINEDBY(('a','b'),('b'))", 0),
        ("A_OVERLAPS(('a',true,1),(true))", 243),
        ("A_OVERLAPS(('a','true',1),(true))", 0),
        ("A_CONTAINS(split(namealt,'|'),('Kiev'))", 0),
        ("A_OVERLAPS(split(name,' '),('New','San'))", 6),
        ("A_CONTAINS((name,nameascii),('København'))", 1),
        ("abs(0-pop_other)=1038288", 1),
        ("floor(pop_other/10)=103828 AND ceiling(pop_other/10)=103829", 1),
        ("length(name)=9 AND name LIKE 'K%'", 3),
        ("trim('  a ')='a'", 243),
        ('year("date")=2022 AND month("date")=4 AND day("date")=16', 1),
        ("year(start)=2021 AND month(start)=4", 1),
        ("planned_at(DATE('2030-12-31'))", 243),
        ("geometry_type(geom)='Point'", 243),
        ("pop_other/0=1", 0),
        ("pop_other%0=1 OR pop_other div 0=1 OR (0-1)^0.5=1 OR 10^400>1 OR 0^(0-1)>1", 0),
        ("1e200*1e200>1 OR 1e200*1e200<=1 OR 1e100*1e100*1e100>1", 0),
        ("1e-100*1e-100*1e-100=0 AND 1/1e-140>1e139", 243),
        ("T_BEFORE(valid_from,DATE('2030-01-01')) OR NOT T_BEFORE(valid_from,DATE('2030-01-01'))", 0),
        ("T_INTERSECTS(INTERVAL(valid_from,valid_to),DATE('2030-01-01'))", 243),
        ("(0-7)%3=0-1 AND (0-7) div 3=0-2 AND 2^10=1024 AND 10^(0-400)=0", 243),
    ],
)
def test_functions_sets_and_sums(standard: Store, text: str, expected: int) -> None:
    assert len(find(standard, PLACES, text)) == expected
