"""The catalogue of a store: one record for each layer, plan, document with rules, and package that was handed out.

A record tells what there is without holding it: source, licence, coverage with its date, reach in space and planned
time, and where the thing itself is found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry import shape

from layers.catalogue import THEME_TITLES
from layers.definitions import LayerDefinition
from layers.store import Store
from layers.text import search_key
from layers.time import Interval
from layers.types import Bounds, Text

if TYPE_CHECKING:
    from layers.packages import Exchange

__all__ = ["RECORD_TYPES", "Cover", "Record", "RecordType", "catalogue_records", "covers_of", "select_records"]

RecordType = Literal["dataset", "plan", "document", "package"]
RECORD_TYPES: Final[tuple[RecordType, ...]] = ("dataset", "plan", "document", "package")
_PLANS: Final = "plans"
_RULES: Final = "rules"
_COVERAGE: Final = "coverage"


@dataclass(frozen=True, slots=True)
class Cover:
    """Where a layer has data.

    Parameters
    ----------
    as_of : date or None
        Day of the data.
    completeness : str
        ``complete``, ``partial``, or empty where nobody said so.
    bounds : (float, float, float, float) or None
        Of the covered area, EPSG:4326.
    source : str
        Who says so.
    """

    as_of: dt.date | None
    completeness: str
    bounds: Bounds | None
    source: str


@dataclass(frozen=True, slots=True)
class Record:
    """What the catalogue tells of one thing.

    Parameters
    ----------
    id : str
        Stable, unique in the store.
    type : {"dataset", "plan", "document", "package"}
        What it is.
    title : Text
        Its name.
    layer : str
        The layer that it is, or that tells of it; empty for a package.
    feature_id : str
        The feature that tells of a plan; empty for others.
    description : Text or None
        What the title leaves open.
    keywords : tuple of Text
        What it is about.
    number : str
        The number of a decision or document, as written on it.
    source, licence : str
        Where it comes from, and under which terms.
    confidence : str
        How sure that is: ``high``, ``medium``, ``low``, or empty.
    bounds : (float, float, float, float) or None
        How far it reaches, EPSG:4326.
    time : Interval or None
        Planned time of a layer's features; the day on which a plan was decided, or a package handed out, UTC.
    features : int or None
        How many features it has; of a document, how many rules are taken from it.
    coverage : tuple of Cover
        Where a layer has data; empty where nothing is known of that.
    exchange : Exchange or None
        Of a package, its line of the record of exchanges.
    proposals : tuple of str
        Ids of the proposals that were made of what came back of a package.
    """

    id: str
    type: RecordType
    title: Text
    layer: str
    feature_id: str = ""
    description: Text | None = None
    keywords: tuple[Text, ...] = ()
    number: str = ""
    source: str = ""
    licence: str = ""
    confidence: str = ""
    bounds: Bounds | None = None
    time: Interval | None = None
    features: int | None = None
    coverage: tuple[Cover, ...] = ()
    exchange: Exchange | None = None
    proposals: tuple[str, ...] = ()

    @property
    def area(self) -> dict[str, Any] | None:
        """The shape within its bounds, where one is known.

        Returns
        -------
        dict or None
            GeoJSON geometry: the area of a package.
        """
        return None if self.exchange is None else self.exchange.area

    @property
    def key(self) -> str:
        """The words by which it is found, without tone marks.

        Returns
        -------
        str
            A search key of `layers.text.search_key`.
        """
        texts = (self.title, *((self.description,) if self.description else ()), *self.keywords)
        words = [word for text in texts for word in (text.vi, text.en)]
        return search_key(" ".join((*words, self.number, self.id)))


def catalogue_records(store: Store, *, exchanges: Sequence[Exchange] = ()) -> list[Record]:
    """Return a record for everything in a store that has a name of its own.

    Parameters
    ----------
    store : Store
        What may be seen of it is told, no more.
    exchanges : sequence of Exchange
        The lines of the record of packages that may be told of.

    Returns
    -------
    list of Record
        Layers in listing order, then plans, documents and packages, the last as they are given.

    Raises
    ------
    StoreError
        If the database fails.
    """
    definitions = store.layers()
    covers = covers_of(store.read(_COVERAGE)) if _has(definitions.get(_COVERAGE), "layer", "as_of") else {}
    records = [_of_layer(store, definition, covers.get(layer, ())) for layer, definition in definitions.items()]
    if _has(definitions.get(_PLANS), "name_vi", "name_en", "decision", "decided", "note_vi", "note_en"):
        records += _of_plans(store.read(_PLANS), definitions[_PLANS])
    if _has(definitions.get(_RULES), "document", "document_vi", "document_en", "topic"):
        records += _of_documents(store.read(_RULES), definitions[_RULES])
    datasets = {record.layer: record for record in records if record.type == "dataset"}
    return [*records, *_of_packages(exchanges, datasets)]


def select_records(
    records: Sequence[Record],
    *,
    words: str = "",
    types: Collection[str] = (),
    ids: Collection[str] = (),
    numbers: Collection[str] = (),
    bbox: Bounds | None = None,
    time: Interval | None = None,
) -> list[Record]:
    """Return the records that meet all that is asked.

    Parameters
    ----------
    records : sequence of Record
        The catalogue.
    words : str
        Texts parted by commas, one of which has to occur, whatever its tone marks and case; words within a text stand
        in this order.
    types : collection of str
        Types of which a record has to be one.
    ids, numbers : collection of str
        Ids, and numbers of decisions and documents, of which a record has to have one.
    bbox : (float, float, float, float), optional
        A box that a record's has to meet; west above east crosses the antimeridian. A record without a place is not in
        it.
    time : Interval, optional
        A time that a record's has to meet; a record without a time is not in it.

    Returns
    -------
    list of Record
        In the given order.
    """
    keys = [key for text in words.split(",") if (key := search_key(text))]
    return [
        record
        for record in records
        if (not words or any(key in record.key for key in keys))
        and (not types or record.type in types)
        and (not ids or record.id in ids)
        and (not numbers or record.number in numbers)
        and (bbox is None or _reaches(record, bbox))
        and (time is None or (record.time is not None and _overlap(record.time, time)))
    ]


def _has(definition: LayerDefinition | None, *fields: str) -> bool:
    return definition is not None and {field.name for field in definition.all_fields}.issuperset(fields)


def _of_layer(store: Store, definition: LayerDefinition, coverage: tuple[Cover, ...]) -> Record:
    extent = store.extent(definition.id)
    known = extent.start is not None or extent.end is not None
    return Record(
        id=definition.id,
        type="dataset",
        title=definition.title,
        layer=definition.id,
        description=definition.description,
        keywords=(THEME_TITLES[definition.theme],),
        source=definition.source,
        licence=definition.licence,
        bounds=extent.bounds,
        time=Interval(extent.start, extent.end) if known else None,
        features=extent.features,
        coverage=coverage,
    )


def covers_of(rows: gpd.GeoDataFrame) -> dict[str, tuple[Cover, ...]]:
    """Return what is known of the coverage of each layer.

    Parameters
    ----------
    rows : GeoDataFrame
        Of the layer of coverage, EPSG:4326.

    Returns
    -------
    dict of str to tuple of Cover
        By layer; a layer of which nothing is known is left out.
    """
    found: dict[str, list[Cover]] = {}
    for row in rows.itertuples():
        shape = row.geometry
        placed = shape is not None and not shape.is_empty
        cover = Cover(_day(row.as_of), _said(row.completeness), shape.bounds if placed else None, _said(row.source))
        found.setdefault(str(row.layer), []).append(cover)
    return {layer: tuple(covers) for layer, covers in found.items()}


def _of_plans(rows: gpd.GeoDataFrame, definition: LayerDefinition) -> list[Record]:
    records = []
    for row in rows.itertuples():
        name, note = _said(row.name_vi), Text(vi=_said(row.note_vi), en=_said(row.note_en))
        decided = _day(row.decided)
        records.append(
            Record(
                id=f"{_PLANS}.{row.Index}",
                type="plan",
                title=Text(vi=name, en=_said(row.name_en) or name),
                layer=_PLANS,
                feature_id=str(row.Index),
                description=note if note.vi or note.en else None,
                keywords=(definition.title,),
                number=_said(row.decision),
                source=_said(row.source),
                licence=definition.licence,
                confidence=_said(row.confidence),
                time=None if decided is None else Interval(decided, decided),
            )
        )
    return records


def _of_documents(rows: gpd.GeoDataFrame, definition: LayerDefinition) -> list[Record]:
    """Return one record for each document; its id is its name, so that it stays when others come."""
    named = {code.value: code.title for code in definition.field("topic").codes}
    records = []
    for document, rules in rows[rows["document"].notna()].groupby("document", sort=True):
        first = rules.iloc[0]
        topics = sorted(set(rules["topic"].dropna()))
        title = Text(vi=_said(first["document_vi"]) or str(document), en=_said(first["document_en"]) or str(document))
        records.append(
            Record(
                id=f"documents.{search_key(str(document)).replace(' ', '-')}",
                type="document",
                title=title,
                layer=_RULES,
                keywords=(definition.title, *(named.get(topic, Text(vi=topic, en=topic)) for topic in topics)),
                number=str(document),
                source="; ".join(sorted(set(rules["source"].dropna()))),
                licence=definition.licence,
                features=len(rules),
            )
        )
    return records


def _of_packages(exchanges: Sequence[Exchange], datasets: Mapping[str, Record]) -> list[Record]:
    """Return one record for each package that was handed out; one of everywhere reaches as far as its layers do."""
    back: dict[int | None, list[str]] = {}
    for noted in reversed(exchanges):
        if noted.kind == "returned" and noted.proposal is not None:
            back.setdefault(noted.answers, []).append(noted.proposal)
    records = []
    for noted in exchanges:
        if noted.kind != "handed_out":
            continue
        held = [datasets[layer] for layer in noted.layers if layer in datasets]
        titles = [record.title for record in held]
        day, whom = noted.time.date(), noted.institute
        records.append(
            Record(
                id=f"packages.{noted.number}",
                type="package",
                title=Text(
                    vi=f"Gói số {noted.number}" + (f" giao {whom}" if whom else ""),
                    en=f"Package {noted.number}" + (f" for {whom}" if whom else ""),
                ),
                layer="",
                description=Text(
                    vi=f"Phiên bản {noted.base}: {', '.join(title.vi for title in titles)}",
                    en=f"Changeset {noted.base}: {', '.join(title.en for title in titles)}",
                )
                if titles
                else None,
                keywords=tuple(titles),
                source=noted.who,
                bounds=_around([record.bounds for record in held], noted.area),
                time=Interval(day, day),
                features=sum(noted.layers.values()),
                exchange=noted,
                proposals=tuple(back.get(noted.number, ())),
            )
        )
    return records


def _around(bounds: Sequence[Bounds | None], area: dict[str, Any] | None) -> Bounds | None:
    """Return the bounds of an area, or where there is none, of all bounds."""
    if area is not None:
        found: Bounds = shape(area).bounds
        return found
    known = [one for one in bounds if one is not None]
    if not known:
        return None
    west, south, east, north = zip(*known, strict=True)
    return min(west), min(south), max(east), max(north)


def _reaches(record: Record, bbox: Bounds) -> bool:
    """Return whether a record reaches into a box, by its own shape where that is known."""
    if record.bounds is None or not _meet(record.bounds, bbox):
        return False
    if record.area is None:
        return True
    west, south, east, north = bbox
    parts = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return any(shapely.intersects(shape(record.area), shapely.box(left, south, right, north)) for left, right in parts)


def _said(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _day(value: Any) -> dt.date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def _meet(one: Bounds, other: Bounds) -> bool:
    """Return whether boxes meet; the second may cross the antimeridian."""
    if one[1] > other[3] or other[1] > one[3]:
        return False
    if other[0] > other[2]:
        return one[2] >= other[0] or one[0] <= other[2]
    return one[0] <= other[2] and other[0] <= one[2]


def _overlap(one: Interval, other: Interval) -> bool:
    first = dt.date.min if one.start is None else one.start
    last = dt.date.max if one.end is None else one.end
    return (other.end is None or first <= other.end) and (other.start is None or last >= other.start)
