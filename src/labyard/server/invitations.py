"""/api/invitations: links by which people make accounts. Ours; for admins."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request

from labyard.control.invitations import Wish
from labyard.control.refusals import BadRequestError
from labyard.errors import ConflictError
from labyard.server import shapes
from labyard.server.asker import Given, Operator
from labyard.server.bodies import NewInvitation, documented, given
from labyard.server.front_door import public_root

router = APIRouter(prefix="/api/invitations", tags=["users"])

_MOST_DAYS = 1_000_000  # what a span of time can hold, and then some


@router.get("")
async def list_invitations(_person: Operator, services: Given) -> Any:
    """Those that are good, oldest first; without their links."""
    return [shapes.invitation(row) for row in await services.doors.invitations.list()]


@router.post("", openapi_extra=documented(NewInvitation))
async def invite(
    request: Request, person: Operator, services: Given, body: Annotated[NewInvitation, given(NewInvitation)]
) -> Any:
    """`url` is told this once. `sent`: whether it was written to the address."""
    doors = services.doors
    if body.send and doors.post is None:
        raise ConflictError("this server sends no mail", hint="set `smtp_url`, or pass the link on yourself")
    if body.send and not body.email:
        raise BadRequestError("there is no e-mail address to send it to", hint="give `email`")
    life = timedelta(days=max(-1, min(body.days, _MOST_DAYS)))
    wish = Wish(role=body.role, email=body.email, uses=body.uses, life=life)
    row, secret = await doors.invitations.make(person.id, wish)
    url = f"{public_root(request)}/join?token={secret}"
    if body.send and doors.post is not None:
        try:
            await doors.post.invite(row.email, url, body.days)
        except BaseException:
            await doors.invitations.remove(row.id)  # nobody has its link
            raise
    return {**shapes.invitation(row), "url": url, "sent": body.send}


@router.delete("/{invitation_id}")
async def remove_invitation(invitation_id: str, _person: Operator, services: Given) -> Any:
    await services.doors.invitations.remove(invitation_id)
    return {"status": "ok"}
