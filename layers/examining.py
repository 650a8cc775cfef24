"""Looking at a file as an import would: read, convert text, map, place, put right, check. Nothing is written.

What is wrong with the file becomes an issue of the receipt; only a wrong argument raises.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from layers.checking import SpooledFeatures, Surroundings, check_features
from layers.definitions import STORE_CRS, LayerDefinition
from layers.encodings import ColumnRepair
from layers.encodings import repair as repair_text
from layers.errors import (
    CrsError,
    DefinitionError,
    FileUnreadableError,
    InvalidFeaturesError,
    LayersError,
    MissingFileError,
    UndecidedCrsError,
    UnknownFieldError,
    ValueOutOfRangeError,
)
from layers.formats import SourceFeatures, read_features
from layers.formats.model import Fault
from layers.georeference import HANOI, Diagnosis, KnownFeatures, TargetArea, known_by_id
from layers.mapping import ColumnMapping, Mapped, map_by_name, read_mapping
from layers.memory import give_back
from layers.placing import Placed, Remark, place, place_spooled
from layers.receipts import Receipt, SourceFile
from layers.spool import ShapeSpool
from layers.summaries import kinds_of
from layers.types import Text
from layers.validation import RULES, Checked, Issue
from layers.validation.model import Repair

__all__ = ["LARGE_BYTES", "Examination", "Progress", "Reading", "examine", "stopped", "validate_file"]

#: Called with what is being done, and the share of all work that is done.
Progress = Callable[[Text, float], object]

_CHUNK: Final = 1 << 20
#: Of larger files the geometries are never in memory as a whole. It takes some ten bytes for each of the file's.
LARGE_BYTES: Final = 64 << 20
#: Pairs of features by id below which a common shift says nothing: a few may well have been moved.
_FEWEST_PAIRS: Final = 5
#: How well the place of a feature of the store is known, metres, as one standard deviation.
_KNOWN_M: Final = 2.0
#: Positions that say nothing of where a feature is.
_NO_PLACE: Final = ("schematic", "label", "unknown")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read: what only the user knows.

    Parameters
    ----------
    mapping : ColumnMapping or None
        From columns to fields; by name without it.
    source_layer : str or None
        The layer of the file.
    crs : object or None
        Its CRS, or the key of a diagnosis such as ``EPSG:5897+exchange_axes``.
    encoding : str or None
        Encoding of its text.
    text_encodings : mapping of str to str
        Vietnamese encodings by column.
    coordinates : tuple of str
        Columns of a table that hold the place.
    polygons : bool
        Whether closed lines of a drawing are areas.
    area : TargetArea
        Where the data should lie.
    """

    mapping: ColumnMapping | None = None
    source_layer: str | None = None
    crs: object | None = None
    encoding: str | None = None
    text_encodings: Mapping[str, str] = field(default_factory=dict)
    coordinates: tuple[str, ...] = ()
    polygons: bool = False
    area: TargetArea = HANOI


@dataclass(frozen=True)
class Examination:
    """What looking at a file came to.

    Parameters
    ----------
    receipt : Receipt
        Of state "checked", or "refused" where the file cannot be taken in as it is.
    checked : Checked or None
        The file's features under the layer's fields, EPSG:4326; None where it stopped before, or without a layer.
    rows : ndarray of int
        Row of the file of each feature, from 0.
    spatial : bool
        Whether the file has geometries at all.
    spooled : SpooledFeatures or None
        Takes the place of `checked` where the geometries of a large file are not in memory.
    """

    receipt: Receipt
    checked: Checked | None = None
    rows: npt.NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    spatial: bool = True
    spooled: SpooledFeatures | None = None

    @property
    def ids(self) -> pd.Index[Any]:
        """Ids of the features that the layer would take; none where it stopped before, or without a layer."""
        if self.spooled is not None:
            spooled: pd.Index[Any] = self.spooled.attributes.index
            return spooled
        whole: pd.Index[Any] = pd.Index([]) if self.checked is None else self.checked.features.index
        return whole

    @property
    def stopped(self) -> bool:
        """Whether there are no features that a layer could take."""
        return self.checked is None and self.spooled is None


