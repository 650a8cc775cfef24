"""`parkplan people`: who may do what, from the machine on which the store is."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import LangOption, StoreOption, choose, named_store, open_existing
from api.errors import BadParameterError
from api.terminal import print_table, say, spoken_language
from layers.types import Language, Text

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from layers.people import Grant, People

__all__ = ["people"]

people = typer.Typer(help="People, their roles and tokens, and the audit log.", no_args_is_help=True)

_IdArgument = Annotated[str, typer.Argument(help="Name to sign in with.")]
_READS = ("area", "layers")


@contextmanager
def _opened(store: str | None) -> Iterator[People]:
    from layers.people import open_people  # noqa: PLC0415

    open_existing(store).close()
    with open_people(named_store(store)) as register:
        yield register


def _log(register: People, action: str, target: str) -> None:
    register.audit.add(action, target, person=f"{getpass.getuser()} (parkplan people)")


def _read_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Mật khẩu / Password: ")
    if getpass.getpass("Nhập lại / Again: ") != first:
        raise BadParameterError(seen="…", wanted=Text(vi="hai lần giống nhau", en="the same twice"), where="password")
    return first


@people.command("add")
def add(
    person: _IdArgument,
    *,
    name: Annotated[str, typer.Option(help="As changesets name their author.")],
    institute: Annotated[str | None, typer.Option(help="Id of the institute.")] = None,
    institute_name: Annotated[str | None, typer.Option(help="Name of the institute, which is added with it.")] = None,
    subject: Annotated[str | None, typer.Option(help="ISSUER|SUBJECT of OpenID Connect; then no password.")] = None,
    role: Annotated[str | None, typer.Option(help="A role for all layers.")] = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Add a person; the password is asked for, or read from standard input."""
    language = spoken_language(lang)
    grant = None if role is None else _grant(role, None, None)
    with _opened(store) as register:
        password = None if subject is not None else _read_password()
        if institute is not None and institute_name is not None:
            register.accounts.add_institute(institute, institute_name)
        register.accounts.add(person, name, password=password, institute=institute, subject=subject)
        if grant is not None:
            register.accounts.grant(grant, person=person)
        _log(register, "people add", f"{person} {role or ''}".strip())
    say(Text(vi=f"Đã thêm {person}.", en=f"Added {person}.").say(language))


@people.command("list")
def list_people(store: StoreOption = None, lang: LangOption = None) -> None:
    """List everybody with roles, layers and areas."""
    language = spoken_language(lang)
    with _opened(store) as register:
        accounts = register.accounts.all()
    rows = [
        (
            account.id,
            account.name,
            account.institute or "",
            "; ".join(_said(grant, language) for grant in account.grants),
            _state(language, active=account.active),
        )
        for account in accounts
    ]
    headings = (
        Text(vi="tên đăng nhập", en="id"),
        Text(vi="họ tên", en="name"),
        Text(vi="đơn vị", en="institute"),
        Text(vi="vai trò", en="roles"),
        Text(vi="trạng thái", en="state"),
    )
    print_table(Text(vi="Người dùng", en="People").say(language), [text.say(language) for text in headings], rows)


