"""/api/users: people with an account. Ours; for admins."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request

from labyard.server import shapes
from labyard.server.asker import Given, Operator
from labyard.server.bodies import ChangeUser, NewUser, documented, given
from labyard.server.places import page_root
from labyard.server.sockets import sockets_of

router = APIRouter(prefix="/api/users", tags=["users"])


@router.get("")
async def list_users(_person: Operator, services: Given) -> Any:
    """By their handles. The box's owner, who has no account, is not among them."""
    return [shapes.user(row) for row in await services.people.list()]


@router.post("", openapi_extra=documented(NewUser))
async def add_user(_person: Operator, services: Given, body: Annotated[NewUser, given(NewUser)]) -> Any:
    """409 for a handle that is taken."""
    return shapes.user(await services.people.add(body.handle, body.name, body.role))


@router.patch("/{handle}", openapi_extra=documented(ChangeUser))
async def change_user(
    request: Request,
    handle: str,
    _person: Operator,
    services: Given,
    body: Annotated[ChangeUser, given(ChangeUser)],
) -> Any:
    """`disabled`: they are signed out everywhere, and their tokens are forgotten; what is theirs stays."""
    row = await services.people.change(handle, name=body.name, role=body.role, disabled=body.disabled)
    if row.disabled_at is not None:
        sockets_of(request).end(row.id)
    return shapes.user(row)


@router.delete("/{handle}")
async def remove_user(request: Request, handle: str, _person: Operator, services: Given) -> Any:
    """With their plays and progress. `ended`: how many plays."""
    row = await services.people.get(handle)
    ended = await services.people.remove(handle)
    sockets_of(request).end(row.id)
    return {"status": "ok", "ended": ended}


@router.post("/{handle}/signin-links")
async def invite(request: Request, handle: str, _person: Operator, services: Given) -> Any:
    """A link that signs one browser in as them, once, within a quarter of an hour."""
    return {"url": f"{page_root(request)}/signin?token={await services.people.link(handle)}"}
