"""`parkplan export`: a layer into a file of any format, whole or not at all, and what the format could not hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.commands.options import AsOfOption, LangOption, ProposalOption, StoreOption, choose, open_existing, record_time
from api.errors import BadParameterError
from api.terminal import say, spoken_language
from layers.types import Text

if TYPE_CHECKING:
    from layers.types import Bounds

__all__ = ["export"]

#: The formats, here too so that help needs no reader of files; a test compares them.
FORMATS: Final = (
    "geojson", "geojsonseq", "jsonfg", "gpkg", "shapefile", "flatgeobuf", "geoparquet", "kml", "kmz", "gml", "tab",
    "mif", "dxf", "csv", "xlsx",
)  # fmt: skip


def export(
    layer: Annotated[str, typer.Argument(metavar="LAYER", help="Id of the layer.")],
    *,
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help=f"One of {', '.join(FORMATS)}.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; a file that is there is replaced.")],
    crs: Annotated[
        str | None, typer.Option(metavar="EPSG:CODE", help="CRS of the file; longitude and latitude without it.")
    ] = None,
    horizon: Annotated[int | None, typer.Option(metavar="YEAR", help="State at the end of a year.")] = None,
    as_of: AsOfOption = None,
    proposal: ProposalOption = None,
    bbox: Annotated[str | None, typer.Option(metavar="W,S,E,N", help="Features in these degrees.")] = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Export a layer to a file."""
    language = spoken_language(lang)
    choose(format_, FORMATS, option="--format")
    bounds, recorded = None if bbox is None else _bounds(bbox), record_time(as_of)
    with open_existing(store) as opened:
        from layers.formats import write_features  # noqa: PLC0415

        definition = opened.definition(layer)
        features = opened.read(layer, horizon=horizon, as_of=recorded, bbox=bounds, proposal=proposal)
        result = write_features(features, definition, out, format=format_, crs=crs, language=language)
    for line in result.messages(language):
        say(line)
    for file in result.files:
        say(str(file))


def _bounds(text: str) -> Bounds:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        wanted = Text(
            vi="bốn số: kinh độ tây, vĩ độ nam, kinh độ đông, vĩ độ bắc", en="four numbers: west, south, east, north"
        )
        raise BadParameterError(seen=text, wanted=wanted, where="--bbox") from error
    return west, south, east, north
