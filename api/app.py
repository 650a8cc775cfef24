"""The server: routes, errors and middleware over one store, built once."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response

from api import (
    changesets,
    coverages,
    feature_history,
    features,
    health,
    imports,
    jobs,
    package_returns,
    packages,
    processes,
    proposal_talk,
    proposals,
    rebasing,
    records,
    styles,
    tiles,
    writing,
)
from api.auth import oidc
from api.auth import pages as people_pages
from api.auth.forms import FormMiddleware
from api.auth.gate import Gate
from api.auth.persons import PersonParameter, admit
from api.auth.recording import AuditMiddleware
from api.downloads import router as downloads
from api.errors import (
    BadCredentialsError,
    BadParameterError,
    BusyError,
    MethodNotAllowedError,
    NotSignedInError,
    TooManyRequestsError,
    UnknownPathError,
)
from api.filtering import parse_as_of
from api.finding import router as finding
from api.links import OPENAPI, base_url
from api.metrics import Metrics
from api.metrics import router as metrics
from api.middleware import EdgeMiddleware
from api.openapi import TITLE, document_of, openapi_document, query_names, with_layers
from api.params import (
    LanguageParameter,
    StoreParameter,
    check_names,
    check_page_format,
    parse_interval,
    prefers_html,
)
from api.portal.filing import router as filing
from api.portal.history import router as history
from api.portal.pages import router as portal
from api.proposal_rights import seen_proposal
from api.quick import QuickPages
from api.responses import answer, problem_answer
from api.running import Runner
from api.settings import Settings
from api.short import Short
from api.short_serving import Keeping
from api.states import StateMiddleware, state_of
from api.tile_server import TileServer
from api.warming import Warmer
from layers.coverages import Coverages
from layers.errors import ParkplanError
from layers.jobs import open_jobs
from layers.people import open_people
from layers.store import open_store
from layers.store.limits import limit_queries
from layers.types import Text

__all__ = ["create_app"]

LOG: Final = logging.getLogger("parkplan")
#: When a caller may come again whose job found no place, seconds.
RETRY_S: Final = 10
#: Answers from this length on are compressed for readers who take it, bytes.
GZIP_FROM: Final = 1_000

router = APIRouter(tags=["capabilities"], default_response_class=Response)


@router.get(
    "/api",
    summary="This document",
    responses=document_of("openapi", media_type=OPENAPI),
    dependencies=[Depends(check_page_format)],
)
def openapi(request: Request, store: StoreParameter, _language: LanguageParameter) -> Response:
    """Return the OpenAPI document, with the layers that there are; a browser gets the page that shows it.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.

    Returns
    -------
    Response
        The document.
    """
    if prefers_html(request):
        return _api_page(request)
    document = with_layers(request.app.state.document, store.layers())
    document.setdefault("servers", [{"url": base_url(request)}])
    return answer(document, language="en", media_type=OPENAPI)


_API_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} API</title>
<link rel="icon" href="{base}/assets/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="{base}/assets/vendor/swagger-ui/swagger-ui.css">
</head>
<body>
<noscript><p>This page needs JavaScript; the document itself is <a href="{base}/api?f=json">here</a>.</p></noscript>
<main id="api"></main>
<script src="{base}/assets/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script nonce="{nonce}">
SwaggerUIBundle({{url: "{base}/api?f=json", dom_id: "#api", deepLinking: true, validatorUrl: null}})
</script>
</body>
</html>
"""


@router.get("/api.html", include_in_schema=False)
def api_page(request: Request) -> Response:
    """Return the page that shows the OpenAPI document and lets it be tried out.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    Response
        A page that loads nothing from elsewhere.
    """
    check_names(request, ())
    return _api_page(request)


def _api_page(request: Request) -> Response:
    return HTMLResponse(_API_PAGE.format(title=TITLE, base=base_url(request), nonce=request.state.nonce))


async def _only_known(request: Request) -> None:
    """Refuse query parameters that the OpenAPI document does not name; pages, which it leaves out, read their own."""
    route = request.scope["route"]
    names = request.app.state.query_names.get(route.path_format)
    if names is not None and route.include_in_schema:
        check_names(request, names)


async def _known_state(request: Request, person: PersonParameter) -> None:
    """Refuse an address below a state that there is not, also where the route does not depend on it."""
    if state := state_of(request):
        parse_interval(state.get("datetime"))
        if "as_of" in state:
            parse_as_of(state["as_of"])
        if "proposal" in state:
            await run_in_threadpool(seen_proposal, request.app.state.store, person, state["proposal"])


