"""Writing a layer to a file, whole or not at all, and telling what the format could not hold."""

from __future__ import annotations

import functools
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import geopandas as gpd
import pandas as pd

from layers.crs import metric, parse_crs
from layers.definitions import ID_FIELD, STORE_CRS, Field, FieldType, LayerDefinition
from layers.errors import CrsError, FileUnreadableError, ValueOutOfRangeError
from layers.formats import writers
from layers.formats.comparing import losses
from layers.formats.model import Loss, WriteResult
from layers.formats.reading import inspect, read_features
from layers.schema import typed
from layers.types import Language, Text

__all__ = ["FORMATS", "WriteFormat", "write_features"]


@dataclass(frozen=True, slots=True)
class WriteFormat:
    """A format that can be written.

    Parameters
    ----------
    suffix : str
        Ending of its files.
    write : callable
        Writes the features and returns the names of fields in the file.
    only_wgs84 : bool
        Whether its coordinates are always longitude and latitude.
    degrees, metres : float
        Distance that it rounds coordinates within, in either unit; 0 if it keeps every bit.
    compared : bool
        Whether its attributes can be read again; a drawing has none.
    parts : bool
        Whether it is several files, which go into an archive where there is room for one only.
    """

    suffix: str
    write: Callable[[writers.Written, Path], dict[str, str]]
    only_wgs84: bool = False
    degrees: float = 0.0
    metres: float = 0.0
    compared: bool = True
    parts: bool = False


def _gdal(driver: str) -> Callable[[writers.Written, Path], dict[str, str]]:
    return functools.partial(writers.write_gdal, driver=driver)


#: Seven decimals of a degree.
_GEOJSON_DEGREES: Final = 0.5e-7
FORMATS: Final[dict[str, WriteFormat]] = {
    "geojson": WriteFormat(".geojson", writers.write_geojson, only_wgs84=True, degrees=_GEOJSON_DEGREES),
    "geojsonseq": WriteFormat(".geojsonl", writers.write_geojson_lines, only_wgs84=True, degrees=_GEOJSON_DEGREES),
    "jsonfg": WriteFormat(".jsonfg", writers.write_jsonfg, degrees=_GEOJSON_DEGREES, metres=0.5e-4),
    "gpkg": WriteFormat(".gpkg", _gdal("GPKG")),
    "shapefile": WriteFormat(".shp", writers.write_shapefile, parts=True),
    "flatgeobuf": WriteFormat(".fgb", _gdal("FlatGeobuf")),
    "geoparquet": WriteFormat(".parquet", writers.write_parquet),
    "kml": WriteFormat(".kml", writers.write_kml, only_wgs84=True),
    "kmz": WriteFormat(".kmz", functools.partial(writers.write_kml, packed=True), only_wgs84=True),
    "gml": WriteFormat(".gml", _gdal("GML"), degrees=1e-12, metres=1e-7),
    "tab": WriteFormat(".tab", _gdal("MapInfo File"), degrees=1e-7, metres=1e-3, parts=True),
    "mif": WriteFormat(".mif", _gdal("MapInfo File"), degrees=1e-9, metres=1e-6, parts=True),
    "dxf": WriteFormat(".dxf", writers.write_dxf, compared=False),
    "csv": WriteFormat(".csv", writers.write_csv),
    "xlsx": WriteFormat(".xlsx", writers.write_xlsx),
}
_TYPES: Final[tuple[tuple[Callable[[Any], bool], FieldType], ...]] = (
    (pd.api.types.is_bool_dtype, "boolean"),
    (pd.api.types.is_integer_dtype, "integer"),
    (pd.api.types.is_numeric_dtype, "number"),
    (pd.api.types.is_datetime64_any_dtype, "date"),
)


def write_features(
    features: gpd.GeoDataFrame,
    definition: LayerDefinition | None,
    target: str | Path | IO[bytes],
    *,
    format: str,  # noqa: A002 - the word that users know
    crs: str | None = None,
    language: Language = "vi",
) -> WriteResult:
    """Write features to a file or a buffer, read them again, and tell what is not the same.

    A file that is there is replaced in one step, or stays if writing fails.

    Parameters
    ----------
    features : GeoDataFrame
        Feature ids in the index, CRS EPSG:4326; never changed.
    definition : LayerDefinition or None
        The layer; without it, types come from the columns.
    target : str, Path or binary file
        Where to. What is several files goes into an archive if the name ends with .zip, and into every buffer.
    format : str
        A name of `FORMATS`.
    crs : str, optional
        EPSG code of a projected CRS in metres, or EPSG:4326, which it is without.
    language : {"vi", "en"}
        Of titles and labels.

    Returns
    -------
    WriteResult
        Files written, and what the format could not hold.

    Raises
    ------
    ValueOutOfRangeError
        If there is no such format, or the target is in no folder.
    CrsError
        If the format has only longitude and latitude, or the CRS is not known or not in metres.
    """
    if format not in FORMATS:
        raise ValueOutOfRangeError(seen=format, wanted=", ".join(FORMATS), where="format")
    spec = FORMATS[format]
    code = _code(spec, crs, format)
    path = Path(target) if isinstance(target, str | Path) else None
    if path is not None and not path.absolute().parent.is_dir():
        wanted = Text(vi="một thư mục đã có", en="a folder that is there")
        raise ValueOutOfRangeError(seen=str(path.parent), wanted=wanted, where="target")
    written = _prepared(features, definition, code, language)
    with tempfile.TemporaryDirectory(prefix=".parkplan-", dir=path.absolute().parent if path else None) as folder:
        stem = path.name.removesuffix(".zip").removesuffix(spec.suffix) if path else written.name
        made = Path(folder) / f"{stem}{spec.suffix}"
        names = spec.write(written, made)
        found = _found(spec, written, made, names)
        files = sorted(Path(folder).iterdir())
        zipped = spec.parts and (path is None or path.suffix.lower() == ".zip")
        if zipped:
            files = [_zipped(files, Path(folder) / f"{stem}.zip")]
        if path is None:
            with files[0].open("rb") as file:
                shutil.copyfileobj(file, target)  # type: ignore[arg-type] # a buffer: it is no path
            placed: list[Path] = []
        else:
            placed = _placed(files, path, single=zipped or len(files) == 1)
    return WriteResult(tuple(placed), format, len(features), code, names, found)


