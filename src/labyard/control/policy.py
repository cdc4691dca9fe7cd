"""The numbers that rule plays. Settings, not constants."""

from __future__ import annotations

from datetime import timedelta

from labyard.play.plan import MachinePlan, PlayPlan, Value

GIB = 1 << 30


class Policy(Value):
    """Times are spans; counts are per server, `snapshots_at_most` per play.

    `play_time` None: plays end only by hand. `start_deadline` covers image downloads too.
    """

    play_time: timedelta | None = timedelta(hours=8)
    longest_play_time: timedelta = timedelta(days=30)
    start_deadline: timedelta = timedelta(minutes=45)
    stop_deadline: timedelta = timedelta(minutes=5)
    destroy_deadline: timedelta = timedelta(minutes=5)
    keep_stopped: timedelta = timedelta(days=14)
    keep_destroyed: timedelta = timedelta(days=7)
    orphan_grace: timedelta = timedelta(minutes=10)
    verb_limit: timedelta = timedelta(minutes=2)
    tick: timedelta = timedelta(seconds=5)
    retry_first: timedelta = timedelta(seconds=1)
    retry_most: timedelta = timedelta(minutes=1)
    starts_per_minute: int = 30
    starting_at_once: int = 4
    plays_at_most: int = 1000
    snapshots_at_most: int = 32
    verbs_at_once: int = 8
    assumed_memory: int = GIB

    def memory(self, plan: PlayPlan) -> int:
        """Bytes a plan will take; machines that do not say count as `assumed_memory`."""
        return sum(self._memory(machine) for machine in plan.machines)

    def _memory(self, machine: MachinePlan) -> int:
        return machine.memory or self.assumed_memory
