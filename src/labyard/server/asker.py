"""Who is asking: `Authorization: Bearer`, `Basic id:token`, or the page's cookie; and whether they may from there."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from labyard.control.access import Access, Person, Proof
from labyard.control.roles import Right, Role, may
from labyard.control.scopes import covers, needed
from labyard.errors import ForbiddenError
from labyard.server.problems import UnauthorizedError
from labyard.server.services import Services

COOKIE = "labyard_session"
SECURE_COOKIE = "__Host-labyard_session"
_SAFE = ("GET", "HEAD", "OPTIONS")
_SIGN_IN = "open a sign-in link (`labyard signin-link`), or send `Authorization: Bearer TOKEN`"


def services_of(connection: HTTPConnection) -> Services:
    services = connection.app.state.services
    assert isinstance(services, Services)  # noqa: S101 - put there by create_app
    return services


def cookie_names(services: Services) -> tuple[str, ...]:
    """The first is one that no page of a port, which is of the same site, can set or shadow (`__Host-`, RFC 6265bis).

    It needs a secure origin, which browsers take `*.localhost` for without TLS; the other is for those that do not.
    """
    return (SECURE_COOKIE,) if services.settings.secure else (SECURE_COOKIE, COOKIE)


def session_of(connection: HTTPConnection) -> str | None:
    """The secret of the page's session."""
    cookies = connection.cookies
    names = cookie_names(services_of(connection))
    return next((cookies[name] for name in names if name in cookies), None)


async def who(connection: HTTPConnection) -> Person | None:
    """Who is asking, None for a stranger. A wrong token is not overruled by a right cookie."""
    services = services_of(connection)
    header = connection.headers.get("authorization")
    if header is not None:
        return await _by_header(services.access, header)
    secret = session_of(connection)
    return None if secret is None else await services.access.by_session(secret)


async def asker(connection: HTTPConnection) -> Person:
    """Who is asking, if they may. By cookie, every change and every socket must come from our own page."""
    person = await who(connection)
    if person is None:
        raise UnauthorizedError("who are you?", hint=_SIGN_IN)
    method = "WEBSOCKET" if connection.scope["type"] == "websocket" else str(connection.scope["method"])
    if person.scopes is not None and not covers(person.scopes, method, connection.scope["path"]):
        scope = needed(method, connection.scope["path"])
        hint = f"it takes one with `{scope}`" if scope is not None else "it takes one that is not bound to scopes"
        raise ForbiddenError("this token is not good for that", hint=hint)
    changes = method not in _SAFE
    if changes and person.proof is Proof.COOKIE:
        check_origin(connection)
    return person


def check_origin(connection: HTTPConnection) -> None:
    """The page's exact origin: another port or name of the same site is somebody else."""
    secure = services_of(connection).settings.secure
    expected = f"{'https' if secure else 'http'}://{connection.headers.get('host', '')}"
    if connection.headers.get("origin") != expected:
        raise ForbiddenError(
            "this request does not come from Labyard's own page", hint=f"its Origin must be {expected}"
        )


async def _by_header(access: Access, header: str) -> Person | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return await access.by_token(value.strip())
    if scheme.lower() == "basic":
        try:
            token_id, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return await access.by_token(secret, token_id=token_id) if colon else None
    return None


Asker = Annotated[Person, Depends(asker)]


def _with(right: Right) -> Any:
    async def allowed(person: Asker) -> Person:
        check_right(person, right)
        return person

    return Depends(allowed)


def check_right(person: Person, right: Right) -> None:
    if not may(person.role, right):
        raise ForbiddenError(f"a {person.role} may not do this", hint=f"it takes the role of {_who_may(right)}")


def _who_may(right: Right) -> str:
    return " or ".join(role for role in Role if may(role, right))


Writer = Annotated[Person, _with(Right.WRITE)]
Operator = Annotated[Person, _with(Right.OPERATE)]


async def _given(connection: HTTPConnection) -> Services:
    """Not `services_of` itself: FastAPI sends what is not async to a thread, at every request."""
    return services_of(connection)


Given = Annotated[Services, Depends(_given)]
