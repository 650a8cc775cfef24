"""Who may do what: the algebra of grants, and the register that keeps people, sessions, tokens and the log."""

from __future__ import annotations

import datetime as dt
import sqlite3
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import get_args

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from layers.errors import (
    PersonExistsError,
    StoreError,
    UnknownPersonError,
    UnknownTokenError,
    ValueOutOfRangeError,
)
from layers.people import ABILITIES, ROLE_ABILITIES, Ability, Access, Grant, People, Role, open_people, people_file
from layers.store import Store, open_store

LAYERS = ("parks", "plots", "roads")
PASSWORD = "mật khẩu rất dài"  # noqa: S105 - of a test
ROLES: tuple[Role, ...] = get_args(Role)
EAST, WEST = shapely.box(105.8, 20.9, 106.0, 21.1), shapely.box(105.6, 20.9, 105.8, 21.1)

grants = st.builds(
    Grant,
    role=st.sampled_from(ROLES),
    layers=st.none() | st.frozensets(st.sampled_from(LAYERS)),
    area=st.none() | st.sampled_from([EAST, WEST]),
    confined=st.booleans(),
)
accesses = st.builds(Access, st.lists(grants, max_size=5).map(tuple))
abilities: st.SearchStrategy[Ability] = st.sampled_from(ABILITIES)
layer_ids = st.sampled_from(LAYERS)
PLACES = np.array(
    [shapely.Point(105.9, 21.0), shapely.Point(105.7, 21.0), shapely.LineString([(105.7, 21), (105.9, 21)]), None],
    dtype=object,
)


@given(accesses, grants, abilities, layer_ids)
def test_a_grant_adds_and_takes_nothing_away(access: Access, grant: Grant, ability: Ability, layer: str) -> None:
    more = Access((*access.grants, grant))
    assert access.abilities(layer) <= more.abilities(layer)
    assert access.may(ability, layer) <= more.may(ability, layer)
    assert access.everywhere(ability) <= more.everywhere(ability)
    assert (access.reaches(ability, layer, PLACES) <= more.reaches(ability, layer, PLACES)).all()


@given(st.lists(grants, max_size=5), st.randoms(), abilities, layer_ids)
def test_the_order_of_grants_and_a_grant_given_twice_do_not_matter(
    given_: list[Grant], random: Random, ability: Ability, layer: str
) -> None:
    other = [*given_, *given_]
    random.shuffle(other)
    one, two = Access(tuple(given_)), Access(tuple(other))
    assert one.abilities(layer) == two.abilities(layer)
    assert one.sight == two.sight
    assert (one.reaches(ability, layer, PLACES) == two.reaches(ability, layer, PLACES)).all()


@given(accesses, st.frozensets(abilities), abilities, layer_ids)
def test_a_token_never_does_more_than_its_person_nor_than_its_scopes(
    access: Access, scopes: frozenset[Ability], ability: Ability, layer: str
) -> None:
    token = access.limited(scopes)
    assert token.abilities(layer) == access.abilities(layer) & scopes
    assert token.may(ability, layer) == (access.may(ability, layer) and ability in scopes)
    assert token.limited(scopes) == token
    assert not token.limited([]).may(ability)


@given(grants, abilities, layer_ids)
def test_an_area_gives_less_than_no_area(grant: Grant, ability: Ability, layer: str) -> None:
    unbound = Access((Grant(grant.role, grant.layers),))
    bound = Access((Grant(grant.role, grant.layers, EAST),))
    assert bound.abilities(layer) <= unbound.abilities(layer)
    assert (bound.reaches(ability, layer, PLACES) <= unbound.reaches(ability, layer, PLACES)).all()
    assert not bound.may("restricted", layer), "reading is by layer, so what must not be read everywhere is not in it"


