"""A route whose document is given out as a page too, to a reader who wants one."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.browsing.page import document_page
from api.languages import as_language, request_language
from api.params import prefers_html

__all__ = ["Browsable"]


class Browsable(APIRoute):
    """A route that answers JSON to programs, and the same document as a page to browsers.

    The parameter `f` decides, else the `Accept` header. Its OpenAPI description names the page because the parameter
    `f` of `api.params.check_page_format` does.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request.

        Returns
        -------
        callable
            The route's own way, and the page made of what it answers.
        """
        usual = super().get_route_handler()

        async def handler(request: Request) -> Response:
            answered = await usual(request)
            media_type = answered.headers.get("content-type", "")
            if answered.status_code // 100 != 2 or not media_type.endswith("json") or not prefers_html(request):
                return answered
            return await run_in_threadpool(_page, request, answered, self.path_format)

        return handler


def _page(request: Request, answered: Response, pattern: str) -> Response:
    body = bytes(answered.body)
    if answered.headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    language = as_language(answered.headers.get("content-language", "")) or request_language(request)
    page = document_page(request, orjson.loads(body), pattern=pattern, language=language)
    page.status_code = answered.status_code
    for name in ("ETag", "Location", "Content-Crs", "Preference-Applied"):
        if name in answered.headers:
            page.headers[name] = answered.headers[name]
    return page
