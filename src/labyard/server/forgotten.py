"""A password that was forgotten: a letter is asked for, and its link lets one choose another."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from labyard.control.passwords import LEAST, MOST
from labyard.errors import LabyardError, NotFoundError
from labyard.server.asker import Given
from labyard.server.forms import Field, Form, form_page, sent
from labyard.server.front_door import let_in, place_of, public_root
from labyard.server.new_password import chosen, password_fields
from labyard.server.services import Services
from labyard.server.sockets import sockets_of

router = APIRouter(include_in_schema=False)

_NO_MAIL = "This server sends no mail. Whoever runs it makes you a link: `labyard user password NAME --link`."


@router.get("/forgot")
async def forgot(services: Given) -> Response:
    return _ask(services)


@router.post("/forgot")
async def write(request: Request, services: Given) -> Response:
    """Says the same, as fast, whether or not anybody has this address."""
    told = {"email": ""}
    post = services.doors.post
    if post is None:
        return _ask(services)
    try:
        told = await sent(request, "email")
        post.forgot(told["email"], place=place_of(request), root=public_root(request))
    except LabyardError as error:
        return _ask(services, email=told["email"], error=error)
    says = (
        "If somebody here has this address, a letter is on its way to it, with a link that is good for half an hour.",
    )
    return form_page("Look into your mail", None, says=says, links=(("Back to signing in", "/signin"),))


@router.get("/password")
async def choose(services: Given, token: str = "") -> Response:
    """Looking uses nothing up: mail programs look at links too."""
    return await _choose(services, token)


@router.post("/password")
async def change(request: Request, services: Given) -> Response:
    told = {"token": ""}
    try:
        told = await sent(request, "token", "password", "again")
        accounts = services.doors.accounts
        user = await accounts.of_link(told["token"])
        session = await accounts.reset(told["token"], chosen(told))
    except LabyardError as error:
        return await _choose(services, told["token"], error=error)
    sockets_of(request).end(user.id)
    return await let_in(request, session)


def _ask(services: Services, *, email: str = "", error: LabyardError | None = None) -> Response:
    back = (("Back to signing in", "/signin"),)
    if services.doors.post is None:
        return form_page("Forgot your password?", None, says=(_NO_MAIL,), links=back, status=404)
    field = Field(name="email", label="E-mail address", kind="email", autocomplete="email", value=email, most=254)
    form = Form(action="/forgot", submit="Send me a link", fields=(field,), hidden={})
    return form_page("Forgot your password?", form, links=back, error=error)


async def _choose(services: Services, token: str, *, error: LabyardError | None = None) -> Response:
    try:
        user = await services.doors.accounts.of_link(token)
    except NotFoundError as gone:
        return form_page("This link does not work any more", None, error=gone, links=(("Sign in", "/signin"),))
    name = Field(name="username", label="Name", autocomplete="username", value=user.handle, required=False)
    form = Form(
        action="/password", submit="Change the password", fields=(name, *password_fields()), hidden={"token": token}
    )
    says = (f"{LEAST} to {MOST} characters. All browsers that are signed in as you are signed out.",)
    return form_page("Choose a password", form, says=says, error=error)
