"""Before everything else: is this for a port of a machine, and may whoever asks reach it? Plain ASGI."""

from __future__ import annotations

from urllib.parse import parse_qs, quote

import httpcore
import structlog
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.exceptions import InvalidHandshake

from labyard.control.port_names import PortName
from labyard.control.ports import STAY_LIFE, Found
from labyard.errors import NotFoundError
from labyard.server.cookies import give_cookie
from labyard.server.places import is_own_page
from labyard.server.problems import UnauthorizedError
from labyard.server.proxy.forward import Place, Ways, forward
from labyard.server.proxy.headers import COOKIE, cookies_named
from labyard.server.proxy.talk import carry
from labyard.server.services import Services
from labyard.server.site import plain_page
from labyard.server.sockets import Sockets

log = structlog.get_logger()

ENTER = "/.labyard/enter"
ENTER_PAGE = "/ports/enter"
_SAFE = ("GET", "HEAD", "OPTIONS")


class PortGate:
    """`sockets`: where those of a port's owner end, too, when the owner is shut out."""

    def __init__(self, app: ASGIApp, services: Services, ways: Ways, sockets: Sockets) -> None:
        self._app = app
        self._sockets = sockets
        self._services = services
        self._suffix = f".{services.settings.page_host}"
        self._ways = ways

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "").lower()
        bare = host.partition(":")[0]
        name = PortName.read(bare.removesuffix(self._suffix)) if bare.endswith(self._suffix) else None
        if name is None:
            await self._app(scope, receive, send)
            return
        visit = _Visit(self._services, self._ways, self._sockets, name, host, scope)
        await visit.serve(receive, send)


class _Visit:
    """One request to one port."""

    def __init__(
        self, services: Services, ways: Ways, sockets: Sockets, name: PortName, host: str, scope: Scope
    ) -> None:
        self._services = services
        self._sockets = sockets
        self._ways = ways
        self._name = name
        self._host = host
        self._scope = scope
        self._headers = Headers(scope=scope)

    async def serve(self, receive: Receive, send: Send) -> None:
        try:
            found = await self._services.ports.find(self._name)
        except NotFoundError:
            await self._refuse(404, "Nothing is here", "This port is not exposed, or its play is gone.")(
                self._scope, receive, send
            )
            return
        if (refusal := await self._turned_away(found)) is not None:
            await refusal(self._scope, receive, send)
            return
        port = found.port
        place = Place(
            play=port.play,
            machine=port.machine,
            number=port.number,
            tls=port.tls,
            host=port.host_rewrite or None,
            path=port.path_rewrite,
        )
        try:
            if port.access == "public":
                await self._reach(place, receive, send)
                return
            async with self._sockets.while_in(found.owner):
                await self._reach(place, receive, send)
        except UnauthorizedError:  # an answer that has begun just breaks off
            if self._scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 4401, "reason": "you have been signed out"})
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            log.info("port", play=port.play, machine=port.machine, number=port.number, error=str(error))
            words = f"Nothing answers on port {port.number} of {port.machine}. Is the program running, and is it ready?"
            await self._refuse(502, "Nobody answers", words)(self._scope, receive, send)
        except httpcore.TimeoutException:
            await self._refuse(504, "No answer", f"Port {port.number} of {port.machine} took too long.")(
                self._scope, receive, send
            )
        except (httpcore.NetworkError, httpcore.ProtocolError, InvalidHandshake) as error:
            words = f"What answers on port {port.number} of {port.machine} is not HTTP as it should be: {error}"
            await self._refuse(502, "Not understood", words)(self._scope, receive, send)

    async def _reach(self, place: Place, receive: Receive, send: Send) -> None:
        secure = self._services.settings.secure
        if self._scope["type"] == "websocket":
            await carry(self._services.host, place, self._scope, receive, send, secure=secure)
        else:
            await forward(self._ways, place, self._scope, receive, send, secure=secure)

    async def _turned_away(self, found: Found) -> Response | None:
        if self._scope["path"] == ENTER:
            return self._enter(found)
        if not await self._services.ports.may(found, self._name, self._shown()):
            return self._to_the_door()
        if found.port.access != "public" and not self._comes_from_here():
            return self._refuse(403, "Not from there", "Another site asks this port to change something.")
        return None

    def _enter(self, found: Found) -> Response:
        query = parse_qs(self._scope["query_string"].decode("latin-1"))
        shown = self._services.ports.enter(found, self._name, query.get("ticket", [""])[0])
        if shown is None:
            return self._refuse(403, "This link is too old", "Open the port from its play once more.")
        onward = query.get("next", ["/"])[0]
        response = RedirectResponse(onward if is_own_page(onward) else "/", 303, {"Referrer-Policy": "no-referrer"})
        give_cookie(response, COOKIE, shown, STAY_LIFE, secure=self._services.settings.secure)
        return response

    def _shown(self) -> list[str]:
        return cookies_named(self._headers.get("cookie", ""), COOKIE)

    def _to_the_door(self) -> Response:
        """A person's page load goes by the platform, which knows them; programs are told."""
        loads = self._scope["type"] == "http" and self._scope["method"] in _SAFE
        if loads and "text/html" in self._headers.get("accept", ""):
            path = self._scope["raw_path"].decode("latin-1")
            query = self._scope["query_string"].decode("latin-1")
            onward = quote(f"{path}?{query}" if query else path, safe="")
            page = self._host.removeprefix(f"{self._name.label}.")
            scheme = "https" if self._services.settings.secure else "http"
            return RedirectResponse(f"{scheme}://{page}{ENTER_PAGE}?port={self._name.label}&next={onward}", 307)
        return self._refuse(401, "Not yours", "This port is private. Open it from its play.")

    def _comes_from_here(self) -> bool:
        """Ports of one site are of one site to browsers, cookies and all: what changes something must be asked by ports of
        the same play, or by our own page.
        """
        changes = self._scope["type"] == "websocket" or self._scope["method"] not in _SAFE
        origin = self._headers.get("origin")
        if not changes or origin is None:
            return True
        scheme, _, asking = origin.partition("://")
        if scheme != ("https" if self._services.settings.secure else "http"):
            return False
        page = self._host.removeprefix(f"{self._name.label}.")
        if asking == page:
            return True
        other = PortName.read(asking.removesuffix(f".{page}")) if asking.endswith(f".{page}") else None
        return other is not None and other.play == self._name.play

    def _refuse(self, status: int, title: str, text: str) -> Response:
        return HTMLResponse(
            plain_page(title, text, ""),
            status,
            {
                "Cache-Control": "no-store",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                "X-Content-Type-Options": "nosniff",
            },
        )
