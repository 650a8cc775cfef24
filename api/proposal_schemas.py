"""The parts of the OpenAPI document that speak of proposals."""

from __future__ import annotations

from typing import Any, Final

from layers.merge import CHOICES, KINDS
from layers.proposals import STATES

__all__ = ["PROPOSAL_BODIES", "PROPOSAL_PARAMETERS", "PROPOSAL_SCHEMAS"]

JsonObject = dict[str, Any]

_TEXT: Final[JsonObject] = {"type": "string"}
_WORD: Final[JsonObject] = {"type": "string", "minLength": 1}
_COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
_TIME: Final[JsonObject] = {"type": "string", "format": "date-time"}
_DAY: Final[JsonObject] = {"type": "string", "format": "date"}
_STATE: Final[JsonObject] = {"type": "string", "enum": list(STATES)}
_LINKS: Final[JsonObject] = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
_PLACE: Final[JsonObject] = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}
_AUTHOR: Final[JsonObject] = {**_TEXT, "description": "Who does it; counts only where nobody signs in."}


def _object(required: str = "", **properties: JsonObject) -> JsonObject:
    schema: JsonObject = {"type": "object", "properties": properties}
    return {**schema, "required": required.split()} if required else schema


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _anything(description: str) -> JsonObject:
    return {"type": "object", "additionalProperties": True, "description": description}


def _nullable(schema: JsonObject) -> JsonObject:
    return {**schema, "nullable": True}


#: Every parameter by the name of its component.
PROPOSAL_PARAMETERS: Final[dict[str, JsonObject]] = {
    "proposalId": {
        "name": "proposalId",
        "in": "path",
        "required": True,
        "description": "Number of a proposal.",
        "schema": _TEXT,
    },
    "eventNumber": {
        "name": "eventNumber",
        "in": "path",
        "required": True,
        "description": "Number of an event of the proposal.",
        "schema": _TEXT,
    },
    "proposal-state": {
        "name": "state",
        "in": "query",
        "required": False,
        "description": "Only proposals in this state.",
        "schema": _STATE,
    },
    "proposal-author": {
        "name": "author",
        "in": "query",
        "required": False,
        "description": "Only proposals of this person or institute, by the name that they are listed with.",
        "schema": _TEXT,
    },
    "proposal-version": {
        "name": "version",
        "in": "query",
        "required": False,
        "description": "What the proposal changed in this version; in its newest, without it.",
        "schema": _COUNT,
    },
    "proposal": {
        "name": "proposal",
        "in": "query",
        "required": False,
        "description": "The state that this proposal would make.",
        "schema": _WORD,
    },
}

_FIELD: Final = _object(
    "field title before_text after_text",
    field=_TEXT,
    title=_TEXT,
    before={"nullable": True},
    after={"nullable": True},
    before_text=_TEXT,
    after_text=_TEXT,
)
_EVENT: Final = _object(
    "number kind state version who time message",
    number=_COUNT,
    kind={"type": "string", "enum": ["created", "changed", "resolved", "moved"]},
    state=_STATE,
    state_title=_TEXT,
    version=_COUNT,
    who=_TEXT,
    time=_TIME,
    message=_TEXT,
    decision=_nullable(_object("number", number=_TEXT, date=_nullable(_DAY))),
    attached=_nullable({**_TEXT, "description": "Name of the file; it is at `events/{eventNumber}/document`."}),
    detail=_anything("What more is known."),
)
_STANDING: Final[dict[str, JsonObject]] = {
    "id": _TEXT,
    "title": _TEXT,
    "state": _STATE,
    "state_title": _TEXT,
    "next_states": _list(_object("state title", state=_STATE, title=_TEXT, message_wanted={"type": "boolean"})),
    "editable": {"type": "boolean"},
    "base": _COUNT,
    "author": _TEXT,
    "created": _TIME,
    "updated": _TIME,
    "version": _COUNT,
    "changeset": _nullable({**_COUNT, "description": "The changeset that took it in."}),
    "links": _LINKS,
}
_REQUIRED: Final = "id title state base author created updated version links"

