"""The parts of the OpenAPI document that speak of moving a proposal onto a newer base."""

from __future__ import annotations

from typing import Any, Final

from api.proposal_schemas import PROPOSAL_BODIES, PROPOSAL_SCHEMAS

__all__ = ["REBASE_BODY", "REBASE_SCHEMAS"]

JsonObject = dict[str, Any]

_RESOLUTION: Final = PROPOSAL_BODIES["resolution"]["properties"]
_CONFLICTS: Final = PROPOSAL_SCHEMAS["conflictList"]
#: What is sent: why, and how conflicts are resolved that are in the way.
REBASE_BODY: Final[JsonObject] = {
    "type": "object",
    "properties": {name: _RESOLUTION[name] for name in ("resolutions", "message", "author")},
}
REBASE_SCHEMAS: Final[dict[str, JsonObject]] = {
    "proposalRebase": {
        **_CONFLICTS,
        "required": ["moved", "base", *_CONFLICTS["required"]],
        "properties": {
            "moved": {"type": "boolean", "description": "Whether it stands on the newest state now."},
            "base": {"type": "integer", "minimum": 0, "description": "The changeset that it stands on."},
            **_CONFLICTS["properties"],
        },
    },
}
