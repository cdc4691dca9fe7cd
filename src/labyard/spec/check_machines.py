"""Checks of machines: names, users, drives, kernels, resources, startup files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from labyard.play.plan import Filesystem
from labyard.spec.document import Loc
from labyard.spec.findings import Finding, nearest
from labyard.spec.kinds import Backend
from labyard.spec.limits import PUBLISHED
from labyard.spec.model import Drive, Machine, StartupFile
from labyard.spec.scene import Scene
from labyard.spec.sizes import MIB, format_size, show_size

_LEAST: Final = {Filesystem.XFS: 300 * MIB, Filesystem.BTRFS: 128 * MIB}
"""What mkfs.xfs (since xfsprogs 5.19) and mkfs.btrfs need at least."""


def _names(scene: Scene) -> Iterator[Finding]:
    seen: set[str] = set()
    for loc, machine in scene.machines():
        if machine.name in seen:
            yield Finding(loc=(*loc, "name"), message=f"there are two machines named `{machine.name}`")
        if machine.name == "localhost":
            yield Finding(loc=(*loc, "name"), message="a machine cannot be named `localhost`")
        seen.add(machine.name)


def _users(scene: Scene) -> Iterator[Finding]:
    for loc, machine in scene.machines():
        seen: set[str] = set()
        chosen = False
        for index, user in enumerate(machine.users):
            at: Loc = (*loc, "users", index)
            if user.name in seen:
                yield Finding(loc=(*at, "name"), message=f"there are two users named `{user.name}`")
            if user.default and chosen:
                yield Finding(
                    loc=(*at, "default"), message="only one user can be the default", hint="remove one `default: true`"
                )
            if len(user.welcome or "") > scene.limits.welcome:
                yield Finding(loc=(*at, "welcome"), message=f"at most {scene.limits.welcome} characters can be shown")
            chosen = chosen or user.default
            seen.add(user.name)


def _missing_users(scene: Scene) -> Iterator[Finding]:
    ask = scene.known.users
    if ask is None:
        return
    for loc, machine in scene.machines():
        root = next((drive.source for drive in machine.drives if drive.mount == "/"), None)
        there = ask(root) if root is not None else None
        if there is None:
            continue
        for index, user in enumerate(machine.users):
            if user.name != "root" and user.name not in there:
                words = f"`{root}` has no user `{user.name}`: it will be created"
                yield Finding(loc=(*loc, "users", index, "name"), message=words, warning=True)


def _kernels(scene: Scene) -> Iterator[Finding]:
    for loc, machine in scene.machines():
        kernel, known = machine.kernel, scene.known.kernels
        at: Loc = (*loc, "kernel")
        if known is not None and kernel.source not in known:
            yield Finding(loc=at, message=f"there is no kernel `{kernel.source}`", hint=nearest(kernel.source, known))
        if kernel.snapshot is not None:
            yield Finding(loc=(*at, "snapshot"), message="`snapshot` is ignored", warning=True, key=True)
        if machine.backend is Backend.CLOUD_HYPERVISOR:
            words = "`backend` is ignored: every machine runs under QEMU"
            yield Finding(loc=(*loc, "backend"), message=words, warning=True, key=True)


def _drives(scene: Scene) -> Iterator[Finding]:
    for loc, machine in scene.machines():
        yield from _mounts(loc, machine)
        for index, drive in enumerate(machine.drives):
            yield from _drive(scene, (*loc, "drives", index), drive)
    drives = [drive for _, machine in scene.machines() for drive in machine.drives]
    total = sum(drive.size or (scene.limits.drive_default if drive.source is None else 0) for drive in drives)
    yield from _sized(scene, ("playground", "machines"), total, "drives_per_play", "all drives together")


def _mounts(loc: Loc, machine: Machine) -> Iterator[Finding]:
    at: Loc = (*loc, "drives")
    mounts = [(index, drive.mount) for index, drive in enumerate(machine.drives) if drive.mount is not None]
    if not any(mount == "/" for _, mount in mounts):
        words = f"`{machine.name}` has no root drive"
        yield Finding(loc=at, message=words, hint="give one drive `mount: /`", key=True, absence=True)
    seen: dict[str, int] = {}
    for index, mount in mounts:
        if mount in seen:
            words = "a second root drive" if mount == "/" else f"a second drive mounted at `{mount}`"
            yield Finding(
                loc=(*at, index, "mount"),
                message=f"`{machine.name}` has {words}",
                hint=f"drive {seen[mount] + 1} is the first",
            )
        inside = next((other for other in seen if other.startswith(f"{mount.rstrip('/')}/") and mount != "/"), None)
        if inside is not None:
            words = f"`{mount}` hides what is mounted at `{inside}`"
            yield Finding(loc=(*at, index, "mount"), message=words, hint="list the outer drive first", warning=True)
        seen.setdefault(mount, index)


def _drive(scene: Scene, loc: Loc, drive: Drive) -> Iterator[Finding]:
    limits = scene.limits
    if drive.mount == "/" and drive.source is None:
        yield Finding(loc=loc, message="the root drive needs a `source`", hint="like `debian-12`", absence=True)
    if drive.size is not None:
        yield from _sized(scene, (*loc, "size"), drive.size, "drive", "a drive")
        if drive.size < limits.drive_least:
            yield Finding(loc=(*loc, "size"), message=f"a drive has at least {format_size(limits.drive_least)}")
        elif drive.size < PUBLISHED.drive_least:
            words = f"iximiuz Labs allows no drive below {format_size(PUBLISHED.drive_least)}"
            yield Finding(loc=(*loc, "size"), message=words, warning=True)
        least = _LEAST.get(drive.filesystem, 0) if drive.filesystem and drive.source is None else 0
        if drive.size < least and drive.filesystem is not None:
            words = f"{drive.filesystem.value} needs at least {format_size(least)}"
            yield Finding(loc=(*loc, "size"), message=words)
    if drive.source is not None and drive.filesystem not in (None, Filesystem.EXT4):
        words = "drives made from a source are `ext4`; this is ignored"
        yield Finding(loc=(*loc, "filesystem"), message=words, warning=True)
    known = scene.known.sources
    if drive.source is not None and known is not None and "://" not in drive.source and drive.source not in known:
        words = f"there is no source `{drive.source}` on this box"
        yield Finding(loc=(*loc, "source"), message=words, hint=nearest(drive.source, known))
    if drive.snapshot is not None:
        yield Finding(loc=(*loc, "snapshot"), message="`snapshot` is ignored", warning=True, key=True)


def _sized(scene: Scene, loc: Loc, size: int, limit: str, what: str) -> Iterator[Finding]:
    most, published = getattr(scene.limits, limit), getattr(PUBLISHED, limit)
    if size > most:
        yield Finding(loc=loc, message=f"{what} can have at most {show_size(most)}, not {show_size(size)}")
    elif size > published:
        yield Finding(loc=loc, message=f"iximiuz Labs allows {what} at most {show_size(published)}", warning=True)


def _resources(scene: Scene) -> Iterator[Finding]:
    limits = scene.limits
    for loc, machine in scene.machines():
        asked = machine.resources
        if asked is None:
            continue
        at: Loc = (*loc, "resources")
        if asked.ram_size is not None and asked.ram_size < limits.memory_least:
            yield Finding(loc=(*at, "ramSize"), message=f"a machine needs at least {format_size(limits.memory_least)}")
        cpus = min(limits.cpus_per_machine, PUBLISHED.cpus_per_machine)
        memory = min(limits.memory_per_machine, PUBLISHED.memory_per_machine)
        if (asked.cpu_count or 0) > cpus:
            yield Finding(loc=(*at, "cpuCount"), message=_beyond(f"{cpus} vCPUs", "machine"), warning=True)
        if (asked.ram_size or 0) > memory:
            yield Finding(loc=(*at, "ramSize"), message=_beyond(show_size(memory), "machine"), warning=True)


def _together(scene: Scene) -> Iterator[Finding]:
    limits, loc = scene.limits, ("playground", "machines")
    asked = [machine.resources for _, machine in scene.machines() if machine.resources]
    cpus = min(limits.cpus_per_play, PUBLISHED.cpus_per_play)
    memory = min(limits.memory_per_play, PUBLISHED.memory_per_play)
    if sum(resources.cpu_count or 0 for resources in asked) > cpus:
        yield Finding(loc=loc, message=_beyond(f"{cpus} vCPUs", "play"), warning=True, key=True)
    if sum(resources.ram_size or 0 for resources in asked) > memory:
        yield Finding(loc=loc, message=_beyond(show_size(memory), "play"), warning=True, key=True)


def _beyond(cap: str, whole: str) -> str:
    return f"more than {cap} for one {whole}: this may be scaled down"


def _startup_files(scene: Scene) -> Iterator[Finding]:
    shared = scene.manifest.playground.startup_files
    for loc, machine in scene.machines():
        own = machine.startup_files
        files: list[StartupFile] = [file for file in shared if file.machines is None or machine.name in file.machines]
        files += own
        at: Loc = (*loc, "startupFiles")
        if sum(len((file.content or "").encode()) for file in files) > scene.limits.startup_files_per_machine:
            most = show_size(scene.limits.startup_files_per_machine)
            yield Finding(loc=at, message=f"the startup files of one machine can have {most} together", key=True)
        for index, file in enumerate(own):
            yield from _startup_file(scene, (*at, index), file)
            if not file.append and any(file.path == other.path for other in own[:index]):
                words = f"`{file.path}` is written twice"
                yield Finding(loc=(*at, index, "path"), message=words, hint="`append: true` adds to a file")


def _shared_files(scene: Scene) -> Iterator[Finding]:
    for index, file in enumerate(scene.manifest.playground.startup_files):
        at: Loc = ("playground", "startupFiles", index)
        yield from _startup_file(scene, at, file)
        for place, name in enumerate(file.machines or ()):
            if name not in scene.machine_names:
                words = f"there is no machine `{name}`"
                yield Finding(loc=(*at, "machines", place), message=words, hint=nearest(name, scene.machine_names))


def _startup_file(scene: Scene, loc: Loc, file: StartupFile) -> Iterator[Finding]:
    if file.extract:
        words = "archives among startup files are not supported yet"
        yield Finding(loc=(*loc, "extract"), message=words, hint="list the files one by one", key=True)
    elif file.content is None and file.source is None:
        yield Finding(loc=loc, message="a startup file needs `content`", absence=True)
    elif file.content is None:
        words = f"`{file.source}` cannot be read from here"
        yield Finding(loc=(*loc, "source"), message=words, hint="write the text as `content`")
    if file.content is not None and len(file.content.encode()) > scene.limits.startup_file:
        yield Finding(loc=loc, message=f"a startup file can have at most {show_size(scene.limits.startup_file)}")


Check = Callable[[Scene], Iterator[Finding]]
MACHINE_CHECKS: tuple[Check, ...] = (
    _names,
    _users,
    _missing_users,
    _kernels,
    _drives,
    _resources,
    _together,
    _startup_files,
    _shared_files,
)
