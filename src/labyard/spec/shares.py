"""How much of a play's share each machine gets. Who asks for more than a cap is scaled down, never refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labyard.errors import Problem, SpecError
from labyard.spec.limits import Limits
from labyard.spec.model import Machine
from labyard.spec.sizes import MIB, show_size


@dataclass(frozen=True, slots=True)
class Share:
    """`memory` in bytes; None: whatever its kind of image gets by default."""

    cpus: int
    memory: int | None


def share_out(machines: Sequence[Machine], limits: Limits) -> tuple[tuple[Share, ...], tuple[str, ...]]:
    """One share per machine, and a note for each change. Raises SpecError when not even the least fits."""
    notes: list[str] = []
    asked = [machine.resources for machine in machines]
    names = [machine.name for machine in machines]
    cpus = [(wish.cpu_count if wish else None) or limits.cpus_default for wish in asked]
    memory = [wish.ram_size if wish else None for wish in asked]

    capped = [min(count, limits.cpus_per_machine) for count in cpus]
    capped = _scale(capped, limits.cpus_per_play, least=1, step=1, what="vCPUs")
    notes += [
        f"{name} has {now} of the {wanted} vCPUs it asks for: that is its share on this box."
        for name, wanted, now in zip(names, cpus, capped, strict=True)
        if now < wanted
    ]
    wanted_memory = [limits.memory_assumed if size is None else size for size in memory]
    given = [min(size, limits.memory_per_machine) for size in wanted_memory]
    given = _scale(given, limits.memory_per_play, least=limits.memory_least, step=MIB, what="bytes of memory")
    notes += [
        f"{name} has {show_size(now)} of the {show_size(wanted)} of memory it asks for: that is its share on this box."
        for name, wanted, now in zip(names, wanted_memory, given, strict=True)
        if now < wanted
    ]
    sizes = [
        None if size is None and now == wanted else now
        for size, now, wanted in zip(memory, given, wanted_memory, strict=True)
    ]
    return tuple(Share(count, size) for count, size in zip(capped, sizes, strict=True)), tuple(notes)


def _scale(wanted: list[int], cap: int, *, least: int, step: int, what: str) -> list[int]:
    """In proportion, down to multiples of `step`; nobody gets below `least`, and who asked for less keeps that."""
    if sum(wanted) <= cap:
        return wanted
    floor = [min(least, want) for want in wanted]
    if sum(floor) > cap:
        words = f"{len(wanted)} machines need at least {sum(floor)} {what}, one play here may have {cap}"
        raise SpecError((Problem(file="limits", line=1, column=1, message=words, hint="use fewer machines"),))
    fixed: set[int] = set()
    while True:
        room = cap - sum(floor[index] for index in fixed)
        total = sum(want for index, want in enumerate(wanted) if index not in fixed)
        shares = [
            floor[index] if index in fixed else max(want * room // total // step * step, 0)
            for index, want in enumerate(wanted)
        ]
        below = {index for index, share in enumerate(shares) if share < floor[index]}
        if not below:
            return _spread(shares, wanted, cap, step)
        fixed |= below


def _spread(shares: list[int], wanted: list[int], cap: int, step: int) -> list[int]:
    """Hand out what rounding left over: first to those who got the smallest part of their wish."""
    left = (cap - sum(shares)) // step
    by_need = sorted(range(len(shares)), key=lambda index: (shares[index] / wanted[index], index))
    lucky = [index for index in by_need if shares[index] + step <= wanted[index]][: max(left, 0)]
    return [share + step if index in lucky else share for index, share in enumerate(shares)]