def validate_file(
    path: str | Path,
    *,
    definition: LayerDefinition | None = None,
    mapping: ColumnMapping | str | Path | None = None,
    source_layer: str | None = None,
    crs: object | None = None,
    encoding: str | None = None,
    text_encodings: Mapping[str, str] | None = None,
    coordinates: Sequence[str] = (),
    polygons: bool = False,
    area: TargetArea = HANOI,
    surroundings: Surroundings | None = None,
    progress: Progress | None = None,
) -> Receipt:
    """Check one layer of a file, and write nothing.

    Parameters
    ----------
    path : str or Path
        A file of a format in `layers.formats.SUFFIXES`.
    definition : LayerDefinition, optional
        The layer it is for; without it the file is looked at for itself: geometry, topology, text and coordinates.
    mapping : ColumnMapping, str or Path, optional
        A mapping, the name of a shipped one, or a mapping file; columns are mapped by name without it.
    source_layer : str, optional
        The layer of the file, if it has several.
    crs : object, optional
        The CRS, or the key of a diagnosis such as ``EPSG:5897+exchange_axes``; it wins over what the file states.
    encoding : str, optional
        Encoding of its text, where the file does not state it.
    text_encodings : mapping of str to str, optional
        Vietnamese encodings by column of the file, where the user knows them.
    coordinates : sequence of str
        Columns of a table that hold the place.
    polygons : bool
        Whether closed lines of a drawing are areas.
    area : TargetArea
        Where the data should lie.
    surroundings : Surroundings, optional
        What the features are compared with; without it such checks are told as not made.
    progress : callable, optional
        Called with what is being done and the share that is done.

    Returns
    -------
    Receipt
        Of state "checked", or "refused" where an import would refuse the file.

    Raises
    ------
    MissingFileError
        If the file or the mapping is not there.
    DefinitionError
        If the mapping breaks a rule.
    """
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
    return examine(path, definition, reading, surroundings=surroundings, progress=progress).receipt


def examine(
    path: str | Path,
    definition: LayerDefinition | None,
    reading: Reading,
    *,
    surroundings: Surroundings | None = None,
    progress: Progress | None = None,
    ready: Callable[[Examination], object] | None = None,
) -> Examination:
    """Look at a file as an import would.

    Parameters
    ----------
    path : str or Path
        The file.
    definition : LayerDefinition or None
        The layer it is for.
    reading : Reading
        How it is to be read.
    surroundings : Surroundings, optional
        What the features are compared with.
    progress : callable, optional
        Called with what is being done and the share that is done.
    ready : callable, optional
        Called with all that is known once every feature is found to be free of errors by itself, and before it is
        known how they lie to each other.

    Returns
    -------
    Examination
        Receipt and features.

    Raises
    ------
    MissingFileError
        If the file is not there.
    """
    tell = progress or _silent
    file = _source_file(Path(path))
    receipt = Receipt(file, None if definition is None else definition.id, "checked", _now())
    tell(Text(vi="Đọc tệp", en="Reading the file"), 0.0)
    try:
        source = _read(path, reading, ShapeSpool() if file.size > LARGE_BYTES else None)
    except FileUnreadableError as error:
        return Examination(stopped(receipt, "file-unreadable", error))
    except CrsError as error:
        return Examination(stopped(receipt, "crs-unfit", error))
    file = replace(file, driver=source.driver, layer=source.layer, encoding=source.encoding)
    faults = tuple(_fault_issue(fault, source.layer) for fault in source.faults)
    receipt = replace(receipt, file=file, read=len(source.frame), notes=source.notes, issues=faults)
    return _examine_features(source, definition, reading, receipt, surroundings=surroundings, tell=tell, ready=ready)


