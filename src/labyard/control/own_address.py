"""One's own e-mail address: a link to the new one shows that it is theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from labyard.control.access import Access, digest
from labyard.control.accounts import Accounts
from labyard.control.mail_address import mail_address
from labyard.control.refusals import BadRequestError
from labyard.errors import ConflictError, NotFoundError
from labyard.store.passwords import PasswordStore
from labyard.store.users import UserRow, UserStore

LINK_LIFE: Final = timedelta(minutes=30)
_ABOUT: Final = "address"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAddress:
    """`old` empty: there was none."""

    user: UserRow
    old: str
    new: str


class OwnAddress:
    """A link is a ticket: nothing is kept of it. It is none any more once the address or the password is another."""

    def __init__(self, accounts: Accounts, passwords: PasswordStore, users: UserStore, access: Access) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._users = users
        self._access = access

    async def ask(self, owner: str, current: str, address: str) -> tuple[NewAddress, str]:
        """What shall be, and the secret of the link that makes it so. `current`: their password, if they have one.

        BadRequestError, ConflictError, ForbiddenError for a wrong password, TooManyTriesError.
        """
        new = mail_address(address)
        user = await self._users.get(owner)
        if user is None:
            raise ConflictError("the owner of this box has no address", hint="`labyard user add` makes an account")
        await self._accounts.prove(owner, current)
        old = await self._accounts.email(owner)
        if new == old:
            raise BadRequestError("this is your address already")
        text = f"{_ABOUT}:{owner}:{await self._stamp(owner, old)}:{new}"
        return NewAddress(user=user, old=old, new=new), self._access.ticket(text, LINK_LIFE)

    async def look(self, secret: str) -> NewAddress:
        """What a link would change, without doing it. NotFoundError when it is too old, was used, or is none."""
        about, _, rest = (self._access.read_ticket(secret) or "").partition(":")
        owner, _, rest = rest.partition(":")
        stamp, _, new = rest.partition(":")
        user = await self._users.get(owner) if about == _ABOUT else None
        if user is not None and user.disabled_at is None:
            old = await self._accounts.email(owner)
            if stamp == await self._stamp(owner, old):
                return NewAddress(user=user, old=old, new=new)
        raise NotFoundError("this link was used before, or is too old")

    async def confirm(self, secret: str) -> NewAddress:
        """It is theirs from now on. NotFoundError; ConflictError when it is somebody else's meanwhile."""
        change = await self.look(secret)
        await self._accounts.set_email(change.user, change.new)
        return change

    async def _stamp(self, owner: str, old: str) -> str:
        return digest(f"{old}\0{await self._passwords.get(owner) or ''}")[:32]
