"""What is set of the ways in: mail, sign-up, another provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from labyard.control.mail import Mailer, MailSettings, SmtpMailer
from labyard.errors import ConflictError
from labyard.server.oidc.provider import Provider, ProviderSettings

_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "": False,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class EntranceSettings:
    """`url`: where people reach this server, for letters. Empty: there is none, or as whoever asks calls us."""

    url: str = ""
    signup: bool = False
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_name: str = ""


def entrance_settings(environ: Mapping[str, str]) -> EntranceSettings:
    """From `LABYARD_<NAME>`; ConflictError for what makes no sense."""
    signup = environ.get("LABYARD_SIGNUP", "").strip().lower()
    if signup not in _WORDS:
        raise ConflictError(f"LABYARD_SIGNUP is {signup!r}", hint="`true` or `false`")
    names = ("smtp_url", "mail_from", "oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_name")
    texts = {name: environ.get(f"LABYARD_{name.upper()}", "") for name in names}
    return EntranceSettings(signup=_WORDS[signup], **texts)


def mailer(settings: EntranceSettings) -> Mailer | None:
    """None: no mail leaves here. ConflictError."""
    if not settings.smtp_url:
        return None
    if not settings.mail_from:
        raise ConflictError("mail_from is missing", hint="the address that letters come from")
    return SmtpMailer(MailSettings.parse(settings.smtp_url, settings.mail_from))


def provider(settings: EntranceSettings) -> Provider | None:
    """None: nobody else knows people. ConflictError."""
    if not settings.oidc_issuer:
        return None
    return Provider(
        ProviderSettings(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            name=settings.oidc_name,
        )
    )
