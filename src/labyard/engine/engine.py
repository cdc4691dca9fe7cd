"""All plays on this box. Implements `hosts.contract.Host` in values; knows no users and no database."""

from __future__ import annotations

import asyncio
import random
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from labyard.engine.admission import Room, memory_of, refuse_beyond, room_of
from labyard.engine.deadlines import Deadlines
from labyard.engine.disk import DiskGuard
from labyard.engine.facts import MachineFacts
from labyard.engine.journal import Entry, Journal, was_running
from labyard.engine.live_play import LivePlay
from labyard.engine.load import Taken, taken
from labyard.engine.parts import Parts
from labyard.engine.record import KEEPING, KEPT
from labyard.engine.upkeep import SNAPSHOTS, Use, scrub, seal, use_of_plays, use_of_templates, users
from labyard.engine.waiting import Waiting
from labyard.engine.watch import Watchers
from labyard.errors import CapacityError, ConflictError, NetworkError, NotFoundError
from labyard.machine import cgroup
from labyard.network.blocking import in_thread
from labyard.play.plan import PlayPlan
from labyard.play.status import PlayReport, PlayState, Reason
from labyard.play.streams import Request, Stream

log = structlog.get_logger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_NOTHING_LEFT: Final = (Reason.IMAGE_UNAVAILABLE, Reason.NO_CAPACITY, Reason.INTERNAL)
"""Failures after which no machine is kept."""

_VERSIONS_PER_RUN: Final = 1 << 24
"""More changes of one play than one run of the engine tells."""


