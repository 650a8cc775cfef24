"""Whether features lie in the province, district or commune that their attributes name, and how the name is spelt.

Names are compared without tone marks, case, punctuation and the word for the kind of unit (Phường, Xã, Tỉnh …). A unit
counts in every state that is given: an address of before the reform is as right as one of after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.coercion import as_texts
from layers.definitions import LayerDefinition
from layers.encodings.canonical import canonical, likeness
from layers.spool import ShapesOrSpool, drawn, over
from layers.text import search_key
from layers.types import Text
from layers.validation.ground import Shapes, ground_distance
from layers.validation.model import Found, Issue, Rows

__all__ = ["BOUNDARY_M", "check_places", "listed_names", "names_place", "place_fields"]

Level = Literal["province", "district", "commune"]
#: Outlines of units are generalised: a place so near to one may be in it, metres.
BOUNDARY_M: Final = 200.0
#: Columns that name a unit, as search keys; the level None is an address with units of any level.
_FIELDS: Final[dict[str, Level | None]] = {
    **dict.fromkeys(
        ("province", "tinh", "tinh thanh", "tinh thanh pho", "tinh tp", "ten tinh", "tentinh", "thanh pho", "city",
         "addr province", "addr city"),
        "province",
    ),
    **dict.fromkeys(
        ("district", "huyen", "quan", "quan huyen", "huyen quan", "ten huyen", "tenhuyen", "old district",
         "addr district"),
        "district",
    ),
    **dict.fromkeys(
        ("commune", "ward", "xa", "phuong", "xa phuong", "phuong xa", "ten xa", "tenxa", "old communes",
         "new communes", "addr subdistrict", "addr ward"),
        "commune",
    ),
    **dict.fromkeys(("address", "dia chi", "diachi", "addr full"), None),
}  # fmt: skip
#: Words for the kind of unit before its name, as search keys.
_KIND: Final = re.compile(
    r"(?:tinh|thanh pho|thu do|tp|quan|huyen|thi xa|tx|thi tran|tt|phuong|xa|province|city|district|ward|commune) (?=.)"
)
_SHORT: Final = re.compile(r"(?:p|x|q|h|t) (?=[a-z]{2})")
#: Likeness of two keys from which one is a slip of the other.
_LIKE: Final = 0.85
_REMARK: Final = re.compile(r"\([^)]*\)")


def listed_names(label: str) -> list[str]:
    """Return the names that a label lists.

    Parameters
    ----------
    label : str
        Names parted by semicolons; remarks in brackets do not count.

    Returns
    -------
    list of str
        In order.

    Examples
    --------
    >>> listed_names("Nội Bài; Sóc Sơn (small part)")
    ['Nội Bài', 'Sóc Sơn']
    """
    return [name for part in label.split(";") if (name := _REMARK.sub("", part).strip())]


def names_place(place: str, names: Iterable[str]) -> bool:
    """Tell whether a place is among names, whatever the case and the style of tone marks.

    Parameters
    ----------
    place : str
        The name of a unit.
    names : iterable of str
        As written.

    Returns
    -------
    bool
        False where they agree only without marks.

    Examples
    --------
    >>> names_place("Hoà Lạc", ["Hòa Lạc"]), names_place("Hoà Lạc", ["Hoa Lac"])
    (True, False)
    """
    return any(likeness(place, name) == "same" for name in names)


def place_fields(columns: Iterable[object]) -> dict[str, Level | None]:
    """Return the columns that name administrative units.

    Parameters
    ----------
    columns : iterable of str
        Names of columns or fields.

    Returns
    -------
    dict of str to level or None
        "province", "district" or "commune"; None for an address.

    Examples
    --------
    >>> place_fields(["Tỉnh", "ward", "name"])
    {'Tỉnh': 'province', 'ward': 'commune'}
    """
    keys = {str(name): search_key(str(name)) for name in columns}
    return {name: _FIELDS[key] for name, key in keys.items() if key in _FIELDS}


def check_places(
    features: gpd.GeoDataFrame,
    *,
    units: gpd.GeoDataFrame | None,
    layer: str,
    definition: LayerDefinition | None = None,
    shapes: ShapesOrSpool | None = None,
) -> Found:
    """Hold the units that features name against where they lie.

    Parameters
    ----------
    features : GeoDataFrame
        EPSG:4326; typed, or with raw columns of a file.
    units : GeoDataFrame or None
        Administrative units, EPSG:4326, with `name_vi` and `level` as in the layer `admin_units`; points and empty
        ones do not count. None if there are none.
    layer : str
        What to call the layer in issues.
    definition : LayerDefinition, optional
        The layer; coded fields name no unit, and the layer of units itself is not checked.
    shapes : ndarray of geometry, or ShapeSpool, optional
        The geometries; those of `features` without it.

    Returns
    -------
    Found
        A feature that lies in another unit, or outside the unit it names, with the distance; a name that is misspelt.
        A feature outside every unit with a name that none has is not checked, and that is told.
    """
    if definition is not None and definition.id == "admin_units":
        return Found()
    table = pd.DataFrame(features.drop(columns=features.geometry.name))
    fields = place_fields(table.columns)
    if definition is not None:
        coded = {field.name for field in definition.fields if field.codes or field.type != "text"}
        fields = {name: level for name, level in fields.items() if name not in coded}
    texts = {name: as_texts(table[name])[0] for name in fields}
    fields = {name: level for name, level in fields.items() if texts[name].notna().any()}
    if not fields:
        return Found()
    outlines = None if units is None else _outlines(units)
    if outlines is None or not len(outlines.shapes):
        names = ", ".join(fields)
        told = Text(
            vi=f"Chưa kiểm tra đơn vị hành chính trong cột {names}: không có ranh giới.",
            en=f"Units named in {names} were not checked: there are no outlines of units.",
        )
        return Found(unchecked=(told,))
    shapes = np.asarray(features.geometry.array) if shapes is None else shapes
    rows = Rows(layer, features.index)
    inside = _inside(shapes, outlines)
    issues: list[Issue] = []
    unchecked = []
    for name, level in fields.items():
        column = _Column(name, level, texts[name], outlines, inside, shapes)
        judged, skipped = column.judge(rows, layer=layer)
        issues += judged
        if skipped:
            unchecked.append(
                Text(
                    vi=f"Cột {name}: {skipped} dòng chưa kiểm tra, vì nơi đó hoặc tên đó không có ranh giới.",
                    en=f"Column {name}: {skipped} rows were not checked: no outline of that place or name.",
                )
            )
    return Found(tuple(issues), tuple(unchecked))


@dataclass(frozen=True)
class _Outlines:
    """Units with an outline: Vietnamese name, spellings with their keys, and level of each."""

    names: list[str]
    spellings: list[dict[str, str]]
    levels: list[str]
    shapes: Shapes

    def of(self, level: Level | None) -> dict[str, list[int]]:
        """Return positions of units by key."""
        found: dict[str, list[int]] = {}
        for number, (spellings, own) in enumerate(zip(self.spellings, self.levels, strict=True)):
            for key in spellings if level in (None, own) else ():
                found.setdefault(key, []).append(number)
        return found


def _outlines(units: gpd.GeoDataFrame) -> _Outlines:
    shapes = np.asarray(units.geometry.array)
    usable = (shapely.get_dimensions(shapes) == 2) & units["name_vi"].notna().to_numpy(dtype=bool)
    kept = units[usable]
    names = kept["name_vi"].astype(str).tolist()
    english = as_texts(kept["name_en"])[0].tolist() if "name_en" in kept.columns else [None] * len(kept)
    spellings = [
        {_key(name): name for name in (other, own) if isinstance(name, str) and _key(name)}
        for own, other in zip(names, english, strict=True)
    ]
    shapely.prepare(shapes[usable])
    return _Outlines(names, spellings, kept["level"].astype(str).tolist(), shapes[usable])


def _inside(shapes: ShapesOrSpool, outlines: _Outlines) -> dict[int, list[int]]:
    """Return the units that each feature lies in, by a place within it."""
    places = over(shapes, shapely.point_on_surface)
    found: dict[int, list[int]] = {}
    pairs: npt.NDArray[np.intp] = shapely.STRtree(outlines.shapes).query(places, predicate="intersects")
    for row, unit in pairs.T.tolist():
        found.setdefault(row, []).append(unit)
    return found


def _key(name: str) -> str:
    """Return the search key of a name without the word for its kind."""
    key = search_key(name)
    return _SHORT.sub("", _KIND.sub("", key, count=1), count=1) if " " in key else key


@dataclass(frozen=True)
class _Column:
    name: str
    level: Level | None
    texts: pd.Series[str]
    outlines: _Outlines
    inside: dict[int, list[int]]
    shapes: ShapesOrSpool

    def judge(self, rows: Rows, *, layer: str) -> tuple[list[Issue], int]:
        known = self.outlines.of(self.level)
        there = drawn(self.shapes)
        issues, skipped = [], 0
        positions, different = pd.factorize(self.texts)
        listed = [self._names(str(text), known) for text in different]
        # A loop over rows: few of them need more than two look-ups in a dict.
        for row in np.flatnonzero(there & (positions >= 0)).tolist():
            names, text = listed[positions[row]], str(different[positions[row]])
            if not names:
                skipped += self.level is not None and bool(text.strip())
                continue
            found = list(self._row(row, names, known))
            skipped += found == [None]
            issues += [
                Issue(
                    rule, layer, row, rows.name(row), self.name, seen, wanted, "warning", measured=far,
                    unit=None if far is None else "m",
                )
                for one in found
                if one is not None
                for rule, seen, wanted, far in (one,)
            ]  # fmt: skip
        return issues, skipped

    def _names(self, text: str, known: dict[str, list[int]]) -> list[str]:
        """Return the names in a text; of an address only those that a unit has."""
        if self.level is not None:
            return listed_names(text)
        parts = [part.strip() for part in re.split(r"[,;\-–]", text)]
        return [part for part in parts if part and _key(part) in known and _KIND.match(search_key(part))]

    def _row(
        self, row: int, names: list[str], known: dict[str, list[int]]
    ) -> Iterator[tuple[str, Text | str, Text | str, float | None] | None]:
        here = [one for one in self.inside.get(row, ()) if self.level in (None, self.outlines.levels[one])]
        if self.level is None:
            yield from self._address(row, names, known, here)
            return
        keys = [_key(name) for name in names]
        spelt = [
            (name, self.outlines.spellings[one][key])
            for name, key in zip(names, keys, strict=True)
            for one in here
            if key in self.outlines.spellings[one]
        ]
        if spelt:
            if not any(_well_written(name, unit) for name, unit in spelt):
                yield "attribute-spelling", spelt[0][0], spelt[0][1], None
            return
        named = [one for key in keys for one in known.get(key, ())]
        far = self._distance(row, named)
        if far is not None and far <= BOUNDARY_M:
            return
        if not named:
            near = {spelling: one for one in here for key in keys for spelling in self._like(key, one)}
            if near:
                yield "attribute-spelling", names[0], next(iter(near)), None
                return
            # A commune that no outline has may be one of before a reform; provinces are few and known.
            if not here or self.level != "province":
                yield None
                return
        where = ", ".join(dict.fromkeys(self.outlines.names[one] for one in here))
        wanted = where or Text(vi=f"vị trí trong {names[0]}", en=f"a place in {names[0]}")
        yield "attribute-place", "; ".join(names), wanted, None if far is None else round(far, 1)

    def _like(self, key: str, unit: int) -> list[str]:
        """Return spellings of a unit that differ from a key in a letter or two."""
        spellings = self.outlines.spellings[unit]
        return [spellings[one] for one in get_close_matches(key, spellings, n=1, cutoff=_LIKE)]

    def _address(
        self, row: int, names: list[str], known: dict[str, list[int]], here: list[int]
    ) -> Iterator[tuple[str, Text | str, Text | str, float | None] | None]:
        # Names repeat themselves over the country: beyond the outlines an address says nothing.
        for name in names if here else ():
            named = known[_key(name)]
            if set(named).intersection(here):
                continue
            far = self._distance(row, named)
            if far is not None and far > BOUNDARY_M:
                where = ", ".join(dict.fromkeys(self.outlines.names[one] for one in here))
                wanted = where or Text(vi=f"vị trí trong {name}", en=f"a place in {name}")
                yield "attribute-place", name, wanted, round(far, 1)

    def _distance(self, row: int, named: list[int]) -> float | None:
        """Return how far a feature lies from the nearest of the units it names, metres."""
        if not named:
            return None
        lines = shapely.shortest_line(self.shapes[row], self.outlines.shapes[named])
        ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
        return float(ground_distance(ends[:, 0], ends[:, 1]).min())


def _well_written(name: str, unit: str) -> bool:
    """Tell whether a name is spelt as the unit's, but for the kind of unit, tone-mark style and all capitals."""
    words = len(_key(unit).split())
    plain, wanted = (" ".join(canonical(text).split()[-words:]) for text in (name, unit))
    return plain == wanted or (plain.isupper() and plain == wanted.upper())
