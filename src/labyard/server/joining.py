"""Making an account of one's own: by an invitation, or, where that is allowed, by asking."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from labyard.control.tries import PLACE_FREE, place_key
from labyard.errors import LabyardError, NotFoundError
from labyard.server.asker import Given
from labyard.server.forms import Field, Form, form_page, sent
from labyard.server.front_door import let_in, place_of, public_root
from labyard.server.new_password import chosen, password_fields
from labyard.server.services import Services
from labyard.store.accounts import NewAccount

router = APIRouter(include_in_schema=False)

_HANDLE_HINT = "1 to 32 lower-case letters, digits and hyphens. Others see it."
_BACK = (("Sign in", "/signin"),)


@router.get("/join")
async def invited(services: Given, token: str = "") -> Response:
    """Looking uses nothing up."""
    return await _join(services, token, {})


@router.post("/join")
async def join(request: Request, services: Given) -> Response:
    told = {"token": ""}
    try:
        told = await sent(request, "token", "username", "name", "password", "again")
        services.doors.tries.take({place_key(place_of(request)): PLACE_FREE})
        session = await services.doors.invitations.accept(
            told["token"], told["username"].strip(), told["name"].strip(), chosen(told)
        )
    except LabyardError as error:
        return await _join(services, told["token"], told, error=error)
    return await let_in(request, session)


@router.get("/signup")
async def asked(services: Given) -> Response:
    return _sign_up(services, {})


@router.post("/signup")
async def sign_up(request: Request, services: Given) -> Response:
    """With mail: an invitation is written to the address, and the page says the same whoever has it. Else at once."""
    told: dict[str, str] = {}
    doors = services.doors
    if not doors.signup:
        return _sign_up(services, told)
    try:
        told = await sent(request, "email", "username", "name", "password", "again")
        if doors.post is not None:
            doors.post.sign_up(told["email"], place=place_of(request), root=public_root(request))
            says = ("A letter is on its way to you. Its link makes your account, and is good for a day.",)
            return form_page("Look into your mail", None, says=says, links=_BACK)
        doors.tries.take({place_key(place_of(request)): PLACE_FREE})
        password, handle = chosen(told), told["username"].strip()
        user = await services.people.drafted(handle, told["name"].strip(), "learner")
        hashed = await doors.accounts.hashed(password, name=handle)
        session = await doors.accounts.make(NewAccount(user=user, password=hashed))
    except LabyardError as error:
        return _sign_up(services, told, error=error)
    return await let_in(request, session)


async def _join(services: Services, token: str, told: dict[str, str], *, error: LabyardError | None = None) -> Response:
    try:
        row = await services.doors.invitations.look(token)
    except NotFoundError as gone:
        more = ("Ask whoever invited you for another one.",)
        return form_page("This invitation does not work any more", None, below=more, error=gone, links=_BACK)
    links = []
    if services.provider is not None:
        links.append((f"Sign in with {services.provider.name}", f"/signin/oidc?invitation={quote(token, safe='')}"))
    says = [f"You are invited as {row.email}."] if row.email else []
    form = Form(action="/join", submit="Make my account", fields=_fields(told), hidden={"token": token})
    return form_page("Make your account", form, says=says, error=error, links=links)


def _sign_up(services: Services, told: dict[str, str], *, error: LabyardError | None = None) -> Response:
    if not services.doors.signup:
        says = ("Accounts here are made by invitation. Ask whoever runs this server.",)
        return form_page("Nobody signs up here", None, says=says, links=_BACK, status=404)
    if services.doors.post is None:
        form = Form(action="/signup", submit="Make my account", fields=_fields(told), hidden={})
        return form_page("Make an account", form, error=error, links=_BACK)
    field = Field(
        name="email", label="E-mail address", kind="email", autocomplete="email", value=told.get("email", ""), most=254
    )
    form = Form(action="/signup", submit="Send me a link", fields=(field,), hidden={})
    return form_page("Make an account", form, error=error, links=_BACK)


def _fields(told: dict[str, str]) -> tuple[Field, ...]:
    return (
        Field(
            name="username",
            label="Name to sign in with",
            autocomplete="username",
            hint=_HANDLE_HINT,
            value=told.get("username", ""),
            most=32,
        ),
        Field(
            name="name",
            label="Your name (if you like)",
            autocomplete="name",
            required=False,
            value=told.get("name", ""),
            most=200,
        ),
        *password_fields(),
    )
