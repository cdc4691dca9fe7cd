"""Snapshots that plays start from: a playground's own, named by a digest of all that went in, and saved ones."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from labyard.engine.snapshot import (
    FORMAT,
    RECORD,
    Maker,
    Snapshot,
    drop_damaged,
    read_snapshot,
    remove_snapshot,
    set_aside,
    snapshots_in,
)
from labyard.errors import NotFoundError
from labyard.images.kernels import KernelStore
from labyard.images.store import ImageStore
from labyard.machine.sparse import SnapshotError
from labyard.play.plan import PlayPlan, TaskKind

log = structlog.get_logger(__name__)

_WORK = "work-"
_SAVED = "saved-"
_DAMAGED_SECONDS = 7 * 86_400.0
# What a play is called and how its page looks is no part of what its machines are.
_NOT_INSIDE = {
    *("title", "notes", "tabs", "forwards", "playground", "needs_internet", "one_off"),
    *("lesson", "lesson_digest", "preview"),
}


class Templates:
    """All under `root`. `budget` in bytes: what playgrounds' own snapshots may take; saved ones are their owners'."""

    def __init__(self, root: Path, images: ImageStore, kernels: KernelStore, *, budget: int) -> None:
        self.root = root
        self._images = images
        self._kernels = kernels
        self._budget = budget
        self._turns: dict[str, asyncio.Lock] = {}

    def prepare(self) -> None:
        """The folder, without what was cut off half-way."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        drop_damaged(self.root, older_than=time.time() - _DAMAGED_SECONDS)
        for path in self.root.iterdir():
            if path.name.startswith(_WORK) or not (path / RECORD).exists():
                shutil.rmtree(path, ignore_errors=True)

    async def key(self, plan: PlayPlan, maker: Maker) -> str | None:
        """What the snapshot of a plan is called; None when it cannot have one, as its images are not even here."""
        if not plan.warm or plan.snapshot:
            return None
        sources = {drive.source for machine in plan.machines for drive in machine.drives if drive.source}
        images = {source: self._images.find(source) for source in sources}
        kernels = {each.version: each for each in await self._kernels.list()}
        versions = {machine.kernel for machine in plan.machines}
        if None in images.values() or not versions <= kernels.keys():
            return None
        # Regular and helper tasks start after the fork.
        prepared = plan.model_copy(update={"tasks": tuple(each for each in plan.tasks if each.kind is TaskKind.INIT)})
        went_in = {
            "format": FORMAT,
            "maker": maker.model_dump(mode="json"),
            "plan": prepared.model_dump(mode="json", exclude=_NOT_INSIDE),
            "images": {source: image.digest for source, image in images.items() if image is not None},
            # The initramfs is named after the examiner and the drivers that it holds.
            "kernels": {version: [kernels[version].digest, kernels[version].initramfs.name] for version in versions},
        }
        return hashlib.sha256(json.dumps(went_in, sort_keys=True).encode()).hexdigest()[:32]

    def place(self, key: str) -> Path:
        return self.root / key

    def new_work(self) -> Path:
        return self.root / f"{_WORK}{secrets.token_hex(8)}"

    def new_saved(self) -> str:
        return f"{_SAVED}{secrets.token_hex(12)}"

    def find(self, key: str, maker: Maker) -> Path | None:
        """The place of a complete one that can be used now. A damaged one, or another's, is set aside with a word."""
        place = self.place(key)
        try:
            snapshot = read_snapshot(place)
        except SnapshotError as error:
            log.warning("a snapshot is set aside", snapshot=key, why=error.message)
            set_aside(place)
            return None
        if snapshot is None:
            return None
        if snapshot.maker != maker and not self.is_saved(key):  # of a saved one the disks can be used in any case
            log.warning("a snapshot is set aside", snapshot=key, why=f"it was made by {snapshot.maker}")
            set_aside(place)
            return None
        os.utime(place / RECORD)
        return place

    def check(self, plan: PlayPlan, maker: Maker) -> None:
        """NotFoundError when the saved one that a plan starts from is gone."""
        if plan.snapshot is not None and self.find(plan.snapshot, maker) is None:
            raise NotFoundError(f"the snapshot this playground starts from ({plan.snapshot}) is gone")

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Only one play at a time boots for the snapshot of one key; others wait for it."""
        async with self._turns.setdefault(key, asyncio.Lock()):
            yield

    def is_saved(self, key: str) -> bool:
        return key.startswith(_SAVED)

    def all(self) -> dict[str, Snapshot]:
        """Every complete one by its key; damaged ones are passed over."""
        return {key: snapshot for key, snapshot in snapshots_in(self.root).items() if not key.startswith(_WORK)}

    def images(self) -> set[str]:
        return {digest for snapshot in self.all().values() for digest in snapshot.images()}

    def kernels(self) -> set[str]:
        return {version for snapshot in self.all().values() for version in snapshot.kernels()}

    def make_room(self) -> list[str]:
        """Remove playgrounds' own snapshots beyond the budget, those not used for longest first, none that is in use."""
        own = [self.place(key) for key in self.all() if not self.is_saved(key)]
        own.sort(key=lambda place: (place / RECORD).stat().st_mtime)
        excess = sum(taken(place) for place in own) - self._budget
        removed = []
        for place in own:
            if excess <= 0:
                break
            if not in_use(place):
                excess -= taken(place)
                remove_snapshot(place)
                removed.append(place.name)
        return removed

    def forget(self, key: str) -> None:
        if self.is_saved(key):
            remove_snapshot(self.place(key))


def taken(place: Path) -> int:
    """Bytes on disk of everything in a folder, shared or not."""
    return sum(path.stat().st_blocks * 512 for path in place.rglob("*") if path.is_file())


def in_use(place: Path) -> bool:
    """Whether a play has files of it, too."""
    return any(path.stat().st_nlink > 1 for path in place.rglob("*") if path.is_file())