@given(accesses, layer_ids)
def test_what_is_seen_follows_from_what_may_be_done(access: Access, layer: str) -> None:
    seen = access.sight
    assert (seen.layers is None or layer in seen.layers) == access.may("read", layer)
    assert (seen.restricted is None or layer in seen.restricted) == access.may("restricted", layer)


@given(accesses, abilities, layer_ids)
def test_who_may_do_something_everywhere_reaches_every_feature(access: Access, ability: Ability, layer: str) -> None:
    reached = access.reaches(ability, layer, PLACES)
    if access.everywhere(ability):
        assert reached.all()
    if not access.may(ability, layer):
        assert not reached.any()


def test_two_areas_together_hold_what_neither_holds_alone() -> None:
    both = Access((Grant("approver", None, EAST), Grant("approver", None, WEST)))
    assert both.reaches("edit", "roads", PLACES).tolist() == [True, True, True, False]
    assert Access((Grant("approver", None, EAST),)).reaches("edit", "roads", PLACES).tolist() == [True] + [False] * 3


def test_every_role_reads_and_only_some_see_what_is_restricted() -> None:
    assert all("read" in given_ for given_ in ROLE_ABILITIES.values())
    seeing = {role for role, given_ in ROLE_ABILITIES.items() if "restricted" in given_}
    assert seeing == {"planner", "approver", "administrator"}
    assert {role for role, given_ in ROLE_ABILITIES.items() if "edit" in given_} == {"approver", "administrator"}
    assert {role for role, given_ in ROLE_ABILITIES.items() if "administer" in given_} == {"administrator"}


@pytest.fixture
def people(store: Store, store_url: str) -> Iterator[People]:
    with open_people(store_url) as opened:
        yield opened


def test_people_have_the_grants_of_their_own_and_of_their_institute(people: People, store_url: str) -> None:
    assert not people.accounts.any()
    people.accounts.add_institute("vqh", "Viện")
    people.accounts.add_institute("vqh", "Viện Quy hoạch")
    people.accounts.add("lan", "Lan", password=PASSWORD, institute="vqh")
    people.accounts.grant(Grant("planner", frozenset({"roads"}), EAST), person="lan")
    people.accounts.grant(Grant("institute"), institute="vqh")
    with open_people(store_url) as again:
        found = again.accounts.get("lan")
    assert (found.name, found.institute, found.active, found.has_password) == ("Lan", "vqh", True, True)
    assert set(found.grants) == {Grant("planner", frozenset({"roads"}), EAST), Grant("institute")}
    assert found.access.may("propose", "parks")
    assert people.accounts.take_back("planner", person="lan") == 1
    assert people.accounts.get("lan").grants == (Grant("institute"),)
    people.accounts.set_active("lan", active=False)
    assert not people.accounts.get("lan").access.may("read")
    assert [institute.name for institute in people.accounts.institutes()] == ["Viện Quy hoạch"]


def test_a_password_is_checked_and_never_kept(people: People, store: Store, store_url: str) -> None:
    people.accounts.add("lan", "Lan", password=PASSWORD)
    people.accounts.add("sso", "Không mật khẩu", subject="issuer|1")
    typed = unicodedata.normalize("NFD", PASSWORD)
    assert people.accounts.check("lan", typed) == people.accounts.get("lan"), "keyboards compose letters differently"
    assert people.accounts.check("lan", PASSWORD + "!") is None
    assert people.accounts.check("nobody", PASSWORD) is None
    assert people.accounts.check("sso", "") is None
    assert people.accounts.by_subject("issuer|1") == people.accounts.get("sso")
    assert people.accounts.by_subject("issuer|2") is None
    people.accounts.set_active("lan", active=False)
    assert people.accounts.check("lan", PASSWORD) is None
    with people._desk.writing() as connection:
        kept = connection.execute(sa.select(people._desk.tables.people)).all()
    assert PASSWORD not in str(kept)
    assert "$argon2id$" in str(kept)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaa", "x" * 257, "lanlanlanlan"])
