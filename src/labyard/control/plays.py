"""Plays as people ask for them: create, look, act. Writes what should be and pokes the reconciler; waits for nobody."""

from __future__ import annotations

import builtins
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta

from labyard.content.library import Library
from labyard.control.catalog import Catalog
from labyard.control.changes import Changes
from labyard.control.decide import become, want
from labyard.control.diary import Deed, Diary
from labyard.control.moments import Moments, refuse_unkept
from labyard.control.planning import NewPlay, Planner
from labyard.control.policy import Policy
from labyard.control.progress import Progress
from labyard.control.queue import Queue
from labyard.control.reconciler import Reconciler, utc_now
from labyard.control.refusals import BadRequestError, TooManyError
from labyard.control.rows import PlayView, Rows, refuse_gone
from labyard.control.saved import Saved
from labyard.errors import ConflictError, NotFoundError
from labyard.hosts.contract import INPUT_LIMIT, Host
from labyard.play.plan import PlayPlan, TaskKind
from labyard.play.progress import Progress as Step
from labyard.play.status import PlayState, Reason
from labyard.store.diary import DiaryEntry
from labyard.store.plays import Desired, PlayRow, PlayStore, StateEvent

TITLE_LIMIT = 200
_FORK_OF = "Fork of "
_MACHINE_VERBS = ("reboot", "stop", "restart")