def _code(spec: WriteFormat, crs: str | None, name: str) -> str:
    if crs is None:
        return STORE_CRS
    parsed = parse_crs(crs, where="crs")
    code = ":".join(parsed.to_authority(min_confidence=100) or ())
    if spec.only_wgs84 and code != STORE_CRS:
        raise CrsError(seen=crs, wanted=f"{STORE_CRS} ({name})", where="crs")
    return code or str(crs)


def _prepared(
    features: gpd.GeoDataFrame, definition: LayerDefinition | None, crs: str, language: Language
) -> writers.Written:
    bare = features if features.crs is not None else features.set_crs(STORE_CRS)
    if bare.crs != STORE_CRS:
        raise CrsError(seen=bare.crs.to_string(), wanted=STORE_CRS, where="features")
    fields = definition.all_fields if definition is not None else _fields(bare)
    known = bare if definition is None else typed(definition, bare)
    whole = known.set_geometry("geometry") if known.geometry.name == "geometry" else known.rename_geometry("geometry")
    placed = whole if crs == STORE_CRS else metric(whole, crs)
    name = "features" if definition is None else definition.id
    return writers.Written(whole, placed, tuple(fields), definition, name, crs, language)


def _fields(features: gpd.GeoDataFrame) -> list[Field]:
    columns = [str(name) for name in features.columns if name != features.geometry.name]
    kinds: list[FieldType] = [
        next((kind for fits, kind in _TYPES if fits(features[name].dtype)), "text") for name in columns
    ]
    return [
        Field.model_construct(name=name, type=kind, title=Text(vi=name, en=name))
        for name, kind in zip(columns, kinds, strict=True)
    ]


def _found(spec: WriteFormat, written: writers.Written, made: Path, names: dict[str, str]) -> tuple[Loss, ...]:
    """Read what was written, and compare it."""
    if not spec.compared:
        there = written.placed.geometry.notna() & ~written.placed.geometry.is_empty
        fields = ", ".join(written.names())
        text = Text(
            vi=f"Bản vẽ chỉ giữ hình học và nhãn; không giữ: {fields}.",
            en=f"A drawing holds shapes and labels only, not: {fields}.",
        )
        nowhere = int((~there).sum())
        vi = f"{nowhere} đối tượng không có hình học bị bỏ."
        none = Text(vi=vi, en=f"{nowhere} features without geometry were left out.")
        fields_lost = Loss("fields", None, len(written.placed), text)
        return (fields_lost, Loss("geometry", None, nowhere, none)) if nowhere else (fields_lost,)
    main = [place for place in sorted(made.parent.iterdir()) if place.suffix == spec.suffix]
    parts = [read_features(place, source_layer=layers[0].name) for place in main if (layers := inspect(place).layers)]
    # A document without features has no layers.
    read = [part.frame for part in parts] or [written.placed.iloc[:0].rename_axis(names[ID_FIELD]).reset_index()]
    back = read[0] if len(read) == 1 else gpd.GeoDataFrame(pd.concat(read, ignore_index=True), geometry="geometry")
    degrees = written.crs == STORE_CRS
    precision = spec.degrees if degrees else spec.metres
    found = losses(written.placed, back, written.fields, names=names, precision=precision, unit="°" if degrees else "m")
    return (*_about_files(main), *found, *_about_crs(parts[0].crs if parts else None, written, spec))


def _about_files(main: list[Path]) -> list[Loss]:
    if len(main) < 2:
        return []
    listed = ", ".join(place.name for place in main)
    text = Text(
        vi=f"Định dạng không trộn kiểu hình học; đã ghi thành {len(main)} tệp: {listed}.",
        en=f"The format does not mix kinds of geometry; written as {len(main)} files: {listed}.",
    )
    return [Loss("order", None, 0, text)]


def _about_crs(stated: str | None, written: writers.Written, spec: WriteFormat) -> list[Loss]:
    """Tell of a CRS that the file does not say, or says in another way."""
    same = False
    if stated is not None:
        try:
            same = parse_crs(stated, where="file").equals(parse_crs(written.crs, where="crs"), ignore_axis_order=True)
        except CrsError:
            same = False
    if same or written.placed.geometry.isna().all():
        return []
    text = Text(
        vi=f"Tệp {spec.suffix} không khai báo {written.crs} một cách chắc chắn; khi nhập hãy dùng --crs {written.crs}.",
        en=f"A {spec.suffix} file does not state {written.crs} for certain; state --crs {written.crs} when it is read.",
    )
    return [Loss("crs", None, len(written.placed), text)]


def _zipped(files: list[Path], archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for place in files:
            packed.write(place, place.name)
    return archive


def _placed(files: list[Path], path: Path, *, single: bool) -> list[Path]:
    """Put what was made in its place, each file in one step; a name that the user gave stays as it is."""
    try:
        targets = [path] if single else [path.with_name(place.name) for place in files]
        for place, to in zip(files, targets, strict=True):
            place.replace(to)
    except OSError as error:
        wanted = Text(vi="ghi được vào thư mục", en="a folder that can be written to")
        raise FileUnreadableError(seen=error.strerror or error, wanted=wanted, where=str(path)) from error
    return targets
