"""How a fake play lives: boots, is initialised and checked, ends, and tells every change to who watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from labyard.errors import MachineError, NotFoundError
from labyard.hosts.fake_play import FakeJournal, FakePlay, Temper, now, quiet, warm_key
from labyard.hosts.fake_tasks import FakeTasks
from labyard.play.status import MachineState, MachineStatus, PlayReport, PlayState, Reason, TaskReport


class FakeLife(FakeTasks):
    def __init__(self, tempers: Mapping[str, Temper] | None, journal: FakeJournal | None) -> None:
        self.tempers = dict(tempers or {})
        self.journal = journal or FakeJournal()
        self.calls: list[tuple[str, str]] = []  # verb and play id, in order
        self._watchers: list[dict[str, PlayReport]] = []
        self._changed = asyncio.Condition()
        self._wakers: set[asyncio.Task[None]] = set()

    async def watch(self) -> AsyncIterator[PlayReport]:
        pending = {play_id: play.report for play_id, play in self.journal.plays.items()}
        self._watchers.append(pending)
        try:
            while True:
                async with self._changed:
                    await self._changed.wait_for(lambda: bool(pending))
                    report = pending.pop(next(iter(pending)))
                yield report
        finally:
            self._watchers.remove(pending)

    def _play(self, play_id: str, verb: str) -> FakePlay:
        self.calls.append((verb, play_id))
        play = self.journal.plays.get(play_id)
        if play is None:
            raise NotFoundError(f"no play {play_id} on this host")
        return play

    def _machine(self, play: FakePlay, name: str) -> MachineStatus:
        status = next((machine for machine in play.report.machines if machine.name == name), None)
        if status is None:
            raise NotFoundError(f"play {play.report.id} has no machine {name}")
        return status

    def _refuse(self, play: FakePlay, verb: str, times: int, keep: dict[str, Temper] | None = None) -> None:
        """Fail `times` times. Before a start there is no play to remember it in, so its playground's temper does."""
        if keep is not None:
            if times:
                name = play.plan.playground
                keep[name] = Temper(**{**vars(keep[name]), "start_refusals": times - 1})
                raise MachineError(f"refuses to {verb}")
            return
        if play.refused.get(verb, 0) < times:
            play.refused[verb] = play.refused.get(verb, 0) + 1
            raise MachineError(f"refuses to {verb}")

    def _boot(self, play: FakePlay) -> None:
        """Let it begin, or go on where it was when its memory was kept."""
        stage = "going on" if play.kept else "booting"
        machines = tuple(
            MachineStatus(name=machine.name, state=MachineState.STARTING, stage=stage, since=now())
            for machine in play.plan.machines
        )
        tasks = play.report.tasks or tuple(TaskReport.of(task) for task in play.plan.tasks)
        booted = {"booted": not play.kept}
        self._tell(play, state=PlayState.STARTING, machines=machines, tasks=tasks, reason=None, detail="", **booted)
        play.work = asyncio.create_task(self._life(play))

    async def _life(self, play: FakePlay) -> None:
        await asyncio.sleep(0 if play.kept else play.temper.boot)
        if play.temper.never_ready:
            return
        for machine in play.plan.machines:
            self._set_machine(play, machine.name, MachineState.RUNNING)
        if not await self._initialise(play):
            return
        play.kept = True
        if play.plan.warm and not play.cold:
            self.journal.warm.setdefault(warm_key(play.plan), play.moment())
        self._tell(play, state=PlayState.RUNNING)
        if play.temper.dies_after is None:
            await self._check(play)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(play.temper.dies_after):
                await self._check(play)
                await asyncio.Event().wait()
        play.kept = False
        self._set_machine(play, play.plan.machines[0].name, MachineState.STOPPED)
        self._tell(play, state=PlayState.FAILED, reason=Reason.MACHINE_GONE, detail="died, as was its nature")

    def _halt(self, play: FakePlay, reason: Reason, *, memory: bool = True) -> None:
        """`memory`: it is kept, if there is any worth keeping."""
        quiet(play)
        play.kept = play.kept and memory
        for machine in play.plan.machines:
            if play.kept:
                play.guests[machine.name].pause(f"play {play.report.id} is stopped")
                self._show_machine(play, machine.name, MachineState.STOPPED)
            else:
                self._set_machine(play, machine.name, MachineState.STOPPED)
        self._tell(play, state=PlayState.STOPPED, reason=reason)

    def _set_timer(self, play: FakePlay, seconds: float | None) -> None:
        if play.timer is not None:
            play.timer.cancel()
        loop = asyncio.get_running_loop()
        play.timer = None if seconds is None else loop.call_later(seconds, self._halt, play, Reason.EXPIRED)

    def _set_machine(self, play: FakePlay, name: str, state: MachineState) -> None:
        if state is not MachineState.RUNNING and name in play.guests:
            play.guests[name].cut(f"machine {name} is off")
        self._show_machine(play, name, state)

    def _show_machine(self, play: FakePlay, name: str, state: MachineState) -> None:
        ready = state is MachineState.RUNNING
        new = MachineStatus(name=name, state=state, ready=ready, ready_at=now() if ready else None, since=now())
        known = play.report.machines or tuple(MachineStatus(name=machine.name) for machine in play.plan.machines)
        self._tell(play, machines=tuple(new if machine.name == name else machine for machine in known))

    def _tell(self, play: FakePlay, **change: object) -> None:
        play.report = play.report.model_copy(update={"version": play.report.version + 1, "at": now(), **change})
        if play.temper.loses_events:
            return
        for pending in self._watchers:
            pending[play.report.id] = play.report
        waker = asyncio.get_running_loop().create_task(self._wake())
        self._wakers.add(waker)
        waker.add_done_callback(self._wakers.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
