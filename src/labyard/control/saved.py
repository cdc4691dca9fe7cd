"""Plays turned into playgrounds of one's own: a manifest that names what its plays go on from, and the way to be rid of it."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from labyard.control.catalog import Catalog
from labyard.control.moments import Moments, refuse_unkept
from labyard.control.refusals import BadRequestError
from labyard.control.rows import Rows
from labyard.errors import ConflictError, LabyardError, NotFoundError, SpecError
from labyard.hosts.contract import Host
from labyard.play.plan import PlayPlan
from labyard.spec.written import manifest_text
from labyard.store.plays import PlayRow

PLAYGROUND_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_FILE = "manifest.yaml"
_NO_SNAPSHOT_YET = "0"


class Saved:
    def __init__(self, rows: Rows, moments: Moments, catalog: Catalog, host: Host) -> None:
        self._rows = rows
        self._moments = moments
        self._catalog = catalog
        self._host = host
        self._door = asyncio.Lock()

    async def save(self, owner: str, play_id: str, name: str) -> None:
        """Make the play, as it is now, a playground of the catalog. ConflictError for a name that is taken.

        Everything is checked before the host is asked: a snapshot that no manifest names could never be found again.
        """
        if PLAYGROUND_NAME.fullmatch(name) is None:
            raise BadRequestError(
                f"{name[:64]!r} is no name for a playground",
                hint="at most 63 small letters, digits and hyphens, like a host name",
            )
        async with self._door:
            row = await self._rows.row(owner, play_id)
            refuse_unkept(row, "saved")
            folder = await asyncio.to_thread(self._place, row, name)
            snapshot = await self._moments.save(owner, play_id)
            writing = asyncio.ensure_future(self._put(folder, _text(row, name, snapshot), snapshot))
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                await asyncio.wait(
                    {writing}
                )  # its thread cannot be cut: what it writes must not be forgotten meanwhile
                raise

    async def remove(self, name: str) -> None:
        """Forget one that was saved, and what it goes on from. Its plays go on. ConflictError for any other."""
        async with self._door:
            entry = await asyncio.to_thread(self._catalog.entry, name)
            snapshot = None if entry.manifest is None else entry.manifest.playground.snapshot
            if snapshot is None or self._catalog.own is None or entry.folder != self._catalog.own:
                raise ConflictError(
                    f"{name} is not a saved playground", hint="only what `labyard playground save` made can be removed"
                )
            # Cut here, it is listed still and can be removed again; the other way round its snapshot would stay for ever.
            await self._host.forget(snapshot)
            await asyncio.to_thread(_remove, entry.folder / entry.file)

    async def _put(self, folder: Path, text: str, snapshot: str) -> None:
        try:
            await asyncio.to_thread(_write, folder, text)
        except OSError as error:
            await self._host.forget(snapshot)
            raise LabyardError(f"the playground could not be written: {error}") from error

    def _place(self, row: PlayRow, name: str) -> Path:
        """Where its manifest is to lie, once it is known that it can."""
        own = self._catalog.own
        if own is None:
            raise ConflictError("this server has no folder for saved playgrounds")
        try:
            self._catalog.entry(name)
        except NotFoundError:
            pass
        else:
            raise ConflictError(f"there is a playground {name} already", hint="take another name")
        if (own / name / _FILE).exists():
            raise ConflictError(f"{own / name} is there already", hint="take another name")
        try:
            self._catalog.manifests.parse(_text(row, name, _NO_SNAPSHOT_YET), file=_FILE)
        except SpecError as error:
            raise ConflictError(f"this play cannot be written down as a playground: {error.problems[0]}") from error
        return own / name


def _text(row: PlayRow, name: str, snapshot: str) -> str:
    """Start parameters were chosen once and for all, and `warm` says nothing of what never boots."""
    change = {"playground": name, "snapshot": snapshot, "title": _title(row), "parameters": {}, "warm": True}
    plan: PlayPlan = row.plan.model_copy(update=change)
    return manifest_text(plan, base=row.playground, description=f"Saved from a play of {row.playground}.")


def _title(row: PlayRow) -> str:
    """The play's own where it would do for a playground."""
    return row.title if 5 <= len(row.title.strip()) <= 120 else row.plan.title


def _write(folder: Path, text: str) -> None:
    """Whole or not at all. The catalog finds it by its last name alone."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = folder / f"{_FILE}.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _FILE)
    for place in (folder, folder.parent):
        _sync(place)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(manifest: Path) -> None:
    """The folder stays when its owner has put something beside."""
    manifest.unlink(missing_ok=True)
    if not any(manifest.parent.iterdir()):
        manifest.parent.rmdir()
