"""The values a store takes and gives: edits in, changesets, versions, pages and extents out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from layers.types import Bounds
from layers.validation import Checked

__all__ = ["Changeset", "Decision", "Edit", "Extent", "Operation", "Page", "Put", "PutMode", "Remove", "Version"]

PutMode = Literal["upsert", "insert", "update", "replace"]
Operation = Literal["insert", "update", "delete"]


@dataclass(frozen=True, eq=False)
class Put:
    """Write features to a layer.

    Parameters
    ----------
    layer : str
        The layer's id.
    features : GeoDataFrame or Checked
        Whole features, ids in the index, EPSG:4326; a column that is left out is written as missing. Those that come
        checked against the layer's definition are not checked again.
    mode : {"upsert", "insert", "update", "replace"}
        Whether an id may, must not or must be there already; `replace` also removes every feature that is not named.
    fields : collection of str, optional
        What the features speak of, `geometry` for their shape; everything else of a feature that is there stays as it
        is when it is written, whatever was read before. Without it the features are whole.
    """

    layer: str
    features: gpd.GeoDataFrame | Checked
    mode: PutMode = "upsert"
    fields: Collection[str] | None = None


@dataclass(frozen=True)
class Remove:
    """Remove features from a layer; their history stays.

    Parameters
    ----------
    layer : str
        The layer's id.
    ids : sequence of str
        Features that must be there.
    """

    layer: str
    ids: Sequence[str]


Edit = Put | Remove


@dataclass(frozen=True, slots=True)
class Decision:
    """The document by which a change was decided.

    Parameters
    ----------
    number : str
        As written on it, such as ``1569/QĐ-TTg``.
    date : datetime.date or None
        Its date.
    """

    number: str
    date: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Changeset:
    """One atomic step of the record.

    Attributes
    ----------
    id : int
        1, 2, 3 and so on, without gaps, in the order of record time.
    author, message : str
        Who, and why.
    decision : Decision or None
        By which document.
    time : datetime.datetime
        When, in UTC.
    features : int
        How many features it changed.
    """

    id: int
    author: str
    message: str
    decision: Decision | None
    time: dt.datetime
    features: int


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a feature in its history.

    Attributes
    ----------
    changeset : int
        The changeset that made it.
    operation : {"insert", "update", "delete"}
        What that did.
    attributes : mapping of str to value
        What is known, as JSON values; empty after a delete.
    geometry : BaseGeometry or None
        In EPSG:4326.
    """

    changeset: int
    operation: Operation
    attributes: Mapping[str, Any]
    geometry: BaseGeometry | None


@dataclass(frozen=True, eq=False, slots=True)
class Page:
    """One page of a layer.

    Attributes
    ----------
    features : GeoDataFrame
        In the typed form of `layers.schema.typed`.
    after : str or None
        Where the next page starts; None at the end.
    matched : int or None
        How many features match in all, exact; None where counting them would cost more than the page.
    """

    features: gpd.GeoDataFrame
    after: str | None
    matched: int | None


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a layer reaches.

    Attributes
    ----------
    bounds : tuple of float or None
        (minx, miny, maxx, maxy) in EPSG:4326; None without geometries.
    start, end : datetime.date or None
        Earliest and latest planned day that is known.
    features : int
        How many features.
    """

    bounds: Bounds | None
    start: dt.date | None
    end: dt.date | None
    features: int
