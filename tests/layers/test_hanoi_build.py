"""How the shipped Hanoi data are made, and how they come into a store."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from layers import hanoi
from layers.catalogue import shipped_definitions
from layers.errors import DefinitionError, FileUnreadableError, MissingFileError
from layers.hanoi import build as building
from layers.hanoi.parks import ParkInputs, fact_rows, park_row, park_rows
from layers.hanoi.sources import Row, Translations, read_rows
from layers.hanoi.tables import place_rows, rule_rows
from layers.store import Put, Remove, Store

FRAMES = hanoi.frames()


# The build


def test_the_shipped_files_are_what_the_build_makes(shared_reference: Path) -> None:
    made = building.build(shared_reference)
    assert set(made) == set(FRAMES)
    for layer, content in made.items():
        assert (building.DATA / f"{layer}.csv").read_bytes() == content.encode(), layer


def test_building_twice_gives_the_same_bytes(
    shared_reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = []
    for name in ("first", "second"):
        monkeypatch.setattr(building, "DATA", tmp_path / name)
        assert building.main([str(shared_reference)]) == 0
        written.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert written[0] == written[1]
    assert "parks: 29\n" in capsys.readouterr().out


def test_a_missing_reference_is_named_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert building.main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"Không có tệp {tmp_path / 'parks.csv'}." in said
    assert f"There is no file {tmp_path / 'parks.csv'}." in said
    assert building.main([]) == 2
    assert "python -m layers.hanoi.build" in capsys.readouterr().err


def test_a_broken_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"There is no file .*none\.csv"):
        read_rows(tmp_path / "none.csv")
    path = tmp_path / "broken.csv"
    path.write_text("a,b\n1,2\n3\n", encoding="utf-8")
    with pytest.raises(FileUnreadableError, match=r"broken\.csv cannot be read: 3: 1\. Wanted 2 values"):
        read_rows(path)
    path.write_bytes(b"a\n\xff\n")
    with pytest.raises(FileUnreadableError, match="utf-8"):
        read_rows(path)


EMPTY = ParkInputs([], [], Translations({}))


def a_park(**values: str) -> Row:
    columns = (
        "park_id name_vi name_en kind status status_note developer old_district old_communes new_communes_2025 lon lat "
        "coord_method coord_confidence area_ha leasable_ha occupancy_pct occupancy_year year_established legal_basis "
        "planning_horizon plan_list projects projects_year workers workers_year workers_planned sectors "
        "wastewater_capacity_m3_day wastewater_state power_substation access_and_edges caveats source confidence"
    )
    return dict.fromkeys(columns.split(), "") | {"park_id": "p", "name_vi": "P", "status": "in plan"} | values


def test_text_without_a_translation_stops_the_build() -> None:
    with pytest.raises(
        DefinitionError, match=r"translations\.csv is not valid: saw 'steel'.*a line with its translation"
    ):
        park_row(a_park(sectors="steel"), EMPTY)


def test_a_detail_that_is_not_in_the_reference_stops_the_build() -> None:
    detail = {"park_id": "p", "field": "phases", "value": "3", "read_from": "caveats", "quote": "3 phases"}
    inputs = ParkInputs([detail], [], Translations({("", "two phases"): "hai giai đoạn"}))
    with pytest.raises(DefinitionError, match=r"p, caveats is not valid: saw two phases, wanted '3 phases'"):
        park_row(a_park(caveats="two phases"), inputs)
    with pytest.raises(DefinitionError, match=r"park_id is not valid: saw p, wanted other"):
        park_rows([a_park(park_id="other")], inputs)


def test_a_source_of_an_unknown_value_stops_the_build() -> None:
    source = {"park_id": "p", "fields": "workers", "source": "x", "confidence": "low"}
    inputs = ParkInputs([], [source], Translations({}))
    parks = park_rows([a_park()], inputs)
    with pytest.raises(DefinitionError, match=r"fact_sources\.csv, p is not valid: saw workers, wanted a known value"):
        fact_rows(parks, inputs, shipped_definitions()["parks"])


def test_a_check_of_an_unknown_rule_stops_the_build() -> None:
    row = {"id": "R-1", "check": "share", "params": "{}", "severity": "fail"}
    with pytest.raises(DefinitionError, match=r"rule_checks\.csv is not valid: saw R-1"):
        rule_rows([], [row], Translations({}))
    with pytest.raises(DefinitionError, match=r"rule_checks\.csv, R-1 is not valid: .*wanted JSON"):
        rule_rows([{"id": "R-1"}], [row | {"params": "{"}], Translations({}))


def test_a_place_of_no_park_or_no_shape_stops_the_build() -> None:
    row = {"feature_id": "x", "park_id": "nowhere", "shape": "label"}
    with pytest.raises(DefinitionError, match="x is not valid: saw nowhere"):
        place_rows([row], {}, {}, Translations({}))
    park = park_rows([a_park(lon="105.8", lat="21.0")], ParkInputs([], [], Translations({})))[0]
    with pytest.raises(DefinitionError, match="saw star, wanted side:N, label, outline"):
        place_rows([row | {"park_id": "p", "shape": "star"}], {"p": park}, {}, Translations({}))
    with pytest.raises(DefinitionError, match="saw label, wanted park_id"):
        place_rows([row | {"park_id": ""}], {}, {}, Translations({}))


# The store


def test_seeding_is_one_changeset_and_gives_everything_back(store: Store) -> None:
    written = hanoi.seed(store)
    assert written is not None
    assert (written.author, written.decision) == ("Parkplan", None)
    assert written.message.endswith(hanoi.VERSION)
    assert written.features == sum(len(frame) for frame in FRAMES.values())
    assert set(store.layers()) == set(shipped_definitions())
    for layer, frame in FRAMES.items():
        assert_frame_equal(pd.DataFrame(store.read(layer).sort_index()), pd.DataFrame(frame.sort_index()), obj=layer)
    assert [changeset.id for changeset in store.changesets()] == [written.id]


def test_a_store_is_seeded_only_once(seeded_store: Store) -> None:
    seeded_store.commit([Remove("parks", ["kim-hoa"])], author="a planner", message="not in the plan any more")
    assert hanoi.seed(seeded_store) is None
    assert "kim-hoa" not in seeded_store.read("parks").index
    assert len(seeded_store.changesets()) == 2


def test_layers_that_hold_features_are_left_alone(store: Store) -> None:
    definitions = shipped_definitions()
    store.add_layer(definitions["parks"])
    own = gpd.GeoDataFrame(
        {"name_vi": ["Khu của tôi"]},
        index=pd.Index(["mine"], name="feature_id"),
        geometry=gpd.GeoSeries([None], index=["mine"], crs="EPSG:4326"),
    )
    store.commit([Put("parks", own)], author="a planner", message="own parks")
    written = hanoi.seed(store)
    assert written is not None
    assert list(store.read("parks").index) == ["mine"]
    assert store.count("rules") == 120


@pytest.mark.parametrize(("horizon", "parks"), [(2025, 24), (2030, 29), (2065, 29)])
def test_parks_by_horizon(seeded_store: Store, horizon: int, parks: int) -> None:
    assert seeded_store.count("parks", horizon=horizon) == parks


def test_units_change_on_1_july_2025(seeded_store: Store) -> None:
    before = set(seeded_store.read("admin_units", horizon=2024).index)
    after = set(seeded_store.read("admin_units", horizon=2025).index)
    assert {"old-soc-son", "ha-noi"} <= before
    assert "new-kim-anh" not in before
    assert {"new-kim-anh", "ha-noi"} <= after
    assert not [unit for unit in after if unit.startswith("old-")]
