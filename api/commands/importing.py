"""`parkplan import`: features from a file into a layer, as one changeset or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from api.commands.options import LangOption, StoreOption, choose, open_existing
from api.terminal import say, spoken_language

__all__ = ["import_"]

_MODES: Final = ("upsert", "insert", "update", "replace")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="GeoJSON, GeoPackage or Shapefile.")],
    layer: Annotated[str, typer.Option(metavar="LAYER", help="Id of the layer that takes the features.")],
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Which source attribute goes where.")
    ] = None,
    source_layer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Layer of a file that holds several.")
    ] = None,
    crs: Annotated[
        str | None, typer.Option(metavar="EPSG:CODE", help="CRS of a file that does not name its own.")
    ] = None,
    mode: Annotated[
        str, typer.Option(metavar="|".join(_MODES), help="What happens to features already there.")
    ] = "upsert",
    author: Annotated[str | None, typer.Option(help="Who imports; the name of the user without it.")] = None,
    message: Annotated[str | None, typer.Option(help="Why; the name of the file without it.")] = None,
    decision: Annotated[str | None, typer.Option(metavar="NUMBER", help="Document by which it was decided.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Import features from a file into a layer."""
    language = spoken_language(lang)
    choose(mode, _MODES, option="--mode")
    with open_existing(store) as opened:
        say(str(opened), error=True)
