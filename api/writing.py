"""OGC API Features, part 4: features are created, replaced, updated and removed, each request one changeset.

Whoever may edit writes to the plan. Whoever may only propose writes to a draft of his own, which the answer names. A
change says by `If-Match` on which state it is based; whether that is still the state is checked while nobody else can
write, so that two who edit at once never undo each other's work unseen.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response

from api.auth.gate import Gate
from api.auth.persons import GateParameter, PersonParameter, refuse
from api.errors import BadParameterError, PreconditionFailedError, PreconditionRequiredError
from api.etags import ANY, feature_state, named_states, strong_etag
from api.feature_bodies import (
    MERGE_PATCH,
    FeatureParameter,
    JsonObject,
    PatchParameter,
    body_id,
    check_addressable,
    feature_frame,
    patched_frame,
    said_message,
)
from api.links import GEOJSON, JSON, base_url, collection_url, feature_url, link
from api.openapi import document_of
from api.params import LanguageParameter, LayerParameter, StoreParameter, check_format
from api.proposal_rights import ProposalParameter, check_edits, seen_proposal
from api.responses import answer, located
from api.schemas import ref
from api.states import state_of, stated
from layers.definitions import LayerDefinition
from layers.errors import FeatureExistsError, StaleBaseError, UnknownFeatureError, ValueOutOfRangeError
from layers.geojson import feature_objects
from layers.people import Ability, Person
from layers.proposals import create_proposal, edit_proposal, list_proposals
from layers.store import Edit, Put, Remove, Store, completed
from layers.types import Language, Text

__all__ = ["router"]

router = APIRouter(tags=["features"], default_response_class=Response)

_PROBLEMS: Final = (403, 409, 413, 415, 422)
_CONDITIONAL: Final = (*_PROBLEMS, 412, 428)
_BODY: Final = {"required": True, "content": {GEOJSON: {"schema": ref("schemas", "newFeature")}}}
_PATCH: Final = {"required": True, "content": {MERGE_PATCH: {"schema": ref("schemas", "featurePatch")}}}
_DRAFT: Final[JsonObject] = document_of("draft", status=202)[202]
_GONE: Final[JsonObject] = {"description": "Removed."}
#: Title of the draft in which the edits of somebody who may only propose are gathered.
_TITLE: Final = Text(vi="Sửa qua API", en="Edits over the API")
_VERBS: Final = {
    "create": Text(vi="Thêm", en="Create"),
    "replace": Text(vi="Thay", en="Replace"),
    "update": Text(vi="Sửa", en="Update"),
    "remove": Text(vi="Xoá", en="Remove"),
}
_PRESENT: Final = Text(vi="không có: quá khứ không sửa được", en="none: what was cannot be edited")
_ONE: Final = "/collections/{collectionId}/items/{featureId:path}"
_ALL: Final = "/collections/{collectionId}/items"


class _Writing(NamedTuple):
    """One request that writes: everything that it needs to know."""

    request: Request
    gate: Gate
    person: Person
    store: Store
    definition: LayerDefinition
    language: Language
    proposal: str | None

    @property
    def where(self) -> str:
        return self.request.url.path

    @property
    def direct(self) -> bool:
        """Whether the plan itself is written to, not a draft."""
        return self.proposal is None and self.person.access.may("edit", self.definition.id)

    @property
    def draft(self) -> str | None:
        """The proposal that is written to: the one that is named, else that of the person; None before the first."""
        return _own_draft(self) if self.proposal is None else self.proposal


def _writing(
    *,
    request: Request,
    gate: GateParameter,
    person: PersonParameter,
    store: StoreParameter,
    definition: LayerParameter,
    language: LanguageParameter,
    proposal: ProposalParameter,
) -> _Writing:
    asked = _Writing(request, gate, person, store, definition, language, proposal)
    if (past := stated(request, "as_of", request.query_params.get("as_of"))) is not None:
        raise BadParameterError(seen=past, wanted=_PRESENT, where="as_of")
    if proposal is not None:
        check_edits(request, person, seen_proposal(gate.whole, person, proposal))
    elif not asked.direct and not person.access.may("propose", definition.id):
        raise refuse(person, "edit", seen=definition.id, where=asked.where)
    return asked


WritingParameter = Annotated[_Writing, Depends(_writing)]


def _named(component: str) -> Any:
    return Header(json_schema_extra={"component": component})


async def _body_headers(
    content_crs: Annotated[str | None, _named("content-crs")] = None,
    parkplan_message: Annotated[str | None, _named("message")] = None,
) -> None:
    """Declare the headers of a request that writes."""


async def _conditions(
    if_match: Annotated[str | None, _named("if-match")] = None,
    if_none_match: Annotated[str | None, _named("if-none-match")] = None,
) -> None:
    """Declare the headers of a request that sets a condition."""


_CREATE: Final = [Depends(check_format), Depends(_body_headers)]
_CHANGE: Final = [*_CREATE, Depends(_conditions)]


@router.post(
    _ALL,
    summary="Create a feature",
    status_code=201,
    dependencies=_CREATE,
    responses=document_of("feature", media_type=GEOJSON, status=201, problems=_PROBLEMS) | {202: _DRAFT},
    openapi_extra={"requestBody": _BODY},
)
def create_feature(body: FeatureParameter, writing: WritingParameter) -> Response:
    """Create a feature; its address stands in `Location`.

    Parameters
    ----------
    body : dict
        A GeoJSON Feature; with an id that is not used yet, or none.
    writing : WritingParameter
        Who writes, and where.

    Returns
    -------
    Response
        201 with the feature; 202 with the draft that keeps it.
    """
    given = body_id(body, where=writing.where)
    feature_id = secrets.token_hex(8) if given is None else given
    features = feature_frame(body, feature_id, request=writing.request)
    _check_area(writing, features)
    return _write(writing, [Put(writing.definition.id, features, "insert")], feature_id, "create", created=True)


@router.put(
    _ONE,
    summary="Replace a feature, or create it under a name",
    dependencies=_CHANGE,
    responses=document_of("feature", media_type=GEOJSON, problems=_CONDITIONAL)
    | document_of("feature", media_type=GEOJSON, status=201)
    | {202: _DRAFT},
    openapi_extra={"requestBody": _BODY},
)
def replace_feature(featureId: str, body: FeatureParameter, writing: WritingParameter) -> Response:  # noqa: N803
    """Replace a feature (`If-Match`), or create it where there is none (`If-None-Match: *`).

    Parameters
    ----------
    featureId : str
        The feature's id.
    body : dict
        The whole Feature: an attribute that it does not name is removed.
    writing : WritingParameter
        Who writes, and where.

    Returns
    -------
    Response
        200 or 201 with the feature; 202 with the draft that keeps it.

    Raises
    ------
    PreconditionRequiredError
        If the request has neither condition.
    PreconditionFailedError
        If the condition does not hold.
    """
    _check_id(writing, featureId, body)
    headers = writing.request.headers
    if headers.get("if-none-match", "").strip() == ANY and "if-match" not in headers:
        new = check_addressable(featureId, where=writing.where)
        features = feature_frame(body, new, request=writing.request)
        _check_area(writing, features)
        try:
            put: list[Edit] = [Put(writing.definition.id, features, "insert")]
            return _write(writing, put, featureId, "create", created=True)
        except FeatureExistsError as error:
            raise PreconditionFailedError(seen=featureId, wanted="If-None-Match: *", where=writing.where) from error
    base, current = _current(writing, featureId)
    features = patched_frame(current, {"properties": {}, **body}, request=writing.request, whole=True)
    _check_area(writing, current, features)
    return _write(writing, [Put(writing.definition.id, features, "update")], featureId, "replace", base=base)


@router.patch(
    _ONE,
    summary="Update a feature",
    dependencies=_CHANGE,
    responses=document_of("feature", media_type=GEOJSON, problems=_CONDITIONAL) | {202: _DRAFT},
    openapi_extra={"requestBody": _PATCH},
)
def update_feature(featureId: str, body: PatchParameter, writing: WritingParameter) -> Response:  # noqa: N803
    """Update some attributes of a feature, or its geometry, by a JSON Merge Patch.

    Parameters
    ----------
    featureId : str
        The feature's id.
    body : dict
        Members that change; null removes an attribute.
    writing : WritingParameter
        Who writes, and where.

    Returns
    -------
    Response
        200 with the feature; 202 with the draft that keeps it.

    Raises
    ------
    PreconditionRequiredError
        If the request has no `If-Match`.
    PreconditionFailedError
        If the feature is in another state.
    """
    _check_id(writing, featureId, body)
    base, current = _current(writing, featureId)
    features = patched_frame(current, body, request=writing.request)
    _check_area(writing, current, features)
    return _write(writing, [Put(writing.definition.id, features, "update")], featureId, "update", base=base)


@router.delete(
    _ONE,
    summary="Remove a feature",
    status_code=204,
    dependencies=_CHANGE,
    responses={204: _GONE, 202: _DRAFT, **{status: ref("responses", f"problem-{status}") for status in _CONDITIONAL}},
)
def remove_feature(featureId: str, writing: WritingParameter) -> Response:  # noqa: N803
    """Remove a feature; its history stays.

    Parameters
    ----------
    featureId : str
        The feature's id.
    writing : WritingParameter
        Who writes, and where.

    Returns
    -------
    Response
        204; 202 with the draft that keeps it.

    Raises
    ------
    PreconditionRequiredError
        If the request has no `If-Match`.
    PreconditionFailedError
        If the feature is in another state.
    """
    base, current = _current(writing, featureId)
    _check_area(writing, current)
    return _write(writing, [Remove(writing.definition.id, [featureId])], featureId, "remove", base=base)


@router.options(_ALL, include_in_schema=False)
def items_options(definition: LayerParameter, person: PersonParameter) -> Response:
    """Tell what may be done with the features of a layer.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    person : Person
        Who asks.

    Returns
    -------
    Response
        The methods in `Allow`.
    """
    return _allowed(definition, person, "POST")


@router.options(_ONE, include_in_schema=False)
def item_options(definition: LayerParameter, person: PersonParameter) -> Response:
    """Tell what may be done with a feature of a layer.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    person : Person
        Who asks.

    Returns
    -------
    Response
        The methods in `Allow`, and in `Accept-Patch` what a patch is.
    """
    return _allowed(definition, person, "PUT", "PATCH", "DELETE")


def _allowed(definition: LayerDefinition, person: Person, *methods: str) -> Response:
    writes = person.access.may("edit", definition.id) or person.access.may("propose", definition.id)
    allowed = ("GET", "HEAD", "OPTIONS", *(methods if writes else ()))
    headers = {"Allow": ", ".join(allowed)}
    if "PATCH" in allowed:
        headers["Accept-Patch"] = MERGE_PATCH
    return Response(status_code=204, headers=headers)


def _check_id(writing: _Writing, feature_id: str, body: JsonObject) -> None:
    given = body_id(body, where=writing.where)
    if given is not None and given != feature_id:
        raise ValueOutOfRangeError(seen=given, wanted=feature_id, where="id")


def _check_area(writing: _Writing, *states: gpd.GeoDataFrame) -> None:
    """Check that a feature lies where the person may change something, before and after."""
    ability: Ability = "edit" if writing.direct else "propose"
    shapes = np.array([state.geometry.iloc[0] for state in states], dtype=object)
    if not writing.person.access.reaches(ability, writing.definition.id, shapes).all():
        seen = f"{writing.definition.id}/{states[0].index[0]}"
        raise refuse(writing.person, ability, seen=seen, where=writing.where)


def _current(writing: _Writing, feature_id: str) -> tuple[int, gpd.GeoDataFrame]:
    """Return the state that a request is based on, with the changeset of which it is."""
    store, layer, where = writing.store, writing.definition.id, writing.where
    condition = writing.request.headers.get("if-match")
    if condition is None:
        raise PreconditionRequiredError(wanted="If-Match", where=where)
    base = store.latest()
    draft = None if writing.direct else writing.draft
    states = [{} if draft is None else {"proposal": draft}, {}]
    found = [frame for state in states if not (frame := _read(store, layer, feature_id, **state)).empty]
    if not found:
        if writing.request.method == "PUT":
            raise PreconditionFailedError(seen="-", wanted=condition, where=where)
        raise UnknownFeatureError(seen=feature_id, where=layer)
    named = named_states(condition)
    tags = [feature_state(frame) for frame in found]
    if ANY not in named and named.isdisjoint(tags):
        raise PreconditionFailedError(seen=strong_etag(tags[0], writing.language), wanted=condition, where=where)
    return base, found[0]


def _read(store: Store, layer: str, feature_id: str, **state: Any) -> gpd.GeoDataFrame:
    # No database holds a NUL character, so no feature is called so.
    return store.read(layer, ids=[] if "\0" in feature_id else [feature_id], **state)


def _write(
    writing: _Writing,
    edits: Sequence[Edit],
    feature_id: str,
    verb: str,
    *,
    created: bool = False,
    base: int | None = None,
) -> Response:
    layer = f"{writing.definition.id}/{feature_id}"
    message = said_message(writing.request) or f"{_VERBS[verb].say(writing.language)} {layer}"
    if not writing.direct:
        return _proposed(writing, edits, message, created=feature_id if created else None)
    try:
        done = writing.store.commit(edits, author=writing.person.name, message=message, base=base)
    except StaleBaseError as error:
        # Somebody was faster between the check and the lock.
        seen = Text(vi="trạng thái do người khác vừa ghi", en="one that somebody else has just written")
        condition = writing.request.headers.get("if-match", "")
        raise PreconditionFailedError(seen=seen, wanted=condition, where=writing.where) from error
    writing.request.state.audit = f"changeset {done.id}"
    if verb == "remove":
        return Response(status_code=204)
    return _feature_answer(writing, feature_id, created=created)


def _feature_answer(writing: _Writing, feature_id: str, *, created: bool) -> Response:
    language, base = writing.language, base_url(writing.request)
    features = _read(writing.store, writing.definition.id, feature_id)
    url = feature_url(base, writing.definition.id, feature_id)
    links = [
        link(url, "self", GEOJSON),
        link(collection_url(base, writing.definition.id), "collection", JSON, writing.definition.title.say(language)),
    ]
    headers = {"ETag": strong_etag(feature_state(features), language)}
    document = {**feature_objects(features)[0], "links": links}
    made = answer(document, language=language, media_type=GEOJSON, status=201 if created else 200, headers=headers)
    return located(made, url) if created else made


def _own_draft(writing: _Writing) -> str | None:
    """Return the draft in which the edits of a person are gathered; None before the first."""
    titles = (_TITLE.vi, _TITLE.en)
    drafts = list_proposals(writing.store, states=["draft"])
    own = [draft.id for draft in drafts if draft.author == writing.person.name and draft.title in titles]
    return own[0] if own else None


def _proposed(writing: _Writing, edits: Sequence[Edit], message: str, *, created: str | None) -> Response:
    """Keep edits in the draft of a person, whole: what he does not see of a feature stays in it."""
    whole, author = writing.gate.whole, writing.person.name
    draft = writing.draft
    if draft is None:
        draft = create_proposal(whole, _TITLE.say(writing.language), author=author, message=message).id
    edit_proposal(whole, draft, completed(writing.store, edits), author=author, message=message)
    writing.request.state.audit = f"proposal {draft}"
    base = base_url(writing.request)
    url = f"{base}/proposals/{draft}"
    document = {"proposal": draft, "links": [link(url, "item", JSON, message)]}
    # A new feature is found in the draft, and QGIS takes its id from there.
    place = None if created is None else feature_url(base, writing.definition.id, created)
    kept = answer(document, language=writing.language, status=202)
    if place is None or state_of(writing.request).get("proposal") == draft:
        return located(kept, place or url)
    return located(kept, f"{place}?proposal={draft}")