#: Every body by the name of its component.
PROPOSAL_SCHEMAS: Final[dict[str, JsonObject]] = {
    "proposalList": _object("proposals links", proposals=_list(_object(_REQUIRED, **_STANDING)), links=_LINKS),
    "proposal": _object(
        f"{_REQUIRED} changes events",
        **_STANDING,
        changes=_list(
            _object("layer title", layer=_TEXT, title=_TEXT, insert=_COUNT, update=_COUNT, delete=_COUNT),
        ),
        events=_list(_EVENT),
        comments=_COUNT,
        open_comments=_COUNT,
    ),
    "proposalChanges": _object(
        "proposal version base layers",
        proposal=_TEXT,
        version=_COUNT,
        base=_COUNT,
        language=_TEXT,
        changes=_anything("Titles of the kinds of change."),
        layers=_list(
            _object(
                "layer title counts features",
                layer=_TEXT,
                title=_TEXT,
                counts={"type": "object", "additionalProperties": _COUNT},
                left_out=_COUNT,
                features=_list(
                    _object(
                        "feature_id name change fields",
                        feature_id=_TEXT,
                        name=_TEXT,
                        change={"type": "string", "enum": ["insert", "update", "delete"]},
                        change_title=_TEXT,
                        fields=_list(_FIELD),
                        shape=_list(_FIELD),
                        geometry_before={"$ref": "#/components/schemas/geometry"},
                        geometry_after={"$ref": "#/components/schemas/geometry"},
                        measures=_anything("Areas in m2, lengths and displacement in m."),
                    )
                ),
            )
        ),
    ),
    "comment": _object(
        "number who time text resolved",
        number=_COUNT,
        parent=_nullable(_COUNT),
        who=_TEXT,
        time=_TIME,
        text=_TEXT,
        layer=_nullable(_TEXT),
        feature_id=_nullable(_TEXT),
        place=_nullable({**_PLACE, "description": "Longitude and latitude."}),
        resolved={"type": "boolean"},
        resolved_by=_nullable(_TEXT),
        resolved_at=_nullable(_TIME),
    ),
    "commentList": _object(
        "proposal comments", proposal=_TEXT, comments=_list({"$ref": "#/components/schemas/comment"})
    ),
    "proposalChecks": _object(
        "proposal version against summary validation reviews",
        proposal=_TEXT,
        version=_COUNT,
        against={**_COUNT, "description": "The changeset of the plan that it was compared with."},
        language=_TEXT,
        summary=_anything("Numbers of new, fixed and unchanged findings of validation and review."),
        validation=_anything("`summary` and `issues`."),
        reviews=_list(_anything("For each horizon `summary` and `findings`, a GeoJSON feature collection.")),
        notes=_list(_TEXT),
    ),
    "conflictList": _object(
        "proposal version against conflicts open items",
        proposal=_TEXT,
        version=_COUNT,
        against=_COUNT,
        language=_TEXT,
        conflicts=_COUNT,
        open=_COUNT,
        kinds=_list(_anything("How many of each kind.")),
        items=_list(_anything("What each side has, where, how it can be and was resolved.")),
    ),
}

_DOCUMENT: Final[JsonObject] = {
    **_anything("`name`, `media_type`, and `content` in Base64; in a form, the file itself."),
    "required": ["name", "content"],
}
_EDIT: Final[dict[str, JsonObject]] = {
    "layer": {**_WORD, "description": "Id of the layer."},
    "put": _anything("A GeoJSON Feature or FeatureCollection; each feature with its id, whole."),
    "mode": {"type": "string", "enum": ["upsert", "insert", "update", "replace"], "default": "upsert"},
    "remove": _list(_WORD),
    "withdraw": {**_list(_WORD), "description": "Features of which nothing is said any more."},
}
_RESOLUTION: Final[dict[str, JsonObject]] = {
    "choice": {"type": "string", "enum": list(CHOICES), "description": "`ours` is the plan, `theirs` the proposal."},
    "layer": _TEXT,
    "kind": {"type": "string", "enum": list(KINDS)},
    "feature_id": _TEXT,
    "field": _TEXT,
    "other": _TEXT,
    "value": {"description": "With `value`: an attribute, a GeoJSON geometry, or another id."},
    "why": _TEXT,
}
#: What is sent.
PROPOSAL_BODIES: Final[dict[str, JsonObject]] = {
    "new": _object(
        "title",
        title=_WORD,
        message=_TEXT,
        base={**_COUNT, "description": "The changeset that it changes; the newest, without it."},
        author=_AUTHOR,
    ),
    "changes": _object(
        "",
        **_EDIT,
        edits={**_list(_object("layer", **_EDIT)), "description": "Several layers at once, in the place of the above."},
        version={**_COUNT, "description": "The version that the edits were made on; refused if there is a newer one."},
        message=_TEXT,
        author=_AUTHOR,
    ),
    "transition": _object(
        "state",
        state={"type": "string", "enum": [state for state in STATES if state != "draft"]},
        message={**_TEXT, "description": "Wanted where a proposal is returned or rejected."},
        decision=_object("number", number=_WORD, date=_DAY),
        document=_DOCUMENT,
        author=_AUTHOR,
    ),
    "comment": _object(
        text=_WORD,
        parent={**_COUNT, "description": "The comment that it answers."},
        layer=_TEXT,
        feature_id=_TEXT,
        place={**_PLACE, "description": "Longitude and latitude."},
        resolve={**_COUNT, "description": "In the place of a text: the comment that is settled."},
        resolved={"type": "string", "enum": ["true", "false"]},
        author=_AUTHOR,
    ),
    "resolution": _object(
        "",
        **_RESOLUTION,
        resolutions={**_list(_object("choice", **_RESOLUTION)), "description": "Several at once."},
        message=_TEXT,
        author=_AUTHOR,
    ),
}
