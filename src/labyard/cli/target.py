"""Which server, and as whom: read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

from labyard.cli.exits import UsageError

DEFAULT_URL = "http://127.0.0.1:8800"
DEFAULT_DATA = Path("/var/lib/labyard")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """`url` has no trailing slash. `token` is None when none was given and none can be read."""

    url: str
    token: str | None
    data: Path

    @property
    def local(self) -> bool:
        """Whether the server is on this box: then proxies are not asked and the box's own token may be sent."""
        return _is_local(urlsplit(self.url).hostname or "")

    def at(self, address: str) -> str:
        """A path of this server from a whole address of it: what it calls itself need not resolve here."""
        asked = urlsplit(address)
        return urlunsplit(("", "", asked.path, asked.query, ""))

    def websocket(self, path: str) -> str:
        """The WebSocket address of a path on this server. Of a whole address only its path and query count.

        The server names itself by the address it is known by, which need not resolve here (`labyard.localhost`).
        """
        base = urlsplit(self.url)
        asked = urlsplit(path)
        scheme = "wss" if base.scheme == "https" else "ws"
        prefix = "" if asked.netloc else base.path
        return urlunsplit((scheme, base.netloc, prefix + asked.path, asked.query, ""))


def from_environment(environment: Mapping[str, str]) -> Target:
    """Read LABYARD_URL, LABYARD_TOKEN, LABYARD_DATA. Raises UsageError for an address that is none."""
    url = environment.get("LABYARD_URL") or DEFAULT_URL
    parts = _split(url)
    data = Path(environment.get("LABYARD_DATA") or DEFAULT_DATA)
    token = environment.get("LABYARD_TOKEN") or None
    if token is None and _is_local(parts.hostname or ""):
        token = _read_token(data / "owner.token")
    return Target(url=url.rstrip("/"), token=token, data=data)


def _split(url: str) -> SplitResult:
    hint = f"write it as {DEFAULT_URL}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"LABYARD_URL is no address: {url!r}: {error}", hint=hint) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"LABYARD_URL is no http address: {url!r}", hint=hint)
    return parts


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _read_token(path: Path) -> str | None:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(4096).strip() or None
    except (OSError, UnicodeDecodeError):
        return None  # the server then says what is missing
