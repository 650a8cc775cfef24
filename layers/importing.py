"""Taking a file into a layer: examine, compare, write as one changeset, or not at all.

Everything that happened on the way is in the receipt: which column went where, what stayed behind, which operation
moved the coordinates, what was put right, what is wrong. A field that the file does not speak of keeps its value in
features that are there already.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, ParamSpec

import geopandas as gpd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.ahead import AHEAD_MOST_ROWS, AHEAD_ROWS, Ahead
from layers.crs import to_store_crs
from layers.definitions import STORE_CRS, LayerDefinition
from layers.errors import (
    FeatureExistsError,
    InvalidFeaturesError,
    UnknownFeatureError,
    ValueOutOfRangeError,
)
from layers.examining import Examination, Progress, Reading, examine, stopped
from layers.formats import read_features
from layers.georeference import HANOI, TargetArea
from layers.mapping import ColumnMapping, read_mapping
from layers.preparing import WRITING, Accept, Edits, Prepared, accepted, features_there, prepared, same_features
from layers.receipts import Receipt
from layers.spool import ShapesOrSpool, parts_of_shapes
from layers.store import Decision, Put, Store
from layers.store.model import PutMode
from layers.text import search_key
from layers.types import Bounds, Text
from layers.validation import Checked

__all__ = ["COVERAGE_LAYER", "WRITING", "Accept", "Completeness", "StoreSurroundings", "import_file", "receive_file"]

#: The layer that says where other layers have data.
COVERAGE_LAYER: Final = "coverage"
Completeness = Literal["complete", "partial"]
_Arguments = ParamSpec("_Arguments")


def receive_file(
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
    area: TargetArea = HANOI,
    author: str,
    message: str,
    decision: Decision | None = None,
    mode: PutMode = "upsert",
    coverage: str | Path | None = None,
    as_of: dt.date | None = None,
    completeness: Completeness = "complete",
    accept: Accept = "all",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Receipt:
    """Take one layer of a file into a layer of the store, as one changeset or not at all, and give a receipt.

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
        The CRS of the file, or the key of a diagnosis such as ``EPSG:5897+exchange_axes``; it wins over what the file
        states.
    encoding : str, optional
        Encoding of the file's text, where the file does not state it.
    text_encodings : mapping of str to str, optional
        Vietnamese encodings by column of the file (`layers.encodings.SCHEMES`), where the user knows them; "unicode"
        leaves a column as it is. Other columns are converted only where their encoding is clear.
    coordinates : sequence of str
        Columns of a table that hold the place: (longitude or easting, latitude or northing), or one with WKT.
    polygons : bool
        Whether closed lines of a drawing are areas.
    area : TargetArea
        Where the data should lie.
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
    accept : {"all", "valid"}
        Take the file only if no feature has an error, or leave out the features that have one.
    dry_run : bool
        Do everything but write.
    progress : callable, optional
        Called with what is being done and the share that is done.

    Returns
    -------
    Receipt
        What was read, mapped, moved, put right, found and written; of state "refused" if nothing could be taken in.

    Raises
    ------
    UnknownLayerError
        If the store has no such layer.
    MissingFileError
        If the file, the mapping or the file of the coverage is not there.
    DefinitionError
        If the mapping breaks a rule.
    ValueOutOfRangeError
        If the coverage is no area.
    """
    definition = store.definition(layer)
    reading = Reading(
        read_mapping(mapping) if isinstance(mapping, str | Path) else mapping,
        source_layer,
        crs,
        encoding,
        text_encodings or {},
        tuple(coordinates),
        polygons,
        area,
    )
    surroundings = StoreSurroundings(store, layer if mode == "replace" else None)
    with Ahead(store, author=author, message=message, decision=decision) as ahead:
        begun: list[Prepared] = []

        def begin(examined: Examination) -> None:
            if not dry_run and AHEAD_ROWS <= len(examined.rows) <= AHEAD_MOST_ROWS:
                begun.extend(_begin(ahead, store, definition, examined, mode=mode))

        examined = examine(path, definition, reading, surroundings=surroundings, progress=progress, ready=begin)
        taken = accepted(examined, accept)
        receipt = replace(taken.receipt, dry_run=dry_run)
        if receipt.state == "refused" or taken.stopped:
            return receipt
        if receipt.refused:
            # What was begun holds the features that are left out.
            ahead.withdraw()
            begun.clear()
        edits = Edits(begun or prepared(store, definition, taken, mode=mode, progress=progress))
        changeset = None
        try:
            first = list(itertools.islice(edits, 1))
            covered: list[Put] = []
            if coverage is not None:
                covered = _coverage(
                    store, coverage, taken.shapes, receipt=receipt, as_of=as_of, completeness=completeness
                )
            if not dry_run and (first or covered):
                if progress is not None:
                    progress(Text(vi="Ghi vào kho", en="Writing to the store"), WRITING)
                own = () if ahead.begun else itertools.chain(first, edits)
                changeset = ahead.keep(itertools.chain(own, covered))
            # What was not written is counted all the same.
            edits.exhaust()
        except (FeatureExistsError, UnknownFeatureError) as error:
            rule = "feature-exists" if isinstance(error, FeatureExistsError) else "feature-unknown"
            return stopped(receipt, rule, error)
    return replace(
        receipt,
        state="partly_accepted" if receipt.refused else "accepted",
        written=edits.written,
        unchanged=edits.unchanged,
        changeset=changeset,
    )


def _begin(
    ahead: Ahead, store: Store, definition: LayerDefinition, examined: Examination, *, mode: PutMode
) -> list[Prepared]:
    """Begin to write what would be written if nothing more is found, and return it."""
    try:
        plans = list(prepared(store, definition, accepted(examined, "all"), mode=mode))
    except (FeatureExistsError, UnknownFeatureError):
        return []  # That is told once the file is looked through.
    edits = [edit for plan in plans for edit in plan.edits]
    if edits:
        ahead.begin(edits)
    return plans


def _raising(receive: Callable[_Arguments, Receipt]) -> Callable[_Arguments, Receipt]:
    """Return the same function, but for raising what refuses a file."""

    @functools.wraps(receive)
    def import_(*args: _Arguments.args, **options: _Arguments.kwargs) -> Receipt:
        receipt = receive(*args, **options)
        if receipt.error is not None:
            raise receipt.error
        return receipt

    import_.__name__ = import_.__qualname__ = "import_file"
    import_.__doc__ = (receive.__doc__ or "").replace("and give a receipt", "or raise what refuses it")
    return import_


#: As `receive_file`, but a refused file raises the error in the receipt.
import_file = _raising(receive_file)


@dataclass(frozen=True, slots=True)
class StoreSurroundings:
    """What a store holds beside a file.

    Parameters
    ----------
    store : Store
        The store.
    replaced : str or None
        A layer whose features will all go, and so are not beside the file.
    """

    store: Store
    replaced: str | None = None

    def same(self, layer: str, ids: Sequence[str]) -> gpd.GeoDataFrame:
        """Return those features of a layer that are there already.

        Parameters
        ----------
        layer : str
            A layer's id.
        ids : sequence of str
            Ids of the file's features.

        Returns
        -------
        GeoDataFrame
            Typed, EPSG:4326.
        """
        return features_there(self.store, layer, ids)

    def near(self, layer: str, bounds: Bounds) -> gpd.GeoDataFrame | None:
        """Return the features of a layer that may touch the file's.

        Parameters
        ----------
        layer : str
            A layer's id.
        bounds : (float, float, float, float)
            Of the file's features, degrees.

        Returns
        -------
        GeoDataFrame or None
            Typed, EPSG:4326; None where there is no such layer.
        """
        there = layer in self.store.layers() and layer != self.replaced
        return self.store.read(layer, bbox=bounds) if there else None

    def known(self, layer: str, ids: Sequence[str]) -> Collection[str] | None:
        """Return which ids are those of features of a layer.

        Parameters
        ----------
        layer : str
            A layer's id.
        ids : sequence of str
            What the file refers to.

        Returns
        -------
        collection of str or None
            None where there is no such layer.
        """
        return frozenset(self.store.read(layer, ids=ids).index) if layer in self.store.layers() else None


def _coverage(
    store: Store,
    coverage: str | Path,
    shapes: ShapesOrSpool,
    *,
    receipt: Receipt,
    as_of: dt.date | None,
    completeness: Completeness,
) -> list[Put]:
    """Return the edit that says where the layer has data, unless that is said already."""
    definition = store.definition(COVERAGE_LAYER)
    shape = _covered(coverage, shapes)
    layer, file = receipt.layer, receipt.file
    name = search_key(f"{file.path.stem} {file.layer}").replace(" ", "-")
    row = {
        "layer": layer,
        "as_of": None if as_of is None else as_of.isoformat(),
        "completeness": completeness,
        "position": "schematic" if coverage in ("bbox", "hull") else "published",
        "source": file.path.name,
    }
    frame = gpd.GeoDataFrame({key: [value] for key, value in row.items()}, geometry=[shape], crs=STORE_CRS)
    frame = frame.set_axis([f"{layer}-{name}"])
    checked = Checked(definition, frame)
    if checked.errors:
        raise InvalidFeaturesError(COVERAGE_LAYER, checked.errors)
    same = same_features(definition, checked.features, store.read(COVERAGE_LAYER, ids=frame.index.tolist()))
    return [] if same.all() else [Put(COVERAGE_LAYER, checked)]


def _covered(coverage: str | Path, shapes: ShapesOrSpool) -> BaseGeometry:
    """Return the area that a user says is covered: that of the features, or the polygons of a file."""
    if coverage in ("bbox", "hull"):
        # The hull of hulls is that of all; no more vertices than a part has are looked at together.
        hulls = [shapely.MultiPoint(shapely.get_coordinates(some)).convex_hull for _, some in parts_of_shapes(shapes)]
        points = shapely.MultiPoint(shapely.get_coordinates(hulls))
        shape: BaseGeometry = points.envelope if coverage == "bbox" else points.convex_hull
    else:
        area = read_features(coverage)
        placed, _ = to_store_crs(area.frame, crs=area.crs, where=str(coverage))
        shape = placed.geometry.union_all()
    if shape.area == 0 or shape.geom_type not in ("Polygon", "MultiPolygon"):
        wanted = Text(vi="một vùng (đa giác)", en="an area (polygons)")
        raise ValueOutOfRangeError(seen=f"{coverage}: {shape.geom_type}", wanted=wanted, where="coverage")
    return shape
