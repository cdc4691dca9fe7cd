"""What every request passes first: is it for us, is it small enough, and what its answer must carry. Plain ASGI."""

from __future__ import annotations

import re
from urllib.parse import quote

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from labyard.control.refusals import BadRequestError, TooLargeError
from labyard.errors import NotFoundError
from labyard.server.problems import answer
from labyard.server.services import ServerSettings

log = structlog.get_logger()

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_ABOUT = re.compile(r"/api/plays/(?P<play>[0-9a-f]{1,24})(?:/machines/(?P<machine>[a-z0-9-]{1,32}))?(?:/|$)")
UPLOAD_PATH = "/api/images/import"
MARKDOWN_PATH = "/api/content/markdown"
FILE_PATH = "/api/content/upload"
_GUEST_FILE = re.compile(r"/api/plays/[^/]+/machines/[^/]+/files/content")


class Guard:
    """Host names, body sizes, the way from 127.0.0.1 to the pages' own name, and security headers."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        self._limits = {
            UPLOAD_PATH: settings.upload_limit,
            MARKDOWN_PATH: settings.markdown_limit,
            FILE_PATH: settings.file_limit,
        }
        self._names = {*_LOOPBACK, settings.page_host, *(name.lower() for name in settings.names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if _name(host) not in self._names:
            error = BadRequestError(
                f"this server does not answer to the name {_name(host)[:80]!r}", hint="set its public name"
            )
            await answer(error)(scope, receive, send)
            return
        if "\0" in scope["path"] and scope["type"] == "http":  # which not every database can be asked for
            await answer(NotFoundError("nothing is called that"))(scope, receive, send)
            return
        with bound_contextvars(**ids_in(scope["path"])):
            await self._pass(scope, receive, send, headers, host)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, headers: Headers, host: str) -> None:
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        secured = _Secured(send, host, is_page=not scope["path"].startswith("/api/"))
        if self._is_page_load(scope, headers, host):
            await RedirectResponse(self._page_address(scope, host), 307)(scope, receive, secured)
            return
        limit = self._limit(scope["path"])
        if int(length) > limit if (length := headers.get("content-length", "0")).isdigit() else True:
            await answer(_too_large(limit))(scope, receive, secured)
            return
        await self._app(scope, _Bounded(receive, limit), secured)

    def _limit(self, path: str) -> int:
        if _GUEST_FILE.fullmatch(path):
            return self._settings.guest_file_limit
        return self._limits.get(path, self._settings.body_limit)

    def _is_page_load(self, scope: Scope, headers: Headers, host: str) -> bool:
        """A browser's page load at a loopback address. API calls never: scripts lose their body on the way."""
        if scope["method"] != "GET" or scope["path"].startswith(("/api/", "/healthz", "/openapi.json")):
            return False
        return _name(host) in _LOOPBACK and "text/html" in headers.get("accept", "")

    def _page_address(self, scope: Scope, host: str) -> str:
        port = host[len(_name(host)) :]
        root = self._settings.public_url or f"http://{self._settings.page_host}{port}"
        query = scope["query_string"].decode("latin-1")
        return f"{root}{quote(scope['path'])}{'?' + query if query else ''}"


def ids_in(path: str) -> dict[str, str]:
    """What a request is about, for every line of the log that it causes."""
    found = _ABOUT.match(path)
    return {} if found is None else {name: value for name, value in found.groupdict().items() if value is not None}


class _Bounded:
    """A body that grows past its limit breaks off."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._taken = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            if self._taken > self._limit:
                raise _too_large(self._limit)
        return message


class _Secured:
    def __init__(self, send: Send, host: str, *, is_page: bool) -> None:
        self._send = send
        self._host = host
        self._is_page = is_page

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Referrer-Policy", "no-referrer")
            headers.setdefault("X-Frame-Options", "DENY")
            headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
            headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
            headers.setdefault("Content-Security-Policy", policy(self._host) if self._is_page else "default-src 'none'")
            if not self._is_page:
                headers.setdefault("Cache-Control", "no-store")
        await self._send(message)


def policy(host: str) -> str:
    """Our own files only. Inline styles are xterm.js's: it draws with style elements it makes; scripts never are.

    Pictures may be blobs: those of machines, whose kind our page has looked at (docs/develop/ide.md).
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self' ws://{host} wss://{host}",
            f"frame-src 'self' http://*.{host} https://*.{host}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


def _name(host: str) -> str:
    """A Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the body is larger than {limit} bytes")
