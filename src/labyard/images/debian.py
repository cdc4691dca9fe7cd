"""Debian's packages without touching the box's own package state: whose mirrors, and an apt of our own beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labyard.errors import ImageError
from labyard.images.commands import run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_FORMAT = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
_DEFAULTS = (("debian", ""), ("debian", "-updates"), ("debian-security", "-security"))


@dataclass(frozen=True, slots=True)
class AptSource:
    """One repository: `deb <uri> <suite> main`."""

    uri: str
    suite: str

    def line(self, keyring: Path | None = None) -> str:
        options = f" [signed-by={keyring}]" if keyring else ""
        return f"deb{options} {self.uri} {self.suite} main\n"


def public_sources(suite: str) -> tuple[AptSource, ...]:
    """Debian's own, which also the machines get."""
    return tuple(AptSource(f"http://deb.debian.org/{archive}", suite + part) for archive, part in _DEFAULTS)


def sources_among(targets: str, suite: str) -> tuple[AptSource, ...]:
    """Those of apt's index targets, in our format, that carry `suite`. Pure."""
    wanted = {suite, f"{suite}-updates", f"{suite}-security", f"{suite}-backports"}
    found = []
    for line in targets.splitlines():
        uri, release, component, origin = (*line.split("|"), "", "", "", "")[:4]
        known = origin in ("Debian", "", "$(ORIGIN)")
        if release in wanted and component == "main" and known and re.fullmatch(r"[a-z+]+:[^\s\[\]]+", uri):
            found.append(AptSource(uri.rstrip("/"), release))
    unique = tuple(dict.fromkeys(found))
    return unique if any(source.suite == suite for source in unique) else ()


async def box_sources(suite: str) -> tuple[AptSource, ...]:
    """The box's own sources when they carry `suite`, else Debian's public ones."""
    try:
        targets = await run(
            ["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"], what="reading apt's sources"
        )
    except ImageError:
        return public_sources(suite)
    return sources_among(targets, suite) or public_sources(suite)


async def proxy_options() -> list[str]:
    """How the box's apt goes out, for a program that does not read its configuration: `Acquire::http::Proxy "...";`."""
    try:
        text = await run(["apt-config", "dump", "--format", '%F "%v";%n', "Acquire"], what="reading apt's settings")
    except ImageError:
        return []
    return [line for line in text.splitlines() if re.match(r'Acquire::https?::Proxy(::[\w.-]+)? ".+";\Z', line)]


def sources_text(sources: Sequence[AptSource]) -> str:
    keyring = KEYRING if KEYRING.exists() else None
    return "".join(source.line(keyring) for source in sources)


class PrivateApt:
    """apt with lists, cache and sources of its own in a work folder; of the box it uses only proxies and keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._downloads = folder / "downloads"

    async def update(self, suite: str) -> None:
        """Fetch the lists of `suite`. ImageError when this box has no apt, or the mirrors do not answer."""
        for name in ("lists/partial", "cache/archives/partial", "downloads"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("status", "preferences"):
            (self._folder / name).touch()
        (self._folder / "sources.list").write_text(sources_text(await box_sources(suite)), encoding="utf-8")
        await self._apt("apt-get", "update", "--error-on=any", what="fetching Debian's package lists")

    async def dependency(self, package: str, pattern: re.Pattern[str]) -> str | None:
        """The newest package that `package` depends on whose name is `pattern`; None when there is none."""
        text = await self._apt("apt-cache", "depends", package, what=f"looking for {package}", check=False)
        words = [word for line in text.splitlines() if "Depends:" in line for word in line.split()[1:]]
        return next((word for word in words if pattern.fullmatch(word)), None)

    async def download(self, package: str) -> Path:
        """The package's file, checked by apt against the signed lists."""
        await self._apt("apt-get", "download", package, what=f"fetching {package}", cwd=self._downloads)
        return next(self._downloads.glob(f"{package}_*.deb"))

    async def _apt(self, program: str, *arguments: str, what: str, cwd: Path | None = None, check: bool = True) -> str:
        folder = self._folder
        options = {
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "APT::Get::List-Cleanup": "false",
            "APT::Update::Post-Invoke-Success": "",
            "Dir::State": str(folder),
            "Dir::State::status": str(folder / "status"),
            "Dir::State::lists": str(folder / "lists"),
            "Dir::Cache": str(folder / "cache"),
            "Dir::Etc::sourcelist": str(folder / "sources.list"),
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::preferences": str(folder / "preferences"),
            "Dir::Etc::preferencesparts": "-",
        }
        settings = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        try:
            return await run([program, "-q", *settings, *arguments], what=what, cwd=cwd)
        except ImageError:
            if check:
                raise
            return ""
