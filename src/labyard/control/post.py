"""Letters that people ask for by an address: what comes of it is told to the address alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from labyard.control.accounts import Accounts
from labyard.control.invitations import HOUSE, Invitations, Wish
from labyard.control.letters import (
    address_letter,
    invitation_letter,
    known_letter,
    moved_letter,
    password_letter,
    signup_letter,
)
from labyard.control.mail import Mailer
from labyard.control.mail_address import mail_address
from labyard.control.outbox import Outbox
from labyard.control.own_address import NewAddress
from labyard.control.tries import MAIL_FREE, PLACE_FREE, Tries, place_key

_SIGNUP_LIFE: Final = timedelta(days=1)


class Post:
    """`root`, everywhere: where this server's pages are."""

    def __init__(
        self, mailer: Mailer, outbox: Outbox, accounts: Accounts, invitations: Invitations, tries: Tries
    ) -> None:
        self._mailer = mailer
        self._outbox = outbox
        self._accounts = accounts
        self._invitations = invitations
        self._tries = tries

    def forgot(self, address: str, *, place: str, root: str) -> None:
        """Write a link to whoever has this address, if anybody. BadRequestError for no address; TooManyTriesError."""
        address = self._counted(address, place)

        async def work() -> None:
            user = await self._accounts.by_email(address)
            if user is not None:
                link = f"{root}/password?token={await self._accounts.password_link(user)}"
                await self._mailer.send(address, password_letter(user.handle, link))

        self._outbox.put(work)

    def sign_up(self, address: str, *, place: str, root: str) -> None:
        """Write an invitation; to who has an account, that they have. BadRequestError, TooManyTriesError."""
        address = self._counted(address, place)

        async def work() -> None:
            user = await self._accounts.by_email(address)
            if user is not None:
                await self._mailer.send(address, known_letter(user.handle, f"{root}/signin"))
                return
            _, secret = await self._invitations.make(HOUSE, Wish(email=address, life=_SIGNUP_LIFE))
            await self._mailer.send(address, signup_letter(f"{root}/join?token={secret}"))

        self._outbox.put(work)

    def new_address(self, change: NewAddress, link: str, *, place: str) -> None:
        """Write a link to it, unless somebody has it already: who asks does not learn that. TooManyTriesError."""
        address = self._counted(change.new, place)

        async def work() -> None:
            if await self._accounts.by_email(address) is None:
                await self._mailer.send(address, address_letter(change.user.handle, link))

        self._outbox.put(work)

    def moved(self, change: NewAddress) -> None:
        """Tell the old address."""

        async def work() -> None:
            await self._mailer.send(change.old, moved_letter(change.user.handle))

        self._outbox.put(work)

    async def invite(self, address: str, url: str, days: int) -> None:
        """MailError: an admin is told at once."""
        await self._mailer.send(address, invitation_letter(url, days))

    def _counted(self, text: str, place: str) -> str:
        address = mail_address(text)
        self._tries.take({f"mail:{address}": MAIL_FREE, place_key(place): PLACE_FREE})
        return address
