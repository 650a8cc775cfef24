"""Answers: a document in one language as JSON, and an error as problem details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import Response

from api.languages import request_language
from api.links import JSON, PROBLEM
from api.problems import problem
from layers.geojson import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from layers.errors import ParkplanError
    from layers.types import Language

__all__ = ["answer", "located", "problem_answer"]


class _Spelled(bytes):
    """Name of a header that a server sends as it is written here; servers put names into small letters."""

    __slots__ = ()

    def lower(self) -> bytes:
        return self


_LOCATION = _Spelled(b"Location")


def answer(
    document: Mapping[str, Any],
    *,
    language: Language,
    media_type: str = JSON,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a document as JSON.

    Parameters
    ----------
    document : mapping
        What `layers.geojson.to_json` can write.
    language : {"vi", "en"}
        The language it is in.
    media_type : str, optional
        Of the document.
    status : int, optional
        HTTP status.
    headers : mapping of str to str, optional
        Further headers.

    Returns
    -------
    Response
        The answer, which says its language.
    """
    spoken = {"Content-Language": language, "Vary": "Accept, Accept-Language"}
    return Response(to_json(document), status_code=status, media_type=media_type, headers={**spoken, **(headers or {})})


def located(response: Response, url: str) -> Response:
    """Say in an answer where what was made is found.

    Parameters
    ----------
    response : Response
        The answer, which is not sent yet.
    url : str
        The address, for `Location`.

    Returns
    -------
    Response
        The same answer. QGIS until 3.40 looks for the header's name with a capital letter only, and takes a feature
        that was made for one that failed.
    """
    response.raw_headers.append((_LOCATION, url.encode("latin-1")))
    return response


def problem_answer(request: Request, error: ParkplanError, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as problem details in the reader's language.

    Parameters
    ----------
    request : Request
        The request that failed.
    error : ParkplanError
        Why.
    headers : mapping of str to str, optional
        Further headers.

    Returns
    -------
    Response
        The answer, with the status that the table in `api.problems` gives.
    """
    language = request_language(request)
    query = request.scope.get("query_string", b"").decode("latin-1")
    instance = request.scope.get("root_path", "") + quote(request.scope["path"]) + (f"?{query}" if query else "")
    document = problem(error, language=language, instance=instance)
    return answer(document, language=language, media_type=PROBLEM, status=document["status"], headers=headers)
