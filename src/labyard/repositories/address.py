"""What people write for a place in a repository: `https://HOST/PATH[#REF][:FOLDER]`. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import Final

from labyard.content.paths import why_no_path
from labyard.errors import RepositoryError

LONGEST: Final = 1_500
_SCHEME: Final = "https://"
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~+@-]{1,128}){1,16}/?")
_REF: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+@-]{0,199}")
_HINT: Final = "`https://HOST/OWNER/NAME`, then `#BRANCH`, a tag or a commit, and `:FOLDER`, where they are needed"


@dataclass(frozen=True, kw_only=True, slots=True)
class GitAddress:
    """`ref` empty: what the repository says by itself. `folder` empty: its top; it may also be a manifest's file."""

    host: str
    port: int
    path: str
    ref: str = ""
    folder: str = ""

    @property
    def url(self) -> str:
        """As Git is told."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_SCHEME}{host}{'' if self.port == 443 else f':{self.port}'}{self.path}"

    def __str__(self) -> str:
        return self.url + (f"#{self.ref}" if self.ref else "") + (f":{self.folder}" if self.folder else "")

    def at(self, folder: str) -> GitAddress:
        return replace(self, folder=folder)


def parse_address(text: str) -> GitAddress:
    """RepositoryError for what is none, with why."""
    text = text.strip()
    if len(text) > LONGEST or not text.isprintable() or not text.isascii():
        raise _no_address("it is too long, or holds other signs than addresses have")
    if not text.startswith(_SCHEME):
        raise _no_address("only `https://` is taken")
    rest, hash_sign, fragment = text.removeprefix(_SCHEME).partition("#")
    place, slash, path = rest.partition("/")
    if hash_sign:
        ref, _, folder = fragment.partition(":")
    else:
        ref, (path, _, folder) = "", path.partition(":")
    host, port = _host_and_port(place)
    path = slash + path
    if not _PATH.fullmatch(path) or any(part in (".", "..") for part in path.split("/")):
        raise _no_address("it has no path, or one with signs that are not taken (no `?`, no `%`)")
    if ref and (not _REF.fullmatch(ref) or ".." in ref or "@{" in ref or "//" in ref or ref.endswith(("/", ".lock"))):
        raise _no_address(f"{ref[:80]!r} is no branch, tag or commit")
    folder = folder.strip("/")
    if folder and (why := why_no_path(folder)) is not None:
        raise _no_address(f"{folder[:80]!r} is no folder in it: {why}")
    return GitAddress(host=host, port=port, path=path.rstrip("/"), ref=ref, folder=folder)


def _host_and_port(place: str) -> tuple[str, int]:
    if "@" in place:
        raise _no_address("a name or password cannot be in it")
    if place.startswith("["):
        inside, closed, rest = place[1:].partition("]")
        host, port = inside, rest.removeprefix(":") if closed and rest.startswith(":") else rest
        if not closed or (rest and not rest.startswith(":")) or not _is_v6(host):
            raise _no_address("its host is no address")
    else:
        host, _, port = place.lower().partition(":")
        if not _NAME.fullmatch(host) or len(host) > 253 or (host.rpartition(".")[2].isdigit() and not _is_v4(host)):
            raise _no_address("its host is no name")
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65_536):
        raise _no_address("its port is none")
    return host, int(port or 443)


def _is_v4(host: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False


def _is_v6(host: str) -> bool:
    try:
        return bool(ipaddress.IPv6Address(host)) and "%" not in host
    except ValueError:
        return False


def _no_address(why: str) -> RepositoryError:
    return RepositoryError(f"this is no address of a repository: {why}", hint=_HINT)
