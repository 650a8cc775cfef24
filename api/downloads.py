"""A selection of a layer as a file: CSV, FlatGeobuf, GeoParquet, GeoPackage, of any size, by `f` or `Accept`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Match
from starlette.types import Scope

from api.filtering import SelectionParameter, SortParameter, file_format
from api.params import LayerParameter, LimitParameter, StoreParameter
from layers.streaming import FILE_FORMATS, csv_parts, parts_of, write_selection

__all__ = ["router"]


class _ForFiles(APIRoute):
    """A route for those who ask for a file; the others find the pages of features."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        if match is not Match.NONE and file_format(Request(scope)) is None:
            return Match.NONE, {}
        return match, found


router = APIRouter(route_class=_ForFiles, include_in_schema=False)


@router.get("/collections/{collectionId}/items")
def download(
    *,
    request: Request,
    store: StoreParameter,
    definition: LayerParameter,
    selection: SelectionParameter,
    sort: SortParameter,
    limit: LimitParameter,
) -> Response:
    """Return all features of a selection as a file, made part by part.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    definition : LayerDefinition
        The layer.
    selection : Selection
        Which features.
    sort : tuple of SortKey
        Order of the features.
    limit : int
        Features at most, where the request names it; all of them otherwise.

    Returns
    -------
    Response
        The file. A slow reader holds up nobody: no connection of the store stays open for him.
    """
    format_ = next(name for name in FILE_FORMATS if name == file_format(request))
    spec = FILE_FORMATS[format_]
    most = limit if "limit" in request.query_params else None
    parts = parts_of(store, definition.id, limit=most, sort=sort, **selection)
    headers = {"Content-Disposition": f'attachment; filename="{definition.id}{spec.suffix}"', "Vary": "Accept"}
    if format_ == "csv":
        return StreamingResponse(csv_parts(definition, parts), media_type=spec.media_type, headers=headers)
    folder = tempfile.TemporaryDirectory(prefix="parkplan-download-", ignore_cleanup_errors=True)
    try:
        path = Path(folder.name) / f"{definition.id}{spec.suffix}"
        write_selection(definition, parts, path, format_=format_)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(path, media_type=spec.media_type, headers=headers, background=BackgroundTask(folder.cleanup))
