"""The ways into an account that need a password, or lead to one. Whatever is wrong, who tries learns only that it is."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from labyard.control.access import Access, digest
from labyard.control.mail_address import mail_address
from labyard.control.passwords import Hasher, good_password, same_form
from labyard.control.refusals import BadRequestError
from labyard.control.tries import ACCOUNT_FREE, PLACE_FREE, Tries, place_key
from labyard.errors import ConflictError, ForbiddenError, NotFoundError
from labyard.store.accounts import AccountStore, NewAccount, Refusal
from labyard.store.passwords import PasswordStore
from labyard.store.users import UserRow, UserStore

PASSWORD_LINK_LIFE: Final = timedelta(minutes=30)
_NAME_LIMIT: Final = 254


class Accounts:
    def __init__(
        self,
        passwords: PasswordStore,
        store: AccountStore,
        users: UserStore,
        access: Access,
        hasher: Hasher,
        tries: Tries,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._passwords = passwords
        self._store = store
        self._users = users
        self._access = access
        self._hasher = hasher
        self._tries = tries
        self._clock = clock

    async def sign_in(self, name: str, password: str, *, place: str) -> str:
        """A session's secret. `name`: a handle or an address; `place`: where from.

        ForbiddenError, alike for a wrong name, a wrong password and who is shut out; TooManyTriesError.
        """
        name = name[:_NAME_LIMIT].strip().lower()
        key = _tried_as(name)  # not the account: else two names that share their waits would be known for one
        self._tries.take({key: ACCOUNT_FREE, place_key(place): PLACE_FREE})
        user = await self._named(name)
        stored = None if user is None else await self._passwords.get(user.id)
        good = await self._hasher.verify(stored, password)
        if user is None or stored is None or not good or user.disabled_at is not None:
            raise ForbiddenError("the name or the password is wrong")
        session = await self._access.new_session(user.id)
        if (
            await self._passwords.get(user.id) != stored
        ):  # changed while we looked: that ended all sessions but this one
            await self._access.sign_out(session)
            raise ForbiddenError("the name or the password is wrong")
        self._tries.forgive(key)
        self._tries.give_back(place_key(place))
        if self._hasher.outdated(stored):
            new = await self._hasher.hash(same_form(password))
            await self._passwords.rehash(user.id, old=stored, new=new)
        return session

    async def _named(self, name: str) -> UserRow | None:
        if "@" not in name:
            return await self._users.called(name)
        try:
            owner = await self._store.by_email(mail_address(name))
        except BadRequestError:
            return None
        return None if owner is None else await self._users.get(owner)

    async def has_password(self, owner: str) -> bool:
        return await self._passwords.get(owner) is not None

    async def email(self, owner: str) -> str:
        """Empty: none is known."""
        return (await self._store.emails([owner])).get(owner, "")

    async def emails(self) -> dict[str, str]:
        """Everybody's, by their ids."""
        return await self._store.emails()

    async def set_email(self, user: UserRow, address: str) -> None:
        """Empty: none. BadRequestError for what is none; ConflictError when it is somebody else's."""
        if not await self._store.set_email(user.id, mail_address(address) if address else ""):
            raise ConflictError("somebody else has this e-mail address")

    async def change(self, owner: str, current: str, new: str, *, session: str | None) -> None:
        """One's own. `session` goes on; all others end. ForbiddenError when `current` is wrong; TooManyTriesError."""
        user = await self._users.get(owner)
        if user is None:
            raise ConflictError("the owner of this box has no password", hint="`labyard user add` makes an account")
        form = good_password(new, name=user.handle)
        await self.prove(owner, current)
        keep = None if session is None else digest(session)
        await self._passwords.put(owner, await self._hasher.hash(form), now=self._clock(), keep=keep)

    async def prove(self, owner: str, current: str) -> None:
        """That it is them who sits there: who came by a link has no password, and need not know one.

        ForbiddenError when `current` is wrong; TooManyTriesError.
        """
        stored = await self._passwords.get(owner)
        if stored is None:
            return
        self._tries.take({f"change:{owner}": ACCOUNT_FREE})
        if not await self._hasher.verify(stored, current):
            raise ForbiddenError("the current password is wrong")
        self._tries.forgive(f"change:{owner}")

    async def set_password(self, user: UserRow, new: str) -> None:
        """By an admin: all sessions end. BadRequestError."""
        form = good_password(new, name=user.handle)
        await self._passwords.put(user.id, await self._hasher.hash(form), now=self._clock())

    async def password_link(self, user: UserRow) -> str:
        """The secret of a link that lets somebody choose a password, once, within half an hour. ConflictError."""
        if user.disabled_at is not None:
            raise ConflictError(
                f"{user.handle!r} is shut out", hint=f"`labyard user enable {user.handle}` lets them in"
            )
        secret, now = secrets.token_urlsafe(32), self._clock()
        await self._passwords.add_link(digest(secret), user.id, now=now, expires_at=now + PASSWORD_LINK_LIFE)
        return secret

    async def of_link(self, secret: str) -> UserRow:
        """Whose password a link lets choose. NotFoundError when it was used, is too old, or never was."""
        owner = await self._passwords.link_owner(digest(secret), now=self._clock())
        user = None if owner is None else await self._users.get(owner)
        if user is None or user.disabled_at is not None:
            raise NotFoundError("this link was used before, or is too old")
        return user

    async def reset(self, secret: str, new: str) -> str:
        """A session's secret: whoever chose a password is in; all other sessions end. NotFoundError, BadRequestError."""
        user = await self.of_link(secret)
        hashed = await self._hasher.hash(good_password(new, name=user.handle))
        owner = await self._passwords.put_by_link(digest(secret), hashed, now=self._clock())
        if owner is None:
            raise NotFoundError("this link was used before, or is too old")
        for name in (user.handle, await self.email(owner)):
            self._tries.forgive(_tried_as(name))
        return await self._access.new_session(owner)

    async def by_email(self, address: str) -> UserRow | None:
        """Who has this address, if they may come in."""
        owner = await self._store.by_email(address)
        user = None if owner is None else await self._users.get(owner)
        return user if user is not None and user.disabled_at is None else None

    async def hashed(self, password: str, *, name: str) -> str:
        """BadRequestError for one that is soon guessed."""
        return await self._hasher.hash(good_password(password, name=name))

    async def make(self, new: NewAccount) -> str:
        """As `add`; the secret of its first session."""
        await self.add(new)
        return await self._access.new_session(new.user.id)

    async def add(self, new: NewAccount) -> None:
        """ConflictError for a name or address that is taken; NotFoundError for an invitation that is none any more."""
        refusal = await self._store.make(new, now=self._clock())
        if refusal is Refusal.INVITATION:
            raise NotFoundError("this invitation was used before, or is too old")
        if refusal is Refusal.HANDLE:
            raise ConflictError(f"there is a user {new.user.handle!r} already", hint="choose another")
        if refusal is Refusal.EMAIL:
            raise ConflictError("there is an account with this e-mail address already", hint="sign in with it")
        if refusal is Refusal.IDENTITY:
            raise ConflictError("there is an account of yours already", hint="sign in once more")


def _tried_as(name: str) -> str:
    return f"account:{name}"
