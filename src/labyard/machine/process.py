"""Machines' processes: started to outlive us, found again by their mark, ended for certain."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from labyard.errors import MachineError
from labyard.machine.jail_root import ENVIRONMENT
from labyard.machine.marks import Mark

_PROC = Path("/proc")

# While it is on its way into the jail, the process is one of these, still root, with QEMU's line in its arguments.
_ON_THE_WAY = frozenset({"nsenter", "unshare", "sh", "prlimit", "setpriv"})

# Above every number that a plan gives out, below the usual soft limit of 1024 files.
_SPARE_NUMBERS = 400


class Found(NamedTuple):
    """A machine's process. `jailed` is False while it is on its way into the jail."""

    pid: int
    mark: Mark
    uid: int
    jailed: bool


class Process:
    """A hold on one process, through a pidfd: a process number used again is never mistaken for it."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._ended = asyncio.Event()
        self._status: int | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(pidfd, self._on_end)

    @classmethod
    def start(cls, command: Sequence[str], descriptors: Mapping[int, int], log: Path) -> Process:
        """Start `command` in a session of its own, with our descriptors `descriptors[n]` as its `n`.

        It outlives us. What it says goes to the end of `log`. MachineError when there is no such program.
        """
        with contextlib.ExitStack() as kept:
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            kept.callback(os.close, output)
            actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ]
            actions += [(os.POSIX_SPAWN_CLOSE, stray) for stray in _inheritable() - descriptors.keys()]
            for number, ours in descriptors.items():
                # Copied out of the way first, so that no number is overwritten before it was copied itself.
                spare = fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, _SPARE_NUMBERS)
                kept.callback(os.close, spare)
                actions.append((os.POSIX_SPAWN_DUP2, spare, number))
            try:
                pid = os.posix_spawn(
                    command[0],
                    list(command),
                    ENVIRONMENT,
                    file_actions=actions,
                    setsid=True,
                    setsigmask=(),
                    # SIGXFSZ stays ignored, as Python has it: a write past the limit is an error and not the end.
                    setsigdef=(signal.SIGPIPE, signal.SIGINT),
                )
            except FileNotFoundError as error:
                raise MachineError(f"{command[0]} is not here", hint="labyard doctor says what to install") from error
        return cls(pid, os.pidfd_open(pid))

    @classmethod
    def hold(cls, found: Found) -> Process | None:
        """Take hold of a process that was found; None when it is gone or another one by now."""
        try:
            pidfd = os.pidfd_open(found.pid)
        except ProcessLookupError:
            return None
        now = _look_at(found.pid)
        if now is None or now.mark != found.mark:
            os.close(pidfd)
            return None
        return cls(found.pid, pidfd)

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    @property
    def exit_status(self) -> int | None:
        """Of an ended process: its exit code, or minus the signal that ended it; None when it was not our own child."""
        return self._status

    async def ended(self) -> None:
        """Wait for its end: its memory is free and its descriptors are closed."""
        await self._ended.wait()

    async def kill(self) -> None:
        """End it and wait until it is gone. Safe to repeat."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        await self._ended.wait()

    def close(self) -> None:
        """Let go of it without ending it."""
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    def _on_end(self) -> None:
        with contextlib.suppress(ChildProcessError):
            result = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
            if result is not None:
                self._status = result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
        self.close()
        self._ended.set()


def _inheritable() -> set[int]:
    """Descriptors that a program of ours would inherit: Python makes none, but who started us may have left some."""
    found = set()
    for entry in (_PROC / "self/fd").iterdir():
        with contextlib.suppress(OSError):  # the listing's own
            if int(entry.name) > 2 and os.get_inheritable(int(entry.name)):
                found.add(int(entry.name))
    return found


def find_all(data: str) -> list[Found]:
    """Every process of a machine that bears this data folder's mark."""
    seen = (_look_at(int(entry.name)) for entry in _PROC.iterdir() if entry.name.isdigit())
    return [found for found in seen if found is not None and found.mark.data == data]


def find(mark: Mark) -> Found | None:
    """The process of one machine."""
    return next((found for found in find_all(mark.data) if found.mark == mark), None)


async def end(found: Found) -> None:
    """End a machine's process that nobody holds, and wait until it is gone."""
    process = Process.hold(found)
    if process is not None:
        await process.kill()


def proportional_memory(pid: int) -> int:
    """Bytes of host memory that a process is charged with, shared pages divided among those who share them (PSS).

    MachineError when it is gone.
    """
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError as error:
        raise MachineError(f"process {pid} is gone") from error
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used, all its threads together. MachineError when it is gone."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()  # proc_pid_stat(5)
    except OSError as error:
        raise MachineError(f"process {pid} is gone") from error
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _look_at(pid: int) -> Found | None:
    """What a process is, judged by its arguments, its program and its user; None when it is no machine of ours."""
    folder = _PROC / str(pid)
    try:
        raw = (folder / "cmdline").read_bytes()
        uid = folder.stat().st_uid
        program = Path((folder / "exe").readlink().name.removesuffix(" (deleted)")).name
    except OSError:
        return None
    arguments = raw.decode(errors="replace").split("\0")
    mark = Mark.of_arguments(arguments)
    if mark is None:
        return None
    jailed = uid != 0 and program.startswith("qemu-system-")
    if not jailed and not (uid == 0 and Path(arguments[0]).name in _ON_THE_WAY):
        return None
    return Found(pid, mark, uid, jailed)
