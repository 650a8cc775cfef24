"""Bringing a file into a layer: read, map, reproject, check, write as one changeset, or not at all.

Everything that happened on the way is in the result: which column went where, what stayed behind, which operation moved
the coordinates. A field that the file does not speak of keeps its value in features that are there already.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from layers.coercion import coerce
from layers.crs import Transformation, to_store_crs
from layers.definitions import STORE_CRS, LayerDefinition
from layers.encodings import ColumnRepair, repair
from layers.errors import (
    FeatureExistsError,
    InvalidFeaturesError,
    UnknownFeatureError,
    ValueOutOfRangeError,
)
from layers.formats import SourceFeatures, read_features
from layers.mapping import ColumnMapping, Mapped, Translation, map_by_name, read_mapping
from layers.schema import typed
from layers.store import Changeset, Decision, Put, Store
from layers.store.model import PutMode
from layers.text import search_key
from layers.types import Language, Text
from layers.validation import Issue, check, errors_of

__all__ = ["COVERAGE_LAYER", "Completeness", "ImportResult", "import_file"]

#: The layer that says where other layers have data.
COVERAGE_LAYER: Final = "coverage"
Completeness = Literal["complete", "partial"]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a file.

    Parameters
    ----------
    path : Path
        The file.
    layer : str
        The layer's id.
    source_layer : str
        The layer of the file.
    read : int
        Features in the file.
    filtered : int
        Features that the mapping's `only` left out.
    written : int
        Features of the layer that are new or changed, or, in mode replace, removed; in a dry run, that would be.
    unchanged : int
        Features that are in the layer just so.
    transformation : Transformation or None
        What was done to coordinates; None for a table of attributes.
    columns : mapping of str to str
        What each field was taken from.
    left_out, skipped : tuple of str
        Columns nothing was taken from: because nothing fits, and on purpose.
    translations : tuple of Translation
        Values that the mapping turned into others.
    warnings : tuple of Text
        What a planner should look at.
    encoding : str
        Of the file's text.
    text : tuple of ColumnRepair
        Columns whose text was converted from a legacy encoding, or may have to be.
    changeset : Changeset or None
        None if nothing changed, or in a dry run.
    dry_run : bool
        Whether nothing was to be written.
    """

    path: Path
    layer: str
    source_layer: str
    read: int
    filtered: int
    written: int
    unchanged: int
    transformation: Transformation | None
    columns: Mapping[str, str]
    left_out: tuple[str, ...]
    skipped: tuple[str, ...]
    translations: tuple[Translation, ...]
    warnings: tuple[Text, ...]
    encoding: str
    text: tuple[ColumnRepair, ...]
    changeset: Changeset | None
    dry_run: bool

    def messages(self, language: Language = "en") -> tuple[str, ...]:
        """Return the result for people, warnings last.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        tuple of str
            One sentence each.
        """
        said = [_counts(self)]
        if self.transformation is not None:
            said.append(self.transformation.message())
        if self.columns:
            pairs = "; ".join(f"{field} ← {origin}" for field, origin in self.columns.items())
            said.append(Text(vi=f"Trường ← cột: {pairs}.", en=f"Field ← column: {pairs}."))
        if known := [entry for entry in self.translations if entry.value]:
            values = "; ".join(f"{entry.field}: {entry.seen} → {entry.value} ({entry.features})" for entry in known)
            said.append(Text(vi=f"Giá trị quy đổi: {values}.", en=f"Values translated: {values}."))
        if self.skipped:
            names = ", ".join(self.skipped)
            said.append(Text(vi=f"Cột chủ động bỏ qua: {names}.", en=f"Columns skipped on purpose: {names}."))
        repairs = [column.message(language) for column in self.text]
        return (*(text.say(language) for text in said), *repairs, *(text.say(language) for text in self.warnings))


