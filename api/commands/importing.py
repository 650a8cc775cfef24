"""`parkplan import`: features from a file into a layer, as one changeset or not at all."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

import typer

from api.commands.options import LangOption, StoreOption, choose, open_existing
from api.commands.reading import (
    CoordinatesOption,
    CrsOption,
    EncodingOption,
    MappingOption,
    PolygonsOption,
    ReceiptOption,
    SourceLayerOption,
    TextOption,
    check_receipts,
    coordinate_columns,
    say_receipt,
    text_encodings,
    write_receipts,
)
from api.errors import BadParameterError
from api.terminal import shown_progress, spoken_language
from layers.types import Text

if TYPE_CHECKING:
    from layers.store import Decision

__all__ = ["import_"]

_MODES: Final = ("upsert", "insert", "update", "replace")
_COMPLETENESS: Final = ("complete", "partial")
_ACCEPT: Final = ("all", "valid")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="GeoJSON, GeoPackage, Shapefile, DXF, KML, Excel, ...")],
    *,
    layer: Annotated[str, typer.Option(metavar="LAYER", help="Id of the layer that takes the features.")],
    mapping: MappingOption = None,
    source_layer: SourceLayerOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    coordinates: CoordinatesOption = None,
    polygons: PolygonsOption = False,
    text: TextOption = None,
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
    accept: Annotated[
        str, typer.Option(metavar="|".join(_ACCEPT), help="Refuse a file with errors, or leave out features with one.")
    ] = "all",
    receipt: ReceiptOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Import features from a file into a layer."""
    language = spoken_language(lang)
    choose(mode, _MODES, option="--mode")
    choose(completeness, _COMPLETENESS, option="--completeness")
    choose(accept, _ACCEPT, option="--accept")
    check_receipts(receipt)
    document = _decision(decision, decided)
    shown = _date(as_of, option="--as-of")
    with open_existing(store) as opened, shown_progress(language) as progress:
        from layers.importing import receive_file  # noqa: PLC0415

        received = receive_file(
            opened,
            file,
            layer,
            mapping=mapping,
            source_layer=source_layer,
            crs=crs,
            encoding=encoding,
            coordinates=coordinate_columns(coordinates),
            polygons=polygons,
            text_encodings=text_encodings(text),
            author=author or getpass.getuser(),
            message=message or Text(vi=f"Nhập {file.name}", en=f"Import {file.name}").say(language),
            decision=document,
            mode=cast('Literal["upsert", "insert", "update", "replace"]', mode),
            coverage=None if coverage == "none" else coverage,
            as_of=shown,
            completeness=cast('Literal["complete", "partial"]', completeness),
            accept=cast('Literal["all", "valid"]', accept),
            dry_run=dry_run,
            progress=progress,
        )
    write_receipts(received, receipt, language=language)
    if received.error is not None:
        raise received.error
    say_receipt(received, language=language)


def _decision(number: str | None, date: str | None) -> Decision | None:
    from layers.store import Decision  # noqa: PLC0415

    decided = _date(date, option="--decided")
    if number is None:
        if decided is not None:
            wanted = Text(vi="cả --decision", en="--decision with it")
            raise BadParameterError(seen=date, wanted=wanted, where="--decided")
        return None
    return Decision(number, decided)


def _date(text: str | None, *, option: str) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        wanted = Text(vi="ngày như 2030-12-31", en="a date such as 2030-12-31")
        raise BadParameterError(seen=text, wanted=wanted, where=option) from error
