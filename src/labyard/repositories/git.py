"""Git, as a program without any rights: one commit, without history, without a work tree. Files are read from its objects.

So nothing of a repository can act here: no hook, filter, submodule or link is ever looked at, as nothing is checked out.
What Git may speak, and with whom, it is told by arguments; it reads no configuration and has no credentials.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from labyard.errors import RepositoryError
from labyard.repositories.address import GitAddress
from labyard.repositories.program import command, environment, jail, why
from labyard.repositories.reach import reachable
from labyard.repositories.settings import MIB, GitSettings
from labyard.repositories.tree import Blob, Listing, read_listing

log = structlog.get_logger()

_LISTING: Final = 4 * MIB
_TALK: Final = 16 << 10
_LEAST: Final = (2, 37)  # the first with `http.curloptResolve`
_AUTHORITIES: Final = "authorities.pem"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkout:
    """One commit, while it is here."""

    commit: str
    listing: Listing
    _git: Git
    _folder: Path

    async def read(self, blobs: Sequence[Blob]) -> dict[str, bytes]:
        """By path. RepositoryError for more than may be read."""
        settings = self._git.settings
        if len(blobs) > settings.files or sum(blob.size for blob in blobs) > settings.size:
            raise RepositoryError(
                f"there are more than {settings.files} files, or more than {settings.size // MIB} MiB, at this place",
                hint="name the folder of one lesson or playground: `...#BRANCH:FOLDER`",
            )
        asked = "".join(f"{blob.object}\n" for blob in blobs).encode()
        told = await self._git.run(
            self._folder, "cat-file", "--batch", given=asked, most=settings.size + len(blobs) * 256
        )
        return dict(_contents(blobs, told))


class Git:
    """`folder`: where repositories lie while they are looked at."""

    def __init__(self, folder: Path, settings: GitSettings | None = None) -> None:
        self.settings = settings or GitSettings()
        self._folder = folder
        self._doors = asyncio.Semaphore(self.settings.at_once)
        self._sound = False

    @asynccontextmanager
    async def at(self, address: GitAddress) -> AsyncIterator[Checkout]:
        """What is at an address; gone when the block ends. RepositoryError."""
        async with self._doors:
            await self._check_version()
            place = await asyncio.to_thread(self._make_place)
            try:
                yield await self._fetch(place, address)
            finally:
                await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)

    async def clear(self) -> None:
        """What was cut when the last server ended."""
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def run(
        self,
        folder: Path,
        *arguments: str,
        given: bytes = b"",
        most: int = _TALK,
        settings: Mapping[str, str] | None = None,
    ) -> bytes:
        """What one call of Git prints. RepositoryError when it fails, takes too long, or prints more than `most` bytes."""
        line, home = jail(self.settings, folder, self._folder.parent)
        process = await asyncio.create_subprocess_exec(
            *line,
            *command(settings or {}, arguments),
            cwd=folder,
            env=environment(home),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self.settings.patience):
                out, errors, _ = await asyncio.gather(
                    _upto(process, most), _tail(process.stderr), _feed(process, given)
                )
                code = await process.wait()
        except TimeoutError:
            raise RepositoryError(f"it took longer than {self.settings.patience:.0f} seconds") from None
        finally:
            _kill(process)
            await process.wait()
        if out is None:
            raise RepositoryError("there is more in this repository than can be looked through")
        if code != 0:
            log.info("git gave a repository up", told=ascii(errors[-400:].decode(errors="replace")))
            raise RepositoryError(why(errors))
        return out

    async def _fetch(self, place: Path, address: GitAddress) -> Checkout:
        addresses = await reachable(address.host, address.port, self.settings.networks)
        settings = {"http.curloptResolve": f"{address.host}:{address.port}:{','.join(map(_bracketed, addresses))}"}
        if self.settings.authorities is not None:
            settings["http.sslCAInfo"] = _AUTHORITIES
        await self.run(place, "init", "--quiet", "--bare", "--template=", ".")
        quiet = (
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--no-write-commit-graph",
        )
        wanted = address.ref or "HEAD"
        await self.run(place, "fetch", *quiet, "--", address.url, f"+{wanted}:refs/labyard/it", settings=settings)
        commit = (await self.run(place, "rev-parse", "--verify", "refs/labyard/it^{commit}")).decode().strip()
        if not _COMMIT.fullmatch(commit):
            raise RepositoryError(f"{wanted[:80]} is no commit")
        told = await self.run(place, "ls-tree", "-r", "-l", "-z", "--full-tree", commit, most=_LISTING)
        listing = await asyncio.to_thread(read_listing, told)
        return Checkout(commit=commit, listing=listing, _git=self, _folder=place)

    def _make_place(self) -> Path:
        """Git's own, and nobody else's."""
        self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=self._folder))
        if self.settings.authorities is not None:
            shutil.copyfile(self.settings.authorities, place / _AUTHORITIES)
        if os.geteuid() == 0:
            for path in (place, *place.iterdir()):
                os.chown(path, self.settings.uid, self.settings.uid)
        return place

    async def _check_version(self) -> None:
        """An older one would ask the name server a second time, and go wherever that says."""
        if self._sound:
            return
        program = shutil.which("git")
        if program is None:
            raise RepositoryError("this server has no Git", hint="whoever operates it may install the package `git`")
        process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
        told, _ = await process.communicate()
        found = re.search(rb"(\d+)\.(\d+)", told)
        if found is None or (int(found[1]), int(found[2])) < _LEAST:
            least = ".".join(map(str, _LEAST))
            raise RepositoryError(f"this server's Git is older than {least}", hint="whoever operates it may renew it")
        self._sound = True


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _upto(process: asyncio.subprocess.Process, most: int) -> bytes | None:
    """What it prints. When there is more, it is ended: None."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    pieces: list[bytes] = []
    size = 0
    while piece := await process.stdout.read(64 << 10):
        size += len(piece)
        if size > most:
            _kill(process)
            return None
        pieces.append(piece)
    return b"".join(pieces)


async def _tail(stream: asyncio.StreamReader | None) -> bytes:
    assert stream is not None  # noqa: S101 - it is a pipe
    kept = b""
    while piece := await stream.read(4 << 10):
        kept = (kept + piece)[-_TALK:]
    return kept


def _kill(process: asyncio.subprocess.Process) -> None:
    """With all that it started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _contents(blobs: Sequence[Blob], told: bytes) -> Iterator[tuple[str, bytes]]:
    """`cat-file --batch` says: object, kind, size, line end; the bytes; line end."""
    at = 0
    for blob in blobs:
        end = told.index(b"\n", at)
        name, kind, size = told[at:end].split()
        if name.decode() != blob.object or kind != b"blob" or int(size) != blob.size:
            raise RepositoryError("this repository is not what it says it is")
        yield blob.path, told[end + 1 : end + 1 + blob.size]
        at = end + 1 + blob.size + 1
