"""OpenStreetMap extracts: the five layers of GDAL, and roads split into edges where they meet.

A way of OpenStreetMap runs on through its junctions. A network needs them split there: at every node that two roads
share. A road that only meets itself is not split.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import shapely

from layers.definitions import STORE_CRS
from layers.errors import FileUnreadableError
from layers.formats.archives import private_folder, unpack_gzip
from layers.formats.frames import FrameFile, Loaded
from layers.formats.gdal import GdalFile
from layers.formats.model import ReadOptions, Source, SourceFeatures, SourceLayer, beginning, refuse
from layers.lazy import lazy_module
from layers.types import Text

if TYPE_CHECKING:
    import osmium
else:
    osmium = lazy_module("osmium")

__all__ = ["ROADS", "OsmFile", "open_osm"]

#: The layer of road edges; the others are those of GDAL.
ROADS: Final = "roads"
#: Tags that become columns of their own; all others stand in `other_tags` as JSON.
_COLUMNS: Final = (
    "name",
    "name:en",
    "highway",
    "ref",
    "lanes",
    "width",
    "oneway",
    "surface",
    "maxspeed",
    "bridge",
    "tunnel",
)
_INTACT: Final = Text(vi="tệp OSM nguyên vẹn (PBF hoặc XML)", en="an intact OSM file (PBF or XML)")
#: OpenStreetMap keeps degrees as whole numbers of 1e-7.
_UNITS_PER_DEGREE: Final = 10_000_000
_CREDIT: Final = Text(
    vi="© những người đóng góp OpenStreetMap, ODbL 1.0: phải ghi tên ở nơi hiển thị.",
    en="© OpenStreetMap contributors, ODbL 1.0: name them wherever the data are shown.",
)


def open_osm(path: Path, options: ReadOptions, stack: ExitStack) -> OsmFile:
    """Look at an extract of OpenStreetMap.

    Parameters
    ----------
    path : Path
        .osm.pbf, .osm or .osm.gz.
    options : ReadOptions
        Nothing of it counts here.
    stack : ExitStack
        Keeps what was unpacked.

    Returns
    -------
    OsmFile
        Layer `roads`, then `points`, `lines`, `multilinestrings`, `multipolygons`, `other_relations`.

    Raises
    ------
    FileUnreadableError
        If it is something else.
    """
    del options
    folder = private_folder(stack)
    place = unpack_gzip(path, folder) if path.suffix.lower() == ".gz" else path
    with place.open("rb") as file:
        begins = file.read(512)
    if b"OSMHeader" not in begins[:32] and b"<osm" not in begins:
        refuse(path, seen=beginning(begins[:16]), wanted=_INTACT)
    # GDAL knows the format by the name's ending.
    kind = ".osm.pbf" if b"OSMHeader" in begins[:32] else ".osm"
    target = folder / f"extract{kind}"
    target.symlink_to(place.resolve())
    gdal = GdalFile(Source(path, "OSM", str(target), "UTF-8", notes=(_CREDIT,), options={"TAGS_FORMAT": "JSON"}))
    roads = FrameFile(path, "OSM", "UTF-8", {ROADS: functools.partial(_roads, path, target)})
    return OsmFile(roads, gdal)


@dataclass(frozen=True, slots=True)
class OsmFile:
    """An extract of OpenStreetMap.

    Parameters
    ----------
    roads : FrameFile
        Its road edges.
    gdal : GdalFile
        Everything else.
    """

    roads: FrameFile
    gdal: GdalFile

    @property
    def driver(self) -> str:
        """The format's name."""
        return "OSM"

    @property
    def encoding(self) -> str:
        """Of its text."""
        return "UTF-8"

    def names(self) -> list[str]:
        """Return the names of its layers.

        Returns
        -------
        list of str
            Roads first.
        """
        return [ROADS, *self.gdal.names()]

    def describe(self, name: str) -> SourceLayer:
        """Return what one layer holds.

        Parameters
        ----------
        name : str
            The layer.

        Returns
        -------
        SourceLayer
            Its fields and count.
        """
        return self._of(name).describe(name)

    def read(self, name: str) -> SourceFeatures:
        """Return every feature of a layer.

        Parameters
        ----------
        name : str
            The layer.

        Returns
        -------
        SourceFeatures
            All of it.
        """
        return self._of(name).read(name)

    def batches(self, name: str, rows: int) -> Iterator[SourceFeatures]:
        """Return the features of a layer, so many at a time.

        Parameters
        ----------
        name : str
            The layer.
        rows : int
            Features a batch, at most.

        Returns
        -------
        iterator of SourceFeatures
            The next features.
        """
        return self._of(name).batches(name, rows)

    def _of(self, name: str) -> FrameFile | GdalFile:
        return self.roads if name == ROADS else self.gdal


