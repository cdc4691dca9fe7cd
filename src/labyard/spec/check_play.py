"""Checks of what spans machines: tabs, init tasks, start parameters, port forwards, the snapshot it goes on from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from labyard.play.plan import TabKind
from labyard.spec.check_machines import Check
from labyard.spec.document import Loc
from labyard.spec.findings import Finding, nearest
from labyard.spec.model import Condition, Parameter, Tab, Task
from labyard.spec.patterns import Pattern, PatternError
from labyard.spec.scene import TASKS, Scene

_TABS: Loc = ("playground", "tabs")
_PORT_ONLY = ("number", "tls", "host_rewrite", "path_rewrite", "access")


def unknown_machine(names: Collection[str], loc: Loc, name: str | None) -> Iterator[Finding]:
    if name is not None and name not in names:
        yield Finding(loc=loc, message=f"there is no machine `{name}`", hint=nearest(name, names))


def _tabs(scene: Scene) -> Iterator[Finding]:
    tabs = scene.manifest.playground.tabs
    silent = {machine.name for _, machine in scene.machines() if machine.no_ssh}
    first = scene.manifest.playground.machines[0].name if scene.manifest.playground.machines else None
    seen: set[str] = set()
    for index, tab in enumerate(tabs):
        loc: Loc = (*_TABS, index)
        yield from unknown_machine(scene.machine_names, (*loc, "machine"), tab.machine)
        yield from _tab(loc, tab)
        if tab.id is not None and tab.id in seen:
            yield Finding(loc=(*loc, "id"), message=f"there are two tabs with the id `{tab.id}`")
        seen.add(tab.id or "")
        if tab.kind is TabKind.TERMINAL and (tab.machine or first) in silent:
            yield Finding(loc=loc, message=f"`{tab.machine or first}` has `noSSH`, so it has no terminal")
        if tab.kind is TabKind.IDE and (tab.machine or first) in silent:
            words = f"`{tab.machine or first}` has `noSSH`, so this tab will be empty"
            yield Finding(loc=loc, message=words, warning=True)


def _tab(loc: Loc, tab: Tab) -> Iterator[Finding]:
    needed = {TabKind.HTTP_PORT: ("name", "number"), TabKind.WEB_PAGE: ("name", "url")}.get(tab.kind, ())
    for name in needed:
        if not getattr(tab, name):
            yield Finding(loc=loc, message=f"a tab of kind `{tab.kind.value}` needs `{name}`", absence=True)
    foreign = [name for name in _PORT_ONLY if tab.kind is not TabKind.HTTP_PORT and getattr(tab, name) is not None]
    foreign += ["url"] if tab.url is not None and tab.kind is not TabKind.WEB_PAGE else []
    foreign += ["machine"] if tab.machine is not None and tab.kind is TabKind.WEB_PAGE else []
    for name in foreign:
        alias = type(tab).model_fields[name].alias or name
        words = f"`{alias}` means nothing for a tab of kind `{tab.kind.value}`"
        yield Finding(loc=(*loc, alias), message=words, warning=True, key=True)
    if tab.kind is TabKind.KEXP:
        words = f"tabs of kind `{tab.kind.value}` are not offered yet: it will be empty"
        yield Finding(loc=(*loc, "kind"), message=words, warning=True)


def _tasks(scene: Scene) -> Iterator[Finding]:
    tasks = scene.manifest.playground.init_tasks
    for name, task in tasks.items():
        yield from _task(scene, (*TASKS, name), name, task)
    graph = {name: [need for need in task.needs if need in tasks and need != name] for name, task in tasks.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring = list(reversed(error.args[1]))
        words = " → ".join(f"`{name}`" for name in ring)
        yield Finding(loc=(*TASKS, ring[0], "needs"), message=f"init tasks wait for each other: {words}", key=True)


def _task(scene: Scene, loc: Loc, name: str, task: Task) -> Iterator[Finding]:
    yield from unknown_machine(scene.machine_names, (*loc, "machine"), task.machine)
    if task.name is not None and task.name != name:
        yield Finding(loc=(*loc, "name"), message=f"`{task.name}` is not the task's key, `{name}`")
    if not task.init:
        yield Finding(loc=(*loc, "init"), message="a playground has init tasks only", hint="write `init: true`")
    if len(task.run) > scene.limits.script:
        yield Finding(loc=(*loc, "run"), message=f"a script can have at most {scene.limits.script} characters")
    if task.timeout_seconds > scene.limits.timeout:
        words = f"a task can take at most {scene.limits.timeout} seconds"
        yield Finding(loc=(*loc, "timeout_seconds"), message=words)
    for index, need in enumerate(task.needs):
        at: Loc = (*loc, "needs", index)
        if need == name:
            yield Finding(loc=at, message=f"`{name}` cannot wait for itself")
        elif need not in scene.task_names:
            yield Finding(loc=at, message=f"there is no task `{need}`", hint=nearest(need, scene.task_names - {name}))
    known = scene.manifest.playground.init_conditions.values
    yield from wrong_conditions(loc, task.conditions, known, scene.parameter_names)


def wrong_conditions(
    loc: Loc, conditions: Sequence[Condition], known: Sequence[Parameter], names: Collection[str]
) -> Iterator[Finding]:
    """Those of a task at `loc` that never hold. `names`: of start parameters, also of those that cannot be read."""
    parameters = {parameter.key: parameter for parameter in known}
    for index, condition in enumerate(conditions):
        at: Loc = (*loc, "conditions", index)
        parameter = parameters.get(condition.key)
        if condition.key not in names:
            words = f"there is no start parameter `{condition.key}`"
            yield Finding(loc=(*at, "key"), message=words, hint=nearest(condition.key, names))
        elif parameter is None or not parameter.options:
            continue
        elif condition.value not in parameter.options and not (condition.value == "" and parameter.nullable):
            words = f"`{parameter.key}` is never `{condition.value}`"
            yield Finding(loc=(*at, "value"), message=words, hint=nearest(condition.value, parameter.options))


def _parameters(scene: Scene) -> Iterator[Finding]:
    loc: Loc = ("playground", "initConditions", "values")
    parameters = scene.manifest.playground.init_conditions.values
    seen: set[str] = set()
    for index, parameter in enumerate(parameters):
        at: Loc = (*loc, index)
        if parameter.key in seen:
            yield Finding(loc=(*at, "key"), message=f"there are two start parameters `{parameter.key}`")
        if "=" in parameter.key or len(parameter.key) > 100:
            yield Finding(loc=(*at, "key"), message="a start parameter's name has no `=` and at most 100 characters")
        yield from _parameter(scene, at, parameter)
        seen.add(parameter.key)


def _parameter(scene: Scene, loc: Loc, parameter: Parameter) -> Iterator[Finding]:
    for index, option in enumerate(parameter.options):
        if option in parameter.options[:index]:
            yield Finding(loc=(*loc, "options", index), message=f"`{option}` is listed twice")
        if len(option) > scene.limits.parameter:
            yield Finding(
                loc=(*loc, "options", index), message=f"an option has at most {scene.limits.parameter} characters"
            )
    objection = objection_to(parameter, parameter.default) if parameter.default is not None else None
    if parameter.validation_regex is not None and (wrong := _wrong_pattern(parameter.validation_regex)):
        yield Finding(loc=(*loc, "validationRegex"), message=f"this pattern cannot be used: {wrong}")
    elif objection is not None:
        yield Finding(loc=(*loc, "default"), message=objection[0], hint=objection[1])


def _wrong_pattern(text: str) -> str | None:
    try:
        Pattern(text)
    except PatternError as error:
        return str(error)
    return None


def objection_to(parameter: Parameter, value: str, *, longest: int = 256) -> tuple[str, str | None] | None:
    """Why `value` cannot be given, and a hint. A pattern that cannot be used objects to nothing."""
    if len(value) > longest:
        return f"a value for `{parameter.key}` has at most {longest} characters", None
    if "\0" in value:
        return f"a value for `{parameter.key}` has no NUL characters", None
    if parameter.options:
        if value in parameter.options:
            return None
        return f"`{value}` is no option of `{parameter.key}`", nearest(value, parameter.options)
    pattern = parameter.validation_regex
    if pattern is None or _wrong_pattern(pattern) or Pattern(pattern).found_in(value):
        return None
    return f"`{value}` is no value for `{parameter.key}`", f"it must match `{pattern}`"


def _forwards(scene: Scene) -> Iterator[Finding]:
    forwards = scene.manifest.playground.port_forwards
    for index, forward in enumerate(forwards):
        loc: Loc = ("playground", "portForwards", index)
        yield from unknown_machine(scene.machine_names, (*loc, "machine"), forward.machine)
        if forward.local_port is None and forward.remote_port is None:
            yield Finding(
                loc=loc, message="a port forward needs a port", hint="`localPort`, `remotePort` or both", absence=True
            )


def _snapshot(scene: Scene) -> Iterator[Finding]:
    spec = scene.manifest.playground
    if spec.snapshot is not None and not spec.warm:
        words = "`warm: false` means nothing beside `snapshot`: its plays never boot"
        yield Finding(loc=("playground", "warm"), message=words, warning=True, key=True)


PLAY_CHECKS: tuple[Check, ...] = (_tabs, _tasks, _parameters, _forwards, _snapshot)
