"""What a lesson does and checks in its playground: its tasks as written → tasks of a plan. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from labyard.play.plan import PlayPlan, TaskKind, TaskPlan
from labyard.spec.check_play import unknown_machine, wrong_conditions
from labyard.spec.document import Loc
from labyard.spec.findings import Finding
from labyard.spec.model import Condition, Manifest
from labyard.spec.references import Prepared, prepare


class WrittenTask(Protocol):
    """A task as the author of a lesson wrote it (`content.model.Task`)."""

    @property
    def init(self) -> bool: ...
    @property
    def helper(self) -> bool: ...
    @property
    def machine(self) -> str | None: ...
    @property
    def user(self) -> str: ...
    @property
    def run(self) -> str: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def env(self) -> tuple[str, ...]: ...
    @property
    def timeout_seconds(self) -> int: ...
    @property
    def hintcheck(self) -> str | None: ...
    @property
    def failcheck(self) -> str | None: ...
    @property
    def conditions(self) -> tuple[Condition, ...]: ...


def check_tasks(tasks: Mapping[str, WrittenTask], manifest: Manifest) -> Iterator[Finding]:
    """What is wrong with a lesson's tasks in this playground, by its place in the front matter."""
    spec = manifest.playground
    machines = [machine.name for machine in spec.machines]
    parameters = spec.init_conditions.values
    for name, task in tasks.items():
        loc: Loc = ("tasks", name)
        if name in spec.init_tasks:
            words = f"the playground `{manifest.name}` has a task `{name}` of its own"
            yield Finding(loc=loc, message=words, hint="take another name", key=True)
        if task.machine is None and len(machines) > 1:
            hint = f"add `machine:` with one of {', '.join(machines)}"
            words = f"`{name}` does not say where it runs, and `{manifest.name}` has {len(machines)} machines"
            yield Finding(loc=loc, message=words, hint=hint, key=True, absence=True)
        yield from unknown_machine(machines, (*loc, "machine"), task.machine)
        yield from wrong_conditions(loc, task.conditions, parameters, [parameter.key for parameter in parameters])


def with_lesson(plan: PlayPlan, tasks: Mapping[str, WrittenTask], *, lesson: str, title: str) -> PlayPlan:
    """The plan of a play in which a lesson is played: the playground's own tasks, then the lesson's, which were checked.

    A task whose conditions do not hold is left out, and nobody waits for it.
    """
    kept = {name: task for name, task in tasks.items() if hold(task.conditions, plan.parameters)}
    names = {*kept, *(task.name for task in plan.tasks)}
    added = tuple(_task(plan, name, task, names) for name, task in kept.items())
    change = {"tasks": (*plan.tasks, *added), "lesson": lesson, "title": title}
    return plan.model_copy(update=change)


def hold(conditions: Sequence[Condition], chosen: Mapping[str, str]) -> bool:
    """Whether all of them do. `chosen`: the start parameters; those left out are empty."""
    return all(chosen.get(condition.key, "") == condition.value for condition in conditions)


def _task(plan: PlayPlan, name: str, task: WrittenTask, names: Collection[str]) -> TaskPlan:
    kind = TaskKind.INIT if task.init else TaskKind.HELPER if task.helper else TaskKind.REGULAR
    prepared = _scripts(task)
    return TaskPlan(
        name=name,
        machine=task.machine or plan.machines[0].name,
        kind=kind,
        user=task.user,
        run=prepared.scripts["run"],
        hintcheck=prepared.scripts.get("hintcheck"),
        failcheck=prepared.scripts.get("failcheck"),
        env=prepared.settings,
        needs=tuple(dict.fromkeys(need for need in task.needs if need in names)),
        timeout=task.timeout_seconds,
        of_lesson=True,
    )


def _scripts(task: WrittenTask) -> Prepared:
    """Ready to be run, and the variables they refer to."""
    written = {"run": task.run, "hintcheck": task.hintcheck, "failcheck": task.failcheck}
    return prepare({name: text for name, text in written.items() if text is not None}, task.env)
