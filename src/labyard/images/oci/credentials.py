"""Names and passwords for registries, from the files that docker, podman and skopeo keep.

Formats: containers-auth.json(5), Docker's config.json. Credential helpers are programs and are not run.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass
from pathlib import Path

from labyard.images.problems import RegistryAuthError

_HUB = ("https://index.docker.io/v1/", "https://index.docker.io/v1", "index.docker.io", "registry-1.docker.io")
_MAX_FILE = 1 << 20


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """`token` is an identity token, used in place of name and password."""

    name: str
    password: str
    token: str | None = None

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.name}:{self.password}".encode()).decode()


def usual_files() -> list[Path]:
    """Where such files lie, the most particular first."""
    found = []
    if named := os.environ.get("REGISTRY_AUTH_FILE"):
        found.append(Path(named))
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        found.append(Path(runtime) / "containers/auth.json")
    home = Path(os.environ.get("HOME", "/root"))
    return [*found, home / ".config/containers/auth.json", home / ".docker/config.json"]


def find_credentials(host: str, repository: str, auth_file: Path | None) -> Credentials | None:
    """Those of the longest entry that covers `host/repository`. RegistryAuthError when a file cannot be read as one."""
    keys = [host]
    for part in repository.split("/"):
        keys.append(f"{keys[-1]}/{part}")
    wanted = [*reversed(keys), f"https://{host}", f"https://{host}/v2/", *(_HUB if host == "docker.io" else ())]
    for path in [auth_file] if auth_file else usual_files():
        entries = _entries(path)
        for key in wanted:
            if isinstance(entry := entries.get(key), dict) and (found := _credentials(entry, path)):
                return found
    return None


def _entries(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_MAX_FILE))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except ValueError as error:
        raise RegistryAuthError(f"{path} cannot be read: it is not JSON") from error
    entries = document.get("auths") if isinstance(document, dict) else None
    return entries if isinstance(entries, dict) else {}


def _credentials(entry: dict[str, object], path: Path) -> Credentials | None:
    token = entry.get("identitytoken")
    encoded = entry.get("auth")
    if not isinstance(encoded, str) or not encoded:
        return Credentials("", "", token) if isinstance(token, str) and token else None
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RegistryAuthError(f"{path} cannot be read: an entry is not base64 of name:password") from error
    if not colon:
        raise RegistryAuthError(f"{path} cannot be read: an entry is not base64 of name:password")
    return Credentials(name, password.rstrip("\0"), token if isinstance(token, str) and token else None)
