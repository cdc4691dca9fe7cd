"""Whose a playground or a lesson is, and whether somebody may do something with it.

What they may not read is not there for them; what they may read and not start is there, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from labyard.content import library as content
from labyard.content.library import Library, Origin
from labyard.content.model import Played
from labyard.control import catalog as grounds
from labyard.control.access import OWNER, Person
from labyard.control.catalog import Catalog
from labyard.control.lesson_key import LessonKey
from labyard.control.roles import Right, Role, may
from labyard.control.rules import EVERYBODY, Permission, Rules, check_words
from labyard.errors import ConflictError, ForbiddenError, NotFoundError
from labyard.store.pieces import PieceRow, PieceStore

PLAYGROUNDS = "playgrounds"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """`own`: the rules are its owner's wish; else they are what it says itself, or what everything of its kind has."""

    owner: str
    rules: Rules
    own: bool = False

    def allows(self, person: Person, permission: Permission) -> bool:
        return self.rules.allow(person, self.owner, permission)

    def changes(self, person: Person) -> bool:
        """Whether they say who may."""
        return may(person.role, Right.WRITE) and (person.role is Role.ADMIN or person.id == self.owner)


class Permissions:
    def __init__(self, store: PieceStore, catalog: Catalog, library: Library) -> None:
        self._store = store
        self._catalog = catalog
        self._library = library

    # -- playgrounds ---------------------------------------------------------------------------------------------------

    async def playgrounds(self, person: Person) -> list[tuple[grounds.Entry, Held]]:
        """Those that they may find, by name."""
        rows = await self._store.below(PLAYGROUNDS)
        entries = await asyncio.to_thread(self._catalog.entries)
        held = [(entry, _ground(entry, rows.get(f"{PLAYGROUNDS}/{entry.name}"))) for entry in entries]
        return [(entry, each) for entry, each in held if _sees(person, entry, each, Permission.LIST)]

    async def playground(
        self, person: Person, name: str, permission: Permission = Permission.READ
    ) -> tuple[grounds.Entry, Held]:
        """NotFoundError when there is none that they may read; ForbiddenError when they may not do that."""
        entry = await asyncio.to_thread(self._catalog.entry, name)
        held = _ground(entry, await self._store.get(f"{PLAYGROUNDS}/{entry.name}"))
        if not _sees(person, entry, held, Permission.READ):
            raise grounds.no_playground(name)
        if entry.manifest is not None and not held.allows(person, permission):
            raise ForbiddenError(f"{name} is not yours to start", hint="ask its author")
        return entry, held

    # -- lessons -------------------------------------------------------------------------------------------------------

    async def pieces(self, person: Person, plural: str, entries: Sequence[content.Entry]) -> dict[str, Held]:
        """By name, those of `entries`, all of a kind, that they may find."""
        rows = await self._store.below(plural)
        held = {entry.name: _piece(entry, rows) for entry in entries}
        return {name: each for name, each in held.items() if each.allows(person, Permission.LIST)}

    async def piece(self, person: Person, plural: str, name: str, permission: Permission = Permission.READ) -> Held:
        """NotFoundError when there is none that they may read; ForbiddenError when they may not do that."""
        entry = await asyncio.to_thread(self._library.entry, plural, name)
        held = await self._held(entry)
        stranger = entry.origin is Origin.PREVIEW and held.owner != person.id and not may(person.role, Right.WRITE)
        if stranger or not held.allows(person, Permission.READ):
            raise content.no_piece(plural, name)
        if not held.allows(person, permission):
            words = "read its solutions" if permission is Permission.READ_SOLUTION else "start it"
            raise ForbiddenError(f"you may read {name}, and not {words}", hint="ask its author")
        return held

    async def lesson(self, person: Person, key: LessonKey) -> None:
        """Whether they may play it: the lesson and its playground must both allow that. Raises as `piece`."""
        await self.piece(person, key.plural, key.name, Permission.START)
        played = await asyncio.to_thread(self._played, key)
        if played is None or played.playground is None:
            return
        try:
            await self.playground(person, played.playground.name, Permission.START)
        except (NotFoundError, ForbiddenError):
            raise ForbiddenError(
                f"{key.name} is played in {played.playground.name}, which is not yours to start", hint="ask its author"
            ) from None

    def _played(self, key: LessonKey) -> Played | None:
        entry = self._library.entry(key.plural, key.name)
        known = self._library.lesson(entry, key.path).document.content if key.path else entry.content
        return known if isinstance(known, Played) else None

    async def writer(self, person: Person, plural: str, name: str) -> None:
        """Whether they may look into its files, and change it where it can be changed: what is somebody's is theirs.

        What nobody has made yet is nobody's. NotFoundError.
        """
        if not _writes(person, await self._store.get(f"{plural}/{name}")):
            raise content.no_piece(plural, name)

    async def writers(self, person: Person, plural: str, names: Sequence[str]) -> frozenset[str]:
        """Those of `names` that `writer` would let them into."""
        rows = await self._store.below(plural)
        return frozenset(name for name in names if _writes(person, rows.get(f"{plural}/{name}")))

    async def sees_scripts(self, person: Person, plural: str, name: str) -> bool:
        """Whether they may see what its learners must not: what its checks do and print.

        Those who may look into its files; of what is not there any more nobody knows whose it was, but for who runs the box.
        """
        if person.role is Role.ADMIN:
            return True
        if not may(person.role, Right.WRITE):
            return False
        row = await self._store.get(f"{plural}/{name}")
        if row is not None:
            return _writes(person, row)
        try:
            await asyncio.to_thread(self._library.entry, plural, name)
        except NotFoundError:
            return False
        return True

    async def _held(self, entry: content.Entry) -> Held:
        row = await self._store.get(f"{entry.plural}/{entry.name}")
        return _piece(entry, {} if row is None else {row.key: row})

    async def found(self, person: Person) -> frozenset[tuple[str, str]]:
        """Kind and name of all playgrounds and lessons of the catalog that they may find."""
        told = {("playground", entry.name) for entry, _ in await self.playgrounds(person)}
        for plural, kind in content.PLURALS.items():
            entries = await asyncio.to_thread(self._library.entries, plural)
            told |= {(kind, name) for name in await self.pieces(person, plural, entries)}
        return frozenset(told)

    # -- whose it is, and what they say --------------------------------------------------------------------------------

    async def claim(self, person: Person, plural: str, name: str) -> None:
        """It is theirs from now on."""
        await self._store.put(PieceRow(key=f"{plural}/{name}", owner=person.id))

    async def forget(self, plural: str, name: str) -> None:
        await self._store.remove(f"{plural}/{name}")

    async def rules(self, person: Person, plural: str, name: str) -> Held:
        """For its owner and admins. NotFoundError."""
        if plural == PLAYGROUNDS:
            entry = await asyncio.to_thread(self._catalog.entry, name)
            held = _ground(entry, await self._store.get(f"{PLAYGROUNDS}/{name}"))
        else:
            piece = await asyncio.to_thread(self._library.entry, plural, name)
            if piece.origin is Origin.PREVIEW:
                raise ConflictError("a preview has no rules: it is for those who write")
            held = await self._held(piece)
        if person.role is not Role.ADMIN and person.id != held.owner:
            raise grounds.no_playground(name) if plural == PLAYGROUNDS else content.no_piece(plural, name)
        return held

    async def set_rules(
        self, person: Person, plural: str, name: str, words: Mapping[Permission, tuple[str, ...]]
    ) -> Held:
        """Change who has the permissions that are named; where none is, they are as they were at first.

        BadRequestError for words that are none, and as `rules`.
        """
        held = await self.rules(person, plural, name)
        for each in words.values():
            check_words(each)
        row = await self._store.get(f"{plural}/{name}") or PieceRow(key=f"{plural}/{name}")
        rules = ""
        if words:
            changed = {**held.rules.model_dump(), **{_FIELDS[permission]: said for permission, said in words.items()}}
            rules = Rules.model_validate(changed).model_dump_json()
        await self._store.put(replace(row, rules=rules))
        return await self.rules(person, plural, name)


