"""A fake host's moments: forks, snapshots, rewinds, saved playgrounds, and what all of it costs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

from labyard.errors import ConflictError, MachineError, NotFoundError
from labyard.hosts.contract import DiskUse, SnapshotInfo
from labyard.hosts.fake_guest import FakeGuest
from labyard.hosts.fake_life import FakeLife
from labyard.hosts.fake_play import FakePlay, FakeSnapshot, Moment, Temper, now, warm_key
from labyard.play.plan import PlayPlan, TaskKind
from labyard.play.progress import Progress
from labyard.play.status import PlayReport, PlayState, TaskReport, TaskStatus

_SIZE = 1 << 20  # of anything


class FakeMoments(FakeLife):
    async def fork(self, play_id: str, source: str, *, lifetime: float | None = None) -> None:
        self.calls.append(("fork", play_id))
        if play_id in self.journal.plays:
            return
        parent = self.journal.plays.get(source)
        if parent is None:
            raise NotFoundError(f"no play {source} on this host")
        await self._may_be_kept(parent, "fork")
        play = FakePlay(
            parent.plan,
            parent.temper,
            PlayReport(id=play_id, state=PlayState.STARTING, at=now(), notes=parent.report.notes),
        )
        self._be(play, parent.moment())
        self.journal.plays[play_id] = play
        self._boot(play)
        self._set_timer(play, lifetime)

    async def snapshot(self, play_id: str, name: str) -> SnapshotInfo:
        play = self._play(play_id, "snapshot")
        if name in play.snapshots:
            raise ConflictError(f"play {play_id} has a snapshot {name} already", hint="take another name")
        await self._may_be_kept(play, "snapshot")
        info = SnapshotInfo(name=name, created_at=now().isoformat(), size=_SIZE)
        play.snapshots[name] = FakeSnapshot(info=info, moment=play.moment())
        return info

    async def snapshots(self, play_id: str) -> list[SnapshotInfo]:
        return [snapshot.info for snapshot in self._play(play_id, "snapshots").snapshots.values()]

    async def rewind(self, play_id: str, name: str) -> None:
        play = self._play(play_id, "rewind")
        snapshot = self._snapshot(play, name)
        await self._may_be_kept(play, "rewind")
        stopped = play.report.state is PlayState.STOPPED
        if play.work is not None:
            play.work.cancel()
        for guest in play.guests.values():
            guest.pause(f"play {play_id} is rewound")
        self._be(play, snapshot.moment)
        if stopped:
            self._tell(play, tasks=snapshot.moment.tasks)
        else:
            self._boot(play)

    async def remove_snapshot(self, play_id: str, name: str) -> None:
        play = self._play(play_id, "remove_snapshot")
        self._snapshot(play, name)
        del play.snapshots[name]

    async def save(self, play_id: str) -> str:
        play = self._play(play_id, "save")
        await self._may_be_kept(play, "save")
        snapshot = secrets.token_hex(16)
        self.journal.saved[snapshot] = play.moment()
        return snapshot

    async def forget(self, snapshot: str) -> None:
        self.calls.append(("forget", snapshot))
        self.journal.saved.pop(snapshot, None)

    async def prepare(self, plan: PlayPlan) -> AsyncIterator[Progress]:
        if plan.snapshot is not None and plan.snapshot not in self.journal.saved:
            raise _no_saved(plan.snapshot)
        if plan.warm and plan.snapshot is None and warm_key(plan) not in self.journal.warm:
            temper = self.tempers.get(plan.playground, Temper())
            for step in ("booting", "preparing", "keeping"):
                yield Progress(subject=plan.playground, step=step)
                await asyncio.sleep(temper.boot / 3)
            if temper.never_ready or temper.failing_task:
                raise MachineError(f"{plan.playground} did not become ready", hint="start it with --cold and look")
            self.journal.warm[warm_key(plan)] = _prepared(plan)
        yield Progress(subject=plan.playground, step="done", finished=True)

    async def disk_use(self) -> list[DiskUse]:
        plays = [DiskUse(kind="play", name=name, own=_SIZE, shared=2 * _SIZE) for name in self.journal.plays]
        kept = [
            DiskUse(kind="snapshot", name=f"{play_id}/{name}", own=_SIZE)
            for play_id, play in self.journal.plays.items()
            for name in play.snapshots
        ]
        warm = [DiskUse(kind="warm", name=moment.plan.playground, own=_SIZE) for moment in self.journal.warm.values()]
        saved = [DiskUse(kind="saved", name=name, own=_SIZE) for name in self.journal.saved]
        images = [DiskUse(kind="image", name=image.source, own=image.size) for image in self.journal.images.values()]
        return [*plays, *kept, *warm, *saved, *images]

    async def scrub(self) -> list[str]:
        told = []
        for play_id, play in self.journal.plays.items():
            for name in self.journal.damaged & set(play.snapshots):
                del play.snapshots[name]
                told.append(f"snapshot {name} of play {play_id} is damaged and was set aside")
        self.journal.damaged.clear()
        return told

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _may_be_kept(self, play: FakePlay, verb: str) -> None:
        self._refuse(play, verb, play.temper.keeping_refusals)
        if play.temper.keeping_hangs:
            await asyncio.Event().wait()
        if play.report.state not in (PlayState.RUNNING, PlayState.STOPPED):
            raise ConflictError(f"play {play.report.id} is {play.report.state}, neither RUNNING nor STOPPED")

    def _snapshot(self, play: FakePlay, name: str) -> FakeSnapshot:
        if name not in play.snapshots:
            raise NotFoundError(f"play {play.report.id} has no snapshot {name}")
        return play.snapshots[name]

    def _ground(self, plan: PlayPlan, *, cold: bool) -> Moment | None:
        """What a start forks from; None: it boots."""
        if plan.snapshot is not None:
            if plan.snapshot not in self.journal.saved:
                raise _no_saved(plan.snapshot)
            return self.journal.saved[plan.snapshot]
        return None if cold or not plan.warm else self.journal.warm.get(warm_key(plan))

    def _begin_from(self, play: FakePlay, moment: Moment) -> None:
        """A start from a playground's own snapshot: what is for every play is still to be run, and checks begin anew."""
        again = {task.name for task in play.plan.tasks if task.after_fork or task.kind is not TaskKind.INIT}
        known = {task.name: task for task in moment.tasks if task.name not in again}
        fresh = (TaskReport.of(task) for task in play.plan.tasks)
        self._be(play, moment)
        tasks = tuple(known.get(task.name, task) for task in fresh)
        play.report = play.report.model_copy(update={"tasks": tasks})

    def _be(self, play: FakePlay, moment: Moment) -> None:
        """Make it what it was at that moment; tell nobody yet."""
        play.recall(moment)
        play.report = play.report.model_copy(update={"tasks": moment.tasks})


def _no_saved(snapshot: str) -> NotFoundError:
    return NotFoundError(f"the snapshot {snapshot} of this playground is gone", hint="remove the playground")


def _prepared(plan: PlayPlan) -> Moment:
    tasks = tuple(
        TaskReport.of(task).model_copy(update={"status": TaskStatus.COMPLETED, "exit_code": 0})
        for task in plan.tasks
        if task.kind is TaskKind.INIT
    )
    guests = {machine.name: FakeGuest(machine.name).remember() for machine in plan.machines}
    return Moment(plan=plan, tasks=tasks, guests=guests, kept=True)
