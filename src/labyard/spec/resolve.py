"""A manifest and the wishes of one start → everything that will exist. Pure: equal input gives an equal plan."""

from __future__ import annotations

from collections.abc import Mapping

from labyard.errors import Problem, SpecError
from labyard.play.plan import (
    DrivePlan,
    Filesystem,
    ForwardPlan,
    InterfacePlan,
    MachinePlan,
    PlayPlan,
    StartupFile,
    TabKind,
    TabPlan,
    TaskPlan,
    UserPlan,
)
from labyard.spec import model
from labyard.spec.addresses import allocate
from labyard.spec.check_play import objection_to
from labyard.spec.checks import examine
from labyard.spec.findings import nearest
from labyard.spec.kinds import Access, ForwardKind
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.model import Drive, Machine, Manifest, Tab
from labyard.spec.shares import Share, share_out
from labyard.spec.tasks import hold


def resolve(
    manifest: Manifest,
    *,
    parameters: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT,
) -> PlayPlan:
    """The plan of one play. Raises SpecError when `parameters` are wrong or the manifest breaks `limits`."""
    _refuse_broken(manifest, limits)
    chosen = choose_parameters(manifest, parameters or {}, limits)
    allocation = allocate(manifest.networks, manifest.playground.machines)
    shares, notes = share_out(manifest.playground.machines, limits)
    machines = tuple(
        _machine(
            manifest,
            machine,
            share,
            [allocation.interfaces[m, i] for i in range(len(machine.network.interfaces))],
            limits,
        )
        for m, (machine, share) in enumerate(zip(manifest.playground.machines, shares, strict=True))
    )
    return PlayPlan(
        playground=manifest.name,
        title=manifest.title,
        networks=allocation.networks,
        machines=machines,
        tasks=_tasks(manifest, chosen),
        tabs=_tabs(manifest),
        notes=(*notes, *_notes(manifest)),
        parameters=chosen,
        forwards=tuple(_forward(manifest, forward) for forward in manifest.playground.port_forwards),
        registry_auth=manifest.playground.registry_auth,
        warm=manifest.playground.warm,
        one_off=_is_one_off(manifest, chosen),
        snapshot=manifest.playground.snapshot,
        needs_internet=manifest.needs is not None,
    )


def _refuse_broken(manifest: Manifest, limits: Limits) -> None:
    """A stored manifest may break limits that were lowered since."""
    errors = [finding.named(manifest.name) for finding in examine(manifest, limits=limits) if not finding.warning]
    if errors:
        raise SpecError(tuple(errors))


def choose_parameters(manifest: Manifest, given: Mapping[str, str], limits: Limits) -> dict[str, str]:
    """The values a play starts with; those left out are missing. Raises SpecError with everything wrong in `given`."""
    known = {parameter.key: parameter for parameter in manifest.playground.init_conditions.values}
    problems: list[Problem] = []
    chosen: dict[str, str] = {}

    def say(message: str, hint: str | None) -> None:
        problems.append(Problem(file="parameters", line=1, column=1, message=message, hint=hint))

    for key in sorted(given.keys() - known.keys()):
        hint = nearest(key, known) or "this playground has no start parameters"
        say(f"there is no start parameter `{key[:100]}`", hint)
    for key, parameter in known.items():
        value = given.get(key)
        if value is None:
            value = parameter.default
        if not value and parameter.nullable:
            continue
        if value is None:
            say(f"the start parameter `{key}` is needed", nearest("", parameter.options) or parameter.placeholder)
        elif objection := objection_to(parameter, value, longest=limits.parameter):
            say(*objection)
        else:
            chosen[key] = value
    if problems:
        raise SpecError(tuple(problems))
    return chosen


def _is_one_off(manifest: Manifest, chosen: Mapping[str, str]) -> bool:
    """Whether a parameter without `options` was given another value than its default."""
    free = (parameter for parameter in manifest.playground.init_conditions.values if not parameter.options)
    return any(chosen.get(each.key, each.default) not in (each.default, None) for each in free)


def _machine(
    manifest: Manifest, machine: Machine, share: Share, interfaces: list[InterfacePlan], limits: Limits
) -> MachinePlan:
    return MachinePlan(
        name=machine.name,
        kernel=machine.kernel.source,
        init=machine.init,
        users=_users(machine),
        drives=tuple(_drive(drive, limits) for drive in machine.drives),
        interfaces=tuple(interfaces),
        cpus=share.cpus,
        memory=share.memory,
        startup_files=_startup_files(manifest, machine),
        terminal=not machine.no_ssh,
        identity=machine.identity,
    )