async def _parkplan_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ParkplanError):
        raise error
    if isinstance(error, NotSignedInError) and _is_browsing(request):
        return people_pages.ask_to_sign_in(request)
    headers = _headers(error)
    request.state.audit = type(error).__name__
    answered = problem_answer(request, error, headers=headers)
    if answered.status_code >= 500:
        LOG.error("failed", exc_info=error, extra={"request_id": request.state.request_id})
    return answered


def _is_browsing(request: Request) -> bool:
    """Return whether somebody looks at pages, who is better led to a form than told of an error."""
    return request.method == "GET" and prefers_html(request)


def _headers(error: ParkplanError) -> dict[str, str] | None:
    """Return the headers that tell a caller what to do about an error."""
    if isinstance(error, BusyError):
        return {"Retry-After": str(RETRY_S)}
    if isinstance(error, TooManyRequestsError):
        return {"Retry-After": str(error.wanted)}
    if isinstance(error, NotSignedInError | BadCredentialsError):
        return {"WWW-Authenticate": 'Bearer realm="parkplan"'}
    return None


async def _http_error(request: Request, error: Exception) -> Response:
    """Answer what the router found: no such path, no such method."""
    if not isinstance(error, HTTPException):
        raise error
    path = request.url.path
    if error.status_code == 404:
        wanted = Text(vi="một địa chỉ có ở /api", en="an address that /api names")
        return problem_answer(request, UnknownPathError(seen=path, wanted=wanted, where=path))
    if error.status_code == 405:
        headers = error.headers or {}
        found = MethodNotAllowedError(seen=request.method, wanted=headers.get("Allow", "GET"), where=path)
        return problem_answer(request, found, headers=headers)
    raise error


async def _validation_error(request: Request, error: Exception) -> Response:
    """Answer what FastAPI found wrong with a declared parameter."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return problem_answer(request, BadParameterError(seen=first.get("input"), wanted=first["msg"], where=place))


def create_app(settings: Settings) -> FastAPI:
    """Return the server.

    Parameters
    ----------
    settings : Settings
        All that may be set; nothing else is read from the environment.

    Returns
    -------
    FastAPI
        An ASGI application. The store is opened when it starts and closed when it stops; between requests it keeps no
        state.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with (
            open_store(settings.store) as store,
            open_jobs(settings.store) as kept,
            open_people(settings.store) as people,
        ):
            app.state.store, app.state.jobs, app.state.gate = store, kept, Gate(settings, store, people)
            limit_queries(store.core.engine, settings.query_time_s)
            app.state.runner = Runner(settings, store, kept)
            warmer = Warmer(store)
            await app.state.short.open(store, app.state.gate)
            yield
            app.state.short.close()
            await run_in_threadpool(warmer.close)
            await run_in_threadpool(app.state.runner.close)

    app = FastAPI(
        title=TITLE,
        version=version("parkplan"),
        lifespan=lifespan,
        dependencies=[Depends(admit), Depends(_only_known), Depends(_known_state)],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        exception_handlers={
            ParkplanError: _parkplan_error,
            HTTPException: _http_error,
            RequestValidationError: _validation_error,
        },
    )
    app.state.settings = settings
    app.state.metrics = Metrics()
    app.state.short = Short(app.state.metrics)
    app.state.coverages = Coverages(Path(settings.raster_folder) if settings.raster_folder else None)
    app.state.tiles = TileServer(settings.tiles_folder)
    pages = (people_pages.router, oidc.router, features.landing, portal, filing, history)
    # The catalogue goes before the layers, among which it lies.
    documents = (
        router,
        records.router,
        downloads,
        changesets.router,
        feature_history.router,
        features.router,
        writing.router,
        coverages.router,
        processes.router,
        imports.router,
        proposals.router,
        package_returns.router,
        packages.router,
        proposal_talk.router,
        rebasing.router,
        finding,
        metrics,
        jobs.router,
        styles.router,
        tiles.router,
        health.router,
    )
    for part in (*pages, *documents):
        app.include_router(part)
    document: dict[str, Any] = openapi_document(app.routes, settings=settings, version=app.version)
    app.state.document = document
    app.state.query_names = query_names(document)
    app.add_middleware(QuickPages, settings=settings)
    app.add_middleware(FormMiddleware)
    app.add_middleware(AuditMiddleware)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM)
    app.add_middleware(EdgeMiddleware, basemap_url=settings.basemap_url)
    app.add_middleware(StateMiddleware)
    app.add_middleware(Keeping, short=app.state.short)
    return app