def test_a_weak_password_is_refused_without_being_told(people: People, password: str) -> None:
    with pytest.raises(ValueOutOfRangeError) as caught:
        people.accounts.add("lanlanlanlan", "Lan", password=password)
    assert caught.value.message("en").startswith("password: saw '…', wanted 12 to 256 letters")
    assert not people.accounts.any()


def test_wrong_names_are_told(people: People) -> None:
    for id_ in ("Lan", "l", "lan huong", "1lan"):
        with pytest.raises(ValueOutOfRangeError, match="id: saw"):
            people.accounts.add(id_, "Lan")
    people.accounts.add("lan", "Lan")
    with pytest.raises(PersonExistsError) as caught:
        people.accounts.add("lan", "Lan")
    assert (caught.value.message("en"), caught.value.message("vi")) == (
        "The name 'lan' is taken.",
        "Tên đăng nhập 'lan' đã có người dùng.",
    )
    with pytest.raises(UnknownPersonError) as unknown:
        people.accounts.get("minh")
    assert unknown.value.message("en") == "There is no person or institute 'minh'."
    for act in (
        lambda: people.accounts.set_password("minh", PASSWORD),
        lambda: people.accounts.grant(Grant("viewer"), person="minh"),
        lambda: people.accounts.grant(Grant("viewer"), institute="minh"),
        lambda: people.accounts.add("hoa", "Hoa", institute="minh"),
    ):
        with pytest.raises(UnknownPersonError):
            act()
    with pytest.raises(ValueOutOfRangeError, match="name: saw"):
        people.accounts.add("hoa", " ")


def test_a_session_ends_by_itself_by_signing_out_and_with_the_password(people: People) -> None:
    people.accounts.add("lan", "Lan", password=PASSWORD)
    first, second = people.sessions.start("lan", hours=1), people.sessions.start("lan", hours=1)
    assert first != second
    found = people.sessions.find(first)
    assert found is not None
    assert found.person == "lan"
    assert first not in found.key
    people.sessions.end(first)
    assert people.sessions.find(first) is None
    people.accounts.set_password("lan", PASSWORD + " mới")
    assert people.sessions.find(second) is None, "another password ends every session"
    assert people.sessions.find(people.sessions.start("lan", hours=-1)) is None


def test_a_token_is_shown_once_expires_and_can_be_taken_back(people: People) -> None:
    people.accounts.add("lan", "Lan")
    token, text = people.tokens.make("lan", "QGIS", scopes=["edit", "read"], days=30)
    assert token.scopes == ("read", "edit")
    found = people.tokens.find(text)
    assert found is not None
    assert found.id == token.id
    assert people.tokens.of("lan")[0].used is not None
    for wrong in ("", text[:-1], text + "x", text.replace("parkplan", "other"), "parkplan__", "parkplan_x_y"):
        assert people.tokens.find(wrong) is None
    assert people.tokens.of("minh") == []
    with pytest.raises(UnknownTokenError) as caught:
        people.tokens.revoke(token.id, person="minh")
    assert caught.value.message("en") == f"There is no token {token.id!r}."
    revoked = people.tokens.revoke(token.id, person="lan").revoked
    assert revoked is not None
    assert people.tokens.find(text) is None
    assert people.tokens.revoke(token.id).revoked == revoked, "the first word counts"
    with people._desk.writing() as connection:
        kept = str(connection.execute(sa.select(people._desk.tables.tokens)).all())
        connection.execute(
            sa.update(people._desk.tables.tokens).values(revoked=None, expires="2020-01-01T00:00:00.000000+00:00")
        )
    assert text.rpartition("_")[2] not in kept
    assert people.tokens.find(text) is None, "its time is over"


