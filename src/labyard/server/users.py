"""/api/users: people with an account. Ours; for admins."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request

from labyard.control.mail_address import mail_address
from labyard.server import shapes
from labyard.server.asker import Given, Operator
from labyard.server.bodies import ChangeUser, NewUser, SetPassword, documented, given
from labyard.server.places import page_root
from labyard.server.sockets import sockets_of
from labyard.store.accounts import NewAccount

router = APIRouter(prefix="/api/users", tags=["users"])


@router.get("")
async def list_users(_person: Operator, services: Given) -> Any:
    """By their handles. The box's owner, who has no account, is not among them."""
    emails = await services.doors.accounts.emails()
    return [shapes.user(row, emails.get(row.id, "")) for row in await services.people.list()]


@router.post("", openapi_extra=documented(NewUser))
async def add_user(_person: Operator, services: Given, body: Annotated[NewUser, given(NewUser)]) -> Any:
    """409 for a handle or an address that is taken."""
    user = await services.people.drafted(body.handle, body.name, body.role)
    email = mail_address(body.email) if body.email else ""
    await services.doors.accounts.add(NewAccount(user=user, email=email or None))
    return shapes.user(user, email)


@router.patch("/{handle}", openapi_extra=documented(ChangeUser))
async def change_user(
    request: Request,
    handle: str,
    _person: Operator,
    services: Given,
    body: Annotated[ChangeUser, given(ChangeUser)],
) -> Any:
    """`disabled`: they are signed out everywhere, and their tokens are forgotten; what is theirs stays."""
    accounts = services.doors.accounts
    if body.email is not None:
        await accounts.set_email(await services.people.get(handle), body.email)
    row = await services.people.change(handle, name=body.name, role=body.role, disabled=body.disabled)
    if row.disabled_at is not None:
        sockets_of(request).end(row.id)
    return shapes.user(row, await accounts.email(row.id))


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


@router.post("/{handle}/password", openapi_extra=documented(SetPassword))
async def set_password(
    request: Request, handle: str, _person: Operator, services: Given, body: Annotated[SetPassword, given(SetPassword)]
) -> Any:
    """They are signed out everywhere; their tokens stay."""
    row = await services.people.get(handle)
    await services.doors.accounts.set_password(row, body.password)
    sockets_of(request).end(row.id)
    return {"status": "ok"}


@router.post("/{handle}/password-links")
async def new_password_link(request: Request, handle: str, _person: Operator, services: Given) -> Any:
    """A link by which they choose a password, once, within half an hour."""
    secret = await services.doors.accounts.password_link(await services.people.get(handle))
    return {"url": f"{page_root(request)}/password?token={secret}"}
