"""Who another provider says somebody is, and which account that is here."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

from labyard.control.access import OWNER, Access
from labyard.control.accounts import Accounts
from labyard.control.invitations import Invitations
from labyard.control.mail_address import mail_address
from labyard.control.people import People
from labyard.control.refusals import BadRequestError
from labyard.control.roles import Role
from labyard.errors import ForbiddenError
from labyard.store.accounts import AccountStore, NewAccount
from labyard.store.users import UserStore

_LONGEST: Final = 255
_HANDLE_LIMIT: Final = 32
_NAME_LIMIT: Final = 200
_MOST_ALIKE: Final = 99


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """`email` empty unless the provider has seen that it is theirs. `handles`: what they would like to be called."""

    issuer: str
    subject: str
    email: str = ""
    handles: tuple[str, ...] = ()
    name: str = ""


class Identities:
    def __init__(
        self,
        store: AccountStore,
        users: UserStore,
        accounts: Accounts,
        invitations: Invitations,
        people: People,
        access: Access,
        *,
        signup: bool,
    ) -> None:
        self._store = store
        self._users = users
        self._accounts = accounts
        self._invitations = invitations
        self._people = people
        self._access = access
        self._signup = signup

    async def let_in(self, who: Identity, invitation: str = "") -> str:
        """A session's secret; at the first time for an account that is made for them, where they may have one.

        ForbiddenError for who may not; NotFoundError for an invitation that is none; ConflictError.
        """
        if not 0 < len(who.subject) <= _LONGEST or len(who.issuer) > _LONGEST:
            raise BadRequestError("the provider's name for you is too long")
        owner = await self._store.by_identity(who.issuer, who.subject) or await self._joined(who)
        if owner is None:
            return await self._accounts.make(await self._new(who, invitation))
        if not await self._access.is_let_in(owner):
            raise ForbiddenError("your account here is shut out", hint="ask whoever runs this server")
        return await self._access.new_session(owner)

    async def _joined(self, who: Identity) -> str | None:
        """An account that is there already, of somebody with this very address: only one that the provider vouches for."""
        user = await self._accounts.by_email(_address(who.email)) if _address(who.email) else None
        if user is None or not await self._store.join_identity(who.issuer, who.subject, user.id):
            return None
        return user.id

    async def _new(self, who: Identity, invitation: str) -> NewAccount:
        role, email, digest = Role.LEARNER.value, _address(who.email), None
        if invitation:
            row = await self._invitations.look(invitation)
            role, email, digest = row.role, row.email or email, row.hash
        elif not self._signup:
            raise ForbiddenError("there is no account for you here", hint="ask whoever runs this server to invite you")
        name = who.name if who.name.isprintable() else ""
        user = await self._people.drafted(await self._free_handle(who), name[:_NAME_LIMIT], role)
        return NewAccount(user=user, email=email or None, identity=(who.issuer, who.subject), invitation=digest)

    async def _free_handle(self, who: Identity) -> str:
        first = handle_like((*who.handles, who.email.partition("@")[0], who.name))
        for number in range(1, _MOST_ALIKE):
            end = f"-{number}" if number > 1 else ""
            handle = first[: _HANDLE_LIMIT - len(end)].rstrip("-") + end
            if handle != OWNER and await self._users.called(handle) is None:
                return handle
        return f"{first[:20].rstrip('-')}-{secrets.token_hex(4)}"


def handle_like(wishes: tuple[str, ...]) -> str:
    """The first of these that a handle can be made of."""
    for wish in wishes:
        words = re.sub(r"[^a-z0-9]+", "-", wish.partition("@")[0][:200].lower()).strip("-")
        if words:
            return words[:_HANDLE_LIMIT].rstrip("-")
    return "learner"


def _address(email: str) -> str:
    """Empty for what is no address to us."""
    try:
        return mail_address(email)
    except BadRequestError:
        return ""
