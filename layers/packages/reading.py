"""What an institute changed: a returned package, or a bare file, against the state that it was handed.

A program that only opened and saved a file changed nothing, whatever it did to the dress of values and shapes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.checking import check_features
from layers.coercion import as_texts
from layers.definitions import STORE_CRS, LayerDefinition
from layers.encodings import repair as repair_text
from layers.errors import (
    CrsError,
    DefinitionError,
    FileUnreadableError,
    InvalidFeaturesError,
    LayersError,
    UndecidedCrsError,
    UnknownLayerError,
    ValueOutOfRangeError,
)
from layers.examining import stopped
from layers.formats import read_features
from layers.georeference import HANOI, TargetArea
from layers.importing import StoreSurroundings
from layers.merge import DEFAULT_TOLERANCE_M
from layers.packages.area import Area, inside
from layers.packages.changes import LayerChanges, PackageChanges
from layers.packages.dress import known_ids, settle
from layers.packages.manifest import Manifest, store_entry
from layers.packages.names import mapped_columns
from layers.packages.opening import Returned, Source, open_returned
from layers.placing import place
from layers.receipts import Receipt, SourceFile
from layers.schema import empty_features, typed
from layers.store import Store
from layers.types import Text
from layers.validation import Issue

__all__ = ["changes_of_package"]

_CUTTING: Final = ("ESRI Shapefile", "MapInfo File")


@dataclass(frozen=True)
class _Handed:
    """What was handed out, and how it may come back."""

    store: Store
    base: int
    area: Area | None
    whole: bool
    crs: object | None
    target: TargetArea
    tolerance_m: float


def changes_of_package(
    store: Store,
    path: str | Path,
    *,
    layer: str | None = None,
    base: int | None = None,
    area: Area | None = None,
    complete: bool = False,
    crs: object | None = None,
    target: TargetArea = HANOI,
    tolerance_m: float = DEFAULT_TOLERANCE_M,
) -> PackageChanges:
    """Read what an institute changed, and write nothing.

    Parameters
    ----------
    store : Store
        The store that the package came from.
    path : str or Path
        A returned package, or a file with feature ids.
    layer : str, optional
        Only this layer; for a bare file with one layer, the layer it is for.
    base : int, optional
        The changeset that a bare file began with; the latest without it. A package says so itself.
    area : geometry, optional
        Where a bare file is complete: features of the base in it that are missing are deleted.
    complete : bool
        Whether a bare file is complete everywhere. Without it, and without an area, missing features stay.
    crs : object, optional
        The CRS of the file, where it does not state it.
    target : TargetArea
        Where the data should lie.
    tolerance_m : float
        How far a vertex may have moved without being an edit, metres.

    Returns
    -------
    PackageChanges
        Ids, features and a receipt for each layer; a receipt of state "refused" where a file cannot be taken in.

    Raises
    ------
    MissingFileError, FileUnreadableError, SignatureError
        If it is no package, or no file that can be read.
    UnknownLayerError, UnknownChangesetError
        If the store has no such layer or state.
    ValueOutOfRangeError
        If the package is of another store, or was edited in two places differently.
    """
    path, known = Path(path), list(store.layers())
    if layer is not None and layer not in known:
        raise UnknownLayerError(seen=layer, wanted=", ".join(known))
    with ExitStack() as stack:
        returned = open_returned(path, known, stack, layer=layer)
        manifest = returned.manifest
        number = _base(store, manifest, base, path)
        handed = _Handed(
            store,
            number,
            area if manifest is None else manifest.shape,
            complete or area is not None or manifest is not None,
            crs,
            target,
            tolerance_m,
        )
        wanted = [name for name in returned.sources if layer in (None, name)]
        found = {name: _layer(handed, store.definition(name), returned, path) for name in wanted}
    return PackageChanges(path, number, found, manifest, returned.signature, returned.notes)


def _base(store: Store, manifest: Manifest | None, base: int | None, path: Path) -> int:
    """Return the changeset of the base, and make sure that the package is of this store."""
    if manifest is None:
        return store_entry(store, base).changeset
    stated = manifest.store
    last = store_entry(store).changeset
    own = store_entry(store, min(stated.changeset, last))
    if stated.changeset > last or (stated.id, stated.record) != (own.id, own.record):
        seen = Text(
            vi=f"phiên bản thay đổi {stated.changeset} của kho {stated.id[:8]}",
            en=f"changeset {stated.changeset} of the store {stated.id[:8]}",
        )
        wanted = Text(vi=f"gói lấy từ kho này ({own.id[:8]})", en=f"a package of this store ({own.id[:8]})")
        raise ValueOutOfRangeError(seen=seen, wanted=wanted, where=str(path))
    return stated.changeset


def _layer(handed: _Handed, definition: LayerDefinition, returned: Returned, path: Path) -> LayerChanges:
    """Read every file in which a layer was touched, and take the one that was edited."""
    sources = returned.sources[definition.id]
    base = _handed_out(handed, definition) if handed.whole else empty_features(definition)
    read = [_read(handed, definition, base, source, path) for source in sources]
    edited = [one for one in read if len(one) or (one.receipt is not None and one.receipt.error is not None)]
    if len(edited) > 1 and not all(_alike(edited[0], one) for one in edited[1:]):
        names = ", ".join(source.name for source in sources)
        seen = Text(vi=f"hai tệp sửa khác nhau: {names}", en=f"files that were edited differently: {names}")
        wanted = Text(vi="sửa ở một tệp", en="edits in one file")
        raise ValueOutOfRangeError(seen=seen, wanted=wanted, where=f"{path.name}: {definition.id}")
    return next(iter((*edited, *read)), LayerChanges(definition, base, base))


def _alike(one: LayerChanges, other: LayerChanges) -> bool:
    if (set(one.inserted), set(one.updated), set(one.deleted)) != (
        set(other.inserted),
        set(other.updated),
        set(other.deleted),
    ):
        return False
    ids = [*one.inserted, *one.updated]
    _, changed = settle(
        one.definition,
        one.features.loc[ids],
        other.features.loc[ids],
        spoken=[column.name for column in one.definition.all_fields],
        spatial=True,
        tolerance_m=DEFAULT_TOLERANCE_M,
        cut=False,
    )
    return not changed.any()


def _handed_out(handed: _Handed, definition: LayerDefinition) -> gpd.GeoDataFrame:
    bounds = handed.area.bounds if handed.area is not None and definition.spatial else None
    if not handed.base:
        return empty_features(definition)
    return inside(definition, handed.store.read(definition.id, as_of=handed.base, bbox=bounds), handed.area)


def _read(
    handed: _Handed, definition: LayerDefinition, base: gpd.GeoDataFrame, source: Source, path: Path
) -> LayerChanges:
    """Read one layer of one file, and tell what is not as in the base."""
    receipt = Receipt(_file(source.path, path, source), definition.id, "checked", dt.datetime.now(dt.UTC))
    untouched = LayerChanges(definition, base, base)
    try:
        read = read_features(source.path, source_layer=source.layer)
        text = repair_text(read.frame)
        columns = [str(name) for name in read.frame.columns if name != read.frame.geometry.name]
        mapping = mapped_columns(definition, columns, where=source.name)
        mapped = mapping.apply(definition, text.values)
        shapes = np.asarray(mapped.features.geometry.array)
        placed = place(shapes, stated=read.crs, crs=handed.crs, area=handed.target, where=source.name)
    except (FileUnreadableError, DefinitionError, CrsError) as error:
        return replace(untouched, receipt=stopped(receipt, _rule(error), error))
    file = replace(receipt.file, driver=read.driver, layer=read.layer, encoding=read.encoding)
    receipt = replace(
        receipt,
        file=file,
        read=len(read.frame),
        columns=mapped.columns,
        left_out=mapped.left_out,
        text=tuple(one for one in text.columns if one.state != "kept"),
        record=placed.record if read.spatial else None,
        notes=read.notes,
    )
    ids, new = _named(definition, mapped.features, np.asarray(placed.shapes, dtype=object), base.index)
    incoming = mapped.features.set_axis(ids).set_geometry(gpd.GeoSeries(placed.shapes, index=ids, crs=STORE_CRS))
    if not handed.whole and handed.base:
        base = handed.store.read(definition.id, as_of=handed.base, ids=[one for one in ids if isinstance(one, str)])
    settled, changed = settle(
        definition,
        base,
        incoming,
        spoken=mapped.columns,
        spatial=read.spatial,
        tolerance_m=handed.tolerance_m,
        cut=read.driver in _CUTTING,
    )
    return _checked(
        handed,
        LayerChanges(definition, base, base),
        settled,
        changed,
        replace(receipt, notes=(*receipt.notes, *_told(new))),
    )


def _told(new: int) -> tuple[Text, ...]:
    """Say which features were given ids."""
    if not new:
        return ()
    text = Text(
        vi=f"{new} đối tượng mới không có mã; đã đặt mã.", en=f"{new} new features had no id; they were given one."
    )
    return (text,)


def _checked(
    handed: _Handed,
    changes: LayerChanges,
    settled: gpd.GeoDataFrame,
    changed: npt.NDArray[np.bool_],
    receipt: Receipt,
) -> LayerChanges:
    """Check what is not as in the base, and only that."""
    definition, base = changes.definition, changes.base
    rows = np.flatnonzero(changed | settled.index.duplicated(keep=False))
    deleted = tuple(base.index[~_among(base.index, settled.index)]) if handed.whole else ()
    receipt = replace(receipt, unchanged=len(settled) - len(rows), written=len(rows) + len(deleted))
    kept = base[~_among(base.index, pd.Index(deleted, dtype="str"))]
    if not len(rows):
        return replace(changes, features=kept, deleted=deleted, receipt=receipt)
    some = settled.iloc[rows]
    found = check_features(some, definition, name=definition.id, surroundings=StoreSurroundings(handed.store))
    issues = tuple(_in_file(issue, rows) for issue in found.issues)
    receipt = replace(receipt, issues=(*receipt.issues, *issues), notes=(*receipt.notes, *found.notes))
    if receipt.errors or found.checked is None:
        receipt = replace(receipt, state="refused", error=InvalidFeaturesError(definition.id, receipt.errors))
        return replace(changes, receipt=receipt)
    features = found.checked.features
    there = _among(features.index, base.index)
    whole = (
        typed(definition, pd.concat([kept[~_among(kept.index, features.index)], features])) if len(kept) else features
    )
    return replace(
        changes,
        features=whole,
        inserted=tuple(features.index[~there]),
        updated=tuple(features.index[there]),
        deleted=deleted,
        receipt=receipt,
    )


def _among(ids: pd.Index, others: pd.Index) -> npt.NDArray[np.bool_]:
    """Tell which ids are among others; several times as fast as `Index.isin` on text."""
    known = frozenset(others)
    return np.fromiter((one in known for one in ids), dtype=bool, count=len(ids))


def _in_file(issue: Issue, rows: npt.NDArray[np.intp]) -> Issue:
    return issue if issue.row is None else replace(issue, row=int(rows[issue.row]))


def _named(
    definition: LayerDefinition, features: gpd.GeoDataFrame, shapes: npt.NDArray[np.object_], known: pd.Index
) -> tuple[pd.Index, int]:
    """Return the ids of features: those of the base where numbers stand for them, new ones where there are none."""
    ids = features.index.to_numpy(dtype=object).copy()
    none = np.asarray(pd.isna(features.index)) | np.array(
        [isinstance(one, str) and not one.strip() for one in ids], dtype=bool
    )
    rows = np.flatnonzero(none)
    some = pd.DataFrame(features.drop(columns=features.geometry.name)).iloc[rows]
    texts = [as_texts(some[name])[0].fillna("").tolist() for name in some.columns]
    taken: set[str] = set()
    # A loop over new features only: their ids come from what they are, so that a file read twice makes none twice.
    for number, (row, wkb) in enumerate(zip(rows.tolist(), shapely.to_wkb(shapes[rows]), strict=True)):
        content = "\0".join(column[number] for column in texts).encode() + (wkb or b"")
        name = plain = f"{definition.id}-{hashlib.sha256(content).hexdigest()[:12]}"
        copies = 1
        while name in taken:
            copies += 1
            name = f"{plain}.{copies}"
        taken.add(name)
        ids[row] = name
    return known_ids(pd.Index(ids, name=features.index.name), known), len(rows)


def _file(place: Path, package: Path, source: Source) -> SourceFile:
    digest = hashlib.sha256(place.read_bytes()).hexdigest()
    name = package if place == package else package / source.name
    return SourceFile(name, place.stat().st_size, digest)


def _rule(error: LayersError) -> str:
    if isinstance(error, UndecidedCrsError):
        return "crs-undecided" if error.diagnosis.choices else "crs-unknown"
    if isinstance(error, CrsError):
        return "crs-unfit"
    return "mapping-unfit" if isinstance(error, DefinitionError) else "file-unreadable"
