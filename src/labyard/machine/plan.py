"""One machine in values, and QEMU's command line for it. Pure: whoever starts it opens the files.

Every disk, socket and tap reaches QEMU as a descriptor whose number follows from the plan alone (`Descriptors.of`), so
the line is the same each time, can be compared with what runs, and names no path of the host.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path

from pydantic import Field, model_validator

from labyard.machine.marks import Mark
from labyard.play.plan import Value

MIB = 1024 * 1024

QEMU = "/usr/bin/qemu-system-x86_64"

LINK_PORT = "labyard.0"
LINK_ID = "link-port"
CONSOLE_ID = "console"
CONSOLE_BYTES = 256 * 1024

# Translated code kept per machine under emulation, in MiB. QEMU's own default would be up to 1 GiB.
_TRANSLATED_MIB = 64

# pcie.0 of q35 has slots 1-30 free, each with eight functions: disks come first so that vda, vdb... follow their order.
_DISK_SLOT = 4
_NIC_SLOT = 12
MOST_DISKS = (_NIC_SLOT - _DISK_SLOT) * 8
MOST_NICS = (30 - _NIC_SLOT) * 8

# The state is that of devices alone (`xen-save-devices-state`), which begins without a configuration section.
_WAITING = ("-S", "-incoming", "defer", "-global", "migration.send-configuration=off")

_SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


class Accelerator(StrEnum):
    KVM = "kvm"
    TCG = "tcg"


# What the emulator can, but not "repeated string moves are fast" (erms): guests believe it and copy memory byte by byte, which
# emulation does slowly. By hand, in two boots: without it `dd` of zeros ran four times as fast, copies of 50 MB three times.
PROCESSORS = {Accelerator.KVM: "host", Accelerator.TCG: "max,erms=off"}


class Format(StrEnum):
    RAW = "raw"
    QCOW2 = "qcow2"


class LayerSpec(Value):
    """One file of a disk."""

    path: Path
    format: Format


class DiskSpec(Value):
    """`/dev/vd<letter>` by its place in the list. `layers` from base to top; only the top is opened for writing."""

    layers: tuple[LayerSpec, ...] = Field(min_length=1)
    read_only: bool = False

    @model_validator(mode="after")
    def _only_the_base_is_raw(self) -> DiskSpec:
        if any(layer.format is Format.RAW for layer in self.layers[1:]):
            raise ValueError("a raw file cannot lie on top of another layer")
        return self


class NicSpec(Value):
    """A network card; its tap is passed at launch, in the same order."""

    mac: str = Field(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")


class Limits(Value):
    """What the jail allows. Bytes; None: no limit of our own.

    `file_size` bounds every file it writes, `processes` counts tasks (threads too) of the play's user, `cpus` is cores.
    `memory` is what the process may hold above the guest's own memory.
    """

    file_size: int
    memory: int = 1024 * MIB
    processes: int = 2048
    files: int = 1024
    cpus: float | None = None


class MachineSpec(Value):
    """All that is needed to start a machine, or to find it again. `memory` in bytes; `uid` is also the group."""

    mark: str = Field(pattern=r"^[0-9a-z]{6,32}$")
    play: str = Field(pattern=r"^[0-9a-z]{1,64}$")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")
    accelerator: Accelerator
    cpus: int = Field(ge=1, le=255)
    memory: int = Field(ge=16 * MIB)
    kernel: Path
    initrd: Path
    cmdline: tuple[str, ...] = ()
    disks: tuple[DiskSpec, ...] = Field(default=(), max_length=MOST_DISKS)
    nics: tuple[NicSpec, ...] = Field(default=(), max_length=MOST_NICS)
    run_dir: Path
    netns: Path | None = None
    uid: int = Field(ge=1)
    limits: Limits

    @property
    def title(self) -> Mark:
        """The mark its process bears."""
        return Mark(self.mark, self.play, self.name)

    @property
    def qmp_socket(self) -> Path:
        return self.run_dir / "qmp.sock"

    @property
    def link_socket(self) -> Path:
        return self.run_dir / "guest.sock"

    @property
    def console_log(self) -> Path:
        return self.run_dir / "console.log"

    @property
    def process_log(self) -> Path:
        """What QEMU itself says."""
        return self.run_dir / "qemu.log"


class Descriptors(Value):
    """The numbers under which QEMU finds what it was given."""

    qmp: int
    link: int
    memory: int
    kernel: int
    initrd: int
    layers: tuple[tuple[int, ...], ...]
    taps: tuple[int, ...]

    @classmethod
    def of(cls, spec: MachineSpec) -> Descriptors:
        """0-2 are the standard ones, 3 and 4 the two sockets, 5 the memory, 6 and 7 kernel and initrd, then every layer of
        every disk, the taps."""
        number = 8
        layers: list[tuple[int, ...]] = []
        for disk in spec.disks:
            layers.append(tuple(range(number, number + len(disk.layers))))
            number += len(disk.layers)
        taps = tuple(range(number, number + len(spec.nics)))
        return cls(qmp=3, link=4, memory=5, kernel=6, initrd=7, layers=tuple(layers), taps=taps)


def argv(spec: MachineSpec, *, waiting: bool = False) -> tuple[str, ...]:
    """QEMU's command line for a machine, to be run in the jail with the descriptors of `Descriptors.of(spec)`.

    `waiting`: it does not boot, but waits for the devices' state of a snapshot, and then to be told to go on. It has neither
    kernel nor initrd (14 MB of every process's memory), nor would its firmware be where a reset looks for it
    (hw/core/loader.c, rom_reset): a guest that reboots ends it, and is started anew by whoever follows it.
    """
    numbers = Descriptors.of(spec)
    arguments = [
        *(QEMU, "-name", str(spec.title)),
        *("-nodefaults", "-no-user-config", "-display", "none", "-sandbox", _SANDBOX),
        # A guest that powers off stays, halted, until we have seen it: so we know how it ended even when we were away.
        *("-action", "reboot=shutdown,shutdown=pause" if waiting else "shutdown=pause"),
        *_board(spec, numbers),
        *(_WAITING if waiting else _boot(spec, numbers)),
        *_sockets(numbers),
    ]
    for index, disk in enumerate(spec.disks):
        arguments += _disk(index, disk, numbers.layers[index])
    for index, nic in enumerate(spec.nics):
        arguments += [
            *("-netdev", f"tap,id=net{index},fd={numbers.taps[index]}"),
            # No option ROM: nothing boots from the network, and some distributions ship the ROMs apart.
            *("-device", f"virtio-net-pci,netdev=net{index},mac={nic.mac},romfile={_place(_NIC_SLOT, index)}"),
        ]
    return tuple(arguments)


def _board(spec: MachineSpec, numbers: Descriptors) -> list[str]:
    """The memory is one file, mapped privately: what the guest writes is the process's own, and a snapshot is that.

    QEMU opens the file for writing itself (backends/hostmem-file.c), so it is one that its user may write, or is sealed.
    """
    size = spec.memory // MIB
    memory = f"memory-backend-file,id=ram,size={size}M,mem-path={_path(numbers.memory)},share=off"
    return [
        # A description of the devices' state would be sent behind it, where nobody reads it.
        *("-machine", "q35,memory-backend=ram,suppress-vmdesc=on,usb=off,vmport=off,sata=off,smbus=off"),
        *_processor(spec.accelerator),
        *("-smp", str(spec.cpus), "-m", f"{size}M", "-object", memory),
        *("-rtc", "base=utc,clock=host"),
        *("-object", "rng-builtin,id=entropy", "-device", "virtio-rng-pci,rng=entropy,addr=0x2"),
    ]


def _boot(spec: MachineSpec, numbers: Descriptors) -> list[str]:
    words = ("quiet", "console=ttyS0", "panic=-1", "net.ifnames=0", *spec.cmdline)
    return ["-kernel", _path(numbers.kernel), "-initrd", _path(numbers.initrd), "-append", " ".join(words)]


def _path(number: int) -> str:
    """A descriptor, for what QEMU opens by name: by its own user, who needs the right to."""
    return f"/proc/self/fd/{number}"


def _processor(accelerator: Accelerator) -> list[str]:
    options = f",tb-size={_TRANSLATED_MIB}" if accelerator is Accelerator.TCG else ""
    return ["-accel", f"{accelerator.value}{options}", "-cpu", PROCESSORS[accelerator]]


def _sockets(numbers: Descriptors) -> list[str]:
    """QMP, the guest link, and a console that never grows: the last 256 KiB stay in QEMU until they are read."""
    return [
        *("-chardev", f"socket,id=qmp,fd={numbers.qmp},server=on,wait=off", "-mon", "chardev=qmp,mode=control"),
        *("-chardev", f"ringbuf,id={CONSOLE_ID},size={CONSOLE_BYTES}", "-device", f"isa-serial,chardev={CONSOLE_ID}"),
        *("-chardev", f"socket,id=link,fd={numbers.link},server=on,wait=off"),
        *("-device", "virtio-serial-pci,id=serial,max_ports=2,addr=0x3"),
        *("-device", f"virtserialport,bus=serial.0,nr=1,chardev=link,name={LINK_PORT},id={LINK_ID}"),
    ]


def _disk(index: int, disk: DiskSpec, numbers: tuple[int, ...]) -> list[str]:
    """The chain is spelled out layer by layer: QEMU never opens a file because another one names it."""
    arguments: list[str] = []
    for depth, (layer, number) in enumerate(zip(disk.layers, numbers, strict=True)):
        writable = depth == len(disk.layers) - 1 and not disk.read_only
        below = node_name(index, depth - 1) if depth else None
        fdset = layer_set(index, depth)
        node = block_node(node_name(index, depth), layer.format, fdset, writable=writable, below=below)
        arguments += ["-add-fd", f"fd={number},set={fdset}", "-blockdev", json.dumps(node, separators=(",", ":"))]
    top = node_name(index, len(disk.layers) - 1)
    return [*arguments, "-device", f"virtio-blk-pci,drive={top},num-queues=1{_place(_DISK_SLOT, index)}"]


def node_name(disk: int, number: int) -> str:
    """QEMU's name for one layer of a disk, both counted from 0; a layer that comes later has a higher number."""
    return f"disk{disk}-{number}"


def layer_set(disk: int, number: int) -> int:
    """The set of descriptors in which QEMU finds that layer; more than a thousand no disk ever gets."""
    return 1000 * (disk + 1) + number


def place_of(node: str) -> tuple[int, int] | None:
    """Which disk a node of that name is a layer of, and its number; None for other nodes."""
    found = re.fullmatch(r"disk(\d+)-(\d+)", node)
    return (int(found[1]), int(found[2])) if found else None


def block_node(name: str, layout: Format, fdset: int, *, writable: bool, below: str | None) -> dict[str, object]:
    """A layer as `blockdev-add` and `-blockdev` want it (qapi/block-core.json), read from a set of descriptors."""
    discard = "unmap" if writable else "ignore"
    file = {"driver": "file", "filename": f"/dev/fdset/{fdset}", "read-only": not writable, "discard": discard}
    node: dict[str, object] = {"node-name": name, "driver": layout.value, "read-only": not writable}
    node |= {"discard": discard, "file": file}
    return {**node, "backing": below} if layout is Format.QCOW2 else node


def _place(first_slot: int, index: int) -> str:
    """Eight functions a slot: q35's bus alone has no room for 25 disks and more than three cards."""
    slot, function = first_slot + index // 8, index % 8
    return f",addr={slot:#x}.{function:#x}" + (",multifunction=on" if function == 0 else "")
