"""/signin/oidc: to the provider and back. What must come back with the browser travels in a signed cookie of ten minutes."""

from __future__ import annotations

import base64
import hmac
from dataclasses import astuple, dataclass
from datetime import timedelta
from typing import Final

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from labyard.control.access import Access
from labyard.control.tries import PLACE_FREE, place_key
from labyard.errors import ForbiddenError, LabyardError
from labyard.server.asker import Given, services_of
from labyard.server.cookies import give_cookie
from labyard.server.forms import form_page
from labyard.server.front_door import let_in, place_of, public_root
from labyard.server.oidc.answers import ProviderError, ProviderRefusedError, refusal
from labyard.server.oidc.provider import Provider
from labyard.server.places import is_own_page

log = structlog.get_logger()

router = APIRouter(include_in_schema=False)

BEGIN: Final = "/signin/oidc"
BACK: Final = "/signin/oidc/callback"
COOKIE = "labyard_oidc"
SECURE_COOKIE = "__Host-labyard_oidc"
_LIFE: Final = timedelta(minutes=10)
_ABOUT: Final = "oidc:"
_LONGEST_NEXT: Final = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """One way there and back, of one browser."""

    state: str
    nonce: str
    verifier: str
    onward: str
    invitation: str

    def sealed(self, access: Access) -> str:
        words = (base64.urlsafe_b64encode(word.encode()).decode().rstrip("=") for word in astuple(self))
        return access.ticket(_ABOUT + "~".join(words), _LIFE)

    @classmethod
    def opened(cls, access: Access, ticket: str) -> Flow | None:
        """None for one that we did not make, or that is too old."""
        text = access.read_ticket(ticket)
        if text is None or not text.startswith(_ABOUT):
            return None
        words = [
            base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode()
            for word in text.removeprefix(_ABOUT).split("~")
        ]
        state, nonce, verifier, onward, invitation = words
        return cls(state=state, nonce=nonce, verifier=verifier, onward=onward, invitation=invitation)


@router.get(BEGIN)
async def begin(request: Request, services: Given, next: str = "/", invitation: str = "") -> Response:  # noqa: A002
    provider = services.provider
    if provider is None:
        return _none()
    try:
        services.doors.tries.take({place_key(place_of(request)): PLACE_FREE})
        begun = await provider.begin(public_root(request) + BACK)
    except LabyardError as error:
        return _failed(provider, error)
    flow = Flow(
        state=begun.state,
        nonce=begun.nonce,
        verifier=begun.verifier,
        onward=next if is_own_page(next) and len(next) <= _LONGEST_NEXT else "/",
        invitation=invitation[:100],
    )
    response = RedirectResponse(begun.url, 303, {"Cache-Control": "no-store"})
    for name in _names(request):
        give_cookie(response, name, flow.sealed(services.access), _LIFE, secure=name == SECURE_COOKIE)
    return response


@router.get(BACK)
async def back(
    request: Request, services: Given, state: str = "", code: str = "", iss: str = "", error: str = ""
) -> Response:
    provider = services.provider
    if provider is None:
        return _none()
    try:
        flow = _flow(request, state)
        if error:
            raise ProviderRefusedError(f"{provider.name} says no: {refusal(error)}", hint="try again, or ask there")
        who = await provider.finish(
            public_root(request) + BACK, code=code, verifier=flow.verifier, nonce=flow.nonce, issuer=iss
        )
        session = await services.doors.identities.let_in(who, flow.invitation)
    except LabyardError as failure:
        response = _failed(provider, failure)
    else:
        services.doors.tries.give_back(place_key(place_of(request)))
        response = await let_in(request, session, flow.onward)
    for name in _names(request):
        response.delete_cookie(name, path="/", secure=name == SECURE_COOKIE, httponly=True, samesite="lax")
    return response


def _flow(request: Request, state: str) -> Flow:
    """What this browser began. ForbiddenError when it began nothing, or something else: then somebody else did."""
    access = services_of(request).access
    sealed = next((request.cookies[name] for name in _names(request) if name in request.cookies), "")
    flow = Flow.opened(access, sealed)
    if flow is None or not hmac.compare_digest(flow.state.encode(), state.encode()):
        raise ForbiddenError("this was begun in another browser, or too long ago", hint="sign in once more")
    return flow


def _names(request: Request) -> tuple[str, ...]:
    return (SECURE_COOKIE,) if services_of(request).settings.secure else (SECURE_COOKIE, COOKIE)


def _none() -> Response:
    return form_page("There is no other way in", None, links=(("Sign in", "/signin"),), status=404)


def _failed(provider: Provider, error: LabyardError) -> Response:
    if isinstance(error, ProviderError):
        log.warning("oidc", code=error.code, error=error.message)
    title = f"Signing in with {provider.name} did not work"
    return form_page(title, None, error=error, links=(("Back to signing in", "/signin"),))
