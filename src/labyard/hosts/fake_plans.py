"""Plans for fake machines, when no manifest is at hand."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from labyard.play.plan import (
    DrivePlan,
    InterfacePlan,
    MachinePlan,
    NetworkPlan,
    PlayPlan,
    TabKind,
    TabPlan,
    TaskPlan,
    UserPlan,
)


def fake_plan(
    playground: str = "fake",
    *,
    machines: tuple[str, ...] = ("node-01",),
    tasks: tuple[str, ...] = (),
    memory: int | None = 512 << 20,
) -> PlayPlan:
    """`machines` on one network, each with `memory` bytes; `tasks` are init tasks on the first of them."""
    return PlayPlan(
        playground=playground,
        title=f"Playground {playground}",
        networks=(NetworkPlan(name="local", subnet=IPv4Network("172.16.0.0/24"), gateway=IPv4Address("172.16.0.1")),),
        machines=tuple(_machine(name, place, memory) for place, name in enumerate(machines)),
        tasks=tuple(TaskPlan(name=name, machine=machines[0], run="true") for name in tasks),
        tabs=tuple(TabPlan(kind=TabKind.TERMINAL, id=f"terminal-{name}", name=name, machine=name) for name in machines),
    )


def _machine(name: str, place: int, memory: int | None) -> MachinePlan:
    address = IPv4Interface(f"172.16.0.{place + 2}/24")
    return MachinePlan(
        name=name,
        kernel="6.1",
        users=(UserPlan(name="laborant", default=True), UserPlan(name="root")),
        drives=(DrivePlan(source="debian-12", mount="/"),),
        interfaces=(InterfacePlan(network="local", address=address, mac=f"52:54:00:00:00:{place + 2:02x}"),),
        memory=memory,
    )
