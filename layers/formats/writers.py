"""Features into files, one function a format; what they lose is found out by `layers.formats.comparing`."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from layers.definitions import ID_FIELD, Field, LayerDefinition
from layers.formats.jsonfg import jsonfg_document
from layers.formats.kml import kml_document
from layers.geojson import COORDINATE_DECIMALS, feature_collection, feature_objects, to_json
from layers.lazy import lazy_module
from layers.types import Language

if TYPE_CHECKING:
    import ezdxf.document
    import openpyxl.cell.cell
else:
    ezdxf = lazy_module("ezdxf", "ezdxf.document")
    openpyxl = lazy_module("openpyxl", "openpyxl.cell.cell")

__all__ = [
    "WKT_COLUMN",
    "Written",
    "shortened",
    "write_csv",
    "write_dxf",
    "write_gdal",
    "write_geojson",
    "write_geojson_lines",
    "write_jsonfg",
    "write_kml",
    "write_parquet",
    "write_shapefile",
    "write_xlsx",
]

#: Column of geometries in tables.
WKT_COLUMN: Final = "wkt"
#: A .dbf file has no longer names, in bytes.
DBF_NAME_BYTES: Final = 10
#: Neither have .dbf and MapInfo tables longer texts, in bytes.
TEXT_BYTES: Final = 254
#: MapInfo has no longer names.
MAPINFO_NAME_CHARACTERS: Final = 31
#: Excel takes no longer text in a cell, and no more rows in a sheet.
XLSX_CELL_CHARACTERS: Final = 32_767
XLSX_ROWS: Final = 1_048_576
#: Numbers that a cell of Excel keeps whole.
_EXACT: Final = 2**53
_ARROW: Final = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
_FAMILIES: Final = ("point", "line", "polygon")


@dataclass(frozen=True, slots=True)
class Written:
    """What is to be written.

    Parameters
    ----------
    features : GeoDataFrame
        In EPSG:4326, typed, feature ids in the index.
    placed : GeoDataFrame
        The same in the CRS of the file.
    fields : tuple of Field
        Their fields.
    definition : LayerDefinition or None
        The layer, if it is known.
    name : str
        What the layer is called.
    crs : str
        EPSG code of `placed`.
    language : {"vi", "en"}
        Of titles and labels.
    """

    features: gpd.GeoDataFrame
    placed: gpd.GeoDataFrame
    fields: tuple[Field, ...]
    definition: LayerDefinition | None
    name: str
    crs: str
    language: Language

    def names(self) -> dict[str, str]:
        """Return every field, the id first, under its own name.

        Returns
        -------
        dict
            Name by name.
        """
        return {name: name for name in (ID_FIELD, *(field.name for field in self.fields))}


def _arrow(written: Written, names: Mapping[str, str], rows: Any = slice(None)) -> pa.Table:
    """Return features as an Arrow table with WKB: types and missing values are certain there."""
    placed = written.placed.iloc[rows]
    columns: dict[str, pa.Array] = {names[ID_FIELD]: pa.array(placed.index.astype("str"), pa.string())}
    for field in written.fields:
        values = placed[field.name]
        plain = values.dt.date if field.type == "date" else values
        objects = plain.astype(object).where(values.notna(), None)
        columns[names[field.name]] = pa.array(objects.to_list(), _ARROW[field.type])
    shapes = np.array(placed.geometry.to_numpy(), dtype=object)
    shapes[shapely.is_empty(shapes)] = None
    columns["geometry"] = pa.array(shapely.to_wkb(shapes).tolist(), pa.binary())
    return pa.table(columns)


def write_gdal(written: Written, path: Path, *, driver: str) -> dict[str, str]:
    """Write through a driver of GDAL.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        Where to.
    driver : {"GPKG", "FlatGeobuf", "GML", "MapInfo File"}
        The driver.

    Returns
    -------
    dict
        Fields and their names in the file.
    """
    names = written.names()
    options: dict[str, Any] = {}
    if driver == "FlatGeobuf":
        # Its index has no place for features without geometry.
        shapes = written.placed.geometry.to_numpy()
        options["SPATIAL_INDEX"] = "NO" if (shapely.is_missing(shapes) | shapely.is_empty(shapes)).any() else "YES"
    if driver == "GML":
        options["FORMAT"] = "GML3.2"
    if driver == "MapInfo File":
        names = shortened(names, MAPINFO_NAME_CHARACTERS)
        options |= {"ENCODING": "UTF-8", "BOUNDS": _bounds(written.placed)}
    table = _arrow(written, names)
    if driver == "MapInfo File":
        table = _fitting(table)
    _write_arrow(table, path, driver=driver, crs=written.crs, type_="Unknown", layer=written.name, options=options)
    return names


def _fitting(table: pa.Table) -> pa.Table:
    """Cut texts where they end in 254 bytes, and never inside a letter."""
    for at, column in enumerate(table.schema):
        if column.type == pa.string():
            texts = [text if text is None else _cut(text) for text in table.column(at).to_pylist()]
            table = table.set_column(at, column, pa.array(texts, pa.string()))
    return table


def _cut(text: str) -> str:
    written = text.encode()
    return text if len(written) <= TEXT_BYTES else written[:TEXT_BYTES].decode(errors="ignore")


def _bounds(placed: gpd.GeoDataFrame) -> str:
    """Return bounds for MapInfo, which keeps coordinates as whole numbers between them."""
    west, south, east, north = placed.total_bounds
    if not np.isfinite([west, south, east, north]).all():
        return "-180,-90,180,90"
    margin = max(east - west, north - south, 1e-3) * 0.01
    return ",".join(repr(float(value)) for value in (west - margin, south - margin, east + margin, north + margin))


def _write_arrow(
    table: pa.Table, path: Path, *, driver: str, crs: str, type_: str, layer: str, options: Mapping[str, Any]
) -> None:
    with warnings.catch_warnings():
        # What a driver shortens or rounds is found by reading the file again.
        warnings.simplefilter("ignore", RuntimeWarning)
        pyogrio.write_arrow(
            table, path, layer=layer, driver=driver, geometry_name="geometry", geometry_type=type_, crs=crs, **options
        )


def shortened(names: Mapping[str, str], length: int) -> dict[str, str]:
    """Cut names to a length, and keep them apart.

    Parameters
    ----------
    names : mapping of str to str
        Fields and their names.
    length : int
        The most characters.

    Returns
    -------
    dict
        Names no two of which are equal, case aside.
    """
    short: dict[str, str] = {}
    for field, name in names.items():
        cut, number = name[:length], 0
        while cut.lower() in {one.lower() for one in short.values()}:
            number += 1
            cut = f"{name[: length - len(str(number)) - 1]}_{number}"
        short[field] = cut
    return short


def write_shapefile(written: Written, path: Path) -> dict[str, str]:
    """Write Shapefiles, one for points, lines and polygons each, if there are several.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        The .shp file; several get `_point`, `_line` or `_polygon` behind their name.

    Returns
    -------
    dict
        Fields and their names in the file.
    """
    names = shortened(written.names(), DBF_NAME_BYTES)
    dimension = shapely.get_dimensions(written.placed.geometry.to_numpy())
    there = sorted({int(one) for one in dimension if one >= 0}) or [0]
    # Features without geometry go with the first kind.
    group = np.where(dimension < 0, there[0], dimension)
    for one in there:
        rows = np.flatnonzero(group == one)
        stem = path.stem if len(there) == 1 else f"{path.stem}_{_FAMILIES[one]}"
        kinds = {int(kind) for kind in shapely.get_type_id(written.placed.geometry.to_numpy()[rows]) if kind >= 0}
        type_ = ("MultiPoint" if 4 in kinds else "Point", "LineString", "Polygon")[one]
        _write_arrow(
            _fitting(_arrow(written, names, rows)),
            path.with_name(f"{stem}.shp"),
            driver="ESRI Shapefile",
            crs=written.crs,
            type_=type_,
            layer=stem,
            options={"ENCODING": "UTF-8"},
        )
    return names


def write_geojson(written: Written, path: Path) -> dict[str, str]:
    """Write GeoJSON by RFC 7946, with its bounding box.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        Where to.

    Returns
    -------
    dict
        Fields and their names in the file.
    """
    bounds = written.features.total_bounds
    members = {"bbox": np.round(bounds, COORDINATE_DECIMALS).tolist()} if np.isfinite(bounds).all() else {}
    path.write_bytes(to_json(feature_collection(written.features, **members)))
    return {**written.names(), ID_FIELD: "id"}


def write_geojson_lines(written: Written, path: Path) -> dict[str, str]:
    """Write one GeoJSON feature a line.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        Where to.

    Returns
    -------
    dict
        Fields and their names in the file.
    """
    with path.open("wb") as file:
        for feature in feature_objects(written.features):
            file.write(to_json(feature) + b"\n")
    return {**written.names(), ID_FIELD: "id"}


def write_jsonfg(written: Written, path: Path) -> dict[str, str]:
    """Write JSON-FG 1.0: places in the CRS, geometries in WGS 84, planned time.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        Where to.

    Returns
    -------
    dict
        Fields and their names in the file.
    """
    document = jsonfg_document(written.features, written.placed, crs=written.crs, feature_type=written.name)
    path.write_bytes(to_json(document))
    return {**written.names(), ID_FIELD: "id"}


def write_kml(written: Written, path: Path, *, packed: bool = False) -> dict[str, str]:
    """Write KML.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        Where to.
    packed : bool
        Whether in its archive, KMZ.

    Returns
    -------
    dict
        Fields and their names in the file.
    """
    document = kml_document(written.features, written.definition, name=written.name, language=written.language)
    if packed:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("doc.kml", document)
    else:
        path.write_text(document, encoding="utf-8", newline="\n")
    return written.names()


def write_parquet(written: Written, path: Path) -> dict[str, str]:
    """Write GeoParquet 1.1.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        Where to.

    Returns
    -------
    dict
        Fields and their names in the file.
    """
    names = written.names()
    plain = _arrow(written, names).drop_columns(["geometry"]).to_pandas(types_mapper=pd.ArrowDtype)
    shapes = gpd.GeoSeries(written.placed.geometry.to_numpy(), crs=written.crs)
    gpd.GeoDataFrame(plain, geometry=shapes).to_parquet(path, index=False, schema_version="1.1.0")
    return names


def write_csv(written: Written, path: Path) -> dict[str, str]:
    """Write a CSV table with geometries as WKT, in UTF-8 as Excel knows it.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        Where to.

    Returns
    -------
    dict
        Fields and their names in the file.
    """
    frame = _with_wkt(written).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get)
    frame.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return written.names()


def _with_wkt(written: Written) -> pa.Table:
    """Return attributes under their names in the file, and the geometry as WKT behind them."""
    table = _arrow(written, written.names()).drop_columns(["geometry"])
    return table.append_column(WKT_COLUMN, pa.array(_wkt(written), type=pa.string()))


def _wkt(written: Written) -> list[str | None]:
    shapes = np.array(written.placed.geometry.to_numpy(), dtype=object)
    shapes[shapely.is_empty(shapes)] = None
    texts: list[str | None] = shapely.to_wkt(shapes, rounding_precision=-1).tolist()
    return texts


def write_xlsx(written: Written, path: Path) -> dict[str, str]:
    """Write an Excel workbook with geometries as WKT; text stays text, whatever sign it begins with.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        Where to.

    Returns
    -------
    dict
        Fields and their names in the file.
    """
    table = _with_wkt(written).to_pydict()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(written.name[:31])
    sheet.append(list(table))
    for row in list(zip(*table.values(), strict=True))[: XLSX_ROWS - 1]:
        sheet.append([_cell(sheet, value) for value in row])
    book.save(path)
    return written.names()


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        value = str(value)
    if not isinstance(value, str):
        return value
    kept = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", value)
    cell = openpyxl.cell.WriteOnlyCell(sheet, value=kept if len(kept) <= XLSX_CELL_CHARACTERS else None)
    if cell.value is not None:
        cell.data_type = "s"  # "=1+1" is a text here, not a formula
    return cell


def write_dxf(written: Written, path: Path) -> dict[str, str]:
    """Write a DXF drawing: shapes on a layer of the layer's id, labels as texts on `ID_LABEL`.

    Parameters
    ----------
    written : Written
        What to write.
    path : Path
        Where to.

    Returns
    -------
    dict
        Nothing but the label has a place.
    """
    drawing = ezdxf.document.Drawing.new("R2010")
    model, label = drawing.modelspace(), None
    if written.definition is not None and written.definition.label is not None:
        label = written.definition.label.say(written.language)
    for key, shape in zip(written.placed.index, written.placed.geometry, strict=True):
        if shape is None or shape.is_empty:
            continue
        for part in shapely.get_parts(shape):
            _draw(model, part, written.name)
        text = written.placed.at[key, label] if label else key
        place = shape.representative_point()
        if isinstance(text, str) and text:
            model.add_text(text, dxfattribs={"layer": f"{written.name}_label"}).set_placement((place.x, place.y))
    drawing.saveas(path)
    return {}


def _draw(model: Any, shape: Any, layer: str) -> None:
    attributes = {"layer": layer}
    if shape.geom_type == "Point":
        model.add_point((shape.x, shape.y), dxfattribs=attributes)
    elif shape.geom_type == "Polygon":
        for ring in (shape.exterior, *shape.interiors):
            model.add_lwpolyline(shapely.get_coordinates(ring)[:-1].tolist(), close=True, dxfattribs=attributes)
    else:
        model.add_lwpolyline(shapely.get_coordinates(shape).tolist(), dxfattribs=attributes)