def _examine_features(
    source: SourceFeatures,
    definition: LayerDefinition | None,
    reading: Reading,
    receipt: Receipt,
    *,
    surroundings: Surroundings | None,
    tell: Progress,
    ready: Callable[[Examination], object] | None,
) -> Examination:
    tell(Text(vi="Xét bảng mã", en="Looking at the text"), 0.3)
    try:
        text = repair_text(source.frame, choices=reading.text_encodings)
    except (UnknownFieldError, ValueOutOfRangeError) as error:
        return Examination(stopped(receipt, "text-unfit", error))
    touched = tuple(column for column in text.columns if column.state != "kept")
    receipt = replace(receipt, text=touched, issues=(*receipt.issues, *_text_issues(text.columns, source.layer)))
    try:
        mapped = _mapped(definition, text.values, reading.mapping, where=str(source.path))
    except DefinitionError as error:
        return Examination(stopped(receipt, "mapping-unfit", error))
    receipt = _with_mapping(receipt, mapped, named=definition is not None)
    tell(Text(vi="Xét toạ độ", en="Looking at the coordinates"), 0.4)
    try:
        placed, spool = _placed(source, mapped, definition, reading, surroundings)
    except UndecidedCrsError as error:
        return Examination(stopped(receipt, "crs-undecided" if error.diagnosis.choices else "crs-unknown", error))
    except CrsError as error:
        return Examination(stopped(receipt, "crs-unfit", error))
    tell(Text(vi="Kiểm tra đối tượng", en="Checking the features"), 0.5)
    features = mapped.features
    if spool is None:
        features = features.set_geometry(gpd.GeoSeries(placed.shapes, index=features.index, crs=STORE_CRS))
    else:
        give_back()
        features = features.set_crs(STORE_CRS, allow_override=True)
    placed_receipt = replace(
        receipt, issues=(*receipt.issues, *(_remarked(remark, source.layer) for remark in placed.remarks))
    )

    def passed(checked: Checked) -> None:
        if ready is not None and not placed_receipt.errors:
            ready(Examination(placed_receipt, checked, mapped.rows, source.spatial))

    found = check_features(
        features, definition, name=source.layer, surroundings=surroundings, ready=passed, shapes=spool
    )
    receipt = replace(
        receipt,
        record=placed.record if source.spatial else None,
        diagnosis=placed.diagnosis,
        notes=(*receipt.notes, *found.notes),
        kinds=kinds_of(features, definition, found.issues),
        issues=(
            *placed_receipt.issues,
            *(_in_file(issue, mapped.rows) for issue in found.issues),
        ),
    )
    if definition is not None and receipt.errors:
        receipt = replace(receipt, state="refused", error=InvalidFeaturesError(definition.id, receipt.errors))
    return Examination(receipt, found.checked, mapped.rows, source.spatial, found.spooled)


def _silent(_done: Text, _share: float) -> None:
    """Tell nobody."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _source_file(path: Path) -> SourceFile:
    """Return a file's size and checksum; a Shapefile's are those of its .shp."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except FileNotFoundError as error:
        raise MissingFileError(seen=path) from error
    except OSError:
        # What it is then, a folder as a rule, is told by the reader.
        return SourceFile(path, 0, "")
    return SourceFile(path, size, digest.hexdigest())


def _read(path: str | Path, reading: Reading, spool: ShapeSpool | None) -> SourceFeatures:
    source_layer = reading.source_layer or (reading.mapping.source_layer if reading.mapping else None)
    return read_features(
        path,
        source_layer=source_layer,
        encoding=reading.encoding,
        coordinates=reading.coordinates,
        polygons=reading.polygons,
        spool=spool,
    )


def stopped(receipt: Receipt, rule: str, error: LayersError) -> Receipt:
    """Return a refusal, with what stopped it as an issue.

    Parameters
    ----------
    receipt : Receipt
        As far as it came.
    rule : str
        A key of `layers.validation.RULES`.
    error : LayersError
        What stopped it.

    Returns
    -------
    Receipt
        Of state "refused".
    """
    seen, wanted = (one if isinstance(one, Text | str) else str(one) for one in (error.seen, error.wanted))
    issue = Issue(rule, receipt.file.layer or receipt.file.path.name, None, None, None, seen, wanted)
    diagnosis = error.diagnosis if isinstance(error, UndecidedCrsError) else receipt.diagnosis
    known = diagnosis if isinstance(diagnosis, Diagnosis) else None
    return replace(receipt, state="refused", issues=(*receipt.issues, issue), diagnosis=known, error=error)


def _fault_issue(fault: Fault, layer: str) -> Issue:
    severity = RULES[fault.rule].severity
    repair = None if fault.repair is None else Repair(fault.repair)
    return Issue(fault.rule, layer, fault.row, None, fault.field, fault.seen, fault.wanted, severity, repair=repair)