_FIELDS = {
    Permission.LIST: "can_list",
    Permission.READ: "can_read",
    Permission.START: "can_start",
    Permission.READ_SOLUTION: "can_read_solution",
}


def _sees(person: Person, entry: grounds.Entry, held: Held, permission: Permission) -> bool:
    """A broken manifest says of nobody that they may: who writes sees what is wrong with it."""
    if entry.manifest is None and may(person.role, Right.WRITE):
        return True
    return held.allows(person, permission)


def _writes(person: Person, row: PieceRow | None) -> bool:
    return row is None or row.owner in ("", person.id) or person.role is Role.ADMIN


def _ground(entry: grounds.Entry, row: PieceRow | None) -> Held:
    said = Rules() if entry.manifest is None else Rules.of(entry.manifest.access_control)
    return _with(row, said)


def _piece(entry: content.Entry, rows: Mapping[str, PieceRow]) -> Held:
    """What ships is for everybody; what was pushed is its author's until they say otherwise.

    Previews are for whoever writes and knows the name; those that somebody had fetched from a repository, for them alone.
    """
    row = rows.get(f"{entry.plural}/{entry.name}")
    theirs = entry.origin is Origin.OWN or (entry.origin is Origin.PREVIEW and row is not None)
    return _with(row, Rules() if theirs else EVERYBODY)


def _with(row: PieceRow | None, said: Rules) -> Held:
    if row is None:
        return Held(owner=OWNER, rules=said)
    rules = Rules.model_validate_json(row.rules) if row.rules else said
    return Held(owner=row.owner or OWNER, rules=rules, own=bool(row.rules))
