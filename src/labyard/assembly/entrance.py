"""The ways in, as they are set: mail, another provider; and what may be fetched from repositories."""

from __future__ import annotations

from ipaddress import ip_network

from pydantic import SecretStr

from labyard.assembly.configuration import Configuration
from labyard.control.mail import Mailer, MailSettings, SmtpMailer
from labyard.repositories.settings import GitSettings
from labyard.server.oidc.provider import Provider, ProviderSettings


def mailer(configuration: Configuration) -> Mailer | None:
    """None: no mail leaves here. ConflictError for addresses that are none."""
    if configuration.smtp_url is None:
        return None
    return SmtpMailer(MailSettings.parse(_shown(configuration.smtp_url), configuration.mail_from or ""))


def provider(configuration: Configuration) -> Provider | None:
    """None: nobody else knows people. ConflictError for an issuer that is none."""
    if configuration.oidc_issuer is None:
        return None
    return Provider(
        ProviderSettings(
            issuer=configuration.oidc_issuer,
            client_id=configuration.oidc_client_id or "",
            client_secret=_shown(configuration.oidc_client_secret),
            name=configuration.oidc_name or "",
        )
    )


def git_settings(configuration: Configuration) -> GitSettings:
    return GitSettings(
        for_everybody=configuration.git_for_everybody,
        networks=tuple(ip_network(word) for word in configuration.git_networks),
        authorities=configuration.git_authorities,
    )


def _shown(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