class Plays:
    def __init__(
        self,
        store: PlayStore,
        catalog: Catalog,
        host: Host,
        reconciler: Reconciler,
        changes: Changes,
        policy: Policy,
        *,
        library: Library | None = None,
        progress: Progress | None = None,
        queue: Queue | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`library` None: there are no lessons. `progress`: told of attempts. `queue`: asked by those who wait."""
        self._store = store
        self._host = host
        self._reconciler = reconciler
        self._rows = Rows(store, reconciler, changes, queue, clock=clock)
        self._policy = policy
        self._clock = clock
        self._planner = Planner(catalog, library, host, policy)
        self._progress = progress
        self._diary = Diary(store, clock=clock)
        self.moments = Moments(self._rows, host, policy)
        self.saved = Saved(self._rows, self.moments, catalog, host)
        self.changes = changes

    async def create(self, owner: str, new: NewPlay) -> PlayView:
        """Check everything, write the row, and leave the rest to the reconciler.

        SpecError, NotFoundError, CapacityError (more than the box can ever hold; too many): then nothing was made.
        """
        await self._check_rate(owner)
        manifest_name, plan = await self._planner.read(new)
        row = self._fresh(owner, plan, new.title or plan.title, manifest_name)
        deed = Deed(who=owner, what="start", detail="cold" if new.cold else "")
        return await self._begin(replace(row, cold=new.cold, bot=new.bot), deed)

    async def fork(self, owner: str, play_id: str) -> PlayView:
        """A second play, to be made from what this one is when its turn comes. Counts as a start.

        ConflictError when it is neither running nor stopped; should that change before its turn, the fork has failed.
        """
        source = await self._rows.row(owner, play_id)
        refuse_unkept(source, "forked")
        await self._check_rate(owner)
        title = source.title if source.title.startswith(_FORK_OF) else _FORK_OF + source.title
        row = self._fresh(owner, source.plan, title, source.manifest_name)
        deed = Deed(who=owner, what="fork", detail=source.id)
        return await self._begin(replace(row, origin=source.id, bot=source.bot), deed)

    async def prepare(self, playground: str, parameters: Mapping[str, str]) -> AsyncIterator[Step]:
        """Have a snapshot its starts fork from. SpecError, NotFoundError, CapacityError before anything is begun."""
        _, plan = await self._planner.read(NewPlay(playground=playground, parameters=parameters))
        return self._host.prepare(plan)

    async def get(self, owner: str | None, play_id: str) -> PlayView:
        """NotFoundError also for another owner's play: ids are not told. `owner` None: whoever's it is."""
        return await self._rows.view(await self._rows.row(owner, play_id))

    async def diary(self, owner: str | None, play_id: str) -> builtins.list[DiaryEntry]:
        """What happened to it, oldest first; NotFoundError as for `get`."""
        return await self._store.diary((await self._rows.row(owner, play_id)).id)

    async def list(self, owner: str | None, *, persistent: bool | None = None) -> list[PlayView]:
        """Newest first; `owner` None: everybody's; with `persistent`: only those kept (or only those not)."""
        rows = await self._store.list(owner=owner)
        return [await self._rows.view(row) for row in rows if persistent is None or row.persistent is persistent]

    async def of_lesson(self, owner: str | None, lesson: str | None = None) -> builtins.list[PlayView]:
        """Plays of a lesson (None: of any) that are meant to run, newest first: the owner's (None: everybody's), no bot's."""
        return [await self._rows.view(row) for row in await self._store.of_lessons(owner, lesson)]

    async def lessons_kept(self) -> set[str]:
        """Lessons of which anybody has a play that is not gone."""
        return await self._store.lessons_kept()

    # -- actions -------------------------------------------------------------------------------------------------------

    async def stop(self, owner: str | None, play_id: str, *, by: str = "") -> PlayView:
        """`owner` None: whoever's it is; then `by` says who asks."""

        def change(row: PlayRow, now: datetime) -> PlayRow:
            if row.state is PlayState.CREATED:
                raise ConflictError("this play has not started yet", hint="destroy it instead")
            refuse_gone(row)
            if row.state is PlayState.STOPPED or row.state is PlayState.STOPPING:
                return row
            return become(
                want(row, Desired.STOPPED, now, row.reason or Reason.STOPPED, row.detail), PlayState.STOPPING, now
            )

        return await self._rows.change(owner, play_id, change, Deed(who=by or owner or "", what="stop"))

    async def restart(self, owner: str, play_id: str) -> PlayView:
        def change(row: PlayRow, now: datetime) -> PlayRow:
            refuse_gone(row)
            if row.desired is Desired.RESTART:
                return row
            if row.state not in (PlayState.STOPPED, PlayState.FAILED):
                raise ConflictError(f"this play is {row.state}, not STOPPED", hint="stop it first")
            if row.report is None:
                raise ConflictError(
                    "nothing of this play is left to start again", hint="destroy it and start a new one"
                )
            return become(replace(want(row, Desired.RESTART, now), expires_at=None), PlayState.STARTING, now)

        return await self._rows.change(owner, play_id, change, Deed(who=owner, what="restart"))

    async def snapshot(self, owner: str, play_id: str, name: str) -> PlayView:
        """Keep what it is now under a name; it goes on as it was."""
        async with self._doing(owner, play_id, "snapshot", name):
            await self.moments.take(owner, play_id, name)
        return await self.get(owner, play_id)

    async def rewind(self, owner: str, play_id: str, name: str) -> PlayView:
        """Make it what it was when the snapshot was taken, and let it go on from there, also when it was stopped."""
        await self._note(owner, play_id)
        async with self._doing(owner, play_id, "rewind", name):
            row = await self.moments.rewind(owner, play_id, name)
        if row.state is not PlayState.RUNNING:
            return await self.restart(owner, play_id)
        # Whoever asked must not take what was before for what comes now.
        report = await self._reconciler.look_again(play_id)
        return await self._rows.change(
            owner, play_id, lambda row, now: row if report is None else replace(row, report=report)
        )

    async def remove_snapshot(self, owner: str, play_id: str, name: str) -> PlayView:
        async with self._doing(owner, play_id, "remove_snapshot", name):
            await self.moments.remove(owner, play_id, name)
        return await self.get(owner, play_id)

    async def save(self, owner: str, play_id: str, name: str) -> PlayView:
        """Make it, as it is now, a playground of that name."""
        async with self._doing(owner, play_id, "save", name):
            await self.saved.save(owner, play_id, name)
        return await self.get(owner, play_id)

    async def destroy(self, owner: str | None, play_id: str, *, by: str = "") -> PlayView:
        """`owner` None: whoever's it is; then `by` says who asks."""

        def change(row: PlayRow, now: datetime) -> PlayRow:
            if row.desired is Desired.DESTROYED:
                return row
            aimed = want(row, Desired.DESTROYED, now, row.reason or Reason.DESTROYED, row.detail)
            return become(aimed, PlayState.DESTROYING, now)

        return await self._rows.change(owner, play_id, change, Deed(who=by or owner or "", what="destroy"))

    async def set_title(self, owner: str, play_id: str, title: str) -> PlayView:
        if len(title) > TITLE_LIMIT or not title.isprintable():
            raise BadRequestError(f"a title is at most {TITLE_LIMIT} printable characters")
        return await self._rows.change(owner, play_id, lambda row, now: replace(row, title=title))

    async def make_persistent(self, owner: str, play_id: str) -> PlayView:
        """Neither its time nor its age will end it."""

        def change(row: PlayRow, now: datetime) -> PlayRow:
            refuse_gone(row)
            return replace(row, persistent=True, expires_at=None)

        view = await self._rows.change(owner, play_id, change, Deed(who=owner, what="persist"))
        await self._tell_lifetime(view.row, None)
        return view

    async def set_max_play_time(self, owner: str, play_id: str, minutes: int) -> PlayView:
        """Counted from its start, not from now."""
        span = timedelta(minutes=minutes) if 0 < minutes < 10_000_000 else None
        if span is None or span > self._policy.longest_play_time:
            most = int(self._policy.longest_play_time.total_seconds() // 60)
            raise BadRequestError(f"a play lasts from 1 to {most} minutes")

        def change(row: PlayRow, now: datetime) -> PlayRow:
            refuse_gone(row)
            expires_at = row.expires_at
            if expires_at is not None and row.max_play_time is not None:
                expires_at = expires_at - timedelta(seconds=row.max_play_time) + span
                if expires_at <= now:
                    raise ConflictError(
                        "this play has already lasted longer than that", hint="give it more time, or stop it"
                    )
            elif row.desired is Desired.RUNNING and row.state is not PlayState.CREATED:
                expires_at = now + span
            return replace(row, max_play_time=int(span.total_seconds()), expires_at=expires_at, persistent=False)

        deed = Deed(who=owner, what="extend", detail=f"{minutes} min")
        view = await self._rows.change(owner, play_id, change, deed)
        if view.row.expires_at is not None:
            await self._tell_lifetime(view.row, (view.row.expires_at - self._clock()).total_seconds())
        return view

    async def machine(self, owner: str, play_id: str, machine: str, verb: str) -> PlayView:
        """`reboot`, `stop` or `restart` one machine."""
        row = await self._rows.row(owner, play_id)
        if verb not in _MACHINE_VERBS:
            raise BadRequestError(f"a machine cannot {verb}", hint="reboot, stop or restart")
        if row.plan.machine(machine) is None:
            names = ", ".join(known.name for known in row.plan.machines)
            raise NotFoundError(f"this play has no machine {machine!r}", hint=f"it has {names}")
        if row.state not in (PlayState.RUNNING, PlayState.FAILED, PlayState.STARTING):
            raise ConflictError(f"this play is {row.state}", hint="its machines are off")
        async with self._doing(owner, play_id, f"machine.{verb}", machine):
            await self._host.machine(play_id, machine, verb)
        return await self._rows.view(await self._rows.row(owner, play_id))

    async def put_in(self, owner: str, play_id: str, task: str, value: str) -> PlayView:
        """What the learner puts in for a task. NotFoundError for an unknown one, ConflictError unless it runs."""
        row = await self._rows.row(owner, play_id)
        if not _is_input(value):
            raise BadRequestError(f"an input is a text of at most {INPUT_LIMIT} bytes, without NUL characters")
        if all(known.name != task or known.kind is TaskKind.INIT for known in row.plan.tasks):
            raise NotFoundError(f"this play has no task {task[:64]!r} to put something in")
        if row.state is not PlayState.RUNNING:
            raise ConflictError(f"this play is {row.state}, not RUNNING", hint="wait until it is, or restart it")
        await self._host.put_in(play_id, task, value)
        return await self._rows.view(row)

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _check_rate(self, owner: str) -> None:
        if await self._store.count(owner) >= self._policy.plays_at_most:
            raise TooManyError(f"you have {self._policy.plays_at_most} plays already", hint="destroy some")
        minute_ago = self._clock() - timedelta(minutes=1)
        if await self._store.count(owner, since=minute_ago) >= self._policy.starts_per_minute:
            raise TooManyError(
                f"more than {self._policy.starts_per_minute} starts within a minute", hint="try again in a minute"
            )

    async def _note(self, owner: str, play_id: str) -> None:
        """What was solved a moment ago must not be lost with what is rewound."""
        row = await self._rows.row(owner, play_id)
        report = await self._reconciler.look_again(play_id)
        if self._progress is not None and report is not None:
            await self._progress.see(row, replace(row, report=report))

    def _doing(self, owner: str, play_id: str, what: str, detail: str) -> AbstractAsyncContextManager[None]:
        return self._diary.doing(play_id, Deed(who=owner, what=what, detail=detail))

    async def _begin(self, row: PlayRow, deed: Deed) -> PlayView:
        """An attempt is written first: a cut between the two leaves one that was never played, not one that never counts."""
        if self._progress is not None:
            await self._progress.began(row)
        return await self._rows.add(row, deed)

    def _fresh(self, owner: str, plan: PlayPlan, title: str, manifest_name: str) -> PlayRow:
        now = self._clock()
        play_time = self._policy.play_time
        return PlayRow(
            id=secrets.token_hex(12),
            owner=owner,
            playground=plan.playground,
            title=title[:TITLE_LIMIT],
            manifest_name=manifest_name,
            plan=plan,
            desired=Desired.RUNNING,
            desired_at=now,
            state=PlayState.CREATED,
            state_at=now,
            events=(StateEvent(state=PlayState.CREATED, at=now),),
            max_play_time=None if play_time is None else int(play_time.total_seconds()),
            created_at=now,
            updated_at=now,
        )

    async def _tell_lifetime(self, row: PlayRow, seconds: float | None) -> None:
        """The host's own clock is only the second line: what it misses the reconciler ends."""
        try:
            await self._host.set_lifetime(row.id, seconds)
        except NotFoundError:
            return


def _is_input(value: str) -> bool:
    """Whether a program can have it in its environment."""
    try:
        return len(value.encode()) <= INPUT_LIMIT and "\0" not in value
    except UnicodeEncodeError:  # half a character, as JSON can hold
        return False
