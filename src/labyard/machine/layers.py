"""The layers of a running machine's disks, changed while QEMU has them open: one more on top, or many made one.

Nodes are numbered upwards as they come (`plan.node_name`), so their order is their names'; a number is never used twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from labyard.errors import MachineError
from labyard.machine import plan
from labyard.machine.plan import LayerSpec
from labyard.machine.qmp import Qmp

_MERGE_SECONDS = 120
_POLL = 0.005


async def layers_of(qmp: Qmp, disks: int) -> tuple[tuple[str, ...], ...]:
    """The names of every disk's layers, in the disks' order, each from base to top. MachineError when some disk has none."""
    answer = await qmp.execute("query-named-block-nodes", {"flat": True})
    nodes = [node for node in answer if isinstance(node, Mapping)] if isinstance(answer, list) else []
    found: list[dict[int, str]] = [{} for _ in range(disks)]
    for name in (str(node.get("node-name", "")) for node in nodes):
        place = plan.place_of(name)
        if place is not None and place[0] < disks:
            found[place[0]][place[1]] = name
    if not all(found):
        raise MachineError(f"QEMU lacks disks: it has {', '.join(str(node.get('node-name')) for node in nodes)}")
    return tuple(tuple(name for _, name in sorted(layers.items())) for layers in found)


async def add_layer(qmp: Qmp, layer: LayerSpec, descriptor: int, *, below: str) -> None:
    """`layer`, an empty overlay open behind `descriptor`, on top of `below`. Of a machine that stands still."""
    place = plan.place_of(below)
    if place is None:
        raise MachineError(f"{below} is no layer")
    disk, number = place[0], place[1] + 1
    fdset = plan.layer_set(disk, number)
    await qmp.add_descriptor(descriptor, fdset)
    node = plan.block_node(plan.node_name(disk, number), layer.format, fdset, writable=True, below=None)
    await qmp.execute("blockdev-add", node)
    await qmp.execute("blockdev-snapshot", {"node": below, "overlay": plan.node_name(disk, number)})


async def merge_layers(qmp: Qmp, names: tuple[str, ...], keep: int) -> None:
    """Have a disk's top layer take in all that lies between it and the lowest `keep`, of `names` from base to top; those
    between are closed then. The machine may run.

    MachineError when it cannot be done: then its disk is what it was.
    """
    job = f"merge-{names[-1]}"
    # The files' own word for what lies below them is never heeded; the one QEMU would write could be too long.
    below = {"base-node": names[keep - 1], "backing-file": "below"}
    await qmp.execute("block-stream", {"job-id": job, "device": names[-1], **below, "auto-dismiss": False})
    try:
        async with asyncio.timeout(_MERGE_SECONDS):
            error = await _concluded(qmp, job)
    except TimeoutError:
        await qmp.execute("block-job-cancel", {"device": job, "force": True})
        error = await _concluded(qmp, job) or f"it took more than {_MERGE_SECONDS} s"
    await qmp.execute("job-dismiss", {"id": job})
    if error:
        raise MachineError(f"the layers of a disk cannot be made one: {error}")
    for name in reversed(names[keep:-1]):
        await qmp.execute("blockdev-del", {"node-name": name})
        if (place := plan.place_of(name)) is not None:
            await qmp.execute("remove-fd", {"fdset-id": plan.layer_set(*place)})


async def _concluded(qmp: Qmp, job: str) -> str:
    """Why it failed, or nothing, once it has ended (qapi/job.json)."""
    while True:
        answer = await qmp.execute("query-jobs")
        jobs = [each for each in answer if isinstance(each, Mapping)] if isinstance(answer, list) else []
        found = next((each for each in jobs if each.get("id") == job), None)
        if found is None:
            raise MachineError("QEMU has forgotten what it was doing to a disk")
        if found.get("status") == "concluded":
            return str(found.get("error", ""))
        await asyncio.sleep(_POLL)
