"""What the environment says of repositories."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from labyard.errors import ConflictError
from labyard.repositories.settings import GitSettings

_YES = {"1": True, "true": True, "yes": True, "": False, "0": False, "false": False, "no": False}


def git_settings(environ: Mapping[str, str]) -> GitSettings:
    """`LABYARD_GIT_FOR_EVERYBODY`, `LABYARD_GIT_NETWORKS` (words between commas), `LABYARD_GIT_AUTHORITIES` (a file).

    ConflictError for what is none.
    """
    words = [word.strip() for word in environ.get("LABYARD_GIT_NETWORKS", "").split(",")]
    authorities = environ.get("LABYARD_GIT_AUTHORITIES", "")
    everybody = environ.get("LABYARD_GIT_FOR_EVERYBODY", "").lower()
    if everybody not in _YES:
        raise ConflictError(f"LABYARD_GIT_FOR_EVERYBODY is {everybody[:40]!r}, neither `true` nor `false`")
    try:
        networks = tuple(ipaddress.ip_network(word) for word in words if word)
    except ValueError as error:
        raise ConflictError(f"LABYARD_GIT_NETWORKS: {error}") from None
    return GitSettings(
        for_everybody=_YES[everybody],
        networks=networks,
        authorities=Path(authorities) if authorities else None,
    )
