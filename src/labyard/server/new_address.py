"""Another e-mail address of one's own: asked for on the account page, confirmed by a link in a letter to it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from labyard.errors import ConflictError, LabyardError, NotFoundError
from labyard.server.asker import Asker, Given
from labyard.server.bodies import ChangeAddress, documented, given
from labyard.server.forms import Form, form_page, sent
from labyard.server.front_door import place_of, public_root
from labyard.server.services import Services

router = APIRouter(tags=["account"])


@router.post("/api/account/email", openapi_extra=documented(ChangeAddress))
async def ask(
    request: Request, person: Asker, services: Given, body: Annotated[ChangeAddress, given(ChangeAddress)]
) -> Any:
    """A letter with a link is written to it; nothing changes before that is opened. The same is said of somebody else's.

    403 when `current` is wrong; 409 where no mail leaves.
    """
    doors = services.doors
    if doors.post is None:
        raise ConflictError("this server sends no mail", hint="ask whoever runs it to change your address")
    change, secret = await doors.own_address.ask(person.id, body.current, body.email)
    url = f"{public_root(request)}/address?token={secret}"
    doors.post.new_address(change, url, place=place_of(request))
    return {"status": "ok"}


@router.get("/address", include_in_schema=False)
async def look(services: Given, token: str = "") -> Response:
    """Looking uses nothing up: mail programs look at links too."""
    return await _look(services, token)


@router.post("/address", include_in_schema=False)
async def confirm(request: Request, services: Given) -> Response:
    told = {"token": ""}
    try:
        told = await sent(request, "token")
        change = await services.doors.own_address.confirm(told["token"])
    except LabyardError as error:
        return await _look(services, told["token"], error=error)
    if services.doors.post is not None and change.old:
        services.doors.post.moved(change)
    says = (f"Letters to {change.user.handle} go to {change.new} from now on; it is good for signing in, too.",)
    return form_page("Your address is changed", None, says=says, links=(("Your account", "/account"),))


async def _look(services: Services, token: str, *, error: LabyardError | None = None) -> Response:
    try:
        change = await services.doors.own_address.look(token)
    except NotFoundError as gone:
        return form_page("This link does not work any more", None, error=gone, links=(("Your account", "/account"),))
    instead = f" instead of {change.old}" if change.old else ""
    says = (f"Shall {change.new} be the address of {change.user.handle}{instead}?",)
    form = Form(action="/address", submit="Use this address", fields=(), hidden={"token": token})
    return form_page("A new address", form, says=says, error=error)
