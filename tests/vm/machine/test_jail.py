"""Each thing the jail forbids, tried from inside: a probe runs where QEMU would, through the very same line."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from labyard.machine.jail import Jail
from labyard.machine.jail_root import jail_root
from labyard.machine.plan import Limits
from labyard.machine.process import Process

pytestmark = pytest.mark.root

MIB = 1024 * 1024
UID, OTHER_UID = 519_990, 519_991
PYTHON = "/usr/bin/python3"

# Offered to every probe: `attempt` says what came of something that must not work.
PREAMBLE = """\
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def called(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def attempt(what):
    try:
        what()
    except OSError as error:
        print("denied", errno.errorcode[error.errno])
    except MemoryError:
        print("denied ENOMEM")
    else:
        print("ALLOWED")
"""

# name → (what is tried, the only acceptable refusals)
FORBIDDEN = {
    "read the host's passwords": ("open('/etc/shadow')", {"ENOENT"}),
    "read the host's users": ("open('/etc/passwd')", {"ENOENT"}),
    "look into root's home": ("os.listdir('/root')", {"ENOENT"}),
    "look into another play": ("os.listdir(OTHER_PLAY)", {"ENOENT"}),
    "look into the machine's own folder": ("os.listdir(OWN_FOLDER)", {"ENOENT"}),
    "open the host's disk": ("open('/dev/vda', 'rb')", {"ENOENT"}),
    "open the host's memory": ("open('/dev/mem', 'rb')", {"ENOENT"}),
    "open kvm when not asked for": ("open('/dev/kvm', 'rb')", {"ENOENT"}),
    "make a tap": ("open('/dev/net/tun', 'rb')", {"ENOENT"}),
    "see the host's devices": ("os.listdir('/sys')", {"ENOENT"}),
    "set the host's parameters": ("open('/proc/sys/kernel/hostname')", {"ENOENT"}),
    "write to the root": ("open('/x', 'w')", {"EROFS"}),
    "write to programs": ("open('/usr/bin/x', 'w')", {"EROFS", "EACCES"}),
    "write to shared memory files": ("open('/dev/shm/x', 'w')", {"ENOENT"}),
    "write to what it was given to read": ("open('/proc/self/fd/6', 'w')", {"EACCES"}),
    "become root": ("os.setuid(0)", {"EPERM"}),
    "become another play": ("os.setuid(OTHER_UID)", {"EPERM"}),
    "join a group": ("os.setgroups([0])", {"EPERM"}),
    "mount": ("called(libc.mount(b'x', b'/dev', b'tmpfs', 0, None))", {"EPERM"}),
    "unmount": ("called(libc.umount2(b'/usr', 2))", {"EPERM"}),
    "change its root": ("os.chroot('/usr')", {"EPERM"}),
    "make a device": ("os.mknod('/proc/x', 0o20600, os.makedev(1, 1))", {"EPERM", "EROFS", "EACCES", "ENOENT"}),
    "end a process of the host": ("os.kill(HOST_PID, 9)", {"EPERM", "ESRCH"}),
    "end a process of another play": ("os.kill(OTHER_PID, 9)", {"EPERM", "ESRCH"}),
    "trace a process of the host": ("called(libc.ptrace(16, HOST_PID, 0, 0))", {"EPERM", "ESRCH"}),
    "trace a process of another play": ("called(libc.ptrace(16, OTHER_PID, 0, 0))", {"EPERM", "ESRCH"}),
    "see a process of the host": ("os.listdir(f'/proc/{HOST_PID}')", {"ENOENT"}),
    "see a process of another play": ("os.listdir(f'/proc/{OTHER_PID}')", {"ENOENT"}),
    "raise its limits": ("called(libc.setrlimit(1, (ctypes.c_ulong * 2)(1 << 40, 1 << 40)))", {"EPERM"}),
    "raise its priority": ("os.nice(-5)", {"EPERM", "EACCES"}),
    "reach the host's loopback": ("socket.create_connection(('127.0.0.1', PORT), 2)", {"ENETUNREACH", "ECONNREFUSED"}),
    "reach anything outside": ("socket.create_connection(('192.0.2.1', 53), 2)", {"ENETUNREACH"}),
    "reach a socket of the host's services": (
        "socket.socket(socket.AF_UNIX).connect('\\0labyard-jail-test')",
        {"ECONNREFUSED"},
    ),
    "send raw packets": ("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", {"EPERM"}),
    "take memory of the host's System V kind": ("called(libc.shmget(SHM_KEY, 1, 0))", {"ENOENT"}),
    "fill its memory": ("bytearray(2 << 30)", {"ENOMEM"}),
    "lock memory": ("called(libc.mlockall(3))", {"EPERM", "ENOMEM"}),
}


@pytest.fixture(scope="module")
def empty_netns() -> Iterator[Path]:
    name = f"labyard-jailtest-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield Path("/run/netns") / name
    subprocess.run(["ip", "netns", "del", name], check=True)


@pytest.fixture(scope="module")
def surroundings() -> Iterator[Mapping[str, object]]:
    """What a probe might reach for: services, and processes of the host and of another play."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_UNIX) as abstract,
        subprocess.Popen(["sleep", "600"], user=OTHER_UID, group=OTHER_UID, extra_groups=[]) as other,
    ):
        abstract.bind("\0labyard-jail-test")
        abstract.listen()
        memory = subprocess.run(["ipcmk", "-M", "4096"], check=True, capture_output=True, text=True).stdout.split()[-1]
        listed = subprocess.run(["ipcs", "-m"], check=True, capture_output=True, text=True).stdout.splitlines()
        key = next(line.split()[0] for line in listed if memory in line.split()[1:2])
        yield {
            "PORT": listener.getsockname()[1],
            "HOST_PID": os.getpid(),
            "OTHER_PID": other.pid,
            "OTHER_UID": OTHER_UID,
            "SHM_KEY": int(key, 16),
        }
        subprocess.run(["ipcrm", "-m", memory], check=True)
        other.kill()


