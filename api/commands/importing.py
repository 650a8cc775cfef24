"""`parkplan import`: features from a file into a layer, as one changeset or not at all."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

import typer

from api.commands.options import LangOption, StoreOption, choose, open_existing
from api.errors import BadParameterError
from api.terminal import say, spoken_language
from layers.types import Text

if TYPE_CHECKING:
    from layers.store import Decision

__all__ = ["import_"]

_MODES: Final = ("upsert", "insert", "update", "replace")
_COMPLETENESS: Final = ("complete", "partial")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="GeoJSON, GeoPackage, Shapefile, DXF, KML, Excel, ...")],
    *,
    layer: Annotated[str, typer.Option(metavar="LAYER", help="Id of the layer that takes the features.")],
    mapping: Annotated[
        str | None, typer.Option(metavar="FILE|NAME", help="Mapping file, or a shipped mapping; by name without it.")
    ] = None,
    source_layer: Annotated[str | None, typer.Option(metavar="NAME", help="Layer of a file with several.")] = None,
    crs: Annotated[str | None, typer.Option(metavar="EPSG:CODE", help="CRS, where the file states none.")] = None,
    encoding: Annotated[str | None, typer.Option(metavar="NAME", help="Of text that states none.")] = None,
    coordinates: Annotated[
        str | None, typer.Option(metavar="EAST,NORTH", help="Columns of a table that hold the place, or one with WKT.")
    ] = None,
    polygons: Annotated[bool, typer.Option("--polygons", help="Closed lines of a drawing are areas.")] = False,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=ENCODING", help="Encoding of Vietnamese text such as tcvn3 or vni; repeatable."),
    ] = None,
    mode: Annotated[
        str, typer.Option(metavar="|".join(_MODES), help="What happens to features that are there.")
    ] = "upsert",
    author: Annotated[str | None, typer.Option(help="Who imports; you, without it.")] = None,
    message: Annotated[str | None, typer.Option(help="Why; the name of the file, without it.")] = None,
    decision: Annotated[str | None, typer.Option(metavar="NUMBER", help="Document by which it was decided.")] = None,
    decided: Annotated[str | None, typer.Option(metavar="DATE", help="Date of that document.")] = None,
    coverage: Annotated[
        str, typer.Option(metavar="bbox|hull|FILE|none", help="Where the layer has data now.")
    ] = "none",
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Day that the data show, for the coverage.")] = None,
    completeness: Annotated[
        str, typer.Option(metavar="|".join(_COMPLETENESS), help="Whether the coverage holds everything there is.")
    ] = "complete",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Import features from a file into a layer."""
    language = spoken_language(lang)
    choose(mode, _MODES, option="--mode")
    choose(completeness, _COMPLETENESS, option="--completeness")
    document = _decision(decision, decided)
    shown = _date(as_of, option="--as-of")
    with open_existing(store) as opened:
        from layers.importing import import_file  # noqa: PLC0415

        result = import_file(
            opened,
            file,
            layer,
            mapping=mapping,
            source_layer=source_layer,
            crs=crs,
            encoding=encoding,
            coordinates=() if coordinates is None else tuple(name.strip() for name in coordinates.split(",")),
            polygons=polygons,
            text_encodings=_text_encodings(text or []),
            author=author or getpass.getuser(),
            message=message or Text(vi=f"Nhập {file.name}", en=f"Import {file.name}").say(language),
            decision=document,
            mode=cast('Literal["upsert", "insert", "update", "replace"]', mode),
            coverage=None if coverage == "none" else coverage,
            as_of=shown,
            completeness=cast('Literal["complete", "partial"]', completeness),
            dry_run=dry_run,
        )
    for line in result.messages(language):
        say(line)
    if result.changeset is not None:
        made = Text(vi=f"Phiên bản thay đổi {result.changeset.id}.", en=f"Changeset {result.changeset.id}.")
        say(made.say(language))


def _decision(number: str | None, date: str | None) -> Decision | None:
    from layers.store import Decision  # noqa: PLC0415

    decided = _date(date, option="--decided")
    if number is None:
        if decided is not None:
            wanted = Text(vi="cả --decision", en="--decision with it")
            raise BadParameterError(seen=date, wanted=wanted, where="--decided")
        return None
    return Decision(number, decided)


def _text_encodings(pairs: list[str]) -> dict[str, str]:
    chosen = {}
    for pair in pairs:
        column, equals, encoding = pair.partition("=")
        if not (column and equals and encoding):
            raise BadParameterError(seen=pair, wanted="COLUMN=ENCODING", where="--text")
        chosen[column] = encoding
    return chosen


def _date(text: str | None, *, option: str) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        wanted = Text(vi="ngày như 2030-12-31", en="a date such as 2030-12-31")
        raise BadParameterError(seen=text, wanted=wanted, where=option) from error
