"""Rows of tokens, sign-in links and sessions. Only hashes are kept; the secret itself is seen once, by who gets it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Executable, RowMapping, Select, delete, func, insert, or_, select

from labyard.store.database import Database
from labyard.store.schema import sessions, signin_links, tokens, users
from labyard.store.users import UserRow


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRow:
    """`hash`: SHA-256 of the secret, hex. `scopes`: words with blanks between; none: good for everything.

    `expires_at` None: never.
    """

    id: str
    owner: str
    name: str
    hash: str
    created_at: datetime
    scopes: str = ""
    expires_at: datetime | None = None


class KeyStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_token(self, row: TokenRow) -> None:
        async with self._database.begin() as connection:
            await connection.execute(insert(tokens).values(asdict(row)))

    async def token(self, digest: str, *, now: datetime) -> tuple[TokenRow, UserRow | None] | None:
        """One that is good, and the account that its owner has."""
        token = select(tokens).where(tokens.c.hash == digest)
        found, user = await self._with_user(token, token.with_only_columns(tokens.c.owner))
        if found is None or (found["expires_at"] is not None and found["expires_at"] <= now):
            return None
        return TokenRow(**found), user

    async def _with_user(
        self, query: Executable, owner: Select[tuple[str]]
    ) -> tuple[RowMapping | None, UserRow | None]:
        rows, user = await self._database.read_all(query, select(users).where(users.c.id.in_(owner)))
        account = user.mappings().first()
        return rows.mappings().first(), None if account is None else UserRow(**account)

    async def list_tokens(self, owner: str, *, now: datetime) -> list[TokenRow]:
        """Those that are still good, oldest first."""
        good = or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now)
        query = select(tokens).where(tokens.c.owner == owner, good).order_by(tokens.c.created_at, tokens.c.id)
        found = (await self._database.read(query)).mappings().all()
        return [TokenRow(**each) for each in found]

    async def remove_token(self, owner: str, token_id: str) -> bool:
        """False when they have no such token."""
        gone = delete(tokens).where(tokens.c.owner == owner, tokens.c.id == token_id)
        async with self._database.begin() as connection:
            return await connection.change(gone) == 1

    async def add_link(self, digest: str, owner: str, expires_at: datetime) -> None:
        async with self._database.begin() as connection:
            await connection.execute(insert(signin_links).values(hash=digest, owner=owner, expires_at=expires_at))

    async def take_link(self, digest: str, *, now: datetime) -> str | None:
        """Its owner, once: of two who come at the same time one gets it."""
        taken = delete(signin_links).where(signin_links.c.hash == digest, signin_links.c.expires_at > now)
        async with self._database.begin() as connection:
            return (await connection.execute(taken.returning(signin_links.c.owner))).scalar_one_or_none()

    async def add_session(self, digest: str, owner: str, *, now: datetime, expires_at: datetime) -> None:
        values = {"hash": digest, "owner": owner, "created_at": now, "expires_at": expires_at}
        async with self._database.begin() as connection:
            await connection.execute(insert(sessions).values(values))

    async def session(self, digest: str, *, now: datetime) -> tuple[str, UserRow | None] | None:
        """Whose it is, and the account that they have."""
        owner = select(sessions.c.owner).where(sessions.c.hash == digest, sessions.c.expires_at > now)
        found, user = await self._with_user(owner, owner)
        return None if found is None else (found["owner"], user)

    async def remove_session(self, digest: str) -> None:
        async with self._database.begin() as connection:
            await connection.execute(delete(sessions).where(sessions.c.hash == digest))

    async def count_sessions(self, owner: str, *, now: datetime) -> int:
        query = select(func.count()).select_from(sessions)
        query = query.where(sessions.c.owner == owner, sessions.c.expires_at > now)
        return int((await self._database.read(query)).scalar_one())

    async def remove_sessions(self, owner: str, *, keep: str | None = None) -> None:
        """All of theirs, and their sign-in links, but for the session whose hash is `keep`."""
        gone = delete(sessions).where(sessions.c.owner == owner)
        async with self._database.begin() as connection:
            await connection.execute(delete(signin_links).where(signin_links.c.owner == owner))
            await connection.execute(gone if keep is None else gone.where(sessions.c.hash != keep))

    async def sweep(self, *, now: datetime) -> None:
        """Forget what has expired."""
        async with self._database.begin() as connection:
            await connection.execute(delete(signin_links).where(signin_links.c.expires_at <= now))
            await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            await connection.execute(delete(tokens).where(tokens.c.expires_at <= now))