def _users(machine: Machine) -> tuple[UserPlan, ...]:
    default = next((user.name for user in machine.users if user.default), machine.users[0].name)
    return tuple(
        UserPlan(name=user.name, default=user.name == default, welcome=None if user.welcome == "-" else user.welcome)
        for user in machine.users
    )


def _drive(drive: Drive, limits: Limits) -> DrivePlan:
    filesystem = drive.filesystem
    if drive.source is not None or (filesystem is None and drive.mount is not None):
        filesystem = Filesystem.EXT4
    size = drive.size if drive.size is not None or drive.source is not None else limits.drive_default
    return DrivePlan(
        source=drive.source, mount=drive.mount, size=size, filesystem=filesystem, read_only=drive.read_only
    )


def _startup_files(manifest: Manifest, machine: Machine) -> tuple[StartupFile, ...]:
    shared = manifest.playground.startup_files
    files = (
        *(file for file in shared if file.machines is None or machine.name in file.machines),
        *machine.startup_files,
    )
    return tuple(
        StartupFile(
            path=file.path, content=file.content or "", append=file.append, owner=file.owner, mode=int(file.mode, 8)
        )
        for file in files
    )


def _tasks(manifest: Manifest, chosen: Mapping[str, str]) -> tuple[TaskPlan, ...]:
    """Without those whose conditions do not hold; nobody waits for them."""
    tasks = {name: task for name, task in manifest.playground.init_tasks.items() if hold(task.conditions, chosen)}
    return tuple(
        TaskPlan(
            name=name,
            machine=task.machine,
            user=task.user,
            run=task.run,
            needs=tuple(dict.fromkeys(need for need in task.needs if need in tasks)),
            timeout=task.timeout_seconds,
            after_fork=task.after_fork,
        )
        for name, task in tasks.items()
    )


def _tabs(manifest: Manifest) -> tuple[TabPlan, ...]:
    machines = manifest.playground.machines
    tabs = manifest.playground.tabs
    if not tabs:
        tabs = tuple(Tab(machine=machine.name) for machine in machines if not machine.no_ssh)
    plans: list[TabPlan] = []
    taken = {tab.id for tab in tabs if tab.id is not None}
    for tab in tabs:
        machine = None if tab.kind is TabKind.WEB_PAGE else tab.machine or machines[0].name
        identifier = tab.id or _free_id("-".join(part for part in (tab.kind.value, machine) if part), taken)
        taken.add(identifier)
        plans.append(_tab(tab, identifier, machine))
    return tuple(plans)


def _free_id(base: str, taken: set[str]) -> str:
    number = 2
    identifier = base
    while identifier in taken:
        identifier, number = f"{base}-{number}", number + 1
    return identifier


def _tab(tab: Tab, identifier: str, machine: str | None) -> TabPlan:
    return TabPlan(
        kind=tab.kind,
        id=identifier,
        name=tab.name or machine or tab.kind.value,
        machine=machine,
        number=tab.number,
        tls=bool(tab.tls),
        host_rewrite=tab.host_rewrite,
        path_rewrite=tab.path_rewrite,
        access=(tab.access or Access.PRIVATE).value,
        url=tab.url,
        pane=tab.pane.value if tab.pane else None,
    )


def _forward(manifest: Manifest, forward: model.PortForward) -> ForwardPlan:
    port = forward.local_port or forward.remote_port or 0
    return ForwardPlan(
        machine=forward.machine or manifest.playground.machines[0].name,
        local_host=forward.local_host or "127.0.0.1",
        local_port=forward.local_port or port,
        remote_host=forward.remote_host or "",
        remote_port=forward.remote_port or port,
        remote=forward.kind is ForwardKind.REMOTE,
    )


def _notes(manifest: Manifest) -> list[str]:
    """What the author asked for and will not get."""
    return [
        f"{machine.name}: a drive made from `{drive.source}` is ext4, not {drive.filesystem.value}."
        for machine in manifest.playground.machines
        for drive in machine.drives
        if drive.source is not None and drive.filesystem not in (None, Filesystem.EXT4)
    ]
