"""Snapshots and footings made by hand, as a play of one or two machines would leave them."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from labyard.engine.footing import BASE, DELTA, DEVICES, INITRD, Footing
from labyard.engine.snapshot import Maker, SavedMachine, Snapshot, publish
from labyard.machine.plan import Accelerator, DiskSpec, Format, LayerSpec, Limits, MachineSpec
from labyard.play.plan import DrivePlan, InterfacePlan, MachinePlan, NetworkPlan, PlayPlan, TaskPlan, UserPlan
from labyard.play.status import MachineState, MachineStatus

MEMORY = 16 << 20
MAKER = Maker(qemu="QEMU 1", accelerator="tcg")


def plan_of(**changes: object) -> PlayPlan:
    network = NetworkPlan(name="local", subnet=IPv4Network("172.16.0.0/24"), gateway=IPv4Address("172.16.0.1"))
    machine = MachinePlan(
        name="node-01",
        kernel="6.1",
        users=(UserPlan(name="root", default=True),),
        drives=(DrivePlan(source="busybox", mount="/"),),
        interfaces=(InterfacePlan(network="local", address=IPv4Interface("172.16.0.2/24"), mac="52:54:00:00:00:02"),),
    )
    task = TaskPlan(name="prepare", machine="node-01", run="true")
    plan = PlayPlan(playground="tiny", title="Tiny", networks=(network,), machines=(machine,), tasks=(task,))
    return plan.model_copy(update=changes)


def footing_in(folder: Path, *, image: str = "sha256:1") -> Footing:
    """Of one machine with one disk of its own over an image's."""
    layers = (
        LayerSpec(path=Path("/images/root.raw"), format=Format.RAW),
        LayerSpec(path=folder / "disk-0", format=Format.QCOW2),
    )
    spec = MachineSpec(
        mark="abcdef",
        play="0" * 24,
        name=folder.name,
        accelerator=Accelerator.TCG,
        cpus=1,
        memory=MEMORY,
        kernel=Path("/kernels/vmlinuz"),
        initrd=folder / INITRD,
        disks=(DiskSpec(layers=layers),),
        run_dir=folder / "run",
        uid=510_001,
        limits=Limits(file_size=1 << 30),
    )
    return Footing(spec=spec, initramfs=Path("/kernels/initramfs"), images=(image,))


def gathered(folder: Path, names: tuple[str, ...] = ("node-01",), *, same_disks: bool = False) -> Snapshot:
    """All files of a snapshot in `folder`, and what is to be its record."""
    machines = []
    for name in names:
        place = folder / name
        place.mkdir(parents=True)
        for part in (INITRD, "disk-0", DELTA, DEVICES):
            (place / part).write_bytes(f"{name} {part}".encode())
        with (place / BASE).open("wb") as base:
            base.truncate(MEMORY)
        status = MachineStatus(name=name, state=MachineState.RUNNING)
        machines.append(SavedMachine(name=name, footing=footing_in(place), status=status, memory=True))
    return Snapshot(
        created_at=datetime.now(UTC),
        plan=plan_of(),
        tasks=(),
        booted=names,
        machines=tuple(machines),
        maker=MAKER,
        same_disks=same_disks,
    )


def shelved(place: Path, names: tuple[str, ...] = ("node-01",), *, same_disks: bool = False) -> Snapshot:
    """A complete one at `place`."""
    work = place.with_name(f"making-{place.name}")
    return publish(work, gathered(work, names, same_disks=same_disks), place, durable=False)