def _roads(path: Path, target: Path) -> Loaded:
    ways: list[int] = []
    tags: list[dict[str, str]] = []
    refs: list[npt.NDArray[np.int64]] = []
    places: list[npt.NDArray[np.float64]] = []
    missing = 0
    try:
        processor = osmium.FileProcessor(str(target), osmium.osm.NODE | osmium.osm.WAY).with_locations()
        # Nodes only feed the index of locations; they never come to Python.
        for way in processor.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)).with_filter(
            osmium.filter.KeyFilter("highway")
        ):
            listed = cast("osmium.osm.Way", way).nodes
            nodes = [(node.ref, node.x, node.y) for node in listed if node.location.valid()]
            missing += len(listed) - len(nodes)
            if len(nodes) > 1:
                ways.append(way.id)
                tags.append({tag.k: tag.v for tag in way.tags})
                refs.append(np.array([node[0] for node in nodes], dtype=np.int64))
                places.append(np.array([node[1:] for node in nodes], dtype=float) / _UNITS_PER_DEGREE)
    except RuntimeError as error:
        raise FileUnreadableError(seen=error, wanted=_INTACT, where=str(path)) from error
    if not ways:
        empty = gpd.GeoDataFrame({"osm_id": pd.array([], dtype="str")}, geometry=gpd.GeoSeries([]))
        return Loaded(empty, STORE_CRS, notes=(_CREDIT,))
    lost = Text(
        vi=f"{missing} nút của đường không có trong tệp.", en=f"{missing} nodes of roads are not in the extract."
    )
    edges = _edges(ways, tags, refs, np.concatenate(places))
    return Loaded(edges, STORE_CRS, notes=(_CREDIT, lost) if missing else (_CREDIT,))


def _edges(
    ways: list[int], tags: list[dict[str, str]], refs: list[npt.NDArray[np.int64]], places: npt.NDArray[np.float64]
) -> gpd.GeoDataFrame:
    """Split ways at their vertices."""
    lengths = np.array([len(nodes) for nodes in refs])
    flat = np.concatenate(refs)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    ends = starts + lengths - 1
    way_of = np.repeat(np.arange(len(refs)), lengths)
    # A node counts once a way: a way that only meets itself shares nothing.
    nodes, inverse = np.unique(flat, return_inverse=True)
    pairs = np.unique(inverse.astype(np.int64) * len(refs) + way_of)
    vertex = np.bincount(pairs // len(refs), minlength=len(nodes))[inverse] > 1
    vertex[starts] = vertex[ends] = True
    # An edge runs from one vertex to the next of its way.
    at = np.flatnonzero(vertex)
    of_way = np.searchsorted(starts, at, side="right") - 1
    within = of_way[:-1] == of_way[1:]
    first, last, way = at[:-1][within], at[1:][within], of_way[:-1][within]
    sizes = last - first + 1
    points = np.repeat(first - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(sizes.sum())
    lines = shapely.linestrings(places[points], indices=np.repeat(np.arange(len(sizes)), sizes))
    part = np.arange(len(way)) - np.searchsorted(way, way)
    columns: dict[str, Any] = {
        "osm_id": pd.array([str(ways[i]) for i in way], dtype="str"),
        "edge": part,
        "from_node": pd.array(flat[first].astype(str), dtype="str"),
        "to_node": pd.array(flat[last].astype(str), dtype="str"),
        **{name: pd.array([tags[i].get(name) for i in way], dtype="str") for name in _COLUMNS},
        "other_tags": pd.array([_others(tags[i]) for i in way], dtype="str"),
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(lines))


def _others(tags: dict[str, str]) -> str | None:
    others = {key: value for key, value in tags.items() if key not in _COLUMNS}
    return orjson.dumps(others).decode() if others else None
