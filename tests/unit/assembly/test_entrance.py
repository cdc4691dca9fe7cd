"""What is set of the ways in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.database import open_copy

from labyard.assembly.entrance import entrance_settings, mailer, provider
from labyard.assembly.house import services_over
from labyard.assembly.settings import Settings
from labyard.errors import LabyardError
from labyard.hosts.fake import FakeHost


def test_nothing_is_set_and_nobody_signs_up() -> None:
    settings = entrance_settings({})
    assert (settings.signup, mailer(settings), provider(settings)) == (False, None, None)


def test_what_is_set() -> None:
    settings = entrance_settings(
        {
            "LABYARD_SIGNUP": "True",
            "LABYARD_SMTP_URL": "smtps://labyard:hidden@mail.example.org",
            "LABYARD_MAIL_FROM": "labyard@example.org",
            "LABYARD_OIDC_ISSUER": "https://id.example.org",
            "LABYARD_OIDC_CLIENT_ID": "labyard",
            "LABYARD_OIDC_CLIENT_SECRET": "hidden",
            "LABYARD_OIDC_NAME": "Example",
        }
    )
    found = provider(settings)
    assert settings.signup and mailer(settings) is not None and found is not None and found.name == "Example"
    assert "hidden" not in repr(settings)


async def test_what_is_set_is_in_the_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABYARD_SIGNUP", "yes")
    monkeypatch.setenv("LABYARD_SMTP_URL", "smtp://127.0.0.1:2525")
    monkeypatch.setenv("LABYARD_MAIL_FROM", "labyard@example.org")
    monkeypatch.setenv("LABYARD_OIDC_ISSUER", "https://id.example.org")
    monkeypatch.setenv("LABYARD_OIDC_CLIENT_ID", "labyard")
    database = await open_copy(tmp_path / "labyard.db")
    services = services_over(Settings(data=tmp_path), database, FakeHost())
    assert services.doors.signup and services.doors.post is not None
    assert services.provider is not None and services.provider.name == "id.example.org"
    await database.close()


@pytest.mark.parametrize(
    "environ",
    [
        {"LABYARD_SIGNUP": "perhaps"},
        {"LABYARD_SMTP_URL": "mail.example.org", "LABYARD_MAIL_FROM": "labyard@example.org"},
        {"LABYARD_SMTP_URL": "smtp://mail.example.org"},
        {"LABYARD_SMTP_URL": "smtp://mail.example.org", "LABYARD_MAIL_FROM": "Labyard"},
        {"LABYARD_OIDC_ISSUER": "http://id.example.org", "LABYARD_OIDC_CLIENT_ID": "labyard"},
        {"LABYARD_OIDC_ISSUER": "https://id.example.org"},
    ],
)
def test_what_makes_no_sense_is_said_when_it_begins(environ: Mapping[str, str]) -> None:
    with pytest.raises(LabyardError) as error:
        settings = entrance_settings(environ)
        mailer(settings)
        provider(settings)
    assert error.value.hint
