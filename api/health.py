"""Health: whether the server runs, and whether its store answers so that it can serve."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.openapi import document_of
from api.params import LanguageParameter, StoreParameter, check_format
from api.responses import answer

__all__ = ["router"]

router = APIRouter(tags=["server"], dependencies=[Depends(check_format)])


@router.get("/live", summary="Liveness", responses=document_of("live"))
async def live(language: LanguageParameter) -> Response:
    """Return that the server runs, whatever its store does.

    Parameters
    ----------
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        `status`.
    """
    return answer({"status": "ok"}, language=language, headers={"Cache-Control": "no-store"})


@router.get("/health", summary="Readiness: the store answers", responses=document_of("health"))
def health(store: StoreParameter, language: LanguageParameter) -> Response:
    """Return that the server runs and its store answers.

    Parameters
    ----------
    store : Store
        The store; it is asked for its newest changeset, which reads the database.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        `status`, `changeset`; 503 problem details when the store does not answer.
    """
    return answer(
        {"status": "ok", "changeset": store.latest()}, language=language, headers={"Cache-Control": "no-store"}
    )
