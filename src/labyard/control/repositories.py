"""From a place in somebody's Git repository to a play of one's own. Looked at first, started only when it is asked for.

What comes is as hostile as an upload, and is read by the same: a lesson becomes a preview (nobody's progress, in no list), a
playground's manifest is kept for a while, for whoever looked.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from labyard.content.front_matter import read_front_matter
from labyard.content.library import PLURALS, Entry, Library
from labyard.control.authoring import Authoring
from labyard.control.bounds import FETCHED, MIB
from labyard.control.lesson_key import CHALLENGE, TUTORIAL, LessonKey
from labyard.control.lessons import Lessons
from labyard.control.manifests import Manifests
from labyard.control.planning import NewPlay
from labyard.control.plays import Plays
from labyard.control.reconciler import utc_now
from labyard.control.refusals import TooManyError
from labyard.control.rows import PlayView
from labyard.errors import ConflictError, NotFoundError, Problem, RepositoryError, SpecError
from labyard.repositories.address import GitAddress, parse_address
from labyard.repositories.git import Checkout, Git
from labyard.repositories.tree import INDEX, MANIFESTS, Blob, below, choices
from labyard.spec.document import Scalar
from labyard.spec.limits import DEFAULT
from labyard.spec.manifest import Manifest

PLAYGROUND: Final = "playground"
_KEPT: Final = timedelta(hours=1)
_MOST: Final = 64
_LOOKS: Final = 30
_LOOKS_IN: Final = timedelta(hours=1)
_PLURAL: Final = {kind: plural for plural, kind in PLURALS.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What is at a place. `kind` empty: neither a lesson nor a playground, but `choices`: places that are.

    `manifest`: of a playground that can be read; `entry`: of a lesson. `left_out`: files that content cannot have.
    """

    id: str
    address: GitAddress
    commit: str
    kind: str
    manifest: Manifest | None = None
    entry: Entry | None = None
    problems: tuple[Problem, ...] = ()
    choices: tuple[GitAddress, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    owner: str
    found: Found
    until: datetime


class Repositories:
    def __init__(
        self,
        git: Git,
        library: Library,
        authoring: Authoring,
        manifests: Manifests,
        lessons: Lessons,
        plays: Plays,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.git = git
        self._library = library
        self._authoring = authoring
        self._manifests = manifests
        self._lessons = lessons
        self._plays = plays
        self._clock = clock
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._looking: set[str] = set()
        self._looks: dict[str, deque[datetime]] = {}

    async def look(self, owner: str, text: str) -> Found:
        """Fetch it, and say what it is; nothing is started. RepositoryError, TooManyError, CapacityError."""
        address = parse_address(text)
        with self._counted(owner):
            async with self.git.at(address) as checkout:
                found = await self._read(owner, address, checkout)
        self._hold(owner, found)
        return found

    async def start(self, owner: str, found_id: str, parameters: Mapping[str, str]) -> PlayView:
        """A play of what was looked at. As `found`, and what a start raises."""
        found = self.found(owner, found_id)
        if found.manifest is not None:
            name = f"{found.address}"[-255:]
            return await self._plays.create(
                owner, NewPlay(read=found.manifest, manifest_name=name, parameters=parameters)
            )
        if found.entry is not None and found.kind in (CHALLENGE, TUTORIAL):
            return await self._lessons.start(owner, LessonKey(found.kind, found.entry.name), parameters)
        if found.problems:
            raise SpecError(found.problems)
        raise ConflictError(
            f"a {found.kind or 'repository'} is not started as a whole", hint="open it, or name a folder in it"
        )

    def found(self, owner: str, found_id: str) -> Found:
        """What they have looked at. NotFoundError when that is too long ago."""
        held = self._held.get(found_id)
        if held is None or held.owner != owner or held.until < self._clock():
            raise NotFoundError("this repository has to be looked at again", hint="it is kept for an hour")
        return held.found

    # -- reading -------------------------------------------------------------------------------------------------------

    async def _read(self, owner: str, address: GitAddress, checkout: Checkout) -> Found:
        blobs = checkout.listing.blobs
        named = next((blob for blob in blobs if blob.path == address.folder), None)
        if named is not None and named.path.endswith((".yaml", ".yml")):
            return await self._playground(address, checkout, named)
        inside = below(blobs, address.folder)
        if not inside:
            raise RepositoryError(f"there is no folder {address.folder[:80]!r} in this repository")
        start = len(address.folder) + 1 if address.folder else 0
        by_name = {blob.path[start:]: blob for blob in inside}
        if INDEX in by_name:
            return await self._lesson(owner, address, checkout, by_name)
        if (manifest := next((by_name[name] for name in MANIFESTS if name in by_name), None)) is not None:
            return await self._playground(address, checkout, manifest)
        places = choices(inside)
        if not places:
            raise RepositoryError(
                "there is neither a lesson nor a playground",
                hint=f"a lesson has a file `{INDEX}`, a playground `{MANIFESTS[0]}`; another manifest is named as FOLDER",
            )
        found = tuple(address.at(place) for place in places)
        return self._found(address, checkout, "", choices=found)

    async def _lesson(self, owner: str, address: GitAddress, checkout: Checkout, by_name: Mapping[str, Blob]) -> Found:
        kind = await self._kind(checkout, by_name[INDEX])
        files = await checkout.read(list(by_name.values()))
        name = FETCHED + hashlib.sha256(f"{owner} {checkout.commit} {address}".encode()).hexdigest()[:16]
        plural = _PLURAL[kind]
        await self._authoring.adopt(plural, name, {path: files[blob.path] for path, blob in by_name.items()})
        entry = await asyncio.to_thread(self._library.entry, plural, name)
        return self._found(address, checkout, kind, entry=entry, problems=entry.problems)

    async def _kind(self, checkout: Checkout, index: Blob) -> str:
        text = await self._text(checkout, index)
        front = await asyncio.to_thread(read_front_matter, text, file=index.path, limits=DEFAULT)
        told = front.root.entries.get("kind")
        kind = str(told.value) if isinstance(told, Scalar) else ""
        if kind not in _PLURAL:
            raise RepositoryError(
                f"what is here is no lesson by itself, but {kind[:40] or 'of no kind'}",
                hint=f"it takes one of {', '.join(_PLURAL)}",
            )
        return kind

    async def _playground(self, address: GitAddress, checkout: Checkout, blob: Blob) -> Found:
        """Read twice: which files the manifest names is known only then."""
        text = await self._text(checkout, blob)
        folder = blob.path.rpartition("/")[0]
        asked: dict[str, bytes] = {}

        def ask(name: str) -> bytes:
            asked.setdefault(name, b"")
            raise OSError("there is no such file")

        def give(name: str) -> bytes:
            if name not in files:
                raise OSError("there is no such file")
            return files[name]

        files: dict[str, bytes] = {}
        manifest, problems = await asyncio.to_thread(self._parse, text, blob.path, ask)
        if asked:
            paths = {f"{folder}/{name}" if folder else name: name for name in asked}
            wanted = [each for each in checkout.listing.blobs if each.path in paths]
            files = {paths[path]: data for path, data in (await checkout.read(wanted)).items()}
            manifest, problems = await asyncio.to_thread(self._parse, text, blob.path, give)
        return self._found(address, checkout, PLAYGROUND, manifest=manifest, problems=problems)

    def _parse(
        self, text: str, file: str, files: Callable[[str], bytes]
    ) -> tuple[Manifest | None, tuple[Problem, ...]]:
        try:
            return self._manifests.parse_with(text, file=file, files=files), ()
        except SpecError as error:
            return None, error.problems

    async def _text(self, checkout: Checkout, blob: Blob) -> str:
        if blob.size > MIB:
            raise RepositoryError(f"{blob.path} is larger than 1 MiB")
        data = (await checkout.read([blob]))[blob.path]
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise RepositoryError(f"{blob.path} is not UTF-8 text") from None

    def _found(
        self,
        address: GitAddress,
        checkout: Checkout,
        kind: str,
        *,
        manifest: Manifest | None = None,
        entry: Entry | None = None,
        problems: tuple[Problem, ...] = (),
        choices: tuple[GitAddress, ...] = (),
    ) -> Found:
        return Found(
            id=secrets.token_hex(12),
            address=address,
            commit=checkout.commit,
            kind=kind,
            manifest=manifest,
            entry=entry,
            problems=problems,
            choices=choices,
            left_out=checkout.listing.left_out,
        )

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _hold(self, owner: str, found: Found) -> None:
        self._held[found.id] = _Held(owner=owner, found=found, until=self._clock() + _KEPT)
        while len(self._held) > _MOST:
            self._held.popitem(last=False)

    @contextmanager
    def _counted(self, owner: str) -> Iterator[None]:
        """One at a time, and so many an hour."""
        now = self._clock()
        looks = self._looks.setdefault(owner, deque())
        while looks and looks[0] <= now - _LOOKS_IN:
            looks.popleft()
        if owner in self._looking:
            raise TooManyError("a repository is being fetched for you already", hint="wait until it is there")
        if len(looks) >= _LOOKS:
            raise TooManyError(f"that were {_LOOKS} repositories within an hour", hint="go on later")
        looks.append(now)
        self._looking.add(owner)
        try:
            yield
        finally:
            self._looking.discard(owner)
