"""Carries out what `decide` says until all is as it should be. Level-triggered, safe to cut anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from labyard.control.changes import Changes
from labyard.control.decide import (
    Ask,
    Lost,
    Nothing,
    Purge,
    Record,
    Step,
    Verb,
    decide,
    fail,
    is_orphan_due,
    without_origin,
)
from labyard.control.diary import happened, refused
from labyard.control.policy import Policy
from labyard.control.retry import Retries
from labyard.errors import AwayError, CapacityError, LabyardError, NotFoundError
from labyard.hosts.contract import Host
from labyard.play.status import PlayReport, PlayState, Reason
from labyard.store.diary import DiaryEntry
from labyard.store.plays import PlayRow, PlayStore, StaleError

log = structlog.get_logger()

_ON_THE_WAY = (PlayState.CREATED, PlayState.WARMING_UP, PlayState.WARMED_UP, PlayState.STARTING)
_STARTS_AT_MOST = 6
_DESKS = 16  # plays being read or written at once


def utc_now() -> datetime:
    return datetime.now(UTC)


Told = Callable[[PlayRow, PlayRow], Awaitable[None]]
"""Gets a row as it is and as it will be, with another report. May be told the same again after a cut."""


Seen = Callable[[PlayRow, PlayRow, datetime], None]
"""Gets a row as it was and as it is now written, and when."""


async def _nobody(_old: PlayRow, _new: PlayRow) -> None:
    return


def _unseen(_old: PlayRow, _new: PlayRow, _now: datetime) -> None:
    return


class Reconciler:
    """`run` is the whole of it; `poke` says that a play deserves a look now. One step at a time per play."""

    def __init__(
        self,
        store: PlayStore,
        host: Host,
        changes: Changes,
        policy: Policy,
        *,
        told: Told = _nobody,
        seen: Seen = _unseen,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`told`: of every new report, before it is kept. `seen`: of every row, after it is."""
        self._store = store
        self._told = told
        self._seen = seen
        self._host = host
        self._changes = changes
        self._policy = policy
        self._clock = clock
        self._reports: dict[str, PlayReport] = {}
        self._orphans: dict[str, datetime] = {}
        self._retries = Retries(policy)
        self._poked: set[str] = set()
        self._stumbled: set[str] = set()
        self._settling: dict[str, asyncio.Task[None]] = {}
        self._verbs = asyncio.Semaphore(policy.verbs_at_once)
        self._desks = asyncio.Semaphore(_DESKS)
        self._door = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled. Plays go on without it; the next one takes over."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forever(self._watch))
                group.create_task(self._forever(self._tick_forever))
        finally:
            settling = list(self._settling.values())
            for task in settling:
                task.cancel()
            await asyncio.gather(*settling, return_exceptions=True)

    def poke(self, play_id: str) -> None:
        """Look at this play soon. Cheap, and safe to call too often."""
        self._poked.add(play_id)
        if play_id not in self._settling:
            self._settling[play_id] = asyncio.get_running_loop().create_task(self._settle(play_id))

    async def tick(self) -> None:
        """Compare everything with the host's own list, and poke what time, or a lost event, may have moved."""
        listed = {report.id: report for report in await self._host.list()}
        moved = {play_id for play_id, report in listed.items() if self._learn(report)}
        living = set(await self._store.living())
        for play_id in set(self._reports) - set(listed):
            del self._reports[play_id]
        now = self._clock()
        due = await self._store.unsettled(
            now=now, old_before=now - min(self._policy.keep_stopped, self._policy.keep_destroyed)
        )
        stumbled, self._stumbled = self._stumbled, set()
        for play_id in {*due, *moved, *stumbled, *(living - set(listed))}:
            self.poke(play_id)
        await self._poke_queue()
        await self._sweep_orphans(set(listed) - living, now)

    async def settled(self) -> None:
        """Wait until everything poked so far was looked at."""
        while self._settling:
            await asyncio.wait(list(self._settling.values()))

    async def step(self, play_id: str) -> bool:
        """Take one step for one play. False: there is nothing to do now."""
        async with self._desks:
            try:
                row = await self._store.get(play_id)
            except NotFoundError:
                return False
            step = decide(row, self._reports.get(play_id), self._clock(), self._policy)
            if not isinstance(step, Ask):
                return await self._write(row, step)
        return await self._ask(row, step.verb)

    # -- events --------------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        async for report in self._host.watch():
            if self._learn(report):
                self.poke(report.id)
                if report.state not in _ON_THE_WAY:
                    await self._poke_queue()  # somebody may boot now, or fit

    async def _tick_forever(self) -> None:
        for play_id in await self._store.living():
            self.poke(play_id)
        while True:
            await self.tick()
            await asyncio.sleep(self._policy.tick.total_seconds())

    async def _forever(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except AwayError:
                pass  # was told; asked again
            except Exception:
                log.exception("reconciler stumbled, going on", work=work.__name__)
            await asyncio.sleep(self._policy.retry_first.total_seconds())

    def _learn(self, report: PlayReport) -> bool:
        """Keep the newest report; whether it is news."""
        known = self._reports.get(report.id)
        if known is not None and known.version >= report.version:
            return False
        if report.state is PlayState.DESTROYED:
            self._reports.pop(report.id, None)
        else:
            self._reports[report.id] = report
        return True

    # -- one play ------------------------------------------------------------------------------------------------------

    async def _settle(self, play_id: str) -> None:
        try:
            while play_id in self._poked:
                self._poked.discard(play_id)
                with suppress(StaleError):
                    if not await self.step(play_id):
                        continue
                self._poked.add(play_id)
        except Exception as error:
            self._stumbled.add(play_id)  # what it was poked for is no news any more: the next tick pokes it
            if not isinstance(error, AwayError):
                log.exception("a step failed", play=play_id)
        finally:
            del self._settling[play_id]

    async def _write(self, row: PlayRow, step: Step) -> bool:
        match step:
            case Nothing() | Ask():
                return False
            case Purge():
                await self._store.purge(row.id)
                return False
            case Lost(row=new):
                listed = {report.id: report for report in await self._host.list()}
                if row.id in listed:
                    self._learn(listed[row.id])
                    return True
                await self._save(row, new)
            case Record(row=new):
                await self._save(row, new)
        return True

    async def _save(self, old: PlayRow, new: PlayRow, *before: DiaryEntry) -> None:
        """`before`: what its diary says first."""
        if new.report is not old.report:
            await self._told(old, new)
        now = self._clock()
        await self._store.save(new, now=now, told=(*before, *happened(old, new, now)))
        self._seen(old, new, now)
        if new.state is not old.state:
            self._retries.forget(new.id)
            reason = None if new.reason is None else new.reason.value
            log.info("play", play=new.id, state=new.state.value, reason=reason, detail=new.detail or None)
        self._changes.tell(new.id)
        left_queue = old.state is PlayState.CREATED and new.state is not PlayState.CREATED
        if left_queue or not new.state.active:
            await self._poke_queue()

    async def _ask(self, row: PlayRow, verb: Verb) -> bool:
        """One verb to the host. What came of it is read from the host, not assumed."""
        if not self._retries.may(row.id):
            return False
        try:
            if verb is Verb.START or verb is Verb.RESTART:
                async with self._door:
                    if not await self._has_turn(row, verb):
                        return False
                    await self._limited(self._call(row, verb))
            else:
                await self._limited(self._call(row, verb))
        except AwayError:
            raise  # the host was not asked, or did as it was told
        except CapacityError as error:
            return await self._no_room(row, verb, error)
        except (LabyardError, TimeoutError, OSError) as error:
            return await self._failed(row, verb, error)
        self._retries.forget(row.id)
        await self.look_again(row.id)
        return True

    async def _call(self, row: PlayRow, verb: Verb) -> None:
        match verb:
            case Verb.START if row.origin is not None:
                await self._host.fork(row.id, row.origin, lifetime=row.max_play_time)
            case Verb.START:
                await self._host.start(row.id, row.plan, lifetime=row.max_play_time, cold=row.cold)
            case Verb.RESTART:
                await self._host.restart(row.id)
                await self._host.set_lifetime(row.id, None if row.persistent else row.max_play_time)
            case Verb.STOP:
                await self._host.stop(row.id)
            case Verb.DESTROY:
                await self._host.destroy(row.id)

    async def _limited(self, call: Awaitable[None]) -> None:
        async with self._verbs, asyncio.timeout(self._policy.verb_limit.total_seconds()):
            await call

    async def look_again(self, play_id: str) -> PlayReport | None:
        """What the host says of it now, known from here on."""
        report = next((report for report in await self._host.list() if report.id == play_id), None)
        if report is None:
            self._reports.pop(play_id, None)
        else:
            self._learn(report)
        return self._reports.get(play_id)

    async def _failed(self, row: PlayRow, verb: Verb, error: Exception) -> bool:
        """Try again later, each time later; a first start is given up in the end."""
        delay = self._retries.again(row.id)
        message = error.message if isinstance(error, LabyardError) else f"{type(error).__name__}: {error}"
        log.warning("host refused", play=row.id, verb=verb.name.lower(), error=message, again_in=delay)
        trouble = refused(row, verb.name.lower(), message, self._clock())
        hopeless = verb is Verb.START and without_origin(row, error)
        if hopeless or (verb is Verb.START and self._retries.count(row.id) >= _STARTS_AT_MOST):
            reason = Reason.ORIGIN_GONE if hopeless else Reason.INTERNAL
            await self._save(row, fail(row, reason, message, self._clock()), trouble)
            return True
        if self._retries.count(row.id) == 1:  # once is enough: it is asked again for as long as it takes
            await self._store.note(trouble)
        asyncio.get_running_loop().call_later(delay, self.poke, row.id)
        return False

    # -- room ----------------------------------------------------------------------------------------------------------

    async def _has_turn(self, row: PlayRow, verb: Verb) -> bool:
        """Whether there is room now. First come, first served: nobody small overtakes somebody big for ever."""
        if verb is Verb.START and await self._store.next_waiting() != row.id:
            return False
        starting = sum(report.state in _ON_THE_WAY for report in self._reports.values())
        if starting >= self._policy.starting_at_once:
            return False
        capacity = await self._host.capacity()
        return capacity.memory - capacity.memory_used >= self._policy.memory(row.plan)

    async def _no_room(self, row: PlayRow, verb: Verb, error: CapacityError) -> bool:
        """The host counts more exactly than `_has_turn`. On an empty host there will never be room; else later."""
        if verb is Verb.START and (await self._host.capacity()).memory_used == 0:
            await self._save(row, fail(row, Reason.NO_CAPACITY, error.message, self._clock()))
            return True
        return False

    async def _poke_queue(self) -> None:
        if (play_id := await self._store.next_waiting()) is not None:
            self.poke(play_id)

    # -- orphans -------------------------------------------------------------------------------------------------------

    async def _sweep_orphans(self, strangers: set[str], now: datetime) -> None:
        """Plays on the host that no row speaks of are watched for a while, then destroyed."""
        self._orphans = {play_id: seen for play_id, seen in self._orphans.items() if play_id in strangers}
        for play_id in strangers:
            try:
                await self._store.get(play_id)
            except NotFoundError:
                first_seen = self._orphans.setdefault(play_id, now)
                if is_orphan_due(first_seen, now, self._policy):
                    await self._destroy_orphan(play_id)
            else:
                self.poke(play_id)

    async def _destroy_orphan(self, play_id: str) -> None:
        log.warning("destroying a play nobody knows", play=play_id)
        try:
            await self._limited(self._host.destroy(play_id))
        except (LabyardError, TimeoutError, OSError) as error:
            log.warning("host refused", play=play_id, verb="destroy", error=str(error))
        else:
            self._reports.pop(play_id, None)
