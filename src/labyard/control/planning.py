"""From what somebody asks for to a plan this box can hold: a playground, a manifest that was sent, or a lesson."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labyard.content.document import Document
from labyard.content.library import Library, Origin
from labyard.control.catalog import Catalog
from labyard.control.lesson_key import LessonKey
from labyard.control.policy import Policy
from labyard.control.refusals import BadRequestError
from labyard.errors import CapacityError, NotFoundError
from labyard.hosts.contract import Host
from labyard.play.plan import PlayPlan
from labyard.spec.manifest import Manifest

_READ_AT_ONCE = 2  # manifests; each may keep a processor busy for a second


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPlay:
    """What is asked for: a playground's name, a manifest's text or a lesson; `overrides` and `parameters` of this start.

    `read`: a manifest that was read already, instead of its text.
    `lesson` as in `LessonKey`. `cold`: boot, whatever snapshots there are. `bot`: nobody learns here.
    """

    playground: str = ""
    manifest: str | None = None
    read: Manifest | None = None
    manifest_name: str = "manifest.yaml"
    lesson: str = ""
    title: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    cold: bool = False
    bot: bool = False


class Planner:
    """`library` None: there are no lessons."""

    def __init__(self, catalog: Catalog, library: Library | None, host: Host, policy: Policy) -> None:
        self._catalog = catalog
        self._library = library
        self._host = host
        self._policy = policy
        self._readers = asyncio.Semaphore(_READ_AT_ONCE)

    async def read(self, new: NewPlay) -> tuple[str, PlayPlan]:
        """The name of its manifest, and its plan. SpecError, NotFoundError, CapacityError, BadRequestError."""
        capacity = await self._host.capacity()
        async with self._readers:
            # In a thread: a hostile manifest takes its time.
            manifest_name, plan = await asyncio.to_thread(self._plan, new, capacity.memory)
        need = self._policy.memory(plan)
        if need > capacity.memory:
            raise CapacityError(
                f"this play needs {_mib(need)} MiB of memory, this box has {_mib(capacity.memory)} MiB",
                hint="give its machines less memory (resources.ramSize), or use a bigger box",
            )
        return manifest_name, plan

    def _plan(self, new: NewPlay, memory: int) -> tuple[str, PlayPlan]:
        manifests = self._catalog.manifests
        if new.lesson:
            return self._lesson(new, memory)
        if new.manifest is not None:
            name = new.manifest_name
            manifest = manifests.parse(new.manifest, file=name)
        elif new.read is not None:
            name, manifest = new.manifest_name, new.read
        elif new.playground:
            name = self._catalog.file(new.playground)
            manifest = self._catalog.manifest(new.playground)
        else:
            raise BadRequestError("which playground?", hint="give `playground`, `manifest` or `lesson`")
        self._refuse_huge(manifest, new.overrides, memory)
        plan = manifests.plan(manifest, overrides=new.overrides, parameters=new.parameters)
        _refuse_unlike(new, plan)
        return name, plan

    def _lesson(self, new: NewPlay, memory: int) -> tuple[str, PlayPlan]:
        if new.manifest is not None or new.playground or new.overrides:
            raise BadRequestError("a lesson is played in the playground it names", hint="give `lesson` alone")
        key = LessonKey.parse(new.lesson)
        document, folders, preview = self._find(key)
        manifests = self._catalog.manifests
        manifest, content = manifests.of_lesson(document, self._catalog.grounds(), folders)
        self._refuse_huge(manifest, {}, memory)
        plan = manifests.plan_lesson(manifest, content, key=str(key), parameters=new.parameters)
        if plan.snapshot is not None and new.cold:
            raise BadRequestError(f"{plan.playground} is a saved playground: it never boots")
        return document.file, plan.model_copy(update={"preview": preview})

    def _find(self, key: LessonKey) -> tuple[Document, tuple[Path, ...], bool]:
        """The lesson, where files that it names may lie, and whether it is a preview."""
        if self._library is None:
            raise NotFoundError(f"no {key.kind} {key.name[:64]!r}", hint="this server has no lessons")
        entry = self._library.entry(key.plural, key.name)
        preview = entry.origin is Origin.PREVIEW
        if not key.path:
            return entry.document, (entry.folder,), preview
        lesson = self._library.lesson(entry, key.path)
        return lesson.document, (entry.folder / lesson.folder, entry.folder), preview

    def _refuse_huge(self, manifest: Manifest, overrides: Mapping[str, Any], memory: int) -> None:
        """A machine that asks for more than its share gets its share; for more than the box has, an error."""
        machine, asked = self._catalog.manifests.most_memory(manifest, overrides=overrides)
        if asked > memory:
            raise CapacityError(
                f"{machine} asks for {_mib(asked)} MiB of memory, this box has {_mib(memory)} MiB",
                hint="give it less memory (resources.ramSize), or use a bigger box",
            )


def _refuse_unlike(new: NewPlay, plan: PlayPlan) -> None:
    """What goes on from a snapshot has the machines that are in it, and is not booted."""
    if plan.snapshot is None:
        return
    if new.manifest is not None or new.read is not None:
        raise BadRequestError(
            "a manifest that is sent cannot go on from a snapshot", hint="leave `snapshot` out, and it boots"
        )
    if new.cold or set(new.overrides) - {"tabs"}:
        raise BadRequestError(
            f"{plan.playground} is a saved playground: it goes on from its snapshot as it is",
            hint=f"`labyard playground manifest {plan.playground}` prints it, to begin one of your own",
        )


def _mib(count: int) -> int:
    return count >> 20