class Cell:
    """A folder like a machine's, and a way to run a probe in the jail that belongs to it."""

    def __init__(self, folder: Path, netns: Path, known: Mapping[str, object]) -> None:
        self.folder = folder
        self.shown = folder / "shown"
        self.shown.write_text("shown")
        other = folder.parent / "other-play"
        other.mkdir(exist_ok=True)
        other.chmod(0o777)
        self.known = {**known, "OTHER_PLAY": str(other), "OWN_FOLDER": str(folder)}
        limits = Limits(file_size=MIB, processes=20, files=64)
        self.jail = Jail(uid=UID, limits=limits, address_space=1024 * MIB, root=jail_root(kvm=False), netns=netns)

    async def run(self, script: str, descriptors: Mapping[int, int] | None = None) -> str:
        """What the probe printed; its end is waited for."""
        known = "".join(f"{name} = {value!r}\n" for name, value in self.known.items())
        return await self.execute(
            (PYTHON, "-I", "-S", "-c", PREAMBLE + known + textwrap.dedent(script)), descriptors or {}
        )

    async def execute(self, program: Sequence[str], descriptors: Mapping[int, int]) -> str:
        log = self.folder / "probe.log"
        shown = os.open(self.shown, os.O_RDONLY)
        try:
            process = Process.start(self.jail.command(program), {6: shown, **descriptors}, log)
        finally:
            os.close(shown)
        try:
            async with asyncio.timeout(30):
                await process.ended()
        finally:
            await process.kill()
        return log.read_text()


@pytest.fixture
def cell(tmp_path: Path, empty_netns: Path, surroundings: Mapping[str, object]) -> Iterator[Cell]:
    folder = tmp_path / "machine"
    folder.mkdir()
    yield Cell(folder, empty_netns, surroundings)
    assert "tmpfs labyard-jail" not in Path("/proc/self/mountinfo").read_text(), "the jail left mounts behind"


async def test_forbidden_things_are_denied(cell: Cell) -> None:
    """All in one jail, one probe each: a probe that is ended by the attempt does not hide the next."""
    for name, (what, refusals) in FORBIDDEN.items():
        (cell.folder / "probe.log").unlink(missing_ok=True)
        said = (await cell.run(f"attempt(lambda: {what})")).strip()
        assert said.removeprefix("denied ") in refusals, f"{name}: {said}"