def _text_issues(columns: Sequence[ColumnRepair], layer: str) -> list[Issue]:
    found = []
    for column in columns:
        if column.state == "ask":
            asked = Text(vi=column.message("vi"), en=column.message("en"))
            wanted = ", ".join(one.encoding for one in column.candidates)
            found.append(Issue("text-undecided", layer, None, None, column.column, asked, wanted, "warning"))
        if column.damaged:
            gone = Text(
                vi=f"{column.damaged} dòng có ? hoặc � thay chữ", en=f"{column.damaged} rows with ? or � for letters"
            )
            whole = Text(vi="văn bản nguyên vẹn", en="whole text")
            found.append(Issue("text-damaged", layer, None, None, column.column, gone, whole, "warning"))
    return found


def _mapped(
    definition: LayerDefinition | None, frame: gpd.GeoDataFrame, mapping: ColumnMapping | None, *, where: str
) -> Mapped:
    if definition is None:
        ids = pd.Index(frame.index.astype("str"), name="fid")
        return Mapped(frame.set_axis(ids), {}, (), (), 0, np.arange(len(frame)), ())
    if mapping is None:
        columns = [str(name) for name in frame.columns if name != frame.geometry.name]
        mapping = map_by_name(definition, columns, where=where)
    return mapping.apply(definition, frame)


def _with_mapping(receipt: Receipt, mapped: Mapped, *, named: bool) -> Receipt:
    notes = []
    if not len(mapped.features):
        notes.append(Text(vi="Không có đối tượng nào để ghi.", en="There is no feature to write."))
    if mapped.left_out and named:
        names = ", ".join(mapped.left_out)
        left = Text(
            vi=f"Cột không có trường tương ứng, không nhập: {names}.", en=f"Columns without a field, left out: {names}."
        )
        notes.append(left)
    notes += [
        Text(
            vi=f"{entry.field}: {entry.seen!r} ở {entry.features} đối tượng không có mã, để trống.",
            en=f"{entry.field}: {entry.seen!r} in {entry.features} features has no code and stays unknown.",
        )
        for entry in mapped.translations
        if not entry.value
    ]
    return replace(
        receipt,
        filtered=mapped.filtered,
        columns=mapped.columns,
        left_out=mapped.left_out,
        skipped=mapped.skipped,
        translations=mapped.translations,
        notes=(*receipt.notes, *notes),
    )


def _placed(
    source: SourceFeatures,
    mapped: Mapped,
    definition: LayerDefinition | None,
    reading: Reading,
    surroundings: Surroundings | None,
) -> tuple[Placed, ShapeSpool | None]:
    """Bring geometries to WGS 84, in memory or in a file."""
    shapes, where = np.asarray(mapped.features.geometry.array), str(source.path)
    if not source.spatial:
        return place(shapes, stated=None, area=reading.area, where=where), None
    known = _known(definition, mapped.features.index, surroundings)
    if source.shapes is None:
        return place(shapes, stated=source.crs, crs=reading.crs, area=reading.area, known=known, where=where), None
    return place_spooled(
        source.shapes.only(mapped.rows),
        stated=source.crs,
        crs=reading.crs,
        area=reading.area,
        known=known,
        where=where,
    )


def _known(
    definition: LayerDefinition | None, ids: pd.Index, surroundings: Surroundings | None
) -> KnownFeatures | None:
    """Return those of the file's features whose place is known already, by their ids."""
    if definition is None or surroundings is None:
        return None
    there = surroundings.same(definition.id, [name for name in ids.tolist() if isinstance(name, str)])
    there = there[~there["position"].isin(_NO_PLACE).to_numpy(dtype=bool) & there.geometry.notna().to_numpy()]
    if len(there) < _FEWEST_PAIRS:
        return None
    return known_by_id(ids.tolist(), np.asarray(there.geometry.array), there.index.tolist(), accuracy_m=_KNOWN_M)


def _in_file(issue: Issue, rows: npt.NDArray[np.intp]) -> Issue:
    """Return an issue with its row in the file."""
    return issue if issue.row is None or rows[issue.row] == issue.row else replace(issue, row=int(rows[issue.row]))


def _remarked(remark: Remark, layer: str) -> Issue:
    severity = RULES[remark.rule].severity
    return Issue(remark.rule, layer, None, None, remark.field, remark.seen, remark.wanted, severity)
