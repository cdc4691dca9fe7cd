"""One machine while it lives: its process, its link, its state. Level-triggered: `keep` makes it so and holds it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from labyard.errors import ConflictError, GuestError, LabyardError
from labyard.machine.event import EventKind
from labyard.machine.link import GuestLink, awakening
from labyard.machine.machine import Machine
from labyard.machine.plan import MachineSpec
from labyard.play.status import MachineState, MachineStatus
from labyard.play.streams import Request, Stream

log = structlog.get_logger(__name__)

LINK_PATIENCE = 5.0
"""Seconds for one attempt to say hello; a booting kernel answers none, so attempts repeat."""
FREEZE_SECONDS = 6.0
"""A little more than an examiner gives its processes to stand still (examiner/internal/agent/freeze.go)."""
_WAKE_SECONDS = 30.0
_LINKED = {"event": "linked"}
_OF_TASKS = ("task-state", "task-input", "used")


class LiveMachine:
    """Owns one QEMU process and the one link to its examiner.

    `changed` is called with every new status. `up` is set while the machine is ready.
    """

    def __init__(self, status: MachineStatus, changed: Callable[[MachineStatus], None]) -> None:
        self.status = status
        self.up = asyncio.Event()
        self.off = asyncio.Event()
        self.off.set()
        self.broken = asyncio.Event()
        """Its examiner says that it cannot get ready; `status.message` tells why."""
        self.process: Machine | None = None
        self._changed = changed
        self.posing = False
        """A snapshot is being taken of it: whoever takes it also wakes it."""
        self.turn = asyncio.Lock()
        """Held by whoever carries out a person's verb, so that two of them do not mix. Ends and stops of the play need none."""
        self._link: GuestLink | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._wanted_off = False
        self._reboots = False
        self._asleep = False
        """It was made of a snapshot and is woken by the first hello."""
        self.heard: Callable[[dict[str, Any]], None] = lambda _: None
        """Told what its examiner says of tasks, and `linked` whenever one that is ready can be asked."""
        self.relaunch: Callable[[], Awaitable[Machine]] | None = None
        """Boots it from its disks."""

    @property
    def name(self) -> str:
        return self.status.name

    def say(self, stage: str, state: MachineState | None = None, message: str = "") -> None:
        """A new stage; its clock starts again when the stage's first word changes (a percentage does not restart it)."""
        same = stage.split(" ")[:2] == self.status.stage.split(" ")[:2]
        since = self.status.since if same and self.status.since else datetime.now(UTC)
        self._set(stage=stage, since=since, state=state or self.status.state, message=message)

    def _set(self, **fields: Any) -> None:
        self.status = self.status.model_copy(update=fields)
        self._changed(self.status)

    async def run(self, launch: Callable[[], Awaitable[Machine]]) -> None:
        """Start (or find) the process and keep it from here on. Returns once the process is there."""
        if self.process is not None:
            return
        await self._kept()
        self._wanted_off = False
        self._set(ready=False, ready_at=None)
        self.say("starting", MachineState.STARTING)
        self._attend(await launch())

    async def take_up(self, find: Callable[[], Awaitable[Machine | None]]) -> None:
        """Keep the process where there is one; else it is off."""
        self._set(ready=False, ready_at=None)
        self.say("looked for", MachineState.STARTING)
        found = await find()
        if found is None:
            await self.end()
        else:
            self._attend(found)

    async def until_ready(self, limit: float) -> None:
        """TimeoutError when it goes off or breaks before that, or is not ready within `limit` seconds."""
        waiting = [asyncio.create_task(event.wait()) for event in (self.up, self.off, self.broken)]
        try:
            await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        if self.up.is_set():
            return
        said = self.status.message
        if self.broken.is_set():
            raise TimeoutError(f"{self.name} cannot get ready: {said}")
        if self.off.is_set():
            raise TimeoutError(f"{self.name} went off before it was ready: {said or 'it powered off'}")
        raise TimeoutError(f"{self.name} was not ready after {limit:.0f} s; it was {self.status.stage}")

    async def lay_down(self, launch: Callable[[], Awaitable[Machine]]) -> None:
        """Have the process of a snapshot; it stands still until `rise`. `end` ends it as any other."""
        await self._kept()
        self._wanted_off = False
        self._set(ready=False, ready_at=None)
        self.say("waking up", MachineState.STARTING)
        self.process = await launch()
        self.off.clear()

    async def rise(self) -> None:
        """Let it go on from where its snapshot was taken; it is ready when its examiner has woken it."""
        process = self._running()
        self._asleep = True
        await process.resume()
        self._attend(process)

    async def rehearse_freeze(self) -> None:
        """Have an emulator translate what freezing and waking run, so that nothing stands still for that.

        What fails is not missed.
        """
        with contextlib.suppress(LabyardError, TimeoutError):
            async with asyncio.timeout(FREEZE_SECONDS):
                await self.call("freeze", rehearse=True)
                await self.wake()

    async def freeze(self) -> None:
        """Its processes stand still. ConflictError when they do not."""
        try:
            async with asyncio.timeout(FREEZE_SECONDS):
                await self.call("freeze")
        except (LabyardError, TimeoutError) as error:
            raise ConflictError(f"{self.name} cannot be frozen: {error or 'it does not answer'}") from error

    async def pause(self) -> None:
        """Its processors stand still."""
        await self._running().pause()

    async def wake_from_rest(self) -> None:
        """What was frozen and paused goes on, as a fork does."""
        await self._running().resume()
        await self.wake()
        self.posing = False

    def _attend(self, process: Machine) -> None:
        self.process = process
        self.off.clear()
        self._keeper = asyncio.create_task(self._keep(process), name=f"keep {self.name}")

    async def _keep(self, process: Machine) -> None:
        holder = asyncio.create_task(self._hold_link(process.spec))
        try:
            async for event in process.events():
                if event.kind is EventKind.RESET:
                    await _cancelled(holder)
                    self._down(MachineState.REBOOTING, "rebooting")
                    holder = asyncio.create_task(self._hold_link(process.spec))
                elif event.kind is EventKind.SHUTDOWN:
                    self._wanted_off = True
                elif event.kind is EventKind.REBOOT:
                    self._reboots = True
                elif event.kind is EventKind.IO_ERROR:
                    self.say("halted: a disk cannot be written", message=f"disk error: {event.reason}")
        finally:
            await _cancelled(holder)
            await self._drop_link()
        await self._finish()

    async def _finish(self) -> None:
        """The process is gone: nothing of it is held any more."""
        process, self.process = self.process, None
        if process is None:
            return
        await process.kill()  # cleans up behind one that ended by itself
        if await self._started_anew():
            return
        self._down(MachineState.STOPPED, "off", "" if self._wanted_off else "its process ended unexpectedly")
        self.off.set()

    async def _started_anew(self) -> bool:
        """What was made of a snapshot cannot be reset in place: it is launched again, when that is what it wants."""
        reboots, self._reboots = self._reboots, False
        if not reboots or self._wanted_off or self.relaunch is None:
            return False
        self._down(MachineState.REBOOTING, "rebooting")
        try:
            self._attend(await self.relaunch())
        except LabyardError as error:
            log.warning("a machine did not come back from its reboot", machine=self.name, error=str(error))
            return False
        return True

    def _down(self, state: MachineState, stage: str, message: str = "") -> None:
        self.up.clear()
        self.broken.clear()
        self._set(state=state, ready=False, ready_at=None, stage=stage, since=datetime.now(UTC), message=message)

    async def _hold_link(self, spec: MachineSpec) -> None:
        """Say hello until someone answers, listen, and begin again when the link is lost."""
        while True:
            try:
                link = await GuestLink.connect(spec.link_socket, timeout=LINK_PATIENCE, wake=self._asleep)
            except (LabyardError, OSError, TimeoutError):
                await asyncio.sleep(0.05)
                continue
            self._link = link
            self._asleep = False
            try:
                if link.info.frozen and not self.posing:
                    await self.wake()
                await self._listen(link)
            except LabyardError as error:
                log.warning("a machine does not wake up, trying again", machine=self.name, error=str(error))
            finally:
                await self._drop_link()

    async def _listen(self, link: GuestLink) -> None:
        if link.info.ready:
            self._ready()
        elif link.info.stage == "failed":
            self._break(link.info.message)
        elif self.status.state is not MachineState.REBOOTING:
            self.say(f"booting: {link.info.stage}")
        async for event in link.events():
            if event.get("event") == "ready":
                self._ready()
            elif event.get("event") in _OF_TASKS:
                self.heard(event)
            elif event.get("event") == "stage" and not (self.up.is_set() or self.broken.is_set()):
                self.say(f"booting: {str(event.get('stage', ''))[:60]}")

    def _ready(self) -> None:
        if self.up.is_set():
            self.heard(_LINKED)
            return
        now = datetime.now(UTC)
        self._set(state=MachineState.RUNNING, ready=True, ready_at=now, stage="ready", since=now, message="")
        self.up.set()
        self.heard(_LINKED)

    def _break(self, why: str) -> None:
        self.say("failed while booting", message=why)
        self.broken.set()

    async def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link:
            await link.close()

    def link(self) -> GuestLink:
        if self.status.state is MachineState.STOPPED:
            raise ConflictError(
                f"{self.name} is off", hint=f"start it with: labyard playground machine restart ID {self.name}"
            )
        if self._link is None or self._link.closed.is_set():
            raise GuestError(f"{self.name} does not answer yet ({self.status.stage})", hint="try again in a moment")
        return self._link

    async def open(self, request: Request) -> Stream:
        return await self.link().open(request)

    async def wake(self) -> None:
        """Its kernel's random numbers are made its own and its clock is set; then its frozen processes go on."""
        async with asyncio.timeout(_WAKE_SECONDS):
            await self.call("wake", **awakening())

    async def go_on(self) -> None:
        """Whatever stood still of it runs when this returns, or it is gone. Safe to repeat."""
        try:
            if self.process is not None:
                await self.process.resume()
                await self.wake()
        except (LabyardError, TimeoutError) as error:
            log.warning("a machine did not go on after its snapshot", machine=self.name, error=str(error))

    async def call(self, op: str, **arguments: Any) -> dict[str, Any]:
        return await self.link().call(op, **arguments)

    async def reboot(self) -> None:
        """Ask the guest; where it does not listen, press the button."""
        process = self._running()
        try:
            await asyncio.wait_for(self.call("power", action="reboot"), 5)
        except (LabyardError, TimeoutError):
            await process.reset()

    async def power_off(self, grace: float) -> None:
        """Ask the guest to end itself within `grace` seconds, then end it. Returns when the process is gone."""
        process = self.process
        if process is None:
            await self.end()
            return
        self._wanted_off = True
        self.say("stopping", MachineState.STOPPING)
        with contextlib.suppress(LabyardError, TimeoutError):
            await asyncio.wait_for(self.call("power", action="off"), 5)
            await asyncio.wait_for(self.off.wait(), grace)
        await self.end()

    async def end(self) -> None:
        """At once, whatever it does."""
        self._wanted_off = True
        if self.process is not None:
            await self.process.kill()
        await self._kept()
        await self._finish()
        if self.status.state is not MachineState.STOPPED:
            self._down(MachineState.STOPPED, "off")  # it never had a process

    async def _kept(self) -> None:
        """Wait until nobody keeps its process any more: whoever did has heard of the end, and clears up."""
        if self._keeper is not None:
            await asyncio.gather(self._keeper, return_exceptions=True)

    async def let_go(self) -> None:
        """Leave the process running for the next engine."""
        await _cancelled(self._keeper)
        await self._drop_link()
        if self.process is not None:
            await self.process.close()

    def _running(self) -> Machine:
        if self.process is None:
            raise ConflictError(f"{self.name} is off", hint=f"labyard playground machine restart ID {self.name}")
        return self.process


async def _cancelled(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
