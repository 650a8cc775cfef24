"""The OpenAPI document: what the routes declare, with the components of `api.schemas` put in.

It is the contract: the names that it gives to the query parameters of a path are the names that the path takes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from api.links import HTML, JSON, PROBLEM
from api.schemas import PARAMETERS, SCHEMAS, ref
from api.settings import Settings
from layers.streaming import FILE_FORMATS

__all__ = ["OPENAPI_VERSION", "TITLE", "document_of", "openapi_document", "query_names", "with_layers"]

#: OGC API Features 1.0 has a conformance class for 3.0, and its clients look for it.
OPENAPI_VERSION: Final = "3.0.3"
TITLE: Final = "Parkplan"

JsonObject = dict[str, Any]
#: Problems that any operation may answer with.
_ALWAYS: Final = (400, 401, 429, 500, 503)
#: Statuses of answers that are no problems.
_DONE: Final = ("200", "201", "202", "204", "303", "304")


def document_of(
    schema: str, *, media_type: str = JSON, problems: Iterable[int] = (), status: int = 200
) -> dict[int | str, JsonObject]:
    """Return what a route declares about its answers, without those that the parameter `f` leads to.

    Parameters
    ----------
    schema : str
        Name of the component that describes its document.
    media_type : str, optional
        Of the document.
    problems : iterable of int, optional
        Statuses of the problems of its own.
    status : int, optional
        Of the answer.

    Returns
    -------
    dict
        OpenAPI responses by status.
    """
    content: JsonObject = {media_type: {"schema": ref("schemas", schema)}}
    answers: dict[int | str, JsonObject] = {status: {"description": "The document.", "content": content}}
    return answers | {problem: ref("responses", f"problem-{problem}") for problem in problems}


def openapi_document(routes: Iterable[BaseRoute], *, settings: Settings, version: str) -> JsonObject:
    """Return the OpenAPI document of routes.

    Parameters
    ----------
    routes : iterable of route
        Routes that declare their parameters and answers.
    settings : Settings
        Gives limits and the public address.
    version : str
        Of Parkplan.

    Returns
    -------
    dict
        An OpenAPI 3.0 document.
    """
    raw = get_openapi(title=TITLE, version=version, openapi_version=OPENAPI_VERSION, routes=list(routes))
    paths = {
        path: {method: _operation(path, operation) for method, operation in methods.items()}
        for path, methods in raw["paths"].items()
    }
    parameters = copy.deepcopy(PARAMETERS)
    parameters["limit"]["schema"] |= {"maximum": settings.max_limit, "default": settings.default_limit}
    document: JsonObject = {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": TITLE,
            "version": version,
            "description": "Hanoi's industrial parks, the plans they lie in, and what the rules say of them.",
            "license": {"name": "MIT", "url": "https://opensource.org/license/mit"},
        },
        "paths": paths,
        "components": {
            "parameters": parameters,
            "schemas": copy.deepcopy(SCHEMAS),
            "responses": _problem_responses(paths),
        },
    }
    if settings.public_url:
        document["servers"] = [{"url": settings.public_url}]
    return document


def _operation(path: str, operation: Mapping[str, Any]) -> JsonObject:
    """Put the components into what FastAPI found out about an operation."""
    parameters = [
        ref("parameters", entry["schema"].get("component", entry["name"])) for entry in operation.get("parameters", [])
    ]
    if path == "/collections/{collectionId}/items":
        parameters.append(ref("parameters", "filters"))
    # FastAPI adds a 422 in a form of its own; problems of ours are references.
    answers = {
        status: answer for status, answer in operation["responses"].items() if status in _DONE or "$ref" in answer
    }
    for entry in parameters:
        _add_formats(answers, PARAMETERS[entry["$ref"].rpartition("/")[2]])
    statuses = {*_ALWAYS, *((404,) if "{" in path else ())}
    answers |= {str(status): ref("responses", f"problem-{status}") for status in statuses}
    # Docstrings are written for programmers; their first paragraph is for everybody.
    described = {"description": operation["description"].partition("\n\n")[0]} if "description" in operation else {}
    return {**operation, **described, "parameters": parameters, "responses": dict(sorted(answers.items()))}


def _add_formats(answers: Mapping[str, JsonObject], parameter: JsonObject) -> None:
    """Name the media types that the parameter `f` of an operation leads to, beside those that a route declares."""
    if parameter["name"] != "f":
        return
    formats = parameter["schema"]["enum"]
    types = [*([f"{HTML}; charset=utf-8"] if "html" in formats else []), *_file_types(formats)]
    for status in ("200", "201"):
        content = answers.get(status, {}).get("content", {})
        content |= {name: {"schema": {"type": "string"}} for name in types if content}


def _file_types(formats: Iterable[str]) -> list[str]:
    return [FILE_FORMATS[name].media_type for name in formats if name in FILE_FORMATS]


def _problem_responses(paths: Mapping[str, Mapping[str, JsonObject]]) -> JsonObject:
    """Return a component for every problem that an operation refers to."""
    used = {
        status
        for methods in paths.values()
        for operation in methods.values()
        for status in operation["responses"]
        if status not in _DONE
    }
    return {
        f"problem-{status}": {
            "description": f"{HTTPStatus(int(status)).phrase}, as problem details.",
            "content": {PROBLEM: {"schema": ref("schemas", "problem")}},
        }
        for status in sorted(used)
    }


def query_names(document: Mapping[str, Any]) -> dict[str, tuple[str, ...] | None]:
    """Return the query parameters that each path takes.

    Parameters
    ----------
    document : mapping
        An OpenAPI document of `openapi_document`.

    Returns
    -------
    dict of str to tuple of str or None
        Names by path; None where the fields of a layer are parameters too.
    """
    known = document["components"]["parameters"]
    names: dict[str, tuple[str, ...] | None] = {}
    for path, methods in document["paths"].items():
        used = [
            known[entry["$ref"].rpartition("/")[2]] for method in methods.values() for entry in method["parameters"]
        ]
        query = [parameter["name"] for parameter in used if parameter["in"] == "query"]
        names[path] = None if "filters" in query else tuple(dict.fromkeys(query))
    return names


def with_layers(document: Mapping[str, Any], layers: Iterable[str]) -> JsonObject:
    """Return an OpenAPI document that names the layers there are.

    Parameters
    ----------
    document : mapping
        An OpenAPI document of `openapi_document`.
    layers : iterable of str
        Ids.

    Returns
    -------
    dict
        A new document.
    """
    changed = copy.deepcopy(dict(document))
    names = list(layers)
    if names:
        changed["components"]["parameters"]["collectionId"]["schema"]["enum"] = names
    return changed
