"""What a tab of kind `web-page` shows: a page of ours with nothing in it but a frame, which may load that one site.

So the play's own page, which holds the session, never gets a policy that lets it load anything of others.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from labyard.errors import NotFoundError
from labyard.play.plan import TabKind
from labyard.server.asker import Asker, Given
from labyard.server.places import page_root

router = APIRouter(include_in_schema=False)

_PORTS: Final = {"http": 80, "https": 443}
_MOST: Final = 2048
_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)

# A name and a password in it are for the window of its own, where a browser says whom they are for.
_SECRETS = "Its address holds a name or a password, and browsers show no such page inside another."
_UNKNOWN = "Its address is not one that this page can be bound to: that takes a plain host name, and http or https."
_OURS = (
    "It is at the address of this Labyard, and its pages are not shown inside each other."
    " What listens on a machine is shown by a tab of the kind http-port."
)
_MIXED = "Its address begins with http, and browsers show no such page inside one that came by https."

_STYLE = (
    "html,body{height:100%;margin:0}iframe{display:block;width:100%;height:100%;border:0;background:#fff;color-scheme:light}"
    "main{max-width:36em;margin:0 auto;padding:3em 1.5em;font:16px/1.6 system-ui,sans-serif}"
)
_STYLE_SOURCE = f"'sha256-{base64.b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title><style>{style}</style></head>
<body>{body}</body></html>
"""
_FRAME = (
    '<iframe src="{address}" title="{title}" referrerpolicy="no-referrer"'
    ' sandbox="allow-scripts allow-same-origin allow-forms allow-popups"></iframe>'
)


@router.get("/plays/{play_id}/web-pages/{tab_id}")
async def web_page(request: Request, play_id: str, tab_id: str, person: Asker, services: Given) -> Response:
    """For the play's own page, to be framed."""
    view = await services.plays.get(person.id, play_id)
    tabs = (tab for tab in view.row.plan.tabs if tab.kind is TabKind.WEB_PAGE and tab.id == tab_id)
    if (tab := next(tabs, None)) is None:
        raise NotFoundError(f"this play shows no page of another site called {tab_id[:80]!r}")
    settings = services.settings
    return page_for(tab.url or "", tab.name, page_root(request), {settings.page_host, *settings.names})


def page_for(url: str, title: str, root: str, names: Collection[str]) -> Response:
    """`root`: where our pages are, as who asks has them. `names`: all host names that lead to us."""
    found = framed(url, root, names)
    sources = ""
    if isinstance(found, Framed):
        body = _FRAME.format(address=escape(found.address), title=escape(title))
        sources = f" frame-src {found.origin};"
    else:
        body = f"<main><p>This page is not shown here. {escape(found)}</p></main>"
    headers = {
        "Content-Security-Policy": f"default-src 'none'; style-src {_STYLE_SOURCE};{sources} frame-ancestors 'self';"
        " base-uri 'none'; form-action 'none'",
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(_PAGE.format(title=escape(title), style=_STYLE, body=body), headers=headers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Framed:
    """`origin`: as a source of a policy, which everything that the frame loads as its page must come from."""

    address: str
    origin: str


def framed(url: str, root: str, names: Collection[str]) -> Framed | str:
    """What may be put into a frame with scripts and an origin of its own; else a sentence that says why not.

    The address is put together again from what was understood of it, and the policy made of the same parts: should a
    browser understand it otherwise, it shows nothing.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, (parts.hostname or "").lower(), parts.port
    except ValueError:
        return _UNKNOWN
    if "@" in parts.netloc:
        return _SECRETS
    if len(url) > _MOST or scheme not in _PORTS or not _is_plain(host):
        return _UNKNOWN
    ours = urlsplit(root)
    if _leads_to(ours.hostname or "", host, names) or (_is_loopback(host) and (port or _PORTS[scheme]) == _port(root)):
        return _OURS
    if ours.scheme == "https" and scheme == "http" and not _is_loopback(host):
        return _MIXED
    place = host if port is None else f"{host}:{port}"
    address = urlunsplit((scheme, place, parts.path or "/", parts.query, parts.fragment))
    return Framed(address=address, origin=f"{scheme}://{place}")


def _is_plain(host: str) -> bool:
    """A name or an address of IPv4 as browsers write it: they read `127.1` and `0x7f000001` as 127.0.0.1."""
    if _HOST.fullmatch(host) is None:
        return False
    if _NUMBER.fullmatch(host.rpartition(".")[2]) is None:
        return True
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def _leads_to(own: str, host: str, names: Collection[str]) -> bool:
    """To us or a port of a machine (a name below ours). At any port: cookies do not tell ports apart."""
    return any(host == name or host.endswith(f".{name}") for name in {own, *(name.lower() for name in names)} - {""})


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or host.startswith("127.")


def _port(root: str) -> int:
    parts = urlsplit(root)
    return parts.port or _PORTS.get(parts.scheme, 0)
