"""/api/account: one's own account, but for tokens. Ours; no token that is bound to scopes is good for it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request

from labyard.control.access import OWNER, Proof
from labyard.server.asker import Asker, Given, session_of
from labyard.server.bodies import ChangePassword, documented, given
from labyard.server.sockets import sockets_of

router = APIRouter(prefix="/api/account", tags=["account"])


@router.get("")
async def account(person: Asker, services: Given) -> Any:
    """`hasAccount` false: the box's owner, who needs none. `sessions`: browsers that are signed in. `mail`: letters leave."""
    accounts = services.doors.accounts
    return {
        "id": person.id,
        "handle": person.handle,
        "role": person.role.value,
        "email": await accounts.email(person.id),
        "mail": services.doors.post is not None,
        "hasAccount": person.id != OWNER,
        "hasPassword": await accounts.has_password(person.id),
        "sessions": await services.access.sessions(person.id),
    }


@router.post("/password", openapi_extra=documented(ChangePassword))
async def change_password(
    request: Request, person: Asker, services: Given, body: Annotated[ChangePassword, given(ChangePassword)]
) -> Any:
    """All other browsers are signed out; tokens stay. 403 when `current` is wrong."""
    session = session_of(request) if person.proof is Proof.COOKIE else None
    await services.doors.accounts.change(person.id, body.current, body.password, session=session)
    sockets_of(request).end(person.id)
    return {"status": "ok"}


@router.post("/sign-out")
async def sign_out_everywhere(request: Request, person: Asker, services: Given) -> Any:
    """All browsers, this one too. Tokens stay."""
    await services.access.sign_out_everywhere(person.id)
    sockets_of(request).end(person.id)
    return {"status": "ok"}
