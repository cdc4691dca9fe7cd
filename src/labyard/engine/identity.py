"""What a machine shows when it was made from a snapshot: shells that wait for their learner, and whose it is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from labyard.engine.live_machine import LiveMachine
from labyard.errors import GuestError, MachineError
from labyard.machine.process import processor_time
from labyard.play.plan import MachinePlan
from labyard.play.streams import Exec, Result, Stream, Terminal

log = structlog.get_logger(__name__)

FIRST_TERMINAL: Final = "term-1"
"""The one that a play's page opens first (web/src/play/tabs.ts)."""
_PROMPT_SECONDS = 15.0
_QUIET_SECONDS = 0.4
_OWN_SECONDS = 120.0
_IDLE_PATIENCE = 90.0
_IDLE_SECONDS, _IDLE_TIMES = 0.5, 3
_IDLE_SHARE = 0.15  # of one processor of the box; an idle machine takes 1 to 4 % under emulation

# Each machine-id(5) and every host key anew, and sshd told so, where the image has them. Keys of the kinds there were: one of a
# kind that sshd was not given (`ssh-keygen -A` makes RSA too) takes seconds under emulation.
_MAKE_OWN = """\
set -e
if [ -e /etc/machine-id ]; then
  rm -f /etc/machine-id /var/lib/dbus/machine-id
  if command -v systemd-machine-id-setup >/dev/null; then systemd-machine-id-setup >/dev/null 2>&1
  else tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id; fi
fi
if command -v ssh-keygen >/dev/null; then
  for key in /etc/ssh/ssh_host_*_key; do
    [ -e "$key" ] || continue
    kind=${key#/etc/ssh/ssh_host_}
    rm -f "$key" "$key.pub"
    ssh-keygen -q -t "${kind%_key}" -N '' -f "$key"
  done
  if [ -d /run/systemd/system ]; then systemctl try-reload-or-restart ssh.service sshd.service 2>/dev/null || true
  else pkill -HUP -x sshd 2>/dev/null || true; fi
fi
"""


async def make_own(machine: LiveMachine) -> None:
    """Give a machine a machine-id and host keys that no other play has. GuestError when that did not work."""
    result = await _run(machine, Exec(argv=("/bin/sh", "-c", _MAKE_OWN), user="root", timeout=_OWN_SECONDS))
    if result.exit_code != 0:
        raise GuestError(
            f"{machine.name} could not be given an identity of its own: {result.error or result.exit_code}"
        )


async def until_idle(machine: LiveMachine) -> None:
    """Wait until a machine has nothing to do: what it has begun when its snapshot is taken, every fork of it does again.

    A machine that is never idle is taken as it is after a while.
    """
    with suppress(TimeoutError, MachineError):
        async with asyncio.timeout(_IDLE_PATIENCE):
            idle = 0
            while idle < _IDLE_TIMES and machine.process is not None:
                before = processor_time(machine.process.pid)
                await asyncio.sleep(_IDLE_SECONDS)
                used = processor_time(machine.process.pid) - before
                idle = idle + 1 if used < _IDLE_SHARE * _IDLE_SECONDS else 0


async def open_shells(machine: LiveMachine, plan: MachinePlan) -> None:
    """Have the first terminal's shell wait at its prompt, so that it is part of the snapshot. What fails is not missed."""
    if not plan.terminal or machine.process is None:
        return
    with suppress(GuestError, TimeoutError):
        stream = await machine.open(Terminal(id=FIRST_TERMINAL))
        try:
            await _until_quiet(stream)
        finally:
            await stream.close()


async def rehearse(machine: LiveMachine, plan: MachinePlan) -> None:
    """Have an emulator translate what a play's first second runs: a program, and looking at the first terminal.

    Not more: what was translated is the machine's memory for good. What fails is not missed.
    """
    with suppress(GuestError, TimeoutError):
        await _run(machine, Exec(argv=("true",), timeout=_PROMPT_SECONDS))
    if not plan.terminal:
        return
    with suppress(GuestError, TimeoutError):
        first = await machine.open(Terminal(id=FIRST_TERMINAL))
        try:
            await _says_more(first)
        finally:
            await first.close()


async def _run(machine: LiveMachine, program: Exec) -> Result:
    stream = await machine.open(program)
    try:
        while await stream.receive() is not None:
            pass
        return await stream.result()
    finally:
        await stream.close()


async def _until_quiet(stream: Stream) -> None:
    """A shell says something, its prompt at last, and then waits."""
    async with asyncio.timeout(_PROMPT_SECONDS):
        more = await stream.receive() is not None
        while more:
            more = await _says_more(stream)


async def _says_more(stream: Stream) -> bool:
    try:
        async with asyncio.timeout(_QUIET_SECONDS):
            return await stream.receive() is not None
    except TimeoutError:
        return False
