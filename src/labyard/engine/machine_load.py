"""What one machine takes: processor time as the box counts it, memory as the machine's own kernel says it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from labyard.engine.live_machine import LiveMachine
from labyard.engine.load import PROC, cpu_seconds, pss
from labyard.errors import LabyardError
from labyard.network.blocking import in_thread
from labyard.play.plan import Value

PATIENCE: Final = 2.0
"""Seconds for a guest to say; one that stands still for a snapshot, or is very busy, does not."""


class MachineTaken(Value):
    """`cpu_seconds`: of its process since that began; None: it is off. `memory`: bytes in use, of `total`.

    `by_guest` False: the guest did not say, so `memory` is what its process takes of the box, and `total` is not known.
    """

    name: str
    cpu_seconds: float | None = None
    memory: int | None = None
    total: int | None = None
    by_guest: bool = False


class _Memory(Value):
    """As an examiner says; guests are not to be trusted."""

    total: int = Field(gt=0, le=1 << 53)
    available: int = Field(ge=0, le=1 << 53)


async def taken_by(machine: LiveMachine, proc: Path = PROC) -> MachineTaken:
    """Never raises: of what cannot be measured nothing is said."""
    process = machine.process
    if process is None:
        return MachineTaken(name=machine.name)
    folder = proc / str(process.pid)
    seconds = await in_thread(cpu_seconds, folder)
    if seconds is None:
        return MachineTaken(name=machine.name)
    said = await _said(machine)
    if said is not None:
        used = max(0, said.total - said.available)
        return MachineTaken(name=machine.name, cpu_seconds=seconds, memory=used, total=said.total, by_guest=True)
    return MachineTaken(name=machine.name, cpu_seconds=seconds, memory=await in_thread(pss, folder))


async def _said(machine: LiveMachine) -> _Memory | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return _Memory.model_validate(await machine.call("memory"))
    except (LabyardError, TimeoutError, ValidationError):
        return None
