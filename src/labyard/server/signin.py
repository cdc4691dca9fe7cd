"""Who am I, and the way in: one-time links and passwords that become a cookie."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from labyard.errors import ForbiddenError, LabyardError
from labyard.server.asker import SECURE_COOKIE, Asker, Given, cookie_names, session_of, who
from labyard.server.coming_back import wanted_page
from labyard.server.forms import form_page, sent
from labyard.server.front_door import let_in, place_of, sign_in_page
from labyard.server.places import is_own_page, page_root

router = APIRouter(tags=["sign-in"])


@router.get("/healthz")
async def healthz() -> Any:
    return {"status": "ok"}


@router.get("/api/auth/me")
async def me(person: Asker) -> Any:
    """labctl's; ours: `handle`, `role`, `proof`."""
    return {
        "id": person.id,
        "githubProfileId": "",
        "preferredRegion": "",
        "handle": person.handle,
        "role": person.role.value,
        "proof": person.proof.value,
    }


@router.post("/api/auth/logout")
async def logout(request: Request, _person: Asker, services: Given) -> Response:
    if (secret := session_of(request)) is not None:
        await services.access.sign_out(secret)
    response = JSONResponse({"status": "ok"})
    for name in cookie_names(services):
        response.delete_cookie(name, path="/", secure=name == SECURE_COOKIE, httponly=True, samesite="lax")
    return response


@router.post("/api/signin-links")
async def new_link(request: Request, person: Asker, services: Given) -> Any:
    """A link that signs one browser in, once, within a quarter of an hour."""
    return {"url": f"{page_root(request)}/signin?token={await services.access.new_link(person.id)}"}


@router.get("/signin", include_in_schema=False)
async def sign_in(request: Request, services: Given, token: str = "", next: str = "") -> Response:  # noqa: A002 - as in the link
    """A link, once; without one, the form. `next`: the page to go on to; else the one that was wanted before."""
    onward = next if is_own_page(next) else wanted_page(request)
    if not token:
        if await who(request) is not None:
            return RedirectResponse(onward, 303)
        return sign_in_page(request, onward=onward, status=200)
    try:
        session = await services.access.sign_in(token)
    except ForbiddenError as error:
        return form_page("This link does not work any more", None, error=error, links=(("Sign in", "/signin"),))
    return await let_in(request, session, onward)


@router.post("/signin", include_in_schema=False)
async def sign_in_with_password(request: Request, services: Given) -> Response:
    """Whatever is wrong, the same page says the same."""
    told = {"username": "", "next": "/"}
    try:
        told = await sent(request, "username", "password", "next")
        session = await services.doors.accounts.sign_in(told["username"], told["password"], place=place_of(request))
    except LabyardError as error:
        onward = told["next"] if is_own_page(told["next"]) else "/"
        return sign_in_page(request, onward=onward, name=told["username"], error=error)
    return await let_in(request, session, told["next"])
