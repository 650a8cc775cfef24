"""Raster layers over the web: OGC API Coverages, values at a place, statistics, and pictures for a map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.auth.persons import PersonParameter
from api.documents import CRS84
from api.errors import BadParameterError
from api.links import JSON, REL, base_url, collection_url, link, own_links
from api.openapi import document_of
from api.params import BboxParameter, LanguageParameter, check_format
from api.responses import answer
from api.schemas import ref
from layers.coverages import Coverage, Coverages
from layers.errors import UnknownLayerError
from layers.rasters import BandValues
from layers.tiles.matrices import tile_grid, tile_grids
from layers.types import Language, Text

__all__ = ["CoveragesParameter", "coverage_document", "router"]

JsonObject = dict[str, Any]
_TIFF: Final = "image/tiff; application=geotiff"
_PNG: Final = "image/png"
_CELLS: Final = Text(vi="Các ô (GeoTIFF)", en="Cells (GeoTIFF)")
_STATISTICS: Final = Text(vi="Thống kê", en="Statistics")
_VALUES: Final = Text(vi="Giá trị tại một điểm", en="Values at a place")
_TILES: Final = Text(vi="Ảnh bản đồ", en="Pictures for a map")
_POINT: Final = Text(vi="kinh độ,vĩ độ (độ WGS 84)", en="longitude,latitude in degrees of WGS 84")

router = APIRouter(tags=["coverages"], default_response_class=Response, prefix="/collections/{coverageId}/coverage")


async def _coverages(request: Request, person: PersonParameter) -> Mapping[str, Coverage]:
    """Return the raster layers that somebody may see."""
    known: Coverages = request.app.state.coverages
    sight = person.access.sight
    # Cells are not cut at an area: who reads within one only does not see them.
    return {
        id_: coverage
        for id_, coverage in known.all.items()
        if (sight.layers is None or id_ in sight.layers) and sight.area(id_) is None
    }


CoveragesParameter = Annotated[Mapping[str, Coverage], Depends(_coverages)]


async def _coverage(coverages: CoveragesParameter, coverageId: str) -> Coverage:  # noqa: N803 - the name in the API
    if coverageId not in coverages:
        raise UnknownLayerError(seen=coverageId, wanted=", ".join(coverages) or "-")
    return coverages[coverageId]


CoverageParameter = Annotated[Coverage, Depends(_coverage)]


def coverage_document(coverage: Coverage, base: str, language: Language, *, parent: bool = False) -> JsonObject:
    """Return one raster layer as a collection.

    Parameters
    ----------
    coverage : Coverage
        The raster layer.
    base : str
        Address of the server.
    language : {"vi", "en"}
        Of title and description.
    parent : bool, optional
        Whether it is named in the list of all, where `self` would mean the list.

    Returns
    -------
    dict
        The document.
    """
    url, layer, info = collection_url(base, coverage.id), coverage.layer, coverage.info
    title = layer.title.say(language)
    authority = coverage.crs.to_authority()
    crs = coverage.crs.to_wkt() if authority is None else "http://www.opengis.net/def/crs/{}/0/{}".format(*authority)
    links: list[dict[str, Any]] = [
        *([link(url, "collection", JSON, title)] if parent else own_links(url, JSON, title)),
        link(f"{url}/coverage", REL + "coverage", _TIFF, _CELLS.say(language)),
        link(f"{url}/coverage/statistics", "related", JSON, _STATISTICS.say(language)),
        link(f"{url}/coverage/values", "related", JSON, _VALUES.say(language)),
    ]
    for grid in tile_grids():
        href = f"{url}/coverage/tiles/{grid}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
        links.append({**link(href, "item", _PNG, f"{_TILES.say(language)} ({grid})"), "templated": True})
    told: JsonObject = {
        "id": coverage.id,
        "title": title,
        "description": "" if layer.description is None else layer.description.say(language),
        "extent": {"spatial": {"bbox": [list(coverage.bounds)], "crs": CRS84}},
        "crs": [crs],
        "storageCrs": crs,
        "links": links,
    }
    cells = {
        "bands": info.shape[0],
        "rows": info.shape[1],
        "columns": info.shape[2],
        "type": info.dtype,
        "nodata": info.nodata,
        "cellSize": list(info.cell_size),
        "unit": layer.unit,
        "source": layer.source,
        "licence": layer.licence,
        "asOf": None if layer.as_of is None else layer.as_of.isoformat(),
    }
    return {name: value for name, value in told.items() if value != ""} | {"raster": cells}


def _file(media_type: str, description: str) -> dict[int | str, JsonObject]:
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": description, "content": content}}


@router.get(
    "",
    summary="The cells of a raster layer",
    responses={**_file(_TIFF, "A GeoTIFF in the CRS of the raster."), 413: ref("responses", "problem-413")},
)
def cells(coverage: CoverageParameter, bbox: BboxParameter, _language: LanguageParameter) -> Response:
    """Return the cells of a raster layer, or those that a box touches, as they are.

    Parameters
    ----------
    coverage : Coverage
        The raster layer.
    bbox : tuple of float or None
        The box.

    Returns
    -------
    Response
        A GeoTIFF.
    """
    headers = {"Content-Disposition": f'attachment; filename="{coverage.id}.tif"'}
    return Response(coverage.subset(bbox), media_type=_TIFF, headers=headers)


@router.get(
    "/statistics",
    summary="Range and statistics of a raster layer",
    dependencies=[Depends(check_format)],
    responses=document_of("coverageStatistics"),
)
def statistics(
    request: Request, coverage: CoverageParameter, bbox: BboxParameter, language: LanguageParameter
) -> Response:
    """Return what the values of a raster layer are, in whole or in a box; every cell counts, nothing is sampled.

    Parameters
    ----------
    request : Request
        The request.
    coverage : Coverage
        The raster layer.
    bbox : tuple of float or None
        The box: cells whose centre lies in it.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Per band the number of cells with a value, minimum, maximum, mean and standard deviation.
    """
    bands = [_band(band, coverage) for band in coverage.statistics(bbox)]
    return answer({"collection": coverage.id, "bands": bands, "links": _links(request, coverage)}, language=language)


@router.get(
    "/values",
    summary="Values of a raster layer at a place",
    dependencies=[Depends(check_format)],
    responses=document_of("coverageValues"),
)
def values(
    request: Request,
    coverage: CoverageParameter,
    language: LanguageParameter,
    coords: Annotated[str | None, Query()] = None,
) -> Response:
    """Return the value of each band at a place; a cell without one is told apart from a place outside the raster.

    Parameters
    ----------
    request : Request
        The request.
    coverage : Coverage
        The raster layer.
    language : {"vi", "en"}
        The reader's language.
    coords : str
        Longitude and latitude.

    Returns
    -------
    Response
        A state and a value for each band.

    Raises
    ------
    BadParameterError
        If this is no place.
    """
    lon, lat = _place(coords)
    bands = [
        {"band": cell.band, "state": cell.state, "value": cell.value, "unit": coverage.layer.unit}
        for cell in coverage.values_at(lon, lat)
    ]
    document = {"collection": coverage.id, "coords": [lon, lat], "bands": bands, "links": _links(request, coverage)}
    return answer(document, language=language)


@router.get(
    "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    summary="A picture of a raster layer for a map",
    responses=_file(_PNG, "A PNG, transparent where there is no value."),
)
def picture(
    coverage: CoverageParameter,
    tileMatrixSetId: str,  # noqa: N803 - the names in the API
    tileMatrix: int,  # noqa: N803
    tileRow: int,  # noqa: N803
    tileCol: int,  # noqa: N803
    _language: LanguageParameter,
) -> Response:
    """Return a tile of a raster layer in its colours.

    Parameters
    ----------
    coverage : Coverage
        The raster layer.
    tileMatrixSetId : str
        The grid.
    tileMatrix, tileRow, tileCol : int
        The tile.

    Returns
    -------
    Response
        A PNG.

    Raises
    ------
    UnknownTileError
        If the grid has no such tile.
    """
    grid = tile_grid(tileMatrixSetId)
    tile = grid.tile(tileMatrix, tileRow, tileCol)
    content = coverage.picture(grid.matrices, tile.column, tile.row, tile.zoom)
    return Response(content, media_type=_PNG, headers={"Cache-Control": "public, max-age=3600"})


def _band(band: BandValues, coverage: Coverage) -> JsonObject:
    known = band.cells > 0
    return {
        "band": band.band,
        "unit": band.unit or coverage.layer.unit,
        "cells": band.cells,
        "minimum": band.minimum if known else None,
        "maximum": band.maximum if known else None,
        "mean": band.mean if known else None,
        "deviation": band.deviation if known else None,
    }


def _place(coords: str | None) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in (coords or "").split(","))
    except ValueError as error:
        raise BadParameterError(seen=coords, wanted=_POINT, where="coords") from error
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadParameterError(seen=coords, wanted=_POINT, where="coords")
    return lon, lat


def _links(request: Request, coverage: Coverage) -> list[dict[str, str]]:
    url = collection_url(base_url(request), coverage.id)
    return [link(url, "collection", JSON)]
