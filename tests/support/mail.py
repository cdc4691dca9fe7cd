"""A real SMTP server on loopback (aiosmtpd), and what it was given."""

from __future__ import annotations

import asyncio
import email
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Mailbox:
    """`refuse`: what it says to the next letters, one each, such as `451 later`."""

    port: int = 0
    tls: bool = False
    letters: list[Message] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    refuse: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        if self.refuse:
            return self.refuse.pop(0)
        assert isinstance(envelope.content, bytes)
        self.letters.append(email.message_from_bytes(envelope.content))
        self.secured.append(self.tls or session.ssl is not None)
        return "250 taken"

    def text(self, index: int = -1) -> str:
        payload = self.letters[index].get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode()

    def link(self, index: int = -1) -> str:
        return next(line for line in self.text(index).splitlines() if line.startswith("http"))


@asynccontextmanager
async def mail_server(
    *, context: ssl.SSLContext | None = None, tls: bool = False, user: str = ""
) -> AsyncIterator[Mailbox]:
    """`context`: STARTTLS is asked for; with `tls` TLS from the first byte. `user`: who signs in, with `secret`."""
    box = Mailbox(tls=tls)

    def authenticate(_server: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
        box.users.append(mechanism)
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), b"secret")
        return AuthResult(success=known)

    more: dict[str, Any] = {"hostname": "mail.test"}
    if context is not None and not tls:
        more |= {"tls_context": context, "require_starttls": True}
    if user:
        more |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": not tls}
    loop = asyncio.get_running_loop()

    def made() -> SMTP:
        with warnings.catch_warnings(action="ignore"):  # it knows of STARTTLS alone, and warns of passwords without
            return SMTP(box, loop=loop, **more)

    server = await loop.create_server(made, "127.0.0.1", 0, ssl=context if tls else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
