"""What checks look at: a manifest, the limits it must keep, and the names there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from labyard.spec import document
from labyard.spec.document import Loc, Node, Scalar, Sequence, find
from labyard.spec.limits import Limits
from labyard.spec.model import Machine, Manifest

MACHINES: Loc = ("playground", "machines")
TASKS: Loc = ("playground", "initTasks")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What a box has: names of images and kernels, and who is in an image. None when nobody knows.

    `users` is asked with a drive's source; None for an image that is not here.
    """

    sources: Collection[str] | None = None
    kernels: Collection[str] | None = None
    users: Callable[[str], Collection[str] | None] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """The names include those of parts that could not be read: what refers to them is not wrong as well."""

    manifest: Manifest
    limits: Limits
    known: Known
    machine_names: frozenset[str]
    network_names: frozenset[str]
    task_names: frozenset[str]
    parameter_names: frozenset[str]

    @classmethod
    def of(cls, manifest: Manifest, *, limits: Limits, known: Known, original: Node | None = None) -> Scene:
        """`original`: the tree as written, with what could not be read."""
        spec = manifest.playground
        return cls(
            manifest=manifest,
            limits=limits,
            known=known,
            machine_names=frozenset(machine.name for machine in spec.machines) | _names(original, MACHINES, "name"),
            network_names=frozenset(network.name for network in manifest.networks)
            | _names(original, ("playground", "networks"), "name"),
            task_names=frozenset(spec.init_tasks) | _keys(original, TASKS),
            parameter_names=frozenset(parameter.key for parameter in spec.init_conditions.values)
            | _names(original, ("playground", "initConditions", "values"), "key"),
        )

    def machines(self) -> Iterator[tuple[Loc, Machine]]:
        for index, machine in enumerate(self.manifest.playground.machines):
            yield (*MACHINES, index), machine


def _names(root: Node | None, loc: Loc, key: str) -> frozenset[str]:
    parts = find(root, loc) if root is not None else None
    if not isinstance(parts, Sequence):
        return frozenset()
    names = [part.entries.get(key) for part in parts.items if isinstance(part, document.Mapping)]
    return frozenset(str(name.value) for name in names if isinstance(name, Scalar))


def _keys(root: Node | None, loc: Loc) -> frozenset[str]:
    parts = find(root, loc) if root is not None else None
    return frozenset(parts.entries) if isinstance(parts, document.Mapping) else frozenset()