def import_file(
    store: Store,
    path: str | Path,
    layer: str,
    *,
    mapping: ColumnMapping | str | Path | None = None,
    source_layer: str | None = None,
    crs: object | None = None,
    encoding: str | None = None,
    text_encodings: Mapping[str, str] | None = None,
    coordinates: Sequence[str] = (),
    polygons: bool = False,
    author: str,
    message: str,
    decision: Decision | None = None,
    mode: PutMode = "upsert",
    coverage: str | Path | None = None,
    as_of: dt.date | None = None,
    completeness: Completeness = "complete",
    dry_run: bool = False,
) -> ImportResult:
    """Import one layer of a file into a layer of the store, as one changeset.

    Parameters
    ----------
    store : Store
        Where to.
    path : str or Path
        A file of a format in `layers.formats.SUFFIXES`.
    layer : str
        The layer's id.
    mapping : ColumnMapping, str or Path, optional
        A mapping, the name of a shipped one, or a mapping file; columns are mapped by name without it.
    source_layer : str, optional
        The layer of the file, if it has several.
    crs : object, optional
        The CRS of the file, where it states none or a wrong one.
    encoding : str, optional
        Encoding of a Shapefile's text, where the file does not state it.
    text_encodings : mapping of str to str, optional
        Vietnamese encodings by column of the file (`layers.encodings.SCHEMES`), where the user knows them; "unicode"
        leaves a column as it is. Other columns are converted only where their encoding is clear.
    coordinates : sequence of str
        Columns of a table that hold the place: (longitude or easting, latitude or northing), or one with WKT.
    polygons : bool
        Whether closed lines of a drawing are areas.
    author, message : str
        Who, and why.
    decision : Decision, optional
        By which document.
    mode : {"upsert", "insert", "update", "replace"}
        As for `layers.store.Put`; in `upsert` and `update`, fields the file does not speak of keep their values.
    coverage : {"bbox", "hull"} or path, optional
        Where the layer now has data: the bounding box or the convex hull of the file's features, or the polygons of
        another file. Without it nothing is said about coverage.
    as_of : datetime.date, optional
        The day the data shows, for the coverage.
    completeness : {"complete", "partial"}
        Whether the coverage holds everything there is.
    dry_run : bool
        Do everything but write.

    Returns
    -------
    ImportResult
        What was read, mapped, moved and written.

    Raises
    ------
    LayersError
        By its kind, if the file, the mapping, the CRS or a feature is not right; nothing is written then.
    """
    definition = store.definition(layer)
    chosen = read_mapping(mapping) if isinstance(mapping, str | Path) else mapping
    source = read_features(
        path,
        source_layer=source_layer or (chosen.source_layer if chosen else None),
        encoding=encoding,
        coordinates=coordinates,
        polygons=polygons,
    )
    text = repair(source.frame, choices=text_encodings)
    source = replace(source, frame=text.values)
    if chosen is None:
        columns = [str(name) for name in source.frame.columns if name != source.frame.geometry.name]
        chosen = map_by_name(definition, columns, where=str(path))
    mapped = chosen.apply(definition, source.frame)
    placed, transformation, notes = _place(source, mapped.features, crs=crs)
    features, warned = _checked(definition, placed)
    current = _current(store, layer, features, mode=mode)
    whole = features if mode == "replace" else _completed(features, current, mapped, spatial=source.spatial)
    same = _same(definition, whole, current)
    edits = [Put(layer, whole if mode == "replace" else whole[~same], mode)]
    removed = store.count(layer) - len(current) if mode == "replace" else 0
    written = int((~same).sum()) + removed
    if not written:
        edits = []
    if coverage is not None:
        edits += _coverage(
            store, coverage, features, layer=layer, source=source, as_of=as_of, completeness=completeness
        )
    changeset = None
    if edits and not dry_run:
        changeset = store.commit(edits, author=author, message=message, decision=decision)
    return ImportResult(
        path=source.path,
        layer=layer,
        source_layer=source.layer,
        read=len(source.frame),
        filtered=mapped.filtered,
        written=written,
        unchanged=int(same.sum()),
        transformation=transformation,
        columns=mapped.columns,
        left_out=mapped.left_out,
        skipped=mapped.skipped,
        translations=mapped.translations,
        warnings=(*source.notes, *notes, *_warnings_of(mapped), *warned),
        encoding=source.encoding,
        text=tuple(column for column in text.columns if column.state != "kept"),
        changeset=changeset,
        dry_run=dry_run,
    )


