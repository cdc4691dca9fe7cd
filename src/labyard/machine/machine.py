"""One running machine: launched into its jail or adopted, driven over QMP, and what it reports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from labyard.errors import MachineError
from labyard.machine import cgroup, layers, plan, sockets
from labyard.machine.console import Console, tail
from labyard.machine.event import EventKind, MachineEvent, understand
from labyard.machine.jail import Jail
from labyard.machine.jail_root import jail_root
from labyard.machine.memory import blank_memory
from labyard.machine.plan import Accelerator, Descriptors, LayerSpec, MachineSpec
from labyard.machine.process import Process, find
from labyard.machine.qmp import Qmp

_CONNECT_SECONDS = 30
_MOST_EVENTS = 256
_LOG_BYTES = 64 * 1024

# How long a process may outlive its connection before we think it is only the connection that broke.
_FAREWELL_SECONDS = 1
_FIRMWARE_SECONDS = 0.5

# What a kernel says last (kernel/reboot.c, kernel/panic.c), at a level that is always shown.
_REBOOTS = ("reboot: Restarting system", "Rebooting in", "Kernel panic")
_POWERS_OFF = ("reboot: Power down", "reboot: System halted")

_LOAD_SECONDS = 30
_LOAD_POLL = 0.001
_STATE = "state"
_STATE_SET = 900

# Address space beyond the guest's memory: threads' stacks and heaps reserve far more than they ever hold.
_ADDRESS_SPACE = 8 * 1024 * plan.MIB


def line(spec: MachineSpec, *, waiting: bool = False) -> tuple[str, ...]:
    """The whole command that starts a machine, jail and all; to be run as root with its descriptors."""
    jail = Jail(
        uid=spec.uid,
        limits=spec.limits,
        address_space=spec.memory + _ADDRESS_SPACE,
        root=jail_root(kvm=spec.accelerator is Accelerator.KVM),
        netns=spec.netns,
        cgroup=cgroup.existing(spec),
    )
    return jail.command(plan.argv(spec, waiting=waiting))


async def version() -> str:
    """What QEMU says that it is. MachineError when there is none."""
    try:
        process = await asyncio.create_subprocess_exec(
            plan.QEMU, "--version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
    except FileNotFoundError as error:
        raise MachineError("QEMU is not here", hint="labyard doctor says what to install") from error
    said, _ = await process.communicate()
    return said.decode(errors="replace").partition("\n")[0].strip()


class Machine:
    """A machine's process and our connection to it. Its process outlives this object and the server."""

    def __init__(self, spec: MachineSpec, process: Process, qmp: Qmp) -> None:
        self.spec = spec
        self._process = process
        self._qmp = qmp
        self._console = Console(spec.console_log)
        self._events: asyncio.Queue[MachineEvent | None] = asyncio.Queue()
        self._last_reset = float("-inf")
        self._off = False
        self._pump = asyncio.create_task(self._follow())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self._process.alive

    @property
    def command(self) -> str:
        """The line that started it, to be read or pasted."""
        return shlex.join(line(self.spec))

    @classmethod
    async def launch(cls, spec: MachineSpec, *, taps: Sequence[int] = (), memory: int | None = None) -> Machine:
        """Start a machine; returns once QEMU answers, long before the guest is up.

        `taps`: a tap's descriptor per network card; they are closed in any case. `memory`: a descriptor of what its memory
        is to be, sealed or its user's own; then it does not boot, but waits for `load`. MachineError, with what QEMU said,
        when it does not start; then nothing is left of it.
        """
        with contextlib.ExitStack() as kept:
            for tap in taps:
                kept.callback(os.close, tap)
            if len(taps) != len(spec.nics):
                raise MachineError(f"{spec.name} has {len(spec.nics)} network cards but got {len(taps)} taps")
            if memory is None and find(spec.title) is not None:  # a fork's name is new
                raise MachineError(f"{spec.name} runs already", hint="adopt it, or end it first")
            spec.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            spec.initrd.chmod(0o444)  # nobody but its jail, and root, gets into the folder that it lies in
            try:
                await asyncio.to_thread(
                    jail_root, kvm=spec.accelerator is Accelerator.KVM
                )  # the first time, it is made
                cgroup.make(spec)
                given = _open(spec, taps, kept)
                if memory is None:
                    given |= _open_kernel(spec, kept)
                    given[Descriptors.of(spec).memory] = blank_memory(spec.run_dir, spec.memory, spec.uid)
                    kept.callback(os.close, given[Descriptors.of(spec).memory])
                else:
                    given[Descriptors.of(spec).memory] = memory
                process = Process.start(line(spec, waiting=memory is not None), given, spec.process_log)
            except BaseException:
                await _clean(spec)
                raise
        try:
            return cls(spec, process, await _answer(spec, process))
        except BaseException:
            await process.kill()
            await _clean(spec)
            raise

    @classmethod
    async def adopt(cls, spec: MachineSpec) -> Machine | None:
        """Take over a machine that runs already; None when there is none. MachineError when it does not answer."""
        found = find(spec.title)
        process = Process.hold(found) if found is not None and found.uid == spec.uid else None
        if process is None:
            return None
        try:
            machine = cls(spec, process, await _answer(spec, process))
        except BaseException:
            process.close()
            raise
        if await machine.status() == "shutdown":  # it powered off while nobody looked
            reboots = _last_said(await machine.console(), _REBOOTS) > _last_said(await machine.console(), _POWERS_OFF)
            kind = EventKind.REBOOT if reboots else EventKind.SHUTDOWN
            await machine._on_shutdown(MachineEvent(kind=kind, guest=True))
        return machine

    async def events(self) -> AsyncIterator[MachineEvent]:
        """What happens to it, up to and with GONE, or until `close`. For one reader."""
        while (event := await self._events.get()) is not None:
            yield event

    async def status(self) -> str:
        """QEMU's word for what it does: `running`, `paused`, `shutdown`, `io-error`..."""
        answer = await self._qmp.execute("query-status")
        return str(answer.get("status")) if isinstance(answer, Mapping) else "unknown"

    async def reset(self) -> None:
        """Start anew at once, as a reset button does; kernel and initrd are still loaded."""
        await self._qmp.execute("system_reset")

    async def power_down(self) -> None:
        """Press the power button; whether the guest heeds it is its own affair."""
        await self._qmp.execute("system_powerdown")

    async def pause(self) -> None:
        await self._qmp.execute("stop")

    async def resume(self) -> None:
        await self._qmp.execute("cont")

    async def load(self, devices: int) -> None:
        """Give a waiting machine the devices' state behind the descriptor `devices`. It stands still until `resume`.

        MachineError when QEMU cannot use it; the machine is then good for nothing.
        """
        await self._qmp.name_descriptor(devices, _STATE)
        await self._qmp.execute("migrate-incoming", {"uri": f"fd:{_STATE}"})
        async with asyncio.timeout(_LOAD_SECONDS):
            while (status := await self._migration()) != "completed":
                if status == "failed" or not self._process.alive:
                    raise MachineError(f"{self.spec.name} cannot be made of this snapshot: {self.said()[-500:]}")
                await asyncio.sleep(_LOAD_POLL)

    async def save_devices(self, target: int) -> None:
        """Write the devices' state, without memory, to the descriptor `target`, open for writing only, of a machine that
        stands still (migration/savevm.c, qmp_xen_save_devices_state: nothing of Xen is needed)."""
        await self._qmp.add_descriptor(target, _STATE_SET)
        try:
            arguments = {"filename": f"/dev/fdset/{_STATE_SET}", "live": False}
            await self._qmp.execute("xen-save-devices-state", arguments, timeout=_LOAD_SECONDS)
        finally:
            await self._qmp.execute("remove-fd", {"fdset-id": _STATE_SET})

    async def layers(self) -> tuple[tuple[str, ...], ...]:
        """The names of every disk's layers as QEMU has them, in the disks' order, each from base to top."""
        return await layers.layers_of(self._qmp, len(self.spec.disks))

    async def add_layer(self, disk: int, layer: LayerSpec, descriptor: int, *, below: str) -> None:
        """From now on disk number `disk` is written to `layer`, an empty overlay open behind `descriptor`; `below`, its
        top until now (see `layers`), is only read. Of a machine that stands still."""
        await layers.add_layer(self._qmp, layer, descriptor, below=below)
        self._has(disk, (*self.spec.disks[disk].layers, layer))

    async def merge_layers(self, disk: int, keep: int) -> None:
        """Make one of all layers of disk number `disk` but the lowest `keep`: its top. Files between are not needed then.

        Of a machine that runs. MachineError when it cannot be done; its disk is what it was then.
        """
        names = (await self.layers())[disk]
        await layers.merge_layers(self._qmp, names, keep)
        known = self.spec.disks[disk].layers
        self._has(disk, (*known[:keep], known[-1]))

    def _has(self, disk: int, chain: tuple[LayerSpec, ...]) -> None:
        disks = list(self.spec.disks)
        disks[disk] = disks[disk].model_copy(update={"layers": chain})
        self.spec = self.spec.model_copy(update={"disks": tuple(disks)})

    async def _migration(self) -> str:
        answer = await self._qmp.execute("query-migrate")
        return str(answer.get("status", "none")) if isinstance(answer, Mapping) else "none"

    async def console(self) -> str:
        """The tail of its serial console, at most 256 KiB, with what it said before earlier boots ended."""
        if self._process.alive:
            with contextlib.suppress(MachineError):
                await self._console.drain(self._qmp)
        return self._console.tail()

    def said(self) -> str:
        """What QEMU itself said last. Its log is cut here when it has grown: a guest can make QEMU talk."""
        log = self.spec.process_log
        last = tail(log, _LOG_BYTES)
        if log.stat().st_size > 16 * _LOG_BYTES:
            os.truncate(log, 0)  # QEMU appends, so it goes on from there
        return last

    async def kill(self) -> None:
        """End it. Returns when its process is gone and its memory free. Safe to repeat."""
        if self._process.alive:
            with contextlib.suppress(MachineError):
                await self._console.drain(self._qmp, timeout=1)
        await self._process.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await asyncio.shield(self._pump)  # it tells GONE
        await self.close()
        await _clean(self.spec)

    async def close(self) -> None:
        """Let go of it without ending it. Safe to repeat."""
        self._pump.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._pump
        await self._qmp.close()
        self._process.close()
        self._tell(None)

    async def _follow(self) -> None:
        """Turn what QEMU tells into events until its process ends; reconnect when only the connection broke."""
        while self._process.alive:
            async for message in self._qmp.events():
                event = understand(message)
                if event is not None and event.kind in (EventKind.SHUTDOWN, EventKind.REBOOT):
                    await self._on_shutdown(event)
                elif event is not None and not self._is_echo(event):
                    self._tell(event)
            await self._reconnect()
        self._tell(MachineEvent(kind=EventKind.GONE, reason=str(self._process.exit_status or "")))
        self._tell(None)

    async def _reconnect(self) -> None:
        """The connection ended: with the process, as a rule. Else try again, and end what stays out of control."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._process.ended()
                return
        await self._qmp.close()
        try:
            self._qmp = await _answer(self.spec, self._process)
        except MachineError:
            await self._process.kill()

    async def _on_shutdown(self, event: MachineEvent) -> None:
        """The guest is off, or was to be reset, and QEMU stands still: keep its last words, then let it end."""
        self._off = True
        self._tell(event)
        with contextlib.suppress(MachineError):
            await self._console.drain(self._qmp)
            await self._qmp.execute("quit")

    def _is_echo(self, event: MachineEvent) -> bool:
        """Whether it only follows from what was told: who is off stands still, and firmware resets once more."""
        if event.kind is not EventKind.RESET:
            return self._off and event.kind is EventKind.STOP
        now = asyncio.get_running_loop().time()
        self._last_reset, before = now, self._last_reset
        return now - before < _FIRMWARE_SECONDS

    def _tell(self, event: MachineEvent | None) -> None:
        if self._events.qsize() >= _MOST_EVENTS:  # nobody listens: the oldest go
            self._events.get_nowait()
        self._events.put_nowait(event)


def _last_said(console: str, words: tuple[str, ...]) -> int:
    return max(console.rfind(each) for each in words)


def _open(spec: MachineSpec, taps: Sequence[int], kept: contextlib.ExitStack) -> dict[int, int]:
    """Open all that QEMU is given, to be closed with `kept`: its number → ours."""
    numbers = Descriptors.of(spec)
    given = {
        numbers.qmp: kept.enter_context(sockets.listen(spec.qmp_socket)).fileno(),
        numbers.link: kept.enter_context(sockets.listen(spec.link_socket)).fileno(),
        **dict(zip(numbers.taps, taps, strict=True)),
    }
    for disk, places in zip(spec.disks, numbers.layers, strict=True):
        for depth, (layer, number) in enumerate(zip(disk.layers, places, strict=True)):
            writable = depth == len(disk.layers) - 1 and not disk.read_only
            given[number] = _open_file(layer.path, os.O_RDWR if writable else os.O_RDONLY, kept)
    return given


def _open_kernel(spec: MachineSpec, kept: contextlib.ExitStack) -> dict[int, int]:
    numbers = Descriptors.of(spec)
    return {
        numbers.kernel: _open_file(spec.kernel, os.O_RDONLY, kept),
        numbers.initrd: _open_file(spec.initrd, os.O_RDONLY, kept),
    }


def _open_file(path: Path, mode: int, kept: contextlib.ExitStack) -> int:
    try:
        descriptor = os.open(path, mode | os.O_CLOEXEC)
    except OSError as error:
        raise MachineError(f"{path} cannot be opened: {error.strerror}") from error
    kept.callback(os.close, descriptor)
    return descriptor


async def _answer(spec: MachineSpec, process: Process) -> Qmp:
    """Wait until QEMU answers, or has ended instead."""
    connecting = asyncio.create_task(Qmp.connect(spec.qmp_socket, timeout=_CONNECT_SECONDS))
    ending = asyncio.create_task(process.ended())
    try:
        await asyncio.wait((connecting, ending), return_when=asyncio.FIRST_COMPLETED)
        if connecting.done():
            return connecting.result()
        said = tail(spec.process_log, 2000).strip() or f"status {process.exit_status}"
        raise MachineError(f"{spec.name} does not start: {said}", hint="`labyard doctor` checks what QEMU needs")
    except BaseException:
        connecting.cancel()
        await asyncio.wait((connecting,))
        raise
    finally:
        ending.cancel()


async def _clean(spec: MachineSpec) -> None:
    for socket in (spec.qmp_socket, spec.link_socket):
        socket.unlink(missing_ok=True)
    await cgroup.remove(spec)
