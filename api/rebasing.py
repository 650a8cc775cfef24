"""Moving a proposal onto the newest state of the plan, over the web."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth.persons import PersonParameter
from api.links import JSON
from api.openapi import document_of
from api.params import LanguageParameter
from api.proposal_answers import (
    ONE,
    PROBLEMS,
    SEE_OTHER,
    WRITES,
    FoundParameter,
    from_page,
    refused,
    to_page,
    who_of,
    whole_store,
)
from api.proposal_bodies import read_fields, resolutions_of, text_of
from api.proposal_rights import check_decides, check_edits
from api.rebase_parts import REBASE_BODY
from api.responses import answer
from api.uploads import FORM
from layers.errors import ParkplanError, ProposalConflictError
from layers.proposals import merge_proposal, rebase_proposal
from layers.types import Text

__all__ = ["router"]

JsonObject = dict[str, Any]

_IN_THE_WAY: Final = {
    "seen": Text(vi="còn xung đột với quy hoạch hiện tại", en="conflicts with the plan as it is now are open"),
    "wanted": Text(vi="giải quyết hết rồi mới chuyển", en="each of them resolved, then it moves"),
}

router = APIRouter(tags=["proposals"], default_response_class=Response)


@router.post(
    f"{ONE}/rebase",
    summary="Move a proposal onto the newest state",
    dependencies=WRITES,
    responses=document_of("proposalRebase", problems=PROBLEMS) | SEE_OTHER,
    openapi_extra={
        "requestBody": {"required": True, "content": {kind: {"schema": REBASE_BODY} for kind in (JSON, FORM)}}
    },
)
async def proposal_rebase(
    request: Request, person: PersonParameter, found: FoundParameter, language: LanguageParameter
) -> Response:
    """Merge a draft or a returned proposal with what others changed since, as its next version on the newest base.

    Parameters
    ----------
    request : Request
        Its body tells why, and how conflicts are resolved; that is for those who may approve.
    person : Person
        Who moves it.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Whether it moved, and the conflicts that are in the way; for a browser, the way to its page.
    """
    fields = await read_fields(request)

    def move() -> JsonObject:
        store = whole_store(request)
        check_edits(request, person, found)
        rules = resolutions_of({"resolutions": fields["resolutions"]}) if fields.get("resolutions") else []
        if rules:
            check_decides(request, store, person, found, "approved")
        who, message = who_of(request, person, fields), text_of(fields, "message")
        merged = rebase_proposal(store, found.id, author=who, message=message, rules=rules)
        after = merged.proposal
        request.state.audit = f"proposal {after.id}: base {after.base}, version {after.version}"
        # What is in the way is told as its reader sees it.
        seen = merge_proposal(request.app.state.gate.store_for(person), found.id)
        told = {"proposal": after.id, "version": after.version, "against": merged.against, "base": after.base}
        return {"moved": after.base == merged.against, **told, **seen.merge.conflicts.document(language)}

    try:
        told = await run_in_threadpool(move)
    except ParkplanError as error:
        return await refused(request, found, person, error, language)
    if from_page(request):
        if not told["moved"]:
            return await refused(request, found, person, ProposalConflictError(**_IN_THE_WAY, where=found.id), language)
        return to_page(request, found.id, language)
    return answer(told, language=language)