def _counts(result: ImportResult) -> Text:
    vi = f"{result.path.name} → {result.layer}: đọc {result.read} đối tượng"
    en = f"{result.path.name} → {result.layer}: {result.read} features read"
    if result.filtered:
        vi += f", bộ lọc bỏ {result.filtered}"
        en += f", {result.filtered} filtered out"
    if result.dry_run:
        vi += f", sẽ ghi {result.written}, {result.unchanged} không đổi (chạy thử, không ghi gì)."
        en += f", {result.written} would be written, {result.unchanged} unchanged (dry run, nothing was written)."
    else:
        vi += f", ghi {result.written}, {result.unchanged} không đổi."
        en += f", {result.written} written, {result.unchanged} unchanged."
    return Text(vi=vi, en=en)


def _place(
    source: SourceFeatures, features: gpd.GeoDataFrame, *, crs: object | None
) -> tuple[gpd.GeoDataFrame, Transformation | None, list[Text]]:
    """Bring geometries to the store's CRS and to two dimensions, and tell what that did."""
    if not source.spatial:
        return features.set_crs(STORE_CRS, allow_override=True), None, []
    bare = features.set_geometry(gpd.GeoSeries(features.geometry.to_numpy(), index=features.index))
    moved, transformation = to_store_crs(bare, crs=source.crs if crs is None else crs, where=str(source.path))
    notes = []
    if crs is not None and source.crs is not None:
        notes.append(
            Text(
                vi=f"Tệp khai báo hệ toạ độ {source.crs}; đã dùng {transformation.source} theo yêu cầu.",
                en=f"The file states the CRS {source.crs}; {transformation.source} was used as asked for.",
            )
        )
    if transformation.outside_area:
        notes.append(
            Text(
                vi=f"Một phần dữ liệu nằm ngoài vùng áp dụng của {transformation.source}.",
                en=f"Part of the data lies outside the area of use of {transformation.source}.",
            )
        )
    shapes = moved.geometry.to_numpy()
    if high := int(shapely.has_z(shapes).sum()):
        notes.append(
            Text(
                vi=f"{high} hình học có cao độ; lớp lưu hai chiều, cao độ bị bỏ.",
                en=f"{high} geometries have heights; the layer is two-dimensional, the heights were left out.",
            )
        )
        moved = moved.set_geometry(gpd.GeoSeries(shapely.force_2d(shapes), index=moved.index, crs=STORE_CRS))
    return moved, transformation, notes


def _checked(definition: LayerDefinition, features: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Text]]:
    """Return features in the typed form, and what validation warns of; refuse them if it finds errors."""
    issues = check(definition, features)
    if errors := errors_of(issues):
        raise InvalidFeaturesError(definition.id, errors)
    read = {
        name: coerce(definition.field(str(name)), features[name]).values
        for name in features.columns
        if name != features.geometry.name
    }
    frame = gpd.GeoDataFrame(read, geometry=features.geometry, index=features.index)
    return typed(definition, frame), [_text_of(issue) for issue in issues]


def _text_of(issue: Issue) -> Text:
    return Text(vi=issue.message("vi"), en=issue.message("en"))


def _current(store: Store, layer: str, features: gpd.GeoDataFrame, *, mode: PutMode) -> gpd.GeoDataFrame:
    """Return the current state of those features that are in the layer; refuse what the mode does not allow."""
    current = store.read(layer, ids=features.index.tolist())
    if mode == "insert" and len(current):
        raise FeatureExistsError(seen=current.index[0], where=layer)
    if mode == "update" and len(missing := features.index.difference(current.index, sort=False)):
        raise UnknownFeatureError(seen=missing[0], where=layer)
    return current


