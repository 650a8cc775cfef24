"""`parkplan inspect`: what is in a file, before anything is done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.commands.options import LangOption
from api.commands.reading import coordinate_columns
from api.terminal import print_table, say, spoken_language
from layers.errors import LayersError
from layers.types import Language, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.formats import Inspection, SourceFeatures
    from layers.georeference import Diagnosis

__all__ = ["inspect"]

#: Features that the doctors look at.
_LOOKED_AT: Final = 5000
#: Longest CRS that is shown; one written out in full has a page.
_LONGEST: Final = 60


def inspect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file that `parkplan import` would read, or a raster.")
    ],
    *,
    encoding: Annotated[str | None, typer.Option(metavar="NAME", help="Of text that states none.")] = None,
    coordinates: Annotated[
        str | None, typer.Option(metavar="EAST,NORTH", help="Columns of a table that hold the place, or one with WKT.")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Show the layers, fields and coordinates of a file, and what its coordinates and text may be."""
    language = spoken_language(lang)

    from layers.formats import inspect as look  # noqa: PLC0415
    from layers.rasters import RASTERS  # noqa: PLC0415

    if file.suffix.lower() in RASTERS:
        _show_raster(file, language)
        return
    columns = coordinate_columns(coordinates)
    found = look(file, encoding=encoding, coordinates=columns)
    _show_layers(found, file, language)
    for layer in found.layers:
        if layer.features != 0:
            _consult(file, layer.name, encoding, columns, language)


def _show_layers(found: Inspection, file: Path, language: Language) -> None:
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
            (layer.crs or unknown)[:_LONGEST] if layer.geometry else "",
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


def _consult(file: Path, layer: str, encoding: str | None, columns: Sequence[str], language: Language) -> None:
    """Say what the doctors of coordinates and of text find in the first features of a layer."""
    from layers.encodings import repair  # noqa: PLC0415
    from layers.formats import read_batches  # noqa: PLC0415
    from layers.georeference import diagnose  # noqa: PLC0415

    try:
        batches = read_batches(file, source_layer=layer, encoding=encoding, coordinates=columns, rows=_LOOKED_AT)
        first: SourceFeatures | None = next(batches, None)
        if first is None:
            return
        if first.spatial and first.frame.geometry.notna().any():
            shapes = first.frame.geometry.to_numpy()
            _show_diagnosis(diagnose(shapes, declared=first.crs, where=layer), layer, language)
        text = [column.message(language) for column in repair(first.frame).columns if column.state != "kept"]
    except LayersError as error:
        # The layers were listed all the same; this is one thing more to know of the file.
        say(error.message(language))
        return
    for line in text:
        say(f"{layer}: {line}")


def _show_diagnosis(diagnosis: Diagnosis, layer: str, language: Language, *, raster: bool = False) -> None:
    verdict = Text(vi="Toạ độ", en="Coordinates").say(language)
    say(f"{layer}: {verdict}: {diagnosis.message.say(language)}")
    if diagnosis.verdict == "clear" or not diagnosis.choices:
        return
    headings = (
        Text(vi="--crs", en="--crs"),
        Text(vi="cách đọc", en="reading"),
        Text(vi="cách phương án đầu, m", en="from the first, m"),
        Text(vi="tỉ trọng", en="share"),
    )
    rows = [
        (one.key, one.title.say(language), "" if one.offset_m is None else f"{one.offset_m:.2f}", f"{one.score:.3f}")
        for one in diagnosis.choices
        # Cells stay where they are: a raster gets a CRS, but no corrections.
        if not (raster and (one.corrections or not one.crs))
    ]
    print_table("", [heading.say(language) for heading in headings], rows, numbers=2)


def _show_raster(file: Path, language: Language) -> None:
    import numpy as np  # noqa: PLC0415

    from layers.georeference import diagnose  # noqa: PLC0415
    from layers.rasters import band_values, inspect_raster  # noqa: PLC0415

    info = inspect_raster(file)
    bands, height, width = info.shape
    unknown = Text(vi="chưa khai báo", en="not stated").say(language)
    oblong = Text(vi=" (ô không vuông)", en=" (oblong)").say(language) if info.oblong else ""
    facts = (
        (Text(vi="kích thước", en="size"), f"{width} × {height}"),
        (Text(vi="số kênh", en="bands"), f"{bands} ({info.dtype})"),
        (Text(vi="hệ toạ độ", en="CRS"), (info.crs or unknown)[:_LONGEST]),
        (Text(vi="cỡ ô", en="cell size"), f"{info.cell_size[0]:.10g} × {info.cell_size[1]:.10g}{oblong}"),
        (Text(vi="phạm vi", en="bounds"), ", ".join(f"{value:.10g}" for value in info.bounds)),
        (Text(vi="không dữ liệu", en="nodata"), unknown if info.nodata is None else f"{info.nodata:g}"),
    )
    rows = [(name.say(language), value) for name, value in facts]
    print_table(f"{file.name}: {info.driver}", ("", ""), rows)
    minx, miny, maxx, maxy = info.bounds
    corners = np.array([(minx, miny), (minx, maxy), (maxx, maxy), (maxx, miny)])
    _show_diagnosis(diagnose(corners, declared=info.crs, where=file.name), file.name, language, raster=True)
    headings = (
        Text(vi="kênh", en="band"),
        Text(vi="đơn vị", en="unit"),
        Text(vi="số ô có giá trị", en="cells"),
        Text(vi="nhỏ nhất", en="least"),
        Text(vi="lớn nhất", en="greatest"),
        Text(vi="trung bình", en="mean"),
        Text(vi="độ lệch chuẩn", en="deviation"),
    )
    values = [
        (one.band, one.unit, one.cells, *(f"{x:.6g}" for x in (one.minimum, one.maximum, one.mean, one.deviation)))
        for one in band_values(file)
    ]
    print_table("", [heading.say(language) for heading in headings], values, numbers=5)
