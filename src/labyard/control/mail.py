"""Mail leaves through the operator's SMTP server (aiosmtplib)."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid, parseaddr
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from labyard.control.letters import Letter
from labyard.control.mail_address import mail_address
from labyard.errors import ConflictError, LabyardError

_PORTS = {"smtp": 587, "smtps": 465}
_PATIENCE = 20.0
_HINT = "`smtp://USER:PASSWORD@HOST:587` (STARTTLS) or `smtps://USER:PASSWORD@HOST` (TLS)"


class MailError(LabyardError):
    """The SMTP server cannot be reached, or does not take it."""

    code = "mail"


class Mailer(Protocol):
    async def send(self, to: str, letter: Letter) -> None:
        """MailError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MailSettings:
    """`sender`: `labs@example.org` or `Labs <labs@example.org>`. `tls`: from the first byte.

    `starttls`: None, where the server offers it, which is enough on this very box.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    tls: bool = False
    starttls: bool | None = True

    @classmethod
    def parse(cls, url: str, sender: str) -> MailSettings:
        """ConflictError for what is no address of an SMTP server. `?starttls=no`: in the clear, in a network one trusts."""
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname
        except ValueError:
            raise ConflictError("smtp_url is no URL", hint=_HINT) from None
        query = parse_qs(parts.query)
        if parts.scheme not in _PORTS or not host or parts.path not in ("", "/") or set(query) - {"starttls"}:
            raise ConflictError("smtp_url is no address of an SMTP server", hint=_HINT)
        starttls: bool | None = None if _is_loopback(host) else True
        if query.get("starttls") == ["no"]:
            starttls = False
        return cls(
            host=host,
            port=port or _PORTS[parts.scheme],
            sender=_sender(sender),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=parts.scheme == "smtps",
            starttls=False if parts.scheme == "smtps" else starttls,
        )


class SmtpMailer:
    def __init__(self, settings: MailSettings, *, patience: float = _PATIENCE) -> None:
        self._settings = settings
        self._patience = patience

    async def send(self, to: str, letter: Letter) -> None:
        settings = self._settings
        try:
            await aiosmtplib.send(
                message(settings.sender, to, letter),
                hostname=settings.host,
                port=settings.port,
                username=settings.user or None,
                password=settings.password or None,
                use_tls=settings.tls,
                start_tls=settings.starttls,
                timeout=self._patience,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            text = " ".join(str(error).split())[:200] or type(error).__name__
            raise MailError(
                f"the mail did not leave: {text}", hint="is `smtp_url` right, and the server up?"
            ) from error


def message(sender: str, to: str, letter: Letter) -> EmailMessage:
    """Plain text: nothing to load, nothing to hide a link behind."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = to
    made["Subject"] = letter.subject
    made["Date"] = formatdate()
    made["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    return made


def _sender(text: str) -> str:
    """BadRequestError for what has no address in it."""
    name, address = parseaddr(text)
    if not text.isprintable():
        address = ""
    return formataddr((name or "Labyard", mail_address(address)))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