def _completed(
    features: gpd.GeoDataFrame, current: gpd.GeoDataFrame, mapped: Mapped, *, spatial: bool
) -> gpd.GeoDataFrame:
    """Fill the fields that the file does not speak of from the current state."""
    if current.empty:
        return features
    there = features.index.isin(current.index)
    before = current.reindex(features.index)
    columns: dict[str, Any] = {}
    for name in features.columns.drop(features.geometry.name):
        spoken = name in mapped.columns
        columns[name] = features[name] if spoken else features[name].mask(there, before[name])
    shapes = features.geometry.to_numpy() if spatial else np.where(there, before.geometry, features.geometry)
    return gpd.GeoDataFrame(columns, geometry=shapes, index=features.index, crs=STORE_CRS)


def _same(definition: LayerDefinition, features: gpd.GeoDataFrame, current: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Mark the features that are in the layer just so."""
    same: npt.NDArray[np.bool_] = np.asarray(features.index.isin(current.index), dtype=bool)
    if not same.any():
        return same
    before = current.reindex(features.index)
    for field in definition.all_fields:
        new, old = features[field.name], before[field.name]
        equal = (new == old).fillna(value=False).to_numpy(dtype=bool)
        same &= equal | (new.isna() & old.isna()).to_numpy(dtype=bool)
    new_shapes, old_shapes = features.geometry.to_numpy(), before.geometry.to_numpy()
    same &= shapely.equals_identical(new_shapes, old_shapes) | (
        shapely.is_missing(new_shapes) & shapely.is_missing(old_shapes)
    )
    return same


def _warnings_of(mapped: Mapped) -> list[Text]:
    said = []
    if not len(mapped.features):
        said.append(Text(vi="Không có đối tượng nào để ghi.", en="There is no feature to write."))
    if mapped.left_out:
        names = ", ".join(mapped.left_out)
        said.append(
            Text(
                vi=f"Cột không có trường tương ứng, không nhập: {names}.",
                en=f"Columns without a field, left out: {names}.",
            )
        )
    said += [
        Text(
            vi=f"{entry.field}: {entry.seen!r} ở {entry.features} đối tượng không có mã, để trống.",
            en=f"{entry.field}: {entry.seen!r} in {entry.features} features has no code and stays unknown.",
        )
        for entry in mapped.translations
        if not entry.value
    ]
    return said


def _coverage(
    store: Store,
    coverage: str | Path,
    features: gpd.GeoDataFrame,
    *,
    layer: str,
    source: SourceFeatures,
    as_of: dt.date | None,
    completeness: Completeness,
) -> list[Put]:
    """Return the edit that says where the layer has data, unless that is said already."""
    definition = store.definition(COVERAGE_LAYER)
    shape = _covered(coverage, features)
    name = search_key(f"{source.path.stem} {source.layer}").replace(" ", "-")
    row = {
        "layer": layer,
        "as_of": None if as_of is None else as_of.isoformat(),
        "completeness": completeness,
        "position": "schematic" if coverage in ("bbox", "hull") else "published",
        "source": source.path.name,
    }
    frame = gpd.GeoDataFrame({key: [value] for key, value in row.items()}, geometry=[shape], crs=STORE_CRS)
    covered, _ = _checked(definition, frame.set_axis([f"{layer}-{name}"]))
    same = _same(definition, covered, store.read(COVERAGE_LAYER, ids=covered.index.tolist()))
    return [] if same.all() else [Put(COVERAGE_LAYER, covered)]


def _covered(coverage: str | Path, features: gpd.GeoDataFrame) -> BaseGeometry:
    """Return the area that a user says is covered: that of the features, or the polygons of a file."""
    if coverage in ("bbox", "hull"):
        points = shapely.MultiPoint(shapely.get_coordinates(features.geometry.to_numpy()))
        shape: BaseGeometry = points.envelope if coverage == "bbox" else points.convex_hull
    else:
        area = read_features(coverage)
        placed, _, _ = _place(area, area.frame, crs=None)
        shape = placed.geometry.union_all()
    if shape.area == 0 or shape.geom_type not in ("Polygon", "MultiPolygon"):
        wanted = Text(vi="một vùng (đa giác)", en="an area (polygons)")
        raise ValueOutOfRangeError(seen=f"{coverage}: {shape.geom_type}", wanted=wanted, where="coverage")
    return shape
