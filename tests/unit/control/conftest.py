from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.database import each_database, open_copy

from labyard.content.library import Library
from labyard.control.catalog import Catalog
from labyard.control.changes import Changes
from labyard.control.manifests import Manifests
from labyard.control.plays import Plays
from labyard.control.policy import Policy
from labyard.control.progress import Progress
from labyard.control.queue import Queue
from labyard.control.reconciler import Reconciler
from labyard.hosts.fake import FakeHost
from labyard.store.plays import PlayRow, PlayStore
from labyard.store.progress import ProgressStore
from labyard.store.queue import QueueStore

__all__ = ["each_database"]

MANIFEST = """
kind: playground
name: {name}
title: Playground {name}
playground:
  machines:
    - name: node-01
      users: [{{name: laborant}}]
      drives: [{{source: debian-12, mount: /}}]
      network: {{interfaces: [{{network: local}}]}}
      resources: {{ramSize: {memory}}}
  initTasks:
    prepare: {{machine: node-01, init: true, run: "true"}}
"""

FAST = Policy(
    tick=timedelta(milliseconds=20),
    retry_first=timedelta(milliseconds=1),
    retry_most=timedelta(milliseconds=5),
    verb_limit=timedelta(milliseconds=50),
    starts_per_minute=100_000,
    starting_at_once=100_000,
)


@dataclass
class Clock:
    now: datetime = datetime(2026, 1, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, span: timedelta) -> None:
        self.now += span


@dataclass
class World:
    """Control over a fake host, with a clock of its own. `reboot_server` forgets everything that was not written."""

    store: PlayStore
    learners: ProgressStore
    standing: QueueStore
    host: FakeHost
    policy: Policy = FAST
    clock: Clock = field(default_factory=Clock)
    changes: Changes = field(default_factory=Changes)
    catalog: Catalog = field(default_factory=lambda: Catalog([], Manifests()))
    library: Library | None = None

    def __post_init__(self) -> None:
        self.reboot_server()

    def reboot_server(self) -> None:
        self.progress = Progress(self.learners, clock=self.clock)
        self.queue = Queue(self.standing, self.host, self.policy, clock=self.clock, life=0)
        self.reconciler = Reconciler(
            self.store, self.host, self.changes, self.policy, told=self.progress.see, clock=self.clock
        )
        self.plays = Plays(
            self.store,
            self.catalog,
            self.host,
            self.reconciler,
            self.changes,
            self.policy,
            library=self.library,
            progress=self.progress,
            queue=self.queue,
            clock=self.clock,
        )

    async def settle(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            await self.reconciler.tick()
            await self.reconciler.settled()

    async def rows(self) -> list[PlayRow]:
        return await self.store.list()


@asynccontextmanager
async def world(folder: Path, host: FakeHost | None = None, policy: Policy = FAST) -> AsyncIterator[World]:
    database = await open_copy(folder / "labyard.db")
    made = World(PlayStore(database), ProgressStore(database), QueueStore(database), host or FakeHost(), policy)
    try:
        yield made
    finally:
        await made.reconciler.settled()
        await made.host.close()
        await database.close()


def manifest(name: str, memory: str = "512MiB") -> str:
    return MANIFEST.format(name=name, memory=memory)
