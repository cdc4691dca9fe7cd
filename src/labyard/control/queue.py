"""What is told to those who wait for room: when they may begin. Looked up once for all of them, and only while some wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from labyard.control.forecast import Box, Claim, Forecast, Holding, foresee
from labyard.control.policy import Policy
from labyard.control.sampling import Sampled
from labyard.hosts.contract import Capacity, Host
from labyard.play.plan import PlayPlan
from labyard.play.status import PlayState
from labyard.store.plays import Desired
from labyard.store.queue import QueueStore, Standing

LOOK_LIFE: Final = 2.0
_NEWCOMER_LIFE: Final = 0.5  # for who is not in it: many may come at once
LATELY: Final = 20
"""Plays whose starts say how long a start takes."""


class Queue:
    def __init__(
        self,
        store: QueueStore,
        host: Host,
        policy: Policy,
        *,
        clock: Callable[[], datetime],
        life: float = LOOK_LIFE,
    ) -> None:
        """`life`: seconds for which one look serves whoever asks."""
        self._store = store
        self._host = host
        self._policy = policy
        self._clock = clock
        self._plans: dict[str, PlayPlan] = {}
        self._looked = Sampled(self._look, life)

    async def forecast(self, play_id: str) -> Forecast:
        """Of one that waits. Empty: nothing can be said, or not yet."""
        known = await self._looked.get()
        if play_id not in known:  # asked for a moment ago
            known = await self._looked.get(life=_NEWCOMER_LIFE)
        return known.get(play_id, Forecast())

    async def _look(self) -> dict[str, Forecast]:
        standing = await self._store.standing()
        await self._learn([each.id for each in standing])
        capacity, starts = await self._host.capacity(), await self._store.starts(most=LATELY)
        box = Box(
            free=capacity.memory - capacity.memory_used,
            boots=self._policy.starting_at_once,
            start_takes=sorted(starts)[len(starts) // 2] if starts else None,
            start_deadline=self._policy.start_deadline,
            stop_deadline=self._policy.stop_deadline,
        )
        memory = {play_id: self._memory(plan, capacity) for play_id, plan in self._plans.items()}
        known = [each for each in standing if each.id in memory]
        claims = in_turn(known)
        holdings = [holding(each, memory[each.id]) for each in known if each not in claims]
        wishes = [Claim(memory=memory[each.id], lifetime=_lifetime(each)) for each in claims]
        forecasts = foresee(self._clock(), box, holdings, wishes)
        return {each.id: forecast for each, forecast in zip(claims, forecasts, strict=True)}

    async def _learn(self, ids: Sequence[str]) -> None:
        """Plans never change, so each is read once."""
        self._plans = {play_id: plan for play_id in ids if (plan := self._plans.get(play_id)) is not None}
        self._plans |= await self._store.plans([play_id for play_id in ids if play_id not in self._plans])

    def _memory(self, plan: PlayPlan, capacity: Capacity) -> int:
        return self._policy.memory(plan) + capacity.machine_overhead * len(plan.machines)


def in_turn(standing: Sequence[Standing]) -> list[Standing]:
    """Who waits for room, by turns: those that were stopped and shall go on take what is free before anybody else.

    A host has been told of none of them.
    """
    again = [each for each in standing if each.desired is Desired.RESTART]
    first = [each for each in standing if each.state is PlayState.CREATED]
    return [*again, *first]


def holding(play: Standing, memory: int) -> Holding:
    """What one that has room will do. One that failed and was ended has given its memory back: nothing more will come."""
    ended = play.state is PlayState.FAILED and play.desired is Desired.STOPPED
    leaving = play.state in (PlayState.STOPPING, PlayState.DESTROYING) or play.desired in (
        Desired.STOPPED,
        Desired.DESTROYED,
    )
    return Holding(
        memory=0 if ended else memory,
        ends_at=play.expires_at,
        leaving_since=max(play.state_at, play.desired_at) if leaving else None,
        starting_since=play.state_at if play.state is PlayState.STARTING else None,
    )


def _lifetime(play: Standing) -> timedelta | None:
    return None if play.max_play_time is None or play.persistent else timedelta(seconds=play.max_play_time)
