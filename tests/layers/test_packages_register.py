"""The record of exchanges: who was handed what, and what came back of it."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
import sqlalchemy as sa

from layers.errors import UnknownFeatureError, UnknownPackageError, ValueOutOfRangeError
from layers.packages import get_exchange, hand_out, list_exchanges, park_area, shape_area
from layers.proposals import proposal_diff, propose_package
from layers.records import catalogue_records, select_records
from layers.store import Put, Sight, Store, StoreView
from tests.layers.test_packages import ADD, RENAME, edited, fill


@pytest.fixture
def handed(store: Store) -> Store:
    return fill(store)


def test_what_is_handed_out_and_comes_back_is_on_record(handed: Store, tmp_path: Path) -> None:
    target = tmp_path / "goi.zip"
    manifest, noted = hand_out(
        handed, target, who="Sở", layers=["plots"], institute="Viện A", area=shapely.box(1, 2, 3, 4)
    )
    assert noted.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert (noted.number, noted.kind, noted.who, noted.institute) == (1, "handed_out", "Sở", "Viện A")
    assert (noted.base, dict(noted.layers), noted.name) == (1, {"plots": manifest.layers["plots"].features}, "goi.zip")
    assert noted.area == manifest.area
    hand_out(handed, tmp_path / "b.zip", who="Sở", layers=["plots"], institute="Viện A")
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        packed.extractall(tmp_path / "package")
    proposal, _ = propose_package(handed, edited(tmp_path / "package", tmp_path, RENAME, ADD), author="An")
    assert proposal is not None
    back = list_exchanges(handed)[0]
    assert (back.number, back.kind, back.answers, back.proposal, back.who) == (3, "returned", 2, proposal.id, "An")
    assert dict(back.layers) == {"plots": 2}
    told = back.document("vi")
    assert (told["title"], told["institute"], told["signature"]) == ("Nhận lại", "Viện A", None)
    assert "place" not in told


def test_an_institute_is_told_of_its_own_packages_only(handed: Store, tmp_path: Path) -> None:
    for institute in ("Viện A", "Viện B"):
        hand_out(handed, tmp_path / "p.zip", who="Sở", layers=["plots"], institute=institute)
    propose_package(handed, tmp_path / "p.zip", author="An")
    assert [one.institute for one in list_exchanges(handed, institutes=["a", "VIỆN A "])] == ["Viện A"]
    assert [one.number for one in list_exchanges(handed, institutes=["viện a"], who="An")] == [3, 1]
    assert list_exchanges(handed, institutes=[]) == []
    assert len(list_exchanges(handed, limit=2)) == 2
    with pytest.raises(UnknownPackageError, match="no package '9'"):
        get_exchange(handed, "9")


def test_the_catalogue_has_a_record_for_each_package_that_may_be_told_of(handed: Store, tmp_path: Path) -> None:
    hand_out(handed, tmp_path / "a.zip", who="Sở", layers=["plots"], institute="Viện A", area=shapely.box(1, 2, 3, 4))
    hand_out(handed, tmp_path / "b.zip", who="Sở", layers=["plots"], institute="Viện B")
    propose_package(handed, tmp_path / "b.zip", author="An")
    assert {one.type for one in catalogue_records(handed)} == {"dataset"}, "only what is given is told of"
    whole, part = select_records(catalogue_records(handed, exchanges=list_exchanges(handed)), types=["package"])
    assert (whole.id, whole.title.vi, whole.proposals) == ("packages.2", "Gói số 2 giao Viện B", ())
    assert (part.bounds, part.features) == ((1, 2, 3, 4), 0)
    assert whole.bounds == handed.extent("plots").bounds, "a package of everywhere reaches as far as its layers"
    assert select_records([whole, part], bbox=(3.5, 3.5, -179, 5)) == []
    assert select_records([whole, part], bbox=(2.5, 3.5, -179, 5)) == [part], "across the antimeridian"
    own = list_exchanges(handed, institutes=["Viện A"])
    assert [one.id for one in catalogue_records(handed, exchanges=own) if one.type == "package"] == ["packages.1"]


def test_the_record_does_not_change(handed: Store, tmp_path: Path) -> None:
    hand_out(handed, tmp_path / "p.zip", who="Sở", layers=["plots"], institute="Viện A")
    table = handed.core.base.exchanges
    for statement in (sa.update(table).values(who="x"), sa.delete(table)):
        with pytest.raises(Exception, match="append-only"), handed.core.writing() as connection:
            connection.execute(statement)
    assert get_exchange(handed, "1").who == "Sở"


def test_what_an_institute_does_not_see_stays_as_the_base_has_it(handed: Store, tmp_path: Path) -> None:
    """A restricted value that changes meanwhile is neither lost nor told."""
    definition = handed.definition("plots")
    field = definition.field("name")
    hidden = field.model_copy(update={"name": "price", "restricted": True})
    handed.add_layer(definition.model_copy(update={"fields": (*definition.fields, hidden)}))
    plots = handed.read("plots")
    plots["price"] = "bí mật 1"
    base = handed.commit([Put("plots", plots)], author="Sở", message="Giá").id
    seen = StoreView(handed, Sight(restricted=frozenset()))
    hand_out(handed, tmp_path / "p.zip", who="Sở", seen=seen, layers=["plots"], institute="Viện A")
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        content = b"".join(packed.read(name) for name in packed.namelist())
        packed.extractall(tmp_path / "package")
    assert b"plots" in content
    assert b"price" not in content
    plots["price"] = "bí mật 2"
    handed.commit([Put("plots", plots)], author="Sở", message="Giá mới")
    file = edited(tmp_path / "package", tmp_path, RENAME)
    proposal, changes = propose_package(handed, file, author="An", seen=seen)
    assert proposal is not None
    assert (proposal.base, changes.layers["plots"].updated) == (base, ("001",))
    assert "bí mật" not in str(changes.document("vi"))
    kept = proposal_diff(handed, proposal.id).layers["plots"].after
    assert (kept.loc["001", "name"], kept.loc["001", "price"]) == ("Lô mới", "bí mật 1"), "it offers no price"
    through = handed.read("plots", proposal=proposal.id)
    assert (through.loc["001", "name"], through.loc["001", "price"]) == ("Lô mới", "bí mật 2")


def test_what_checks_the_changes_stops_them_before_anything_is_written(handed: Store, tmp_path: Path) -> None:
    hand_out(handed, tmp_path / "p.zip", who="Sở", layers=["plots"], institute="Viện A")

    def refuse(_: object) -> None:
        raise ValueOutOfRangeError(seen=1, wanted=2, where="here")

    with pytest.raises(ValueOutOfRangeError):
        propose_package(handed, tmp_path / "p.zip", author="An", check=refuse)
    assert [one.kind for one in list_exchanges(handed)] == ["handed_out"]


def test_the_ground_of_a_park_is_an_area(seeded_store: Store) -> None:
    parks = seeded_store.read("parks")
    kinds = parks.geometry.geom_type
    outlined, pointed = kinds[kinds == "Polygon"].index[0], kinds[kinds == "Point"].index[0]
    ground = park_area(seeded_store, outlined)
    assert ground == parks.geometry[outlined]
    wider = park_area(seeded_store, pointed, margin_m=100)
    in_metres = gpd.GeoSeries([wider, parks.geometry[pointed]], crs="EPSG:4326").to_crs("EPSG:5897")
    assert in_metres[0].boundary.distance(in_metres[1]) == pytest.approx(100, abs=0.7)
    assert in_metres[0].contains(in_metres[1])
    with pytest.raises(ValueOutOfRangeError, match="only a point"):
        park_area(seeded_store, pointed)
    with pytest.raises(ValueOutOfRangeError, match="50000 metres"):
        park_area(seeded_store, pointed, margin_m=-1)
    with pytest.raises(UnknownFeatureError):
        park_area(seeded_store, "none")


@pytest.mark.parametrize(
    "geojson",
    [{"type": "Point", "coordinates": [1, 2]}, {"type": "Polygon"}, {"a": 1}, {"type": "Polygon", "coordinates": []}],
)
def test_what_is_no_area_is_refused(geojson: dict[str, object]) -> None:
    with pytest.raises(ValueOutOfRangeError, match="longitude, latitude"):
        shape_area(geojson)
