"""DXF drawings: layers, texts and block names become attributes; no coordinates in the world are made up."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.errors import FileUnreadableError
from layers.formats.frames import FrameFile, Loaded
from layers.formats.model import ReadOptions, beginning, refuse
from layers.lazy import lazy_module
from layers.types import Text

if TYPE_CHECKING:
    import ezdxf.lldxf.const
    import ezdxf.path
    import ezdxf.recover
else:
    ezdxf = lazy_module("ezdxf", "ezdxf.lldxf.const", "ezdxf.path", "ezdxf.recover")

__all__ = ["open_dxf"]

#: Greatest distance between an arc and its chords, in units of the drawing.
ARC_SAGITTA: Final = 0.01
_CURVES: Final = frozenset({"LINE", "LWPOLYLINE", "POLYLINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE"})
_TEXTS: Final = frozenset({"TEXT", "MTEXT"})
_COLUMNS: Final = ("layer", "entity", "handle", "text", "block", "color", "linetype", "attributes")
_READABLE: Final = Text(vi="bản vẽ DXF đọc được", en="a readable DXF drawing")


def open_dxf(path: Path, options: ReadOptions, stack: ExitStack) -> FrameFile:
    """Look at a DXF drawing.

    Parameters
    ----------
    path : Path
        The .dxf file, text or binary, R12 to 2018.
    options : ReadOptions
        Whether closed lines are areas.
    stack : ExitStack
        Not needed here.

    Returns
    -------
    FrameFile
        One layer `entities`, which states no CRS.

    Raises
    ------
    FileUnreadableError
        If it is no drawing, or too damaged.
    """
    del stack
    with path.open("rb") as file:
        begins = file.read(256)
    if not begins.startswith(b"AutoCAD Binary DXF") and b"SECTION" not in begins and b"999" not in begins[:16]:
        refuse(path, seen=beginning(begins[:16]), wanted=_READABLE)
    return FrameFile(path, "DXF", "UTF-8", {"entities": functools.partial(_load, path, options)})


def _load(path: Path, options: ReadOptions) -> Loaded:
    logging.getLogger("ezdxf").setLevel(logging.ERROR)  # it reports every repair; they are noted below
    try:
        drawing, audit = ezdxf.recover.readfile(path)
        rows = list(_rows(drawing, options))
    except (ezdxf.lldxf.const.DXFError, OSError, ValueError, IndexError) as error:
        raise FileUnreadableError(seen=error, wanted=_READABLE, where=str(path)) from error
    left = [row for row in rows if row["geometry"] is None]
    kept = [row for row in rows if row["geometry"] is not None]
    notes = []
    if left:
        kinds = ", ".join(sorted({str(row["entity"]) for row in left}))
        notes.append(
            Text(
                vi=f"{len(left)} thực thể không có hình học phẳng, không đọc: {kinds}.",
                en=f"{len(left)} entities without a flat geometry were left out: {kinds}.",
            )
        )
    if audit.has_fixes or audit.has_errors:
        count = len(audit.fixes) + len(audit.errors)
        notes.append(
            Text(
                vi=f"Bản vẽ có {count} lỗi đã sửa khi đọc.", en=f"{count} faults of the drawing were mended in reading."
            )
        )
    frame = pd.DataFrame({name: pd.array([row[name] for row in kept], dtype="str") for name in _COLUMNS})
    shapes = np.array([row["geometry"] for row in kept] or [None], dtype=object)[: len(kept)]
    return Loaded(gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes)), None, notes=tuple(notes))


def _rows(drawing: Any, options: ReadOptions) -> Iterator[dict[str, Any]]:
    for entity in drawing.modelspace():
        row = dict.fromkeys(_COLUMNS)
        row["layer"], row["entity"] = entity.dxf.get("layer", "0"), entity.dxftype()
        row["handle"], row["linetype"] = entity.dxf.get("handle"), entity.dxf.get("linetype")
        row["color"] = str(entity.dxf.get("color", 256))
        if row["entity"] in _TEXTS:
            row["text"] = entity.plain_text()
        if row["entity"] == "INSERT":
            row["block"] = entity.dxf.name
            row["attributes"] = "; ".join(f"{tag.dxf.tag}={tag.dxf.text}" for tag in entity.attribs) or None
            row["text"] = next((tag.dxf.text for tag in entity.attribs), None)
        yield {**row, "geometry": _shape(entity, options)}


def _shape(entity: Any, options: ReadOptions) -> Any:
    kind = entity.dxftype()
    if kind == "POINT":
        return _point(entity.dxf.location)
    if kind in _TEXTS or kind == "INSERT":
        return _point(entity.dxf.insert)
    if kind in ("SOLID", "3DFACE", "TRACE"):
        return _area([(point.x, point.y) for point in entity.wcs_vertices()])
    if kind == "HATCH":
        return _hatch(entity)
    if kind not in _CURVES or (kind == "POLYLINE" and not (entity.is_2d_polyline or entity.is_3d_polyline)):
        return None
    path = ezdxf.path.make_path(entity)
    points = [(point.x, point.y) for point in path.flattening(ARC_SAGITTA)]
    if len(points) < 2:
        return None
    if options.polygons and points[0] == points[-1] and len(points) > 3:
        return shapely.Polygon(points)
    return shapely.LineString(points)


def _point(place: Any) -> shapely.Point:
    return shapely.Point(place.x, place.y)


def _area(points: list[tuple[float, float]]) -> Any:
    return shapely.Polygon(points) if len(set(points)) > 2 else None


def _hatch(entity: Any) -> Any:
    """Return a filled area: what lies inside an odd number of its outlines."""
    rings = [
        shapely.Polygon([(point.x, point.y) for point in outline.flattening(ARC_SAGITTA)])
        for outline in ezdxf.path.from_hatch(entity)
        if len(list(outline.flattening(ARC_SAGITTA))) > 3
    ]
    area: Any = shapely.Polygon()
    for ring in rings:
        area = shapely.symmetric_difference(area, shapely.make_valid(ring))
    return None if area.is_empty else area
