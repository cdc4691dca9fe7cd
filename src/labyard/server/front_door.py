"""The page where one signs in, and what happens to a browser that is let in."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from labyard.control.access import SESSION_LIFE
from labyard.errors import LabyardError
from labyard.server.asker import SECURE_COOKIE, cookie_names, services_of, session_of
from labyard.server.coming_back import forget_page, remember_page
from labyard.server.cookies import give_cookie
from labyard.server.forms import Field, Form, form_page
from labyard.server.places import is_own_page, page_root

_ON_THE_BOX = "On the box itself, `labyard signin-link` prints a link that signs one browser in, once."


def sign_in_page(
    request: Request, *, onward: str | None = None, name: str = "", error: LabyardError | None = None, status: int = 401
) -> Response:
    """For whoever opens a page and has no session. `onward`: where they go then; the page they asked for."""
    services = services_of(request)
    doors = services.doors
    wanted = asked_page(request) if onward is None else onward
    links = []
    if services.provider is not None:
        links.append((f"Sign in with {services.provider.name}", f"/signin/oidc?next={quote(wanted, safe='')}"))
    if doors.post is not None:
        links.append(("Forgot your password?", "/forgot"))
    if doors.signup:
        links.append(("Make an account", "/signup"))
    form = Form(
        action="/signin",
        submit="Sign in",
        hidden={"next": wanted},
        fields=(
            Field(name="username", label="Name or e-mail address", autocomplete="username", value=name, most=254),
            Field(name="password", label="Password", kind="password", autocomplete="current-password"),
        ),
    )
    answer = form_page("Sign in to Labyard", form, links=links, below=(_ON_THE_BOX,), error=error, status=status)
    if onward is None:
        remember_page(request, answer)  # for who comes by a link
    return answer


def asked_page(request: Request) -> str:
    """The page of ours that was asked for, with its query."""
    query = request.url.query
    path = f"{request.url.path}?{query}" if query else request.url.path
    return path if is_own_page(path) else "/"


async def let_in(request: Request, session: str, onward: str = "/") -> Response:
    """With a cookie nobody had before; whoever this browser was signed in as is out."""
    services = services_of(request)
    if (before := session_of(request)) is not None:
        await services.access.sign_out(before)
    response = RedirectResponse(onward if is_own_page(onward) else "/", 303)
    for name in cookie_names(services):
        give_cookie(response, name, session, SESSION_LIFE, secure=name == SECURE_COOKIE)
    forget_page(request, response)
    return response


def place_of(request: Request) -> str:
    """The address somebody comes from, as far as we are told."""
    return "" if request.client is None else request.client.host


def public_root(request: Request) -> str:
    """Where the pages are, for letters: as the operator says it, else as whoever asks calls us."""
    return services_of(request).doors.url or page_root(request)
