"""/api/access: who may find, read and start what is somebody's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter

from labyard.content.library import PLURALS
from labyard.control.permissions import PLAYGROUNDS, Held
from labyard.control.rules import Permission
from labyard.errors import NotFoundError
from labyard.server.asker import Given, Writer
from labyard.server.bodies import ChangeRules, documented, given

router = APIRouter(prefix="/api/access", tags=["access"])


@router.get("/{plural}/{name}")
async def get_rules(plural: str, name: str, person: Writer, services: Given) -> Any:
    """Of a playground or a lesson, for its owner. `own`: whether somebody has changed them."""
    return _told(await services.permissions.rules(person, _known(plural), name))


@router.patch("/{plural}/{name}", openapi_extra=documented(ChangeRules))
async def change_rules(
    plural: str, name: str, person: Writer, services: Given, body: Annotated[ChangeRules, given(ChangeRules)]
) -> Any:
    """What is left out stays as it is."""
    said = {
        permission: tuple(words) for permission in Permission if (words := getattr(body, permission.value)) is not None
    }
    if not said:
        return await get_rules(plural, name, person, services)
    return _told(await services.permissions.set_rules(person, _known(plural), name, said))


@router.delete("/{plural}/{name}")
async def reset_rules(plural: str, name: str, person: Writer, services: Given) -> Any:
    """As the playground's manifest says; of what was pushed: for its owner alone."""
    return _told(await services.permissions.set_rules(person, _known(plural), name, {}))


def _known(plural: str) -> str:
    if plural != PLAYGROUNDS and plural not in PLURALS:
        raise NotFoundError(f"there is nothing of the kind {plural[:64]!r}", hint=", ".join((PLAYGROUNDS, *PLURALS)))
    return plural


def _told(held: Held) -> dict[str, Any]:
    return {**{permission.value: list(held.rules.words(permission)) for permission in Permission}, "own": held.own}
