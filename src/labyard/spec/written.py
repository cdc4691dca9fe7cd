"""A plan, written down as the manifest that resolves to it: what `save` makes a playground of. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import yaml

from labyard.play.plan import (
    DrivePlan,
    ForwardPlan,
    Identity,
    InitChoice,
    InterfacePlan,
    MachinePlan,
    NetworkPlan,
    PlayPlan,
    StartupFile,
    TabPlan,
    TaskKind,
    TaskPlan,
    UserPlan,
)
from labyard.spec.sizes import format_size

Tree = dict[str, Any]
_ODD_BREAKS = frozenset("\r\x85\u2028\u2029")


def manifest_text(plan: PlayPlan, *, base: str | None = None, description: str | None = None) -> str:
    """YAML of a playground. Parsed and resolved it is `plan` again, but for its notes, which were told already, and
    start parameters left empty, which are as good as left out, and what a lesson does and checks: a playground has init
    tasks alone, and theirs take nothing from others. `base`: the playground it was derived from.

    Everything chosen or given by default is written out: addresses, shares, tabs, what the start parameters were.
    """
    tree = _filled(
        kind="playground",
        name=plan.playground,
        base=base,
        title=plan.title,
        description=description,
        needs="internet" if plan.needs_internet else None,
        playground=_playground(plan),
    )
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def _playground(plan: PlayPlan) -> Tree:
    tasks = {task.name: task for task in plan.tasks if task.kind is TaskKind.INIT and not task.env}
    chosen = [{"key": key, "default": value, "options": [value]} for key, value in plan.parameters.items() if value]
    return _filled(
        snapshot=plan.snapshot,
        warm=None if plan.warm else False,
        networks=[_network(network) for network in plan.networks],
        machines=[_machine(machine) for machine in plan.machines],
        tabs=[_tab(tab) for tab in plan.tabs],
        initTasks={name: _task(task, tasks) for name, task in tasks.items()},
        initConditions={"values": chosen} if chosen else None,
        registryAuth=plan.registry_auth,
        portForwards=[_forward(forward) for forward in plan.forwards],
    )


def _network(network: NetworkPlan) -> Tree:
    return _filled(
        name=network.name, subnet=str(network.subnet), gateway=str(network.gateway), private=network.private or None
    )


def _machine(machine: MachinePlan) -> Tree:
    memory = None if machine.memory is None else format_size(machine.memory)
    return _filled(
        name=machine.name,
        users=[_user(user) for user in machine.users],
        kernel={"source": machine.kernel},
        init=None if machine.init is InitChoice.AUTO else machine.init.value,
        drives=[_drive(drive) for drive in machine.drives],
        network={"interfaces": [_interface(interface) for interface in machine.interfaces]},
        resources=_filled(cpuCount=machine.cpus, ramSize=memory),
        startupFiles=[_startup_file(file) for file in machine.startup_files],
        noSSH=None if machine.terminal else True,
        identity=None if machine.identity is Identity.SHARED else machine.identity.value,
    )


def _user(user: UserPlan) -> Tree:
    return _filled(name=user.name, default=user.default or None, welcome=user.welcome)


def _drive(drive: DrivePlan) -> Tree:
    return _filled(
        source=drive.source,
        mount=drive.mount,
        size=None if drive.size is None else format_size(drive.size),
        filesystem=None if drive.filesystem is None else drive.filesystem.value,
        readOnly=drive.read_only or None,
    )


def _interface(interface: InterfacePlan) -> Tree:
    return {"network": interface.network, "address": str(interface.address)}


def _startup_file(file: StartupFile) -> Tree:
    return _filled(
        path=file.path, content=file.content, append=file.append or None, owner=file.owner, mode=f"{file.mode:03o}"
    )


def _tab(tab: TabPlan) -> Tree:
    return _filled(
        kind=tab.kind.value,
        id=tab.id,
        name=tab.name,
        machine=tab.machine,
        number=tab.number,
        tls=tab.tls or None,
        hostRewrite=tab.host_rewrite,
        pathRewrite=tab.path_rewrite,
        access=None if tab.access == "private" else tab.access,
        url=tab.url,
        pane=tab.pane,
    )


def _task(task: TaskPlan, written: Collection[str]) -> Tree:
    return _filled(
        machine=task.machine,
        init=True,
        user=task.user,
        needs=[need for need in task.needs if need in written],
        timeout_seconds=task.timeout,
        afterFork=task.after_fork or None,
        run=task.run,
    )


def _forward(forward: ForwardPlan) -> Tree:
    return _filled(
        kind="remote" if forward.remote else "local",
        machine=forward.machine,
        localHost=forward.local_host,
        localPort=forward.local_port,
        remoteHost=forward.remote_host or None,
        remotePort=forward.remote_port,
    )


def _filled(**fields: Any) -> Tree:
    """Without what is not given."""
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


class _Dumper(yaml.SafeDumper):
    """Scripts stay readable: text of several lines as a block. No anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if _ODD_BREAKS.intersection(text):
        style = '"'  # elsewhere YAML reads them as ends of lines
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
