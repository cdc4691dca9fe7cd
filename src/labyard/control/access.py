"""Who is asking: the owner's token, tokens, one-time sign-in links, sessions. Secrets are kept as hashes alone."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from labyard.control.refusals import BadRequestError, TooManyError
from labyard.control.roles import Right, Role, may
from labyard.control.scopes import Scope
from labyard.errors import ForbiddenError, NotFoundError
from labyard.store.keys import KeyStore, TokenRow
from labyard.store.users import UserRow, UserStore

OWNER = "owner"
LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(days=30)
MOST_TOKENS = 100  # of one person
_LONGEST_LIFE = timedelta(days=3650)
_NAME_LIMIT = 200
_SESSION, _TOKEN, _OWNERS_KEY = "session-", "token-", "owner"


class Proof(StrEnum):
    """How somebody showed who they are. A cookie comes along unasked, so it must be checked where it came from."""

    TOKEN = "token"  # noqa: S105 - a word, not a secret
    COOKIE = "cookie"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """`id`: what is theirs says so. `handle`: what people call them. `scopes` None: whatever their role may.

    `key`: what they showed, hashed; `Access.holds` says whether it is still good.
    """

    id: str
    handle: str
    role: Role
    proof: Proof
    scopes: frozenset[Scope] | None = None
    key: str = ""


class Access:
    def __init__(self, store: KeyStore, users: UserStore, owner_token: str, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._users = users
        self._owner = digest(owner_token)
        self._key = sha256(b"labyard tickets\0" + owner_token.encode()).digest()
        self._clock = clock

    async def by_token(self, secret: str, *, token_id: str | None = None) -> Person | None:
        """Who holds this token. `token_id`: the first half of `Basic id:token`, which must then fit."""
        hashed = digest(secret)
        if hmac.compare_digest(hashed, self._owner):
            return _person(OWNER, None, Proof.TOKEN, _OWNERS_KEY) if token_id in (None, OWNER) else None
        found = await self._store.token(hashed, now=self._clock())
        if found is None or token_id not in (None, found[0].id):
            return None
        row, user = found
        person = _person(row.owner, user, Proof.TOKEN, f"{_TOKEN}{hashed}")
        if person is None or not row.scopes:
            return person
        return replace(person, scopes=frozenset(Scope(word) for word in row.scopes.split()))

    async def is_let_in(self, owner: str) -> bool:
        """Whether they are still there, and not shut out."""
        return await self._let_in(owner) is not None

    async def holds(self, owner: str, key: str) -> bool:
        """Whether what they once showed (`Person.key`) still lets them in: a session that goes on, a token that is kept."""
        if key == _OWNERS_KEY:  # another token of the owner's would have signed otherwise
            return owner == OWNER
        now = self._clock()
        if key.startswith(_SESSION):
            session = await self._store.session(key.removeprefix(_SESSION), now=now)
            whose, user = session or ("", None)
        elif key.startswith(_TOKEN):
            token = await self._store.token(key.removeprefix(_TOKEN), now=now)
            whose, user = (token[0].owner, token[1]) if token is not None else ("", None)
        else:
            return False
        return whose == owner and _person(owner, user, Proof.COOKIE) is not None

    async def may(self, owner: str, right: Right) -> bool:
        """Whether somebody who is not asking just now may do this."""
        person = await self._let_in(owner)
        return person is not None and may(person.role, right)

    async def _let_in(self, owner: str) -> Person | None:
        return _person(owner, None if owner == OWNER else await self._users.get(owner), Proof.COOKIE)

    def ticket(self, text: str, life: timedelta) -> str:
        """`text`, signed, good for `life`: for addresses that carry their own permission. Outlives this process."""
        until = int((self._clock() + life).timestamp())
        return f"{text}.{until}.{self._sign(f'{text}.{until}')}"

    def check_ticket(self, ticket: str, text: str) -> bool:
        """Whether `ticket` was made for `text` and is still good."""
        return self.read_ticket(ticket) == text

    def read_ticket(self, ticket: str) -> str | None:
        """What `ticket` was made for; None when we did not make it, or it is too old."""
        said, _, mac = ticket.rpartition(".")
        about, _, until = said.rpartition(".")
        if not hmac.compare_digest(self._sign(said).encode(), mac.encode()):
            return None
        return about if self._clock().timestamp() < int(until) else None

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), sha256).hexdigest()

    async def by_session(self, secret: str) -> Person | None:
        hashed = digest(secret)
        found = await self._store.session(hashed, now=self._clock())
        return None if found is None else _person(*found, Proof.COOKIE, f"{_SESSION}{hashed}")

    async def new_token(
        self, owner: str, name: str, *, scopes: Sequence[str] = (), life: timedelta | None = None
    ) -> tuple[TokenRow, str]:
        """It and its secret, which is not kept. `scopes`: none, and it is good for all that they may.

        BadRequestError for scopes there are none of, and names and lives that make no sense; TooManyError.
        """
        if unknown := sorted(set(scopes) - set(Scope)):
            raise BadRequestError(f"there is no scope {unknown[0][:64]!r}", hint=", ".join(Scope))
        if not name.isprintable() or not 0 < len(name) <= _NAME_LIMIT:
            raise BadRequestError(f"a token's name has 1 to {_NAME_LIMIT} printable characters")
        if life is not None and not timedelta() < life <= _LONGEST_LIFE:
            raise BadRequestError(f"a token lives 1 to {_LONGEST_LIFE.days} days")
        now = self._clock()
        if len(await self._store.list_tokens(owner, now=now)) >= MOST_TOKENS:
            raise TooManyError(f"there are {MOST_TOKENS} tokens", hint="remove some: `labyard token list`")
        secret = secrets.token_urlsafe(32)
        row = TokenRow(
            id=secrets.token_hex(12),
            owner=owner,
            name=name,
            hash=digest(secret),
            scopes=" ".join(sorted(set(scopes))),
            created_at=now,
            expires_at=None if life is None else now + life,
        )
        await self._store.add_token(row)
        return row, secret

    async def tokens(self, owner: str) -> list[TokenRow]:
        """Those that are good, oldest first."""
        return await self._store.list_tokens(owner, now=self._clock())

    async def remove_token(self, owner: str, token_id: str) -> None:
        """NotFoundError when they have no such token."""
        if not await self._store.remove_token(owner, token_id):
            raise NotFoundError(f"there is no token {token_id[:64]!r}", hint="`labyard token list`")

    async def new_link(self, owner: str = OWNER) -> str:
        """The secret of a link that signs one browser in, once, within a quarter of an hour."""
        secret = secrets.token_urlsafe(32)
        await self._store.sweep(now=self._clock())
        await self._store.add_link(digest(secret), owner, self._clock() + LINK_LIFE)
        return secret

    async def sign_in(self, link: str) -> str:
        """Trade a link for a session's secret. ForbiddenError when it was used, is too old, or never was."""
        now = self._clock()
        owner = await self._store.take_link(digest(link), now=now)
        if owner is None:
            raise ForbiddenError(
                "this sign-in link was used before, or is too old", hint="`labyard signin-link` makes a fresh one"
            )
        return await self.new_session(owner)

    async def new_session(self, owner: str) -> str:
        """A session's secret, for somebody who has shown who they are. Never one that was there before they did."""
        session, now = secrets.token_urlsafe(32), self._clock()
        await self._store.sweep(now=now)
        await self._store.add_session(digest(session), owner, now=now, expires_at=now + SESSION_LIFE)
        return session

    async def sessions(self, owner: str) -> int:
        """How many browsers are signed in as them."""
        return await self._store.count_sessions(owner, now=self._clock())

    async def sign_out(self, session: str) -> None:
        await self._store.remove_session(digest(session))

    async def sign_out_everywhere(self, owner: str) -> None:
        """All browsers, and sign-in links that were not used yet."""
        await self._store.remove_sessions(owner)


def _person(owner: str, user: UserRow | None, proof: Proof, key: str = "") -> Person | None:
    """`user`: the account that `owner` has. None: they are gone, or shut out."""
    if owner == OWNER:
        return Person(id=OWNER, handle=OWNER, role=Role.ADMIN, proof=proof, key=key)
    if user is None or user.disabled_at is not None:
        return None
    return Person(id=user.id, handle=user.handle, role=Role(user.role), proof=proof, key=key)


def digest(secret: str) -> str:
    """Fit for keeping: the secrets are 256 random bits, so one round of SHA-256 is enough."""
    return sha256(secret.encode()).hexdigest()


def owner_token(path: Path) -> str:
    """Read the owner's token, making it when it is not there: 0600, belonging to the person behind sudo."""
    if path.exists():
        return path.read_text().strip()
    secret = secrets.token_urlsafe(32)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    to_person(fresh)
    fresh.replace(path)
    return secret


def to_person(path: Path) -> None:
    """Let a file belong to the person behind sudo."""
    if os.geteuid() == 0 and (uid := os.environ.get("SUDO_UID", "")).isdigit():
        os.chown(path, int(uid), int(os.environ.get("SUDO_GID", "-1")))
