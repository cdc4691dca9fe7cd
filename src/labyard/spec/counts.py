"""How many of everything. Looked at before all else: what is within these limits can be checked in bearable time."""

from __future__ import annotations

from collections.abc import Iterator

from labyard.spec.document import Loc
from labyard.spec.findings import Finding
from labyard.spec.limits import PUBLISHED, Limits
from labyard.spec.model import Manifest

_Count = tuple[Loc, int, str, str]
"""Where, how many, the limit's name, of what."""


def too_many(manifest: Manifest, limits: Limits) -> Iterator[Finding]:
    """An error for each number beyond its limit, a warning for each beyond the published one."""
    for counts in (_top(manifest), _machines(manifest), _tasks(manifest), _parameters(manifest)):
        for loc, number, limit, what in counts:
            most, published = getattr(limits, limit), getattr(PUBLISHED, limit)
            if number > most:
                words = f"{number} {what}: at most {most} are allowed here"
                yield Finding(loc=loc, message=words, key=True)
            elif limit in PUBLISHED.model_fields_set and number > published:
                words = f"{number} {what}: iximiuz Labs allows {published}"
                yield Finding(loc=loc, message=words, warning=True, key=True)


def _top(manifest: Manifest) -> Iterator[_Count]:
    spec = manifest.playground
    yield ("categories",), len(manifest.categories), "categories", "categories"
    yield ("playground", "networks"), len(manifest.networks), "networks", "networks"
    yield ("playground", "machines"), len(spec.machines), "machines", "machines"
    yield ("playground", "tabs"), len(spec.tabs), "tabs", "tabs"
    yield ("playground", "portForwards"), len(spec.port_forwards), "port_forwards", "port forwards"
    control = manifest.access_control
    for key, roles in (("canList", control.can_list), ("canRead", control.can_read), ("canStart", control.can_start)):
        yield ("playground", "accessControl", key), len(roles), "roles", "roles"
    for index, file in enumerate(spec.startup_files):
        yield ("playground", "startupFiles", index), len(file.machines or ()), "machines", "machines"


def _machines(manifest: Manifest) -> Iterator[_Count]:
    shared = manifest.playground.startup_files
    for index, machine in enumerate(manifest.playground.machines):
        loc: Loc = ("playground", "machines", index)
        files = sum(file.machines is None or machine.name in file.machines for file in shared) + len(
            machine.startup_files
        )
        yield (*loc, "users"), len(machine.users), "users", "users"
        yield (*loc, "drives"), len(machine.drives), "drives", "drives"
        yield (*loc, "network", "interfaces"), len(machine.network.interfaces), "interfaces", "interfaces"
        yield (*loc, "startupFiles"), files, "startup_files", "startup files"


def _tasks(manifest: Manifest) -> Iterator[_Count]:
    tasks = manifest.playground.init_tasks
    yield ("playground", "initTasks"), len(tasks), "tasks", "init tasks"
    for name, task in tasks.items():
        yield ("playground", "initTasks", name, "needs"), len(task.needs), "tasks", "needs"
        yield ("playground", "initTasks", name, "conditions"), len(task.conditions), "parameters", "conditions"


def _parameters(manifest: Manifest) -> Iterator[_Count]:
    loc: Loc = ("playground", "initConditions", "values")
    parameters = manifest.playground.init_conditions.values
    yield loc, len(parameters), "parameters", "start parameters"
    for index, parameter in enumerate(parameters):
        yield (*loc, index, "options"), len(parameter.options), "options", "options"
