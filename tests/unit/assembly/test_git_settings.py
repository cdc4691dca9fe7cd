from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from labyard.assembly.git import git_settings
from labyard.errors import ConflictError


def test_what_the_environment_says_of_repositories() -> None:
    settings = git_settings({})
    assert (settings.for_everybody, settings.networks, settings.authorities) == (False, (), None)
    settings = git_settings(
        {
            "LABYARD_GIT_FOR_EVERYBODY": "True",
            "LABYARD_GIT_NETWORKS": "10.1.0.0/16, fd00::/8,",
            "LABYARD_GIT_AUTHORITIES": "/etc/ours.pem",
        }
    )
    assert settings.for_everybody and settings.authorities == Path("/etc/ours.pem")
    assert settings.networks == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LABYARD_GIT_FOR_EVERYBODY", "perhaps"),
        ("LABYARD_GIT_NETWORKS", "10.1.2.3/16"),
        ("LABYARD_GIT_NETWORKS", "inside"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConflictError, match=name):
        git_settings({name: value})