async def test_the_attempts_do_work_outside(surroundings: Mapping[str, object], tmp_path: Path) -> None:
    """The probes would notice: as root on the host, a sample of them succeeds."""
    known = "".join(f"{name} = {value!r}\n" for name, value in surroundings.items())
    for name in (
        "read the host's passwords",
        "reach the host's loopback",
        "reach a socket of the host's services",
        "see a process of another play",
        "take memory of the host's System V kind",
        "send raw packets",
    ):
        script = PREAMBLE + known + f"attempt(lambda: {FORBIDDEN[name][0]})"
        done = await asyncio.to_thread(subprocess.run, [PYTHON, "-c", script], capture_output=True, text=True)
        assert done.stdout.strip() == "ALLOWED", f"{name}: {done.stdout}{done.stderr}"


async def test_who_it_is(cell: Cell) -> None:
    said = await cell.run(
        """
        print(os.getresuid(), os.getresgid(), os.getgroups())
        for line in open("/proc/self/status"):
            if line.startswith(("Cap", "NoNewPrivs")):
                print(*line.split())
        """
    )
    identity, *status = said.splitlines()
    assert identity == f"{(UID,) * 3} {(UID,) * 3} [{UID}]" or identity == f"{(UID,) * 3} {(UID,) * 3} []"
    assert status == [f"Cap{kind}: {0:016d}" for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")] + ["NoNewPrivs: 1"]


async def test_it_has_its_own_files_and_nothing_else(cell: Cell) -> None:
    given = os.open(cell.folder / "given", os.O_RDWR | os.O_CREAT)
    stray = os.open("/etc/shadow", os.O_RDONLY)
    os.set_inheritable(stray, True)
    try:
        said = await cell.run(
            """
            print(sorted(set(os.listdir("/")) - {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}))
            print(sorted(os.listdir("/dev")), os.listdir("/etc"))
            print(open("/proc/self/fd/6").read())
            print(sorted(map(int, set(os.listdir("/proc/self/fd")) - {"3"})))  # 3 is the listing itself
            os.write(7, b"written")
            """,
            {7: given},
        )
        assert said.splitlines() == [
            "['dev', 'etc', 'proc', 'usr']",
            "['null', 'urandom'] ['ld.so.cache']",
            "shown",
            "[0, 1, 2, 6, 7]",
        ]
        assert (cell.folder / "given").read_text() == "written"
    finally:
        os.close(stray)
        os.close(given)


async def test_a_file_cannot_outgrow_its_limit(cell: Cell) -> None:
    given = os.open(cell.folder / "given", os.O_RDWR | os.O_CREAT)
    try:
        said = await cell.run(
            """
            os.write(7, b"x" * (1 << 20))
            attempt(lambda: os.write(7, b"x"))
            attempt(lambda: os.ftruncate(7, 1 << 30))
            attempt(lambda: os.pwrite(7, b"x", 1 << 30))
            print("still here")
            """,
            {7: given},
        )
        status = await cell.execute(("/bin/sh", "-c", "grep SigIgn /proc/self/status"), {})
    finally:
        os.close(given)
    assert said.splitlines() == ["denied EFBIG"] * 3 + ["still here"]
    assert int(status.split()[-1], 16) >> signal.SIGXFSZ - 1 & 1, "for programs that do not see to it themselves, too"
    assert (cell.folder / "given").stat().st_size == MIB


async def test_processes_and_files_are_counted(cell: Cell) -> None:
    said = await cell.run(
        """
        import signal
        children = []
        try:
            while len(children) < 1000:
                pid = os.fork()
                if not pid:
                    signal.pause()
                children.append(pid)
        except OSError as error:
            print(errno.errorcode[error.errno], len(children) < 20)
        for child in children:
            os.kill(child, 9)
        opened = []
        try:
            while len(opened) < 1000:
                opened.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as error:
            print(errno.errorcode[error.errno], len(opened) < 64)
        """
    )
    assert said.splitlines() == ["EAGAIN True", "EMFILE True"]


async def test_a_program_that_is_not_there_says_so(cell: Cell) -> None:
    log = cell.folder / "probe.log"
    process = Process.start(cell.jail.command(("/usr/bin/no-such-program",)), {}, log)
    await process.ended()
    assert process.exit_status not in (0, None)
    assert "no-such-program" in log.read_text()
