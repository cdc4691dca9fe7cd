"""A small real guest (Debian's 6.1 kernel and busybox), and machines that leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import struct
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.lab import CACHE
from tests.support.outer import outer_namespace

from labyard.images import cpio
from labyard.images.initramfs import initramfs
from labyard.images.kernels import KernelStore
from labyard.images.modules import ModuleTree
from labyard.machine import sockets
from labyard.machine.event import EventKind, MachineEvent
from labyard.machine.machine import Machine
from labyard.machine.plan import MIB, Accelerator, DiskSpec, Format, LayerSpec, Limits, MachineSpec
from labyard.machine.process import end, find_all

BUSYBOX = Path("/bin/busybox")
INIT = Path(__file__).parent / "guest" / "init"
UID = 518_000 + os.getpid() % 1000  # another run on this box has its own

TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 0x2, 0x1000, 0x4000  # linux/if_tun.h

# Emulation on a busy box is slow; a test that hangs still ends.
PATIENCE = 300


class Workshop:
    """Makes specs of machines that share one data mark, one folder and the small guest."""

    def __init__(self, folder: Path, kernel: Path, initrd: bytes) -> None:
        self.folder = folder
        self.mark = secrets.token_hex(6)
        self._kernel = kernel
        self._initrd = initrd

    def spec(self, name: str = "node-01", **changes: object) -> MachineSpec:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        initrd = folder / "initrd"
        initrd.write_bytes(self._initrd)
        values = {
            "mark": self.mark,
            "play": "p1",
            "name": name,
            "accelerator": Accelerator.TCG,
            "cpus": 1,
            "memory": 128 * MIB,
            "kernel": self._kernel,
            "initrd": initrd,
            "run_dir": folder / "run",
            "uid": UID,
            "limits": Limits(file_size=64 * MIB),
        }
        return MachineSpec.model_validate({**values, **changes})

    def disk(self, name: str, size: int, *, read_only: bool = False) -> DiskSpec:
        path = self.folder / name
        path.touch()
        os.truncate(path, size)
        return DiskSpec(layers=(LayerSpec(path=path, format=Format.RAW),), read_only=read_only)


class Guest:
    """The small guest's shell, over the guest link's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, machine: Machine) -> AsyncIterator[Guest]:
        """Connect once the guest has opened its end: what is sent before is lost."""
        reader, writer = await asyncio.open_unix_connection(sock=sockets.connect(machine.spec.link_socket))
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    def say(self, command: str) -> None:
        self._writer.write(command.encode() + b"\n")

    async def run(self, command: str) -> tuple[str, int]:
        """What a busybox shell command printed, and its exit status."""
        self.say(command)
        said = []
        async with asyncio.timeout(PATIENCE):
            while not (line := (await self._reader.readline()).decode()).startswith("@@"):
                assert line, "the guest hung up"
                said.append(line)
        return "".join(said), int(line[2:])


class Events:
    """Reads a machine's events as a test expects them."""

    def __init__(self, machine: Machine) -> None:
        self._events = machine.events()

    async def until(self, kind: EventKind, reason: str | None = None) -> MachineEvent:
        """The next event of a kind; others before it are passed over."""
        async with asyncio.timeout(PATIENCE):
            async for event in self._events:
                if event.kind is kind and reason in (None, event.reason):
                    return event
        raise AssertionError(f"no {kind} came")

    async def up(self) -> None:
        """The guest has opened its end of the link."""
        await self.until(EventKind.LINK, "open")

    async def rest(self) -> list[EventKind]:
        async with asyncio.timeout(PATIENCE):
            return [event.kind async for event in self._events]


def _owner(path: Path) -> int | None:
    with contextlib.suppress(OSError):  # gone meanwhile
        if (path / "cmdline").read_bytes():  # empty: ended, and only waits for the box's first process to notice
            return path.stat().st_uid
    return None


@pytest.fixture(scope="session")
def small_guest() -> tuple[Path, bytes]:
    """The kernel, and an initrd with busybox and its drivers."""
    CACHE.mkdir(mode=0o711, parents=True, exist_ok=True)
    store = KernelStore(CACHE / "kernels", examiner=BUSYBOX)
    with ThreadPoolExecutor() as pool:  # the loop of the tests is left alone
        kernel = pool.submit(lambda: asyncio.run(store.ensure("6.1"))).result()
    tools = cpio.archive([cpio.directory("bin"), cpio.file("bin/busybox", BUSYBOX.read_bytes(), 0o755)])
    return kernel.vmlinuz, initramfs(INIT.read_bytes(), ModuleTree(kernel.modules)) + tools


@pytest.fixture
async def workshop(tmp_path: Path, small_guest: tuple[Path, bytes]) -> AsyncIterator[Workshop]:
    """When the test is over, ends what it left, after having complained about it."""
    shop = Workshop(tmp_path, *small_guest)
    yield shop
    left = find_all(shop.mark)
    for found in left:
        await end(found)
    sockets_left = list(tmp_path.rglob("*.sock"))
    mounts = Path("/proc/self/mountinfo").read_text()
    strays = [entry.name for entry in Path("/proc").glob("[0-9]*") if _owner(entry) == UID]
    assert not left, "machines were left behind"
    assert not sockets_left
    assert str(tmp_path) not in mounts
    assert "tmpfs labyard-jail" not in mounts
    assert not strays


@pytest.fixture
def taps() -> Iterator[list[int]]:
    """Four taps in a network namespace of the test's own; the machine closes them."""
    with outer_namespace():
        opened = []
        for index in range(4):
            tap = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            fcntl.ioctl(
                tap, TUNSETIFF, struct.pack("16sH22x", f"tap{index}".encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
            )
            opened.append(tap)
        yield opened
