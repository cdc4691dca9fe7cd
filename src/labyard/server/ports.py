"""/api/plays/{id}/ports, and the page that lets a browser in at one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from labyard.control.port_names import PortName
from labyard.control.ports import Wish
from labyard.control.rows import refuse_gone
from labyard.errors import NotFoundError
from labyard.play.status import MachineState
from labyard.server import shapes
from labyard.server.asker import Asker, Given, who
from labyard.server.bodies import NewPort, documented, given
from labyard.server.front_door import sign_in_page
from labyard.server.places import is_own_page, page_root
from labyard.server.proxy.gate import ENTER, ENTER_PAGE
from labyard.server.proxy.scan import scan
from labyard.server.site import plain_page
from labyard.store.plays import PlayRow

router = APIRouter(tags=["ports"])


@router.get("/api/plays/{play_id}/ports")
async def list_ports(request: Request, play_id: str, person: Asker, services: Given) -> Any:
    page = page_root(request)
    return [shapes.port(row, page=page) for row in await services.ports.list(person.id, play_id)]


@router.post("/api/plays/{play_id}/ports", openapi_extra=documented(NewPort))
async def expose_port(
    request: Request, play_id: str, person: Asker, services: Given, body: Annotated[NewPort, given(NewPort)]
) -> Any:
    """Once more: in another way. `url` can be opened by the play's owner, or by everybody where `access` is `public`."""
    wish = Wish(
        machine=body.machine,
        number=body.number,
        access=body.access or "private",
        tls=body.tls,
        host_rewrite=body.hostRewrite or "",
        path_rewrite=body.pathRewrite or "",
    )
    return shapes.port(await services.ports.expose(person.id, play_id, wish), page=page_root(request))


@router.post("/api/plays/{play_id}/ports/scan")
async def scan_ports(play_id: str, person: Asker, services: Given, machine: str | None = None) -> Any:
    """What listens, on one machine or on all that run: `protocol` is HTTP, HTTPS, or TCP for all else; `where` is told of what
    is not at the machine's loopback.
    """
    row = (await services.plays.get(person.id, play_id)).row
    refuse_gone(row)
    names = [each.name for each in row.plan.machines if machine in (None, each.name)]
    if not names:
        raise NotFoundError(f"this play has no machine {(machine or '')[:64]!r}")
    if machine is None:
        names = [name for name in names if _is_on(row, name)]
    found = await asyncio.gather(*(scan(services.host, play_id, name) for name in names))
    return [shapes.scanned_port(port) for ports in found for port in ports]


def _is_on(row: PlayRow, machine: str) -> bool:
    machines = () if row.report is None else row.report.machines
    return any(each.name == machine and each.state is MachineState.RUNNING for each in machines)


@router.delete("/api/plays/{play_id}/ports/{port_id}")
async def remove_port(play_id: str, port_id: str, person: Asker, services: Given) -> Any:
    await services.ports.remove(person.id, play_id, port_id)
    return {"status": "ok"}


@router.get(ENTER_PAGE, include_in_schema=False)
async def enter(request: Request, services: Given, port: str = "", next: str = "/") -> Response:  # noqa: A002
    """From the pages' origin, where a browser is known, to the port's, where it is not yet."""
    person = await who(request)
    if person is None:
        return sign_in_page(request)
    name = PortName.read(port)
    try:
        if name is None:
            raise NotFoundError("this is no port")
        ticket = await services.ports.ticket(person, name)
    except NotFoundError:
        return HTMLResponse(plain_page("Nothing is here", "This port is not yours, or its play is gone.", ""), 404)
    scheme, _, host = page_root(request).partition("://")
    query = urlencode({"ticket": ticket, "next": next if is_own_page(next) else "/"}, quote_via=quote)
    return RedirectResponse(f"{scheme}://{name.label}.{host}{ENTER}?{query}", 303)
