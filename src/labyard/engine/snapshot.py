"""A play at one instant, as a folder that is complete or absent.

    snapshot.json             written last: what it is of, and the size of every file
    <machine>/                see `footing.py`; `devices` and the memory of machines that ran

Such a folder lies at `plays/<id>/kept/` (from which the play will go on), `plays/<id>/snapshots/<name>/` (named by its
owner) and `snapshots/<key>/` (a playground's own, or a saved one).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field

from labyard.engine.footing import BASE, DELTA, DEVICES, INITRD, Footing, link_files
from labyard.engine.journal import replace_file
from labyard.images.workspace import sync
from labyard.machine.sparse import SnapshotError
from labyard.play.plan import PlayPlan, Value
from labyard.play.status import MachineStatus, TaskReport

FORMAT = 1
RECORD = "snapshot.json"
_DAMAGED = ".damaged"


class Maker(Value):
    """Who wrote a memory down: nobody else can be sure to read it."""

    format: int = FORMAT
    qemu: str
    accelerator: str
    processor: str = ""


class SavedMachine(Value):
    """`memory`: its memory and devices are here. Else it was off (by its status), or has to boot from its disks."""

    name: str
    footing: Footing
    status: MachineStatus
    memory: bool


class Snapshot(Value):
    """`same_disks`: the play it lies in goes on with its very disks, as nobody wrote them since.

    `sizes`: bytes of every file, by its path in the folder. `digests`: of those that were read whole once.
    """

    created_at: datetime
    plan: PlayPlan
    tasks: tuple[TaskReport, ...]
    booted: tuple[str, ...]
    machines: tuple[SavedMachine, ...]
    maker: Maker
    same_disks: bool = False
    note: str = ""
    sizes: dict[str, int] = Field(default_factory=dict)
    digests: dict[str, str] = Field(default_factory=dict)

    def images(self) -> set[str]:
        """Digests of what its disks lie on."""
        return {digest for machine in self.machines for digest in machine.footing.images}

    def kernels(self) -> set[str]:
        return {machine.footing.kernel for machine in self.machines}


def read_snapshot(folder: Path) -> Snapshot | None:
    """What lies there, None when nothing complete does. SnapshotError when a file is not as large as it was."""
    try:
        snapshot = Snapshot.model_validate_json((folder / RECORD).read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SnapshotError(f"the record of the snapshot {folder.name} cannot be read") from error
    for name, size in snapshot.sizes.items():
        found = _size(folder / name)
        if found != size and not (found is None and name.endswith(f"/{DELTA}") and _is_settled(folder, name, snapshot)):
            state = "is missing" if found is None else f"has {found} bytes, not {size}"
            raise SnapshotError(f"the snapshot {folder.name} is damaged: {name} {state}")
    return snapshot


def _is_settled(folder: Path, delta: str, snapshot: Snapshot) -> bool:
    """Whether the pages of a delta have since gone into a base (`Memories.settle`): it goes only after that."""
    name = delta.partition("/")[0]
    memory = next(machine.footing.spec.memory for machine in snapshot.machines if machine.name == name)
    return _size(folder / name / BASE) == memory


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return None


def files_of(snapshot: Snapshot) -> list[tuple[str, list[str]]]:
    """Every machine, and the names of the files that are its snapshot."""
    return [
        (
            machine.name,
            [INITRD, *(layer.path.name for layer in machine.footing.own_layers())]
            + ([DELTA, BASE, DEVICES] if machine.memory else []),  # a delta before its base, see `Memories.settle`
        )
        for machine in snapshot.machines
    ]


def publish(folder: Path, snapshot: Snapshot, place: Path, *, durable: bool) -> Snapshot:
    """Make what was gathered in `folder` the snapshot at `place`, which must not exist yet.

    Files first, then the record, then the name: a cut anywhere leaves no `place`, and `folder` is swept.
    """
    sizes = {
        f"{machine}/{name}": path.stat().st_size
        for machine, names in files_of(snapshot)
        for name in names
        if (path := folder / machine / name).exists()
    }
    complete = snapshot.model_copy(update={"sizes": sizes})
    if durable:
        for name in sizes:
            sync(folder / name)
        for machine in snapshot.machines:
            sync(folder / machine.name)
    replace_file(folder / RECORD, complete.model_dump_json().encode(), durable=durable)
    place.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder.rename(place)
    if durable:
        sync(place.parent)
    return complete


def copy_snapshot(source: Path, work: Path, place: Path, *, now: bool = False, durable: bool = False) -> Snapshot:
    """Give the snapshot at `source` a second place, for who lays its disks anew. Its files are shared: nothing is copied.

    `work` is a name beside `place` for the time until it is complete. `now`: it counts as taken now. SnapshotError also where
    there is none.
    """
    snapshot = read_snapshot(source)
    if snapshot is None:
        raise SnapshotError(f"there is no snapshot at {source}")
    shutil.rmtree(work, ignore_errors=True)
    for machine, names in files_of(snapshot):
        link_files(source / machine, work / machine, names)
    taken = {"created_at": datetime.now(UTC)} if now else {}
    return publish(work, snapshot.model_copy(update={"same_disks": False, **taken}), place, durable=durable)


def remove_snapshot(folder: Path) -> None:
    """First the record, so that a cut half way leaves a leftover and never half a snapshot."""
    (folder / RECORD).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def snapshots_in(folder: Path) -> dict[str, Snapshot]:
    """Every snapshot in a folder of them, by its name; damaged ones are passed over."""
    found = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.endswith(_DAMAGED):
            continue
        with contextlib.suppress(SnapshotError):
            if (snapshot := read_snapshot(path)) is not None:
                found[path.name] = snapshot
    return found


def drop_damaged(folder: Path, *, older_than: float) -> None:
    """Remove what was set aside in a folder of snapshots before a time (seconds since 1970)."""
    for path in folder.glob(f"*{_DAMAGED}"):
        if path.stat().st_mtime < older_than:
            shutil.rmtree(path, ignore_errors=True)


def set_aside(folder: Path) -> None:
    """Keep a damaged one for whoever wants to look, out of the way of a new one."""
    aside = folder.with_name(folder.name + _DAMAGED)
    shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        folder.rename(aside)
        os.utime(aside)
