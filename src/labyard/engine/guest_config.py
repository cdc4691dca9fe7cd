"""What the examiner of one machine is told at boot (docs/develop/architecture.md, config.json). Pure."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from labyard.play.plan import DrivePlan, MachinePlan, NetworkPlan, PlayPlan


def guest_config(play: PlayPlan, machine: MachinePlan, *, first_boot: bool) -> dict[str, Any]:
    networks = {network.name: network for network in play.networks}
    return {
        "hostname": machine.name,
        "init": machine.init.value,
        "hosts": _hosts(play, machine),
        "resolv": _resolvers(machine, networks),
        "interfaces": _interfaces(machine, networks),
        "drives": [_drive(index, drive) for index, drive in enumerate(machine.drives)],
        "users": [user.model_dump() for user in machine.users],
        "startup_files": [
            {
                "path": file.path,
                "content_base64": b64encode(file.content.encode()).decode(),
                "append": file.append,
                "owner": file.owner,
                "mode": file.mode,
            }
            for file in machine.startup_files
        ],
        "first_boot": first_boot,
    }


def device(index: int) -> str:
    """`vda`, `vdb`, ... by place in the list."""
    return f"vd{chr(ord('a') + index)}"


def _drive(index: int, drive: DrivePlan) -> dict[str, Any]:
    root = drive.mount == "/"
    return {
        "device": device(index),
        "mount": drive.mount or "",
        "filesystem": (drive.filesystem.value if drive.filesystem else ("ext4" if drive.source else "")),
        "read_only": drive.read_only,
        "grow": drive.source is not None and (root or drive.size is not None),
    }


def _hosts(play: PlayPlan, machine: MachinePlan) -> list[dict[str, Any]]:
    """Every interface of every machine: `name.network`, and the plain name at an address the reader shares a network with.

    A name stands for one address where possible: the first interface on a network that `machine` is on too, else the first.
    """
    own = {interface.network for interface in machine.interfaces}
    entries = []
    for other in play.machines:
        shared = [i for i, interface in enumerate(other.interfaces) if interface.network in own]
        plain = shared[0] if shared else 0
        for index, interface in enumerate(other.interfaces):
            names = [f"{other.name}.{interface.network}"]
            if index == plain:
                names.insert(0, other.name)
            entries.append({"address": str(interface.address.ip), "names": names})
    return entries


def _resolvers(machine: MachinePlan, networks: dict[str, NetworkPlan]) -> list[str]:
    """The gateways that forward DNS; none on private networks, where names come from the hosts file alone."""
    attached = (networks[interface.network] for interface in machine.interfaces)
    return [str(network.gateway) for network in attached if not network.private][:3]


def _interfaces(machine: MachinePlan, networks: dict[str, NetworkPlan]) -> list[dict[str, str]]:
    """The default route leads through the first network that is not private."""
    default = next((i for i, each in enumerate(machine.interfaces) if not networks[each.network].private), None)
    return [
        {
            "device": f"eth{index}",
            "mac": interface.mac,
            "address": str(interface.address),
            "gateway": str(networks[interface.network].gateway) if index == default else "",
        }
        for index, interface in enumerate(machine.interfaces)
    ]
