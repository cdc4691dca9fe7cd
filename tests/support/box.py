"""An engine on a box of its own, without a server, and the smallest play that boots."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from labyard.assembly.data_folder import data_mark
from labyard.assembly.settings import make_parts, read_settings
from labyard.engine.engine import Engine
from labyard.hosts.local import LocalHost
from labyard.play.plan import DrivePlan, InterfacePlan, MachinePlan, NetworkPlan, PlayPlan, TaskPlan, UserPlan
from tests.support import leftovers
from tests.support.lab import CACHE
from tests.support.recipes import parts_with_recipes

MIB = 1 << 20


class Box:
    """An engine over a data folder that shares the cache's images and kernels; it can be left and entered again."""

    def __init__(self, data: Path, recipes: Path | None = None) -> None:
        self._recipes = recipes
        if not data.exists():
            data.mkdir(mode=0o711)
            for name in ("images", "kernels"):
                (data / name).symlink_to(CACHE / name)
        self.data = data
        self.mark = data_mark(data)
        self.engine: Engine | None = None
        self.host = BoxHost(self)

    async def enter(self) -> None:
        if self._recipes is None:
            parts = make_parts(read_settings(self.data), self.mark)
        else:
            parts = parts_with_recipes(self.data, self.mark, self._recipes)
        self.engine = Engine(parts)
        await self.engine.__aenter__()

    async def leave(self) -> None:
        engine, self.engine = self.engine, None
        if engine is not None:
            await engine.__aexit__()

    def snapshots(self) -> list[Path]:
        """What starts can fork from."""
        return sorted(path.parent for path in (self.data / "snapshots").glob("*/snapshot.json"))

    async def clear(self) -> None:
        """All plays destroyed; nothing of them may be left."""
        if self.engine is None:
            await self.enter()
        for report in await self.host.list():
            await self.host.destroy(report.id)
        await self.leave()
        left = leftovers.look(self.data, self.mark)
        assert not left, left


class BoxHost(LocalHost):
    """The host that tests hold: it goes on with whatever engine the box has now."""

    def __init__(self, box: Box) -> None:
        self._box = box

    @property
    def _engine(self) -> Engine:  # type: ignore[override]
        assert self._box.engine is not None
        return self._box.engine


def small_plan(run: str = "echo prepared", *, machines: int = 1, warm: bool = True, kernel: str = "6.1") -> PlayPlan:
    """Machines of the small image on one network, `node-01` with one init task.

    Only the first start of a plan boots: give `run` where a test is about that, or harms the plan's snapshot.
    """
    network = NetworkPlan(name="local", subnet=IPv4Network("172.16.0.0/24"), gateway=IPv4Address("172.16.0.1"))
    task = TaskPlan(name="prepare", machine="node-01", run=run)
    return PlayPlan(
        playground="small",
        title="Small",
        networks=(network,),
        machines=tuple(_machine(number, kernel) for number in range(1, machines + 1)),
        tasks=(task,),
        warm=warm,
    )


def _machine(number: int, kernel: str) -> MachinePlan:
    address, mac = IPv4Interface(f"172.16.0.{number + 1}/24"), f"52:54:00:00:00:{number + 1:02x}"
    return MachinePlan(
        name=f"node-{number:02}",
        kernel=kernel,
        users=(UserPlan(name="root"),),
        drives=(DrivePlan(source="busybox", mount="/"),),
        interfaces=(InterfacePlan(network="local", address=address, mac=mac),),
        cpus=1,
        memory=128 * MIB,
    )