@people.command("password")
def password(
    person: _IdArgument,
    *,
    stop: Annotated[bool, typer.Option("--stop", help="Shut the person out instead.")] = False,
    let_in: Annotated[bool, typer.Option("--let-in", help="Let the person in again instead.")] = False,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Give a person another password, or shut one out; either ends every session."""
    language = spoken_language(lang)
    with _opened(store) as register:
        if stop or let_in:
            register.accounts.set_active(person, active=let_in)
        else:
            register.accounts.set_password(person, _read_password())
        _log(register, "people password", f"{person}{' stop' if stop else ' let in' if let_in else ''}")
    say(Text(vi=f"Đã đổi {person}.", en=f"Changed {person}.").say(language))


@people.command("token")
def token(
    person: _IdArgument,
    *,
    title: Annotated[str, typer.Option(help="What it is for.")],
    scopes: Annotated[str, typer.Option(help="Abilities with commas, at most those of the person.")] = "read",
    days: Annotated[int, typer.Option(help="How long it lasts.")] = 90,
    store: StoreOption = None,
) -> None:
    """Make a token for a program and print it; it is shown once."""
    from layers.people import ABILITIES  # noqa: PLC0415

    named = [scope.strip() for scope in scopes.split(",")]
    for scope in named:
        choose(scope, ABILITIES, option="--scopes")
    with _opened(store) as register:
        register.accounts.get(person)
        made, text = register.tokens.make(
            person, title, scopes=[ability for ability in ABILITIES if ability in named], days=days
        )
        _log(register, "people token", f"{person} {made.id} {' '.join(made.scopes)}")
    say(text)


@people.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="TOKEN", help="Public part of a token.")],
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Take a token back."""
    language = spoken_language(lang)
    public = token_id.split("_")[1] if token_id.count("_") >= 2 else token_id
    with _opened(store) as register:
        register.tokens.revoke(public)
        _log(register, "people revoke", public)
    say(Text(vi=f"Đã thu hồi {public}.", en=f"Revoked {public}.").say(language))


@people.command("roles")
def roles(
    whom: Annotated[str, typer.Argument(help="A person, or with --institute an institute.")],
    *,
    give: Annotated[str | None, typer.Option(help="The role to give.")] = None,
    take: Annotated[str | None, typer.Option(help="The role to take back.")] = None,
    layers: Annotated[str | None, typer.Option(help="Ids of layers with commas; all without it.")] = None,
    area: Annotated[Path | None, typer.Option(help="GeoJSON file of an area, longitude and latitude.")] = None,
    reads: Annotated[str, typer.Option(help="With an area: whether reading ends there too, area or layers.")] = "area",
    institute: Annotated[bool, typer.Option("--institute", help="For everybody of an institute.")] = False,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Give or take back a role, for layers and an area; without either, tell what somebody may do."""
    language = spoken_language(lang)
    choose(reads, _READS, option="--reads")
    grant = None if give is None else _grant(give, layers, area, confined=area is not None and reads == "area")
    taken = None if take is None else _grant(take, None, None)
    target = {"institute": whom} if institute else {"person": whom}
    with _opened(store) as register:
        if taken is not None:
            count = register.accounts.take_back(taken.role, **target)
            _log(register, "people roles take", f"{whom} {take} {count}")
        if grant is not None:
            register.accounts.grant(grant, **target)
            _log(register, "people roles give", f"{whom} {give} {layers or '*'}{f' area ({reads})' if area else ''}")
        if not institute:
            for one in register.accounts.get(whom).grants:
                say(_said(one, language))


@people.command("audit")
def audit(
    *,
    limit: Annotated[int, typer.Option(help="At most so many entries.")] = 50,
    person: Annotated[str | None, typer.Option(help="Only of this person.")] = None,
    outcome: Annotated[str | None, typer.Option(help="done, refused or failed.")] = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Show the audit log, the newest entries first."""
    language = spoken_language(lang)
    if outcome is not None:
        choose(outcome, ("done", "refused", "failed"), option="--outcome")
    with _opened(store) as register:
        entries = register.audit.entries(limit=limit, person=person, outcome=outcome)
    headings = (
        Text(vi="thời điểm (UTC)", en="time (UTC)"),
        Text(vi="ai", en="who"),
        Text(vi="việc", en="what"),
        Text(vi="kết quả", en="outcome"),
        Text(vi="chi tiết", en="detail"),
    )
    rows = [
        (f"{one.time:%Y-%m-%d %H:%M:%S}", one.person or "-", f"{one.action} {one.target}", one.outcome, one.detail)
        for one in entries
    ]
    print_table(Text(vi="Nhật ký", en="Audit log").say(language), [text.say(language) for text in headings], rows)


def _grant(role: str, layers: str | None, area: Path | None, *, confined: bool = False) -> Grant:
    from layers.people import ROLE_TITLES, Grant  # noqa: PLC0415

    choose(role, tuple(ROLE_TITLES), option="--role")
    named = None if layers is None else frozenset(name.strip() for name in layers.split(",") if name.strip())
    chosen = next(known for known in ROLE_TITLES if known == role)
    return Grant(chosen, named, None if area is None else _area(area), confined=confined)


def _area(path: Path) -> BaseGeometry:
    import json  # noqa: PLC0415

    import shapely  # noqa: PLC0415

    from layers.errors import FileUnreadableError, MissingFileError  # noqa: PLC0415

    wanted = Text(vi="vùng GeoJSON, kinh độ và vĩ độ", en="areas in GeoJSON, longitude and latitude")
    if not path.is_file():
        raise MissingFileError(seen=path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        features = document.get("features", [document])
        shapes = [shapely.from_geojson(json.dumps(one.get("geometry", one))) for one in features]
    except (ValueError, AttributeError, shapely.errors.GEOSException) as error:
        raise FileUnreadableError(seen=str(error)[:100], wanted=wanted, where=str(path)) from error
    area = shapely.union_all(shapes)
    west, south, east, north = area.bounds if not area.is_empty else (999.0,) * 4
    inside = west >= -180 and east <= 180 and south >= -90 and north <= 90
    if area.geom_type not in ("Polygon", "MultiPolygon") or not area.is_valid or not inside:
        raise FileUnreadableError(seen=area.geom_type, wanted=wanted, where=str(path))
    return area


def _said(grant: Grant, language: Language) -> str:
    from layers.people import ROLE_TITLES  # noqa: PLC0415

    return f"{ROLE_TITLES[grant.role].say(language)}: {grant.where(language)}"


def _state(language: Language, *, active: bool) -> str:
    return (Text(vi="đang dùng", en="active") if active else Text(vi="đã khoá", en="shut out")).say(language)
