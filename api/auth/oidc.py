"""Signing in by another service: OpenID Connect, authorization code flow with PKCE (RFC 7636).

Who somebody is, the other service says; what he may do, the register here says. So a person has to be in the register,
under the issuer and subject by which the service names him, before he gets in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.auth.gate import Gate
from api.auth.persons import GateParameter
from api.auth.signing import local_path, start_session
from api.errors import ProviderError, UnknownPathError
from api.links import base_url
from api.params import check_names
from layers.types import Text

if TYPE_CHECKING:
    from api.settings import Settings
    from layers.people import Account

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

JsonObject = dict[str, Any]
_COOKIE: Final = "parkplan_oidc"
#: How long somebody may take at the other service, and how long that one may take to answer, seconds.
_PATIENCE_S: Final = 600
_ANSWER_S: Final = 10
_LONGEST_ANSWER: Final = 1_000_000
#: How far clocks may differ, seconds.
_LEEWAY_S: Final = 60
#: Asymmetric signatures only: what the service signs, nobody else can.
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")


@router.get("/sign-in/oidc")
async def leave(request: Request) -> Response:
    """Send a browser to the other service.

    Parameters
    ----------
    request : Request
        Its query tells where to go afterwards.

    Returns
    -------
    Response
        The way there.

    Raises
    ------
    ProviderError
        If the service does not answer.
    """
    check_names(request, ("next", "lang"))
    settings = _settings(request)
    service = await run_in_threadpool(_discover, settings)
    verifier, state, nonce = (secrets.token_urlsafe(48) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": settings.oidc_client_id,
        "redirect_uri": _back(request),
        "scope": "openid profile",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    answer = RedirectResponse(f"{service['authorization_endpoint']}?{urlencode(asked)}", status_code=303)
    kept = {
        "verifier": verifier,
        "state": state,
        "nonce": nonce,
        "next": local_path(request.query_params.get("next", "/")),
    }
    packed = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()
    secure = _back(request).startswith("https://")
    answer.set_cookie(
        _COOKIE, packed, max_age=_PATIENCE_S, httponly=True, samesite="lax", secure=secure, path="/sign-in"
    )
    return answer


@router.get("/sign-in/oidc/back")
async def come_back(request: Request, gate: GateParameter) -> Response:
    """Take back a browser from the other service, and sign in whom that one names.

    Parameters
    ----------
    request : Request
        Its query has the code.
    gate : Gate
        Of the application.

    Returns
    -------
    Response
        The way to where he wanted.

    Raises
    ------
    ProviderError
        If the service refuses, what it says cannot be trusted, or nobody here is named so.
    """
    settings, given = _settings(request), request.query_params
    kept = _kept(request)
    if not kept or not hmac.compare_digest(given.get("state", ""), str(kept.get("state", ""))):
        raise _failed(settings, "state", wanted=Text(vi="đăng nhập lại từ đầu", en="to begin again"))
    if "code" not in given:
        raise _failed(settings, given.get("error", "?")[:100], wanted="code")
    claims = await run_in_threadpool(_claims, settings, given["code"], kept, _back(request))
    account = await run_in_threadpool(_account, gate, settings, claims)
    answer = RedirectResponse(f"{base_url(request)}{local_path(str(kept['next']))}", status_code=303)
    await run_in_threadpool(start_session, gate, request, answer, account)
    await run_in_threadpool(
        gate.people.audit.add, "sign-in", settings.oidc_issuer, person=account.id, detail=f"sub {claims['sub']}"
    )
    answer.delete_cookie(_COOKIE, path="/sign-in")
    return answer


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    if not settings.oidc_issuer:
        wanted = Text(vi="thiết lập PARKPLAN_OIDC_ISSUER", en="the setting PARKPLAN_OIDC_ISSUER")
        raise UnknownPathError(seen=request.url.path, wanted=wanted, where=request.url.path)
    return settings


def _back(request: Request) -> str:
    return f"{base_url(request)}/sign-in/oidc/back"


def _kept(request: Request) -> JsonObject:
    try:
        kept = json.loads(base64.urlsafe_b64decode(request.cookies.get(_COOKIE, "")))
    except ValueError:  # no cookie, or one that is not ours
        return {}
    return kept if isinstance(kept, dict) and {"verifier", "state", "nonce", "next"} <= kept.keys() else {}


def _failed(settings: Settings, seen: object, *, wanted: object) -> ProviderError:
    return ProviderError(seen=seen, wanted=wanted, where=settings.oidc_issuer)


def _fetch(settings: Settings, url: str, form: Mapping[str, str] | None = None) -> JsonObject:
    """Ask the other service."""
    headers = {"Accept": "application/json"}
    data = None if form is None else urlencode(form).encode()
    if form is not None and settings.oidc_client_secret:
        pair = urlencode({settings.oidc_client_id: settings.oidc_client_secret}).replace("=", ":", 1)
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    wanted = Text(vi="câu trả lời JSON", en="an answer in JSON")
    if not url.startswith(("https://", "http://")):
        raise _failed(settings, url[:100], wanted="http(s)://")
    try:
        asked = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - checked above
        with urllib.request.urlopen(asked, timeout=_ANSWER_S) as answered:  # noqa: S310
            document = json.loads(answered.read(_LONGEST_ANSWER))
    except (urllib.error.URLError, TimeoutError, OSError, ValueError) as error:
        raise _failed(settings, type(error).__name__, wanted=wanted) from error
    if not isinstance(document, dict):
        raise _failed(settings, type(document).__name__, wanted=wanted)
    return document


def _discover(settings: Settings) -> JsonObject:
    document = _fetch(settings, f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration")
    if document.get("issuer") != settings.oidc_issuer:
        raise _failed(settings, f"issuer {document.get('issuer')!r}"[:200], wanted=settings.oidc_issuer)
    return document


def _claims(settings: Settings, code: str, kept: JsonObject, back: str) -> JsonObject:
    """Change a code for what the service says about a person, and check that it says so, to us and now."""
    service = _discover(settings)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "client_id": settings.oidc_client_id,
        "code_verifier": kept["verifier"],
    }
    answered = _fetch(settings, str(service.get("token_endpoint", "")), form)
    wanted = Text(vi="id_token ký hợp lệ", en="an id_token that is signed and valid")
    try:
        keys = KeySet.import_key_set(_fetch(settings, str(service.get("jwks_uri", ""))))  # type: ignore[arg-type]
        token = jwt.decode(str(answered.get("id_token", "")), keys, algorithms=list(_ALGORITHMS))
        jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": settings.oidc_issuer},
            aud={"essential": True, "value": settings.oidc_client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": kept["nonce"]},
        ).validate(token.claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise _failed(settings, f"{type(error).__name__}: {error}"[:200], wanted=wanted) from error
    return dict(token.claims)


def _account(gate: Gate, settings: Settings, claims: JsonObject) -> Account:
    subject = f"{settings.oidc_issuer}|{claims['sub']}"
    account = gate.people.accounts.by_subject(subject)
    if account is None or not account.active:
        wanted = Text(
            vi=f"parkplan people add … --subject '{subject}'", en=f"parkplan people add … --subject '{subject}'"
        )
        raise _failed(settings, f"sub {claims['sub']}", wanted=wanted)
    return account
