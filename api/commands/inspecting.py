"""`parkplan inspect`: what is in a file, before anything is done with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import LangOption
from api.terminal import print_table, say, spoken_language
from layers.types import Text

__all__ = ["inspect"]


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `parkplan import` would read.")],
    *,
    encoding: Annotated[str | None, typer.Option(metavar="NAME", help="Of text that states none.")] = None,
    coordinates: Annotated[
        str | None, typer.Option(metavar="EAST,NORTH", help="Columns of a table that hold the place, or one with WKT.")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Show the layers, fields and coordinates of a file."""
    language = spoken_language(lang)

    from layers.formats import inspect as look  # noqa: PLC0415

    columns = () if coordinates is None else tuple(name.strip() for name in coordinates.split(","))
    found = look(file, encoding=encoding, coordinates=columns)
    unknown = Text(vi="chưa khai báo", en="not stated").say(language)
    none = Text(vi="chỉ thuộc tính", en="attributes only").say(language)
    headings = (
        Text(vi="lớp", en="layer"),
        Text(vi="hình học", en="geometry"),
        Text(vi="hệ toạ độ", en="CRS"),
        Text(vi="trường", en="fields"),
        Text(vi="số đối tượng", en="features"),
    )
    rows = [
        (
            layer.name,
            layer.geometry or none,
            (layer.crs or unknown)[:60] if layer.geometry else "",
            ", ".join(name for name, _ in layer.fields),
            layer.features,
        )
        for layer in found.layers
    ]
    title = Text(
        vi=f"{file.name}: {found.driver}, bảng mã {found.encoding}",
        en=f"{file.name}: {found.driver}, {found.encoding}",
    )
    print_table(title.say(language), [heading.say(language) for heading in headings], rows, numbers=1)
    if not found.layers:
        say(Text(vi="Tệp không có lớp nào.", en="The file has no layers.").say(language))
