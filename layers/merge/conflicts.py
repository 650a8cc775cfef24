"""Conflicts as a value: a table with a place for each, told to people and to programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.definitions import STORE_CRS
from layers.merge.model import (
    CHOICE_TITLES,
    KIND_TITLES,
    KINDS,
    SIDES,
    TOPOLOGY_KINDS,
    ConflictKind,
    Resolution,
    Side,
    allowed_choices,
)
from layers.types import Language, Text
from layers.validation.model import shown

__all__ = ["KEYS", "Conflicts", "Table", "joined", "matched", "resolution_document", "table_of"]

Table = pd.DataFrame
_Objects = npt.NDArray[np.object_]

#: Keys of a conflict: no two have them all in common.
KEYS: Final = ("layer", "kind", "feature_id", "field", "other")
_COLUMNS: Final = (*KEYS, *SIDES, "measured", "unit", "place")
_PRESENCE: Final = {"present": Text(vi="có", en="there"), "absent": Text(vi="không có", en="not there")}


def table_of(
    layer: str,
    kind: ConflictKind | Sequence[ConflictKind],
    ids: Sequence[str] | _Objects,
    field: str | None,
    *,
    values: Mapping[Side, _Objects] | None = None,
    other: Sequence[str | None] | None = None,
    places: Sequence[Any] | _Objects,
    measured: Sequence[float | None] | None = None,
    unit: Sequence[str | None] | None = None,
) -> Table:
    """Return conflicts of one layer as a table.

    Parameters
    ----------
    layer : str
        The layer's id.
    kind : str or sequence of str
        Their kinds.
    ids : sequence of str
        Their features.
    field : str or None
        Their field.
    values : mapping of str to ndarray, optional
        What each side has there.
    other : sequence of str or None, optional
        The other feature of each.
    places : sequence of geometry or None
        Where, EPSG:4326.
    measured, unit : sequence, optional
        How much, and its unit.

    Returns
    -------
    DataFrame
        One row a conflict; every column holds Python objects.
    """
    count = len(ids)
    nothing = np.full(count, None, dtype=object)
    columns: dict[str, _Objects] = {
        "layer": np.full(count, layer, dtype=object),
        "kind": np.full(count, kind, dtype=object) if isinstance(kind, str) else _objects(kind),
        "feature_id": _objects(ids),
        "field": np.full(count, field, dtype=object),
        "other": nothing if other is None else _objects(other),
        **{side: nothing if values is None else values[side] for side in SIDES},
        "measured": nothing if measured is None else _objects(measured),
        "unit": nothing if unit is None else _objects(unit),
        "place": _objects(places),
    }
    return pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in columns.items()})


def _objects(values: Sequence[Any] | _Objects) -> _Objects:
    made = np.empty(len(values), dtype=object)
    made[:] = list(values)
    return made


def joined(tables: Sequence[Table]) -> Table:
    """Join tables of conflicts.

    Parameters
    ----------
    tables : sequence of DataFrame
        As by `table_of`.

    Returns
    -------
    DataFrame
        All rows, each key once.
    """
    some = [table for table in tables if len(table)]
    if not some:
        return pd.DataFrame({name: pd.Series([], dtype=object) for name in _COLUMNS})
    whole = some[0] if len(some) == 1 else pd.concat(some, ignore_index=True)
    # What is missing is None in some and NaN in others after joining; keys compare as text.
    return whole[~whole[list(KEYS)].astype("str").duplicated()].reset_index(drop=True)


def matched(table: Table, resolutions: Sequence[Resolution]) -> npt.NDArray[np.intp]:
    """Find the resolution of each conflict.

    Parameters
    ----------
    table : DataFrame
        Conflicts.
    resolutions : sequence of Resolution
        Rules first, what is about one conflict after them: the last that fits counts.

    Returns
    -------
    ndarray of int
        Its position; -1 where none fits.
    """
    found = np.full(len(table), -1, dtype=np.intp)
    columns = {name: table[name].to_numpy(dtype=object) for name in KEYS}
    rows_of = (
        pd.Series(columns["feature_id"], dtype=object).groupby(columns["feature_id"]).indices if len(table) else {}
    )
    everything = np.arange(len(table))
    for number, resolution in enumerate(resolutions):
        rows = everything if resolution.feature_id is None else np.asarray(rows_of.get(resolution.feature_id, []))
        fits = rows.astype(np.intp)
        for name in ("layer", "kind", "field", "other"):
            if (wanted := getattr(resolution, name)) is not None:
                fits = fits[columns[name][fits] == wanted]
        possible = [resolution.choice in allowed_choices(kind) for kind in columns["kind"][fits]]
        found[fits[np.array(possible, dtype=bool)]] = number
    return found


@dataclass(frozen=True, eq=False)
class Conflicts:
    """What a merge does not decide by itself.

    Parameters
    ----------
    rows : DataFrame
        As by `table_of`.
    resolved : ndarray of int
        Position of each one's resolution; -1 while it is open.
    resolutions : tuple of Resolution
        What persons and rules said.
    """

    rows: Table
    resolved: npt.NDArray[np.intp]
    resolutions: tuple[Resolution, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def open(self) -> Conflicts:
        """Those that nobody has resolved."""
        return self.where(self.resolved < 0)

    @property
    def settled(self) -> Conflicts:
        """Those that are resolved."""
        return self.where(self.resolved >= 0)

    def where(self, mask: npt.NDArray[np.bool_]) -> Conflicts:
        """Return some of them.

        Parameters
        ----------
        mask : ndarray of bool
            Which ones.

        Returns
        -------
        Conflicts
            In the same order.
        """
        return replace(self, rows=self.rows[mask].reset_index(drop=True), resolved=self.resolved[mask])

    def of_layer(self, layer: str) -> Conflicts:
        """Return those of one layer.

        Parameters
        ----------
        layer : str
            The layer's id.

        Returns
        -------
        Conflicts
            In the same order.
        """
        return self.where((self.rows["layer"] == layer).to_numpy(dtype=bool))

    def counts(self) -> dict[ConflictKind, int]:
        """Count them by kind.

        Returns
        -------
        dict of str to int
            Kinds that are there, in the order of `KINDS`.
        """
        found = Counter(self.rows["kind"].tolist())
        return {kind: found[kind] for kind in KINDS if found[kind]}

    @property
    def table(self) -> gpd.GeoDataFrame:
        """One row a conflict, its place as geometry (EPSG:4326), with its choice, who resolved it and why."""
        taken = [None if number < 0 else self.resolutions[number] for number in self.resolved.tolist()]
        columns = {name: self.rows[name] for name in _COLUMNS if name != "place"}
        for name in ("choice", "by", "why"):
            values = [None if one is None else getattr(one, name) for one in taken]
            columns[name] = pd.Series(values, dtype=object, index=self.rows.index)
        places = gpd.GeoSeries(self.rows["place"].to_numpy(dtype=object), index=self.rows.index, crs=STORE_CRS)
        return gpd.GeoDataFrame(columns, geometry=places)

    def messages(self, language: Language = "en") -> list[str]:
        """Tell each conflict in a sentence.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        list of str
            Where, what, and what each side says.
        """
        return [_message(one, language) for one in self.rows.to_dict("records")]

    def document(self, language: Language = "en") -> dict[str, Any]:
        """Return the conflicts as plain values, ready for JSON.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            With every conflict, what each side has, how it can be resolved, and how it was.
        """
        return {
            "language": language,
            "conflicts": len(self),
            "open": int((self.resolved < 0).sum()),
            "kinds": [
                {"kind": kind, "title": KIND_TITLES[kind].say(language), "conflicts": count}
                for kind, count in self.counts().items()
            ],
            "items": self._items(language),
        }

    def _items(self, language: Language) -> list[dict[str, Any]]:
        shapes = {name: _geojson(self.rows[name].to_numpy(dtype=object)) for name in (*SIDES, "place")}
        choices = {
            kind: [{"choice": one, "title": CHOICE_TITLES[one].say(language)} for one in allowed_choices(kind)]
            for kind in KINDS
        }
        return [
            {
                **{name: one[name] for name in KEYS},
                "title": KIND_TITLES[one["kind"]].say(language),
                "message": _message(one, language),
                **{side: shapes[side].get(row, _plain(one[side])) for side in SIDES},
                "measured": one["measured"],
                "unit": one["unit"],
                "place": shapes["place"].get(row),
                "choices": choices[one["kind"]],
                "resolution": None if number < 0 else resolution_document(self.resolutions[number]),
            }
            for row, (one, number) in enumerate(zip(self.rows.to_dict("records"), self.resolved.tolist(), strict=True))
        ]

    def record(self, language: Language = "en") -> str:
        """Say how conflicts were resolved, for the message of a changeset.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        str
            A line each for what was resolved in one way by one person for one reason; empty without any.
        """
        settled = self.settled
        groups: dict[tuple[str, str, str, str], int] = {}
        for kind, number in zip(settled.rows["kind"], settled.resolved.tolist(), strict=True):
            one = self.resolutions[number]
            key = (KIND_TITLES[kind].say(language), CHOICE_TITLES[one.choice].say(language), one.by, one.why)
            groups[key] = groups.get(key, 0) + 1
        lines = []
        for (kind, choice, by, why), count in groups.items():
            who = f" ({by})" if by else ""
            reason = f": {why}" if why else ""
            lines.append(f"{count} × {kind} → {choice}{who}{reason}")
        return "\n".join(lines)


def resolution_document(resolution: Resolution) -> dict[str, Any]:
    """Return a resolution as plain values.

    Parameters
    ----------
    resolution : Resolution
        How conflicts were resolved.

    Returns
    -------
    dict
        Ready for JSON.
    """
    return {
        "choice": resolution.choice,
        "value": _plain(resolution.value),
        "by": resolution.by,
        "why": resolution.why,
        "at": resolution.at.isoformat(timespec="seconds"),
    }


def _message(one: Mapping[Any, Any], language: Language) -> str:
    feature, field = ("đối tượng", "trường") if language == "vi" else ("feature", "field")
    where = f"{one['layer']}, {feature} {shown(one['feature_id'])}"
    if one["other"] is not None:
        where += f" + {shown(one['other'])}"
    if one["field"] is not None and one["kind"] != "geometry":
        where += f", {field} {one['field']}"
    said = f"{where}: {KIND_TITLES[one['kind']].say(language)}"
    if one["kind"] in TOPOLOGY_KINDS:
        return f"{said}." if one["measured"] is None else f"{said} ({one['measured']:.2f} {one['unit']})."
    words = Text(vi="gốc {}, hiện tại {}, gửi đến {}", en="base {}, current {}, incoming {}").say(language)
    whole = one["kind"] in ("delete_edit", "duplicate_id")
    sides = ("base", "ours", "theirs")
    values = [_PRESENCE[one[side]].say(language) if whole else _said(one[side]) for side in sides]
    return f"{said}: {words.format(*values)}."


def _geojson(shapes: _Objects) -> dict[int, Any]:
    """Return the geometries among values as GeoJSON, by position."""
    rows = np.flatnonzero([isinstance(shape, BaseGeometry) for shape in shapes])
    texts = shapely.to_geojson(shapes[rows])
    return {row: orjson.loads(text) for row, text in zip(rows.tolist(), texts, strict=True)}


def _plain(value: object) -> Any:
    if isinstance(value, shapely.Geometry):
        return orjson.loads(shapely.to_geojson(value))
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        return value.item()
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else value


def _said(value: object) -> str:
    if isinstance(value, BaseGeometry):
        return str(value.geom_type)
    plain = _plain(value)
    return "—" if plain is None else shown(plain)
