"""The page somebody wanted before they were asked to sign in: they come to it afterwards, however they sign in.

A cookie of a quarter of an hour holds its path. Whoever could set it leads nobody but to a page of ours, and pages do nothing
by being opened.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote, unquote

from starlette.requests import HTTPConnection
from starlette.responses import Response

from labyard.server.asker import services_of
from labyard.server.cookies import give_cookie
from labyard.server.places import is_own_page

_LIFE = timedelta(minutes=15)
_LONGEST = 2_000


def _name(connection: HTTPConnection) -> str:
    return "__Host-labyard_wanted" if services_of(connection).settings.secure else "labyard_wanted"


def remember_page(connection: HTTPConnection, response: Response) -> None:
    """Home is where everybody comes anyway."""
    query = connection.url.query
    wanted = quote(connection.url.path, safe="/~.-_") + (f"?{query}" if query else "")
    if wanted == "/" or len(wanted) > _LONGEST or not is_own_page(wanted):
        return
    secure = services_of(connection).settings.secure
    give_cookie(response, _name(connection), quote(wanted, safe="/?&="), _LIFE, secure=secure)


def wanted_page(connection: HTTPConnection) -> str:
    """`/` when nothing is remembered, or it is no page of ours."""
    wanted = unquote(connection.cookies.get(_name(connection), ""))
    return wanted if is_own_page(wanted) and len(wanted) <= _LONGEST else "/"


def forget_page(connection: HTTPConnection, response: Response) -> None:
    if _name(connection) in connection.cookies:
        secure = services_of(connection).settings.secure
        response.delete_cookie(_name(connection), path="/", secure=secure, httponly=True, samesite="lax")
