"""Addresses this server tells others, as seen by who asks."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from labyard.server.asker import services_of

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def page_root(connection: HTTPConnection) -> str:
    """Where the pages are: as it is set; else, at a loopback address, by the name that gives them a site of their own."""
    settings = services_of(connection).settings
    if settings.public_url is not None:
        return settings.public_url
    host = connection.headers.get("host", "")
    name, colon, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
    if name in _LOOPBACK:
        host = f"{settings.page_host}{colon}{port}"
    return f"{'https' if settings.secure else 'http'}://{host}"


def asked_root(connection: HTTPConnection) -> str:
    """The very host that was asked: for what a program is to ask next, which need not know our pages' name."""
    secure = services_of(connection).settings.secure
    return f"{'https' if secure else 'http'}://{connection.headers.get('host', '')}"


def socket_root(connection: HTTPConnection) -> str:
    """Where WebSockets are: the very host that was asked, since a browser's cookie and page are there."""
    secure = services_of(connection).settings.secure
    return f"{'wss' if secure else 'ws'}://{connection.headers.get('host', '')}"


def is_own_page(path: str) -> bool:
    """A path of this server. Browsers read `//x` and `/\\x` as another host, and drop tabs and line ends first."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