class Engine:
    """Use as a context manager: entering adopts what is here and sweeps what nobody owns; leaving lets machines run on."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._journal = Journal(parts.settings.plays)
        self._plays: dict[str, LivePlay] = {}
        self._watchers = Watchers()
        self._guards: list[asyncio.Task[None]] = []
        self._errands: set[asyncio.Task[None]] = set()
        self._waiting = Waiting(parts.settings, self._make_waiting, lambda play: self.destroy(play.id), self._may_wait)
        self._host_boot = BOOT_ID.read_text().strip()

    @property
    def parts(self) -> Parts:
        return self._parts

    async def __aenter__(self) -> Engine:
        await self._parts.prepare_host()
        await asyncio.to_thread(self._parts.templates.prepare)
        if lacking := cgroup.lacking():
            log.warning("machines are limited by their jail alone", why=lacking)
        await self._adopt()
        disk = DiskGuard(self._parts.settings, lambda: list(self._plays.values()))
        self._guards += [
            asyncio.create_task(disk.watch()),
            asyncio.create_task(Deadlines(self._plays).watch()),
            asyncio.create_task(self._watch_host()),
            asyncio.create_task(self._waiting.run()),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for work in (*self._guards, *self._errands):
            work.cancel()
        await asyncio.gather(*self._guards, *self._errands, return_exceptions=True)
        nobodys = [play for play in self._plays.values() if play.entry.internal]
        await asyncio.gather(*(self.destroy(play.id) for play in nobodys))
        await asyncio.gather(*(play.let_go() for play in self._plays.values()))
        self._parts.memories.close()

    # adoption

    async def _adopt(self) -> None:
        """Everything the journal knows goes on; everything marked as ours that it does not know goes away."""
        entries = self._journal.entries()
        for folder in self._journal.unreadable():
            log.error("a play's journal is damaged; its disks are kept", folder=str(folder))
        unreadable = {folder.name for folder in self._journal.unreadable()}
        await self._parts.sweep(keep={entry.home for entry in entries if not entry.internal} | unreadable)
        for folder in self._journal.leftovers():
            await asyncio.to_thread(self._journal.remove, folder.name)
        for entry in entries:
            if entry.internal:
                await asyncio.to_thread(self._journal.remove, entry.home)
            else:
                self._take_up(entry)

    def _take_up(self, entry: Entry) -> None:
        # Not every version was written down; those to come must be later than any that was told.
        version = (entry.report.version // _VERSIONS_PER_RUN + 1) * _VERSIONS_PER_RUN
        machines = tuple(status.model_copy(update={"ready": False}) for status in entry.report.machines)
        report = entry.report.model_copy(update={"version": version, "machines": machines})
        play = self._add(entry.model_copy(update={"report": report}))
        state = entry.report.state
        if state is PlayState.DESTROYING:
            self._later(self.destroy(play.id))
        elif state is PlayState.STOPPING:
            self._later(play.finish_stop(entry.report.reason or Reason.STOPPED))
        elif state is PlayState.CREATED:
            play.begin()
        elif was_running(entry) and entry.host_boot != self._host_boot:
            self._later(play.stop(Reason.HOST_RESTARTED))
        elif was_running(entry) and entry.report.reason not in _NOTHING_LEFT:
            play.begin()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """In the background; an error is written down, and the play is looked at again by whoever asked for it."""

        async def guarded() -> None:
            try:
                await work
            except Exception:
                log.exception("work in the background failed")

        task = asyncio.create_task(guarded())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def _add(self, entry: Entry) -> LivePlay:
        play = LivePlay(entry, self._parts, self._journal, self._publish)
        self._plays[play.id] = play
        return play

    def _publish(self, report: PlayReport) -> None:
        self._watchers.publish(report)

    async def _watch_host(self) -> None:
        """A firewall that was restarted on the box has thrown our table away: the fence and NAT are put back."""
        while True:
            await asyncio.sleep(self._parts.settings.host_interval)
            self._parts.memories.drop_unused()
            try:
                await self._parts.prepare_host()
            except NetworkError as error:
                log.warning("the box's network could not be looked after", error=str(error))

    # verbs

    def play(self, play_id: str) -> LivePlay:
        try:
            return self._plays[play_id]
        except KeyError:
            raise NotFoundError(f"no play {play_id} on this host") from None

    async def start(self, play_id: str, plan: PlayPlan, *, lifetime: float | None = None, cold: bool = False) -> None:
        if play_id in self._plays:
            return
        self._parts.templates.check(plan, await self._parts.maker())
        await self._check_room(plan)
        entry = self._entry(play_id, plan, lifetime).model_copy(update={"cold": cold})
        waiting = None if cold else await self._claim(plan)
        if play_id in self._plays:  # meanwhile
            if waiting is not None:
                self._later(self.destroy(waiting.id))
        elif waiting is not None:
            self._seat(entry, waiting)
        else:
            self._begin(entry)

    async def _claim(self, plan: PlayPlan) -> LivePlay | None:
        key = plan.snapshot or await self._parts.templates.key(plan, await self._parts.maker())
        return self._waiting.claim(key, plan) if key else None

    def _seat(self, entry: Entry, play: LivePlay) -> None:
        """A play that waited becomes somebody's."""
        del self._plays[play.id]
        known = play.report
        asleep = tuple(machine.model_copy(update={"ready": False, "ready_at": None}) for machine in known.machines)
        report = entry.report.model_copy(update={"state": PlayState.STARTING, "machines": asleep, "tasks": known.tasks})
        seated = entry.model_copy(
            update={"report": report, "seat": play.record.home, "uid": play.entry.uid, "booted": play.entry.booted}
        )
        self._plays[entry.report.id] = play
        play.become_somebodys(seated, self._publish)

    def _entry(self, play_id: str, plan: PlayPlan, lifetime: float | None) -> Entry:
        now = datetime.now(UTC)
        report = PlayReport(id=play_id, state=PlayState.CREATED, at=now, notes=plan.notes)
        deadline = None if lifetime is None else now + timedelta(seconds=lifetime)
        return Entry(report=report, plan=plan, uid=self._free_uid(), host_boot=self._host_boot, deadline=deadline)

    def _begin(self, entry: Entry, publish: Callable[[PlayReport], None] | None = None) -> LivePlay:
        self._journal.write(entry, durable=False)
        play = self._plays[entry.report.id] = LivePlay(entry, self._parts, self._journal, publish or self._publish)
        play.record.hurry = True
        play.record.say(durable=False)
        play.begin()
        return play

    async def _make_waiting(self, plan: PlayPlan, key: str) -> LivePlay:
        """A play of nobody's, forked and laid to rest. ConflictError when there is no snapshot for it (any more)."""
        if self._parts.templates.find(key, await self._parts.maker()) is None:
            raise ConflictError("it has no snapshot yet")
        entry = self._entry(secrets.token_hex(12), plan, None).model_copy(update={"internal": True})
        play = self._begin(entry, lambda _: None)
        try:
            await play.brought_up()
            if play.report.state is not PlayState.RUNNING:
                raise ConflictError(play.report.detail)
            await play.rest()
        except BaseException:
            await asyncio.shield(self.destroy(play.id))
            raise
        return play

    def _may_wait(self, plan: PlayPlan) -> bool:
        """Nobody is kept from starting by those who wait: neither by their making, nor by their memory."""
        somebodys = [play for play in self._plays.values() if not play.entry.internal]
        if any(play.report.state in (PlayState.CREATED, PlayState.STARTING) for play in somebodys):
            return False
        active = [play.entry.plan for play in self._plays.values() if play.report.state.active]
        room = room_of([*active, plan], self._parts.settings)
        return room.memory_used <= room.memory * 3 // 4

    async def fork(self, play_id: str, source: str, *, lifetime: float | None = None) -> None:
        if play_id in self._plays:
            return
        parent = self.play(source)
        await self._check_room(parent.entry.plan)
        folder = self._journal.folder(play_id)
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        try:
            snapshot = await parent.take(folder / KEPT, folder / KEEPING, durable=False)
        except BaseException:
            await in_thread(shutil.rmtree, folder, ignore_errors=True)
            raise
        entry = self._entry(play_id, snapshot.plan, lifetime)
        report = entry.report.model_copy(update={"tasks": snapshot.tasks})
        attempt = parent.entry.attempt
        self._begin(entry.model_copy(update={"report": report, "booted": snapshot.booted, "attempt": attempt}))

    async def prepare(self, plan: PlayPlan, say: Callable[[PlayReport], None]) -> None:
        """Have the snapshot that starts of this plan fork from: a play of nobody's boots and forks itself once.

        `say` hears how it goes. ConflictError with the reason when it fails.
        """
        templates = self._parts.templates
        maker = await self._parts.maker()
        key = await templates.key(plan, maker)
        if not plan.warm or plan.snapshot or (key and templates.find(key, maker)):
            return
        await self._check_room(plan)
        entry = self._entry(secrets.token_hex(12), plan, None).model_copy(update={"internal": True})
        play = self._begin(entry, say)
        try:
            await play.brought_up()
            if play.report.state is not PlayState.RUNNING:
                raise ConflictError(f"{plan.playground} cannot be prepared: {play.report.detail}")
        finally:
            await asyncio.shield(self.destroy(play.id))

    async def save(self, play_id: str) -> str:
        """A snapshot that outlives the play and shares nothing with it; its key."""
        templates = self._parts.templates
        key = templates.new_saved()
        await self.play(play_id).take(templates.place(key), templates.new_work(), own=True)
        await in_thread(seal, templates.place(key))
        return key

    async def forget(self, key: str) -> None:
        await in_thread(self._parts.templates.forget, key)

    async def disk_use(self) -> list[Use]:
        """Of plays, their snapshots, and what starts fork from."""
        plays = {play.id: play.record.folder for play in self._plays.values() if not play.entry.internal}
        found = await in_thread(use_of_plays, plays)
        return [*found, *await in_thread(use_of_templates, self._parts.templates)]

    async def scrub(self) -> list[str]:
        """A line for each snapshot that was damaged, and is set aside."""
        templates, told = self._parts.templates, []
        for key in await in_thread(templates.all):
            async with templates.turn(key):
                if (wrong := await in_thread(scrub, templates.place(key))) is not None:
                    told.append(f"snapshots/{key}: {wrong}")
        for play in list(self._plays.values()):
            told += await play.scrub()
        return told

    async def _check_room(self, plan: PlayPlan) -> None:
        needed = memory_of(plan, self._parts.settings)
        room = self.room()
        if needed > room.memory - room.memory_used - self._memory_waiting():
            await self._waiting.make_room()
        refuse_beyond(room, needed)

    def _memory_waiting(self) -> int:
        nobodys = (play for play in self._plays.values() if play.entry.internal)
        return sum(memory_of(play.entry.plan, self._parts.settings) for play in nobodys)

    def _free_uid(self) -> int:
        """A user no other play of ours has; random, so that another data folder's plays rarely share one."""
        settings = self._parts.settings
        taken = {play.entry.uid for play in self._plays.values()}
        if len(taken) > settings.last_uid - settings.first_uid:
            raise CapacityError("all users for plays are taken", hint="destroy plays, or widen the range of users")
        while (uid := random.randint(settings.first_uid, settings.last_uid)) in taken:  # noqa: S311 - not a secret
            pass
        return uid

    async def restart(self, play_id: str) -> None:
        """Its lifetime, if it had one, is over: the next is set by whoever asked."""
        play = self.play(play_id)
        if not play.report.state.active:
            await self._check_room(play.entry.plan)
        if play.report.state in (PlayState.STOPPED, PlayState.FAILED):
            play.record.write(host_boot=self._host_boot, deadline=None)
        await play.restart()

    async def stop(self, play_id: str) -> None:
        await self.play(play_id).stop(Reason.STOPPED)

    async def destroy(self, play_id: str) -> None:
        play = self._plays.get(play_id)
        if play is not None:
            await play.destroy()
            self._plays.pop(play_id, None)

    async def machine(self, play_id: str, machine: str, verb: str) -> None:
        await self.play(play_id).machine(machine, verb)

    async def put_in(self, play_id: str, task: str, value: str) -> None:
        await self.play(play_id).put_in(task, value)

    async def set_lifetime(self, play_id: str, seconds: float | None) -> None:
        play = self.play(play_id)
        deadline = None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
        play.record.write(deadline=deadline)

    # what is

    def reports(self) -> list[PlayReport]:
        return [play.report for play in self._plays.values() if not play.entry.internal]

    def watch(self) -> AsyncIterator[PlayReport]:
        return self._watchers.watch(self.reports())

    async def open(self, play_id: str, machine: str, request: Request) -> Stream:
        play = self.play(play_id)
        if play.report.state in (PlayState.STOPPED, PlayState.STOPPING, PlayState.DESTROYING):
            raise ConflictError(f"play {play_id} is {play.report.state.lower()}", hint="restart it first")
        play.refuse_halted()
        return await play.find(machine).open(request)

    def room(self) -> Room:
        """Plays that wait for somebody are not counted: they make room at once."""
        somebodys = [play for play in self._plays.values() if not play.entry.internal]
        active = [play.entry.plan for play in somebodys if play.report.state.active]
        return room_of(active, self._parts.settings)

    async def load(self) -> tuple[dict[str, Taken], list[Taken]]:
        """What each play with machines takes now; and each that waits for somebody."""
        nobodys = {play.id for play in self._plays.values() if play.entry.internal}
        living = {play.id: play.pids() for play in self._plays.values() if play.report.state.active}
        measured = await in_thread(taken, living)
        theirs = {play_id: each for play_id, each in measured.items() if play_id not in nobodys}
        return theirs, [each for play_id, each in measured.items() if play_id in nobodys]

    def plans(self) -> dict[str, PlayPlan]:
        """Of everybody's plays."""
        return {play.id: play.entry.plan for play in self._plays.values() if not play.entry.internal}

    def image_users(self) -> dict[str, list[str]]:
        """Digest of every image a play's disks lie on → those plays."""
        of_plays = {play.id: play.image_digests() for play in self._plays.values()}
        return users({**of_plays, SNAPSHOTS: self._parts.templates.images()})

    def kernel_users(self) -> dict[str, list[str]]:
        """Version of every kernel a play's machines boot → those plays."""
        of_plays = {play.id: play.kernels() for play in self._plays.values()}
        return users({**of_plays, SNAPSHOTS: self._parts.templates.kernels()})

    async def console(self, play_id: str, machine: str) -> str:
        return await self.play(play_id).console(machine)

    async def debug(self, play_id: str) -> list[MachineFacts]:
        return await self.play(play_id).debug()
