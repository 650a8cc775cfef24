"""`parkplan raster`: an ASCII grid or GeoTIFF as a cloud-optimised GeoTIFF, cell for cell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import LangOption
from api.terminal import say, spoken_language
from layers.types import Text

__all__ = ["raster"]


def raster(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="ASCII grid (.asc) or GeoTIFF (.tif).")],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; a file that is there is replaced.")],
    crs: Annotated[
        str | None, typer.Option(metavar="EPSG:CODE", help="CRS where the file states none; it wins over its own.")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Write a raster as a cloud-optimised GeoTIFF."""
    language = spoken_language(lang)

    from layers.rasters import to_cog  # noqa: PLC0415

    made = to_cog(file, out, crs=crs)
    bands, rows, columns = made.shape
    done = Text(
        vi=f"Đã ghi {out}: {columns} × {rows} ô, {bands} kênh, {made.crs}.",
        en=f"{out} written: {columns} × {rows} cells, {bands} bands, {made.crs}.",
    )
    say(done.say(language))