def test_wrong_tokens_are_told(people: People) -> None:
    with pytest.raises(ValueOutOfRangeError, match="scopes: saw"):
        people.tokens.make("lan", "t", scopes=[], days=3)
    with pytest.raises(ValueOutOfRangeError, match="days: saw 400, wanted 1 to 366 days"):
        people.tokens.make("lan", "t", scopes=["read"], days=400)
    with pytest.raises(ValueOutOfRangeError, match="title: saw"):
        people.tokens.make("lan", " ", scopes=["read"], days=3)


def test_failures_are_counted_by_name_and_address(people: People) -> None:
    hour = dt.timedelta(hours=1)
    since = dt.datetime.now(dt.UTC) - hour
    people.attempts.note("lan", "1.2.3.4", keep=hour)
    people.attempts.note("minh", "1.2.3.4", keep=hour)
    assert people.attempts.count(since=since, person="lan") == 1
    assert people.attempts.count(since=since, address="1.2.3.4") == 2
    people.attempts.forget("lan")
    assert people.attempts.count(since=since, person="lan") == 0
    people.attempts.note("hoa", "1.2.3.4", keep=dt.timedelta(0))
    assert people.attempts.count(since=since) == 1, "old ones are forgotten"


def test_the_log_can_be_added_to_and_nothing_else(people: People) -> None:
    people.audit.add("sign-in", "lan", person="lan")
    people.audit.add("update", "roads/1", person="minh", outcome="refused", address="::1", detail="x" * 2000)
    newest, oldest = people.audit.entries()
    assert (newest.action, newest.outcome, len(newest.detail)) == ("update", "refused", 500)
    assert people.audit.entries(before=newest.id) == [oldest]
    assert people.audit.entries(person="minh", limit=1) == [newest]
    assert people.audit.entries(outcome="done") == [oldest]
    table = people._desk.tables.audit
    for statement in (sa.update(table).values(person="x"), sa.delete(table)):
        with pytest.raises(StoreError, match="append-only"), people._desk.writing() as connection:
            connection.execute(statement)
    assert len(people.audit.entries()) == 2


def test_an_embedded_store_itself_holds_nothing_to_sign_in_with(tmp_path: Path) -> None:
    path = str(tmp_path / "store.gpkg")
    with open_store(path), open_people(path) as people:
        people.accounts.add("lan", "Lan", password=PASSWORD)
    with sqlite3.connect(path) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert not {name for name in names if "people" in name or "token" in name}
    assert stat.S_IMODE(Path(people_file(path)).stat().st_mode) == 0o600


def test_a_grant_keeps_whether_reading_ends_at_its_area(people: People) -> None:
    people.accounts.add("bound", "Bound", password=None)
    area = shapely.box(105.0, 20.0, 106.0, 21.0)
    people.accounts.grant(Grant("institute", frozenset({"plots"}), area, confined=True), person="bound")
    people.accounts.grant(Grant("viewer", frozenset({"roads"})), person="bound")
    access = people.accounts.get("bound").access
    assert [grant.confined for grant in access.grants] == [True, False]
    assert access.sight.area("plots") == area
    assert access.sight.area("roads") is None
    assert access.grants[0].where("en") == "plots, reads and changes within an area"
    assert access.grants[0].where("vi") == "plots, xem và sửa trong một vùng"


def test_what_was_granted_in_an_earlier_register_goes_on_to_mean_the_same(store_url: str, people: People) -> None:
    """Reading ended at no area then, and so it does not now."""
    people.accounts.add("old", "Old", password=None)
    people.accounts.grant(Grant("institute", None, shapely.box(105.0, 20.0, 106.0, 21.0)), person="old")
    with people._desk.writing() as connection:
        table = connection.dialect.identifier_preparer.format_table(people._desk.tables.grants)
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN confined")
    with open_people(store_url) as again:
        (grant,) = again.accounts.get("old").grants
        assert not grant.confined
        assert grant.where("en") == "all layers, changes within an area, reads the whole layers"
        assert again.accounts.get("old").access.sight.area("plots") is None
