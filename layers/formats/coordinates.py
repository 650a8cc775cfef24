"""Places in tables: which columns hold them, in which order, and degrees written as text.

Vietnamese coordinate tables call the northing X and the easting Y, as surveyors do; other tables do the contrary.
Which of the two a table means shows in its numbers: no northing in Vietnam is as small as an easting. Where the
numbers leave it open, the columns have to be named, and what was taken for what is always said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.definitions import STORE_CRS
from layers.formats.faults import unclosed_ring
from layers.formats.frames import Loaded
from layers.formats.model import Fault, placeless, refuse
from layers.text import search_key
from layers.types import Text

__all__ = ["PlaceColumns", "parse_degrees", "place", "place_columns", "read_numbers"]

#: Column names, without tone marks, case and punctuation.
_LONGITUDE: Final = frozenset({"lon", "lng", "long", "longitude", "longtitude", "kinh do", "kd", "lon deg"})
_LATITUDE: Final = frozenset({"lat", "latitude", "vi do", "vd", "lat deg"})
_EASTING: Final = frozenset({"e", "east", "easting", "e m", "easting m"})
_NORTHING: Final = frozenset({"n", "north", "northing", "n m", "northing m"})
_X: Final = frozenset({"x", "x m", "toa do x", "toa do x m", "x coord", "coord x", "pointx", "point x"})
_Y: Final = frozenset({"y", "y m", "toa do y", "toa do y m", "y coord", "coord y", "pointy", "point y"})
_WKT: Final = frozenset({"wkt", "geom", "geometry", "the geom", "wkt geom", "shape"})

#: Northings of mainland Vietnam, metres on any transverse Mercator grid: latitude 8 to 24.
_NORTHINGS_M: Final = (850_000.0, 2_660_000.0)
#: Eastings of a grid with a false easting of 500 km, metres.
_EASTINGS_M: Final = (100_000.0, 840_000.0)

_AREAL_DIMENSION: Final = 2
#: Longest part of a cell that a message shows.
_SHOWN_CHARACTERS: Final = 40

_DEGREES: Final = re.compile(
    r"""\s*(?P<before>[NSEWBNĐT]?)\s*(?P<sign>[-+]?)(?P<deg>\d+(?:[.,]\d+)?)\s*(?:[°ºo˚d*]\s*
    (?:(?P<min>\d+(?:[.,]\d+)?)\s*['’′ʹm]\s*
    (?:(?P<sec>\d+(?:[.,]\d+)?)\s*(?:["”″ʺs]|''|’’|′′)?\s*)?)?)?(?P<after>[NSEWBĐT]?)\s*""",
    re.VERBOSE | re.IGNORECASE,
)
#: West and south count down. Vietnamese letters are B (Bắc, north), Đ (Đông, east) and T (Tây, west); N is read as
#: English north, for Nam (south) lies in no part of the country.
_DOWN: Final = frozenset("SWT")


class PlaceColumns(NamedTuple):
    """Where a table has its places.

    Attributes
    ----------
    x, y : str
        Columns of longitude or easting, and of latitude or northing, as their names say.
    kind : {"degrees", "grid", "xy", "stated"}
        "xy" leaves open which of the two is the easting; "stated" is what a user named.
    """

    x: str
    y: str
    kind: str


def place_columns(names: Sequence[object]) -> tuple[PlaceColumns, ...]:
    """Return the pairs of columns that hold places by their names.

    Parameters
    ----------
    names : sequence of str
        Names of columns.

    Returns
    -------
    tuple of PlaceColumns
        At most one of each kind; degrees need no CRS to be stated, so they go before metres.

    Examples
    --------
    >>> place_columns(["name", "Latitude", "Longtitude"])
    (PlaceColumns(x='Longtitude', y='Latitude', kind='degrees'),)
    """
    keys = {str(name): search_key(str(name)) for name in names}
    return tuple(
        PlaceColumns(x[0], y[0], kind)
        for kind, first, second in (
            ("degrees", _LONGITUDE, _LATITUDE), ("grid", _EASTING, _NORTHING), ("xy", _X, _Y),
        )
        if (x := [name for name, key in keys.items() if key in first])
        and (y := [name for name, key in keys.items() if key in second])
    )  # fmt: skip


def parse_degrees(text: str) -> float:
    r"""Read an angle written as a person writes it.

    Parameters
    ----------
    text : str
        Decimal degrees, or degrees, minutes and seconds with their signs; N, S, E, W, or B, Đ, T in Vietnamese.

    Returns
    -------
    float
        Degrees; NaN if it is none, or has 60 minutes or seconds or more.

    Examples
    --------
    >>> parse_degrees("105°48'36\"E")
    105.81
    """
    found = _DEGREES.fullmatch(text)
    if found is None:
        return np.nan
    degrees, minutes, seconds = (float((found[name] or "0").replace(",", ".")) for name in ("deg", "min", "sec"))
    letters = (found["before"] + found["after"]).upper()
    if minutes >= 60 or seconds >= 60 or len(letters) > 1 or (found["sign"] and letters):
        return np.nan
    down = found["sign"] == "-" or (letters != "" and letters in _DOWN)
    angle = degrees + minutes / 60 + seconds / 3600
    return -angle if down else angle


def place(frame: pd.DataFrame, *, path: Path, columns: Sequence[str] = ()) -> Loaded:
    """Give the rows of a table their places.

    Parameters
    ----------
    frame : DataFrame
        Attributes, text as a rule.
    path : Path
        The file, for messages.
    columns : sequence of str
        The columns that hold the place: (longitude or easting, latitude or northing), or one with WKT. Empty: they are
        found by name.

    Returns
    -------
    Loaded
        The same rows and columns; no places where no column names them. A CRS is stated only for degrees.

    Raises
    ------
    FileUnreadableError
        If most places cannot be read, or X and Y cannot be told apart.
    """
    if columns:
        missing = [name for name in columns if name not in frame.columns]
        if missing or len(columns) > 2:
            seen = Text(vi=f"cột toạ độ {', '.join(columns)}", en=f"coordinates in {', '.join(columns)}")
            refuse(path, seen=seen, wanted=", ".join(map(str, frame.columns)))
        if len(columns) == 1:
            return _from_wkt(frame, columns[0], path=path)
        return _from_pair(frame, PlaceColumns(columns[0], columns[1], "stated"), path=path)
    keys = {str(name): search_key(str(name)) for name in frame.columns}
    pairs = place_columns(list(frame.columns))
    texts = [name for name, key in keys.items() if key in _WKT]
    if len(texts) == 1:
        return _from_wkt(frame, texts[0], path=path)
    if not pairs:
        return Loaded(placeless(frame), None, spatial=False)
    return _from_pair(frame, pairs[0], path=path)


def _from_wkt(frame: pd.DataFrame, column: str, *, path: Path) -> Loaded:
    texts = (
        frame[column].astype(object).where(frame[column].notna() & (frame[column].astype(str).str.strip() != ""), None)
    )
    shapes = shapely.from_wkt(texts.to_numpy(dtype=object), on_invalid="ignore")
    unread = shapely.is_missing(shapes) & texts.notna().to_numpy()
    # What can be put right here are rings that are not closed.
    shapes[unread] = shapely.from_wkt(texts.to_numpy(dtype=object)[unread], on_invalid="fix")
    closed = unread & (shapely.get_dimensions(shapes) == _AREAL_DIMENSION)
    shapes[unread & ~closed] = None
    unclosed = (unclosed_ring(row, column, _short(texts.iloc[row])) for row in np.flatnonzero(closed).tolist())
    faults = (*unclosed, *_unreadable(texts, unread & ~closed, column, wanted="WKT", path=path))
    note = Text(vi=f"Hình học lấy từ cột {column} (WKT).", en=f"Geometries were taken from the column {column} (WKT).")
    rest = frame.drop(columns=column)
    placed = gpd.GeoDataFrame(rest, geometry=gpd.GeoSeries(shapes, index=frame.index))
    return Loaded(placed, None, notes=(note,), faults=faults)


def _short(text: object) -> str:
    shown = str(text)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"


def _unreadable(
    texts: pd.Series[Any], unread: npt.NDArray[np.bool_], column: str, *, wanted: Text | str, path: Path
) -> tuple[Fault, ...]:
    """Tell the cells that hold no place; refuse the file where most of a column holds none."""
    rows = np.flatnonzero(unread).tolist()
    filled = int((texts.notna() & (texts.astype(str).str.strip() != "")).sum())
    if rows and 2 * len(rows) > filled:
        shown = _short(texts.iloc[rows[0]])
        seen = Text(
            vi=f"{len(rows)} ô của cột {column} không đọc được, như dòng {rows[0] + 1}: {shown!r}",
            en=f"cells of the column {column} that cannot be read: {len(rows)}, such as row {rows[0] + 1}: {shown!r}",
        )
        refuse(path, seen=seen, wanted=wanted)
    return tuple(Fault("file-coordinates", row, column, _short(texts.iloc[row]), wanted) for row in rows)


def _half_places(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], columns: PlaceColumns, told: Sequence[Fault]
) -> tuple[Fault, ...]:
    """Tell the rows that have one coordinate of two."""
    known = {fault.row for fault in told}
    rows = [row for row in np.flatnonzero(np.isnan(first) != np.isnan(second)).tolist() if row not in known]
    seen = Text(vi="chỉ có một trong hai toạ độ", en="one coordinate of two")
    wanted = Text(vi="cả hai toạ độ, hoặc không có", en="both of them, or none")
    return tuple(
        Fault("file-coordinates", row, columns.x if np.isnan(first[row]) else columns.y, seen, wanted) for row in rows
    )


def _from_pair(frame: pd.DataFrame, columns: PlaceColumns, *, path: Path) -> Loaded:
    (first, first_faults), (second, second_faults) = (
        _numbers(frame[name], name, path=path) for name in (columns.x, columns.y)
    )
    told = (*first_faults, *second_faults)
    faults = (*told, *_half_places(first, second, columns, told))
    notes = []
    if columns.kind == "xy" and _northing_first(first, second, columns, path=path):
        columns, first, second = PlaceColumns(columns.y, columns.x, columns.kind), second, first
        notes.append(
            Text(
                vi=f"Theo độ lớn, cột {columns.y} là toạ độ bắc và cột {columns.x} là toạ độ đông (quy ước trắc địa).",
                en=f"By their size, {columns.y} holds northings and {columns.x} eastings (the surveyors' order).",
            )
        )
    degrees = _within(first, (-180, 180)) and _within(second, (-90, 90))
    if columns.kind == "degrees" and not degrees:
        seen = Text(
            vi=f"{columns.x}, {columns.y} ngoài khoảng kinh độ, vĩ độ",
            en=f"{columns.x}, {columns.y} beyond the degrees",
        )
        wanted = Text(vi="kinh độ -180..180, vĩ độ -90..90", en="longitudes -180..180, latitudes -90..90")
        refuse(path, seen=seen, wanted=wanted)
    notes.append(
        Text(
            vi=f"Vị trí lấy từ cột {columns.x} (đông hoặc kinh độ) và {columns.y} (bắc hoặc vĩ độ).",
            en=f"Places were taken from {columns.x} (easting or longitude) and {columns.y} (northing or latitude).",
        )
    )
    there = ~(np.isnan(first) | np.isnan(second))
    shapes = np.full(len(frame), None, dtype=object)
    shapes[there] = shapely.points(first[there], second[there])
    crs = STORE_CRS if columns.kind == "degrees" and there.any() else None
    if crs:
        notes.append(
            Text(
                vi="Bảng không nêu hệ toạ độ; kinh độ, vĩ độ được hiểu là WGS 84.",
                en="The table states no CRS; longitudes and latitudes are taken for WGS 84.",
            )
        )
    placed = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, index=frame.index))
    return Loaded(placed, crs, notes=tuple(notes), faults=faults)


def _northing_first(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], columns: PlaceColumns, *, path: Path
) -> bool:
    """Tell whether X is the northing, by numbers that can be nothing else."""
    surveyors = _within(x, _NORTHINGS_M) and _within(y, _EASTINGS_M)
    others = _within(y, _NORTHINGS_M) and _within(x, _EASTINGS_M)
    if surveyors == others:
        seen = Text(
            vi=f"không rõ cột {columns.x} hay {columns.y} là toạ độ đông",
            en=f"it is open whether {columns.x} or {columns.y} is the easting",
        )
        wanted = Text(
            vi="khai báo cột: --coordinates CỘT_ĐÔNG,CỘT_BẮC", en="the columns named: --coordinates EASTING,NORTHING"
        )
        refuse(path, seen=seen, wanted=wanted)
    return surveyors


def _within(values: npt.NDArray[np.float64], bounds: tuple[float, float]) -> bool:
    there = values[~np.isnan(values)]
    return bool(((there >= bounds[0]) & (there <= bounds[1])).all())


def read_numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    r"""Read a column of numbers, or of degrees as text.

    Parameters
    ----------
    values : Series
        Numbers or text.

    Returns
    -------
    ndarray of float
        NaN where a value is missing, blank or neither.

    Examples
    --------
    >>> read_numbers(pd.Series(["105.81", "105°48'36\"", "", "x"])).tolist()
    [105.81, 105.81, nan, nan]
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=float, na_value=np.nan)
    texts = _texts(values)
    read = pd.to_numeric(texts.where(texts != ""), errors="coerce").to_numpy(dtype=float, copy=True)
    for row in np.flatnonzero(np.isnan(read) & (texts != "").to_numpy()):
        read[row] = parse_degrees(texts.iloc[row])
    return read


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    texts: pd.Series[Any] = values.astype("str").fillna("").str.strip()
    return texts


def _numbers(values: pd.Series[Any], name: str, *, path: Path) -> tuple[npt.NDArray[np.float64], tuple[Fault, ...]]:
    """Read a column of numbers or of degrees as text; blanks are missing, and so is what cannot be read, but told."""
    read = read_numbers(values)
    if pd.api.types.is_numeric_dtype(values.dtype):
        return read, ()
    texts = _texts(values)
    wanted = Text(
        vi="số, hoặc độ phút giây như 105°48'36\"",
        en="a number, or degrees, minutes, seconds such as 105°48'36\"",
    )
    return read, _unreadable(texts, np.isnan(read) & (texts != "").to_numpy(), name, wanted=wanted, path=path)
