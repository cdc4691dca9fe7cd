"""What is set of the ways in."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest
from tests.support.database import open_copy

from labyard.assembly.configured import read
from labyard.assembly.entrance import git_settings, mailer, provider
from labyard.assembly.house import services_over
from labyard.assembly.settings import Settings
from labyard.errors import LabyardError
from labyard.hosts.fake import FakeHost

SET = {
    "LABYARD_SIGNUP": "True",
    "LABYARD_SMTP_URL": "smtps://labyard:hidden@mail.example.org",
    "LABYARD_MAIL_FROM": "Labs <labyard@example.org>",
    "LABYARD_OIDC_ISSUER": "https://id.example.org",
    "LABYARD_OIDC_CLIENT_ID": "labyard",
    "LABYARD_OIDC_CLIENT_SECRET": "hidden",
    "LABYARD_GIT_FOR_EVERYBODY": "true",
    "LABYARD_GIT_NETWORKS": "10.1.0.0/16, fd00::/8",
    "LABYARD_GIT_AUTHORITIES": "/etc/ours.pem",
}


def test_nothing_is_set_and_nobody_signs_up() -> None:
    configuration = read().configuration
    assert (configuration.signup, mailer(configuration), provider(configuration)) == (False, None, None)
    git = git_settings(configuration)
    assert (git.for_everybody, git.networks, git.authorities) == (False, (), None)


async def test_what_is_set_is_in_the_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    configuration = read().configuration
    assert mailer(configuration) is not None and "hidden" not in repr(configuration)
    git = git_settings(configuration)
    assert git.for_everybody and git.authorities == Path("/etc/ours.pem")
    assert git.networks == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    database = await open_copy(tmp_path / "labyard.db")
    services = services_over(Settings(data=tmp_path, configuration=configuration), database, FakeHost())
    assert services.doors.signup and services.doors.post is not None
    assert services.provider is not None and services.provider.name == "id.example.org"
    assert services.repositories.git.settings.for_everybody
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
        {"LABYARD_GIT_NETWORKS": "10.1.2.3/16"},
        {"LABYARD_GIT_NETWORKS": "inside"},
    ],
)
def test_what_makes_no_sense_is_said_when_it_begins(
    environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LabyardError):
        configuration = read().configuration
        mailer(configuration)
        provider(configuration)
