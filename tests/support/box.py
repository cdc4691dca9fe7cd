"""An engine on a box of its own, without a server, and the smallest play that boots."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from labyard.assembly import Settings, data_mark, make_parts
from labyard.engine.engine import Engine
from labyard.hosts.local import LocalHost
from labyard.play.plan import DrivePlan, InterfacePlan, MachinePlan, NetworkPlan, PlayPlan, TaskPlan, UserPlan
from tests.support import leftovers
from tests.support.lab import CACHE

MIB = 1 << 20


class Box:
    """An engine over a data folder that shares the cache's images and kernels; it can be left and entered again."""

    def __init__(self, data: Path) -> None:
        if not data.exists():
            data.mkdir(mode=0o711)
            for name in ("images", "kernels"):
                (data / name).symlink_to(CACHE / name)
        self.data = data
        self.mark = data_mark(data)
        self.engine: Engine | None = None
        self.host = BoxHost(self)

    async def enter(self) -> None:
        self.engine = Engine(make_parts(Settings(data=self.data), self.mark))
        await self.engine.__aenter__()

    async def leave(self) -> None:
        engine, self.engine = self.engine, None
        if engine is not None:
            await engine.__aexit__()

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


def small_plan(run: str = "echo prepared") -> PlayPlan:
    """One machine of the small image, with one init task."""
    network = NetworkPlan(name="local", subnet=IPv4Network("172.16.0.0/24"), gateway=IPv4Address("172.16.0.1"))
    interface = InterfacePlan(network="local", address=IPv4Interface("172.16.0.2/24"), mac="52:54:00:00:00:02")
    machine = MachinePlan(
        name="node-01",
        kernel="6.1",
        users=(UserPlan(name="root"),),
        drives=(DrivePlan(source="busybox", mount="/"),),
        interfaces=(interface,),
        cpus=1,
        memory=128 * MIB,
    )
    task = TaskPlan(name="prepare", machine="node-01", run=run)
    return PlayPlan(playground="small", title="Small", networks=(network,), machines=(machine,), tasks=(task,))
