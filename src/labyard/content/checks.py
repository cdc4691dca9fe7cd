"""What fields and components alone cannot tell: how the parts of one piece of content fit together. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final

from labyard.content.blocks import Body, Component, Prop
from labyard.content.components import KINDS, TASKS, Kind, spelled, text, value
from labyard.content.model import Challenge, Content, Lesson, Listed, Played, Task, Unit
from labyard.errors import Problem
from labyard.spec.document import Loc, Mapping, Place, Scalar, Sequence
from labyard.spec.findings import Finding, nearest
from labyard.spec.references import examine, needed

TITLE: Final = (10, 120)
DESCRIPTION: Final = 500
CATEGORIES: Final = (
    *("linux", "networking", "containers", "kubernetes", "programming", "observability", "security", "ci-cd"),
    *("generative-ai", "cloud", "iac"),
)
MOST_CATEGORIES, MOST_TAGS = 2, 5
MOST_TASKS: Final = 256
SCRIPTS: Final = ("run", "hintcheck", "failcheck")
SCRIPT: Final = 64 << 10  # characters, as in a playground's manifest
TIMEOUT: Final = 3600  # seconds, likewise

_STATIC: Final = "__static__/"
_SHOWN: Final = {
    "challenge": "challenges",
    "tutorial": "tutorials",
    "course": "courses",
    "skill-path": "skill_paths",
    "roadmap": "roadmaps",
    "playground": "playgrounds",
}
"""A card's prop → the field that its value must be in."""

Exists = Callable[[str], bool]
"""Whether there is a file of that path beside the content."""


def check_listing(content: Content, exists: Exists) -> Iterator[Finding]:
    """What is wrong with how it is listed: it can be played all the same."""
    if content.cover is not None and content.cover.startswith(_STATIC) and not exists(content.cover):
        yield Finding(loc=("cover",), message=f"there is no {content.cover}")
    least, most = TITLE
    if not isinstance(content, Unit) and not least <= len(content.title) <= most:
        yield Finding(
            loc=("title",), message=f"a title has {least} to {most} characters, this one {len(content.title)}"
        )
    if content.description is not None and len(content.description) > DESCRIPTION:
        words = f"a description has at most {DESCRIPTION} characters, this one {len(content.description)}"
        yield Finding(loc=("description",), message=words)
    if isinstance(content, Listed):
        yield from _catalogued(content)


def _catalogued(content: Listed) -> Iterator[Finding]:
    if len(content.categories) > MOST_CATEGORIES:
        yield Finding(
            loc=("categories",), message=f"at most {MOST_CATEGORIES} categories, not {len(content.categories)}"
        )
    for index, category in enumerate(content.categories):
        if category not in CATEGORIES:
            hint = nearest(category, CATEGORIES)
            yield Finding(loc=("categories", index), message=f"there is no category `{category}`", hint=hint)
    if len(content.tagz) > MOST_TAGS:
        yield Finding(loc=("tagz",), message=f"at most {MOST_TAGS} tags, not {len(content.tagz)}")
    for index, tag in enumerate(content.tagz):
        if (word := next((each for each in CATEGORIES if each in tag.lower()), None)) is not None:
            hint = "what a category says already need not be a tag"
            yield Finding(loc=("tagz", index), message=f"the tag `{tag}` holds the category `{word}`", hint=hint)


def check_tasks(content: Played) -> Iterator[Finding]:
    """What is wrong with its tasks, beyond single fields."""
    tasks = content.tasks
    if tasks and content.playground is None:
        yield Finding(loc=("tasks",), message="tasks need a `playground` to run in", key=True)
    if isinstance(content, Challenge) and not any(not task.init and not task.helper for task in tasks.values()):
        hint = "add a task with neither `init` nor `helper`: the challenge is solved when all of them pass"
        yield Finding(loc=("tasks",), message="a challenge needs a task that checks it", hint=hint, absence=True)
    if len(tasks) > MOST_TASKS:
        yield Finding(loc=("tasks",), message=f"at most {MOST_TASKS} tasks, not {len(tasks)}")
        return
    placed = [task for task in tasks.values() if task.machine is not None]
    for name, task in tasks.items():
        if placed and task.machine is None:
            hint = "either every task says its `machine`, or none does"
            yield Finding(loc=("tasks", name), message=f"`{name}` does not say where it runs", hint=hint, absence=True)
        yield from _task(name, task, tasks)
    yield from _cycle(tasks)


def _task(name: str, task: Task, tasks: dict[str, Task]) -> Iterator[Finding]:
    loc = ("tasks", name)
    if task.init and task.helper:
        yield Finding(loc=loc, message=f"`{name}` cannot be both `init` and `helper`", key=True)
    if task.timeout_seconds > TIMEOUT:
        yield Finding(loc=(*loc, "timeout_seconds"), message=f"at most {TIMEOUT} seconds, not {task.timeout_seconds}")
    for index, need in enumerate(task.needs):
        other = tasks.get(need)
        if other is not None and (objection := _objection(name, task, need, other)) is not None:
            yield Finding(loc=(*loc, "needs", index), message=objection)
    for key in SCRIPTS:
        script = getattr(task, key) or ""
        if len(script) > SCRIPT:
            yield Finding(loc=(*loc, key), message=f"a script has at most {SCRIPT} characters, this one {len(script)}")
    for index, line in enumerate(task.env):
        if not re.match(r"[A-Za-z_]\w*=", line, re.ASCII):
            yield Finding(loc=(*loc, "env", index), message="this is no `KEY=VALUE`")
    yield from _references(loc, task)


def _objection(name: str, task: Task, need: str, other: Task) -> str | None:
    """Why one cannot wait for the other."""
    if other.helper:
        return f"`{need}` is a helper: it never completes"
    if task.init and not other.init:
        return f"an init task cannot wait for `{need}`, which is none"
    if task.init and task.machine != other.machine:
        return f"the init task `{name}` cannot wait for `{need}`, which runs on another machine"
    return None


def unknown_needs(tasks: dict[str, Task], beside: Collection[str]) -> Iterator[Finding]:
    """`beside`: tasks that its playground has."""
    known = {*tasks, *beside}
    for name, task in tasks.items():
        for index, need in enumerate(task.needs):
            if need not in known:
                loc = ("tasks", name, "needs", index)
                yield Finding(loc=loc, message=f"there is no task `{need}`", hint=nearest(need, known))


def _references(loc: Loc, task: Task) -> Iterator[Finding]:
    """Of all scripts and lines of `env`: what they refer to, and where they cannot."""
    scripts = {key: text for key in SCRIPTS if (text := getattr(task, key)) and len(text) <= SCRIPT}
    places: dict[str | int, Loc] = {key: (*loc, key) for key in scripts}
    places |= {index: (*loc, "env", index) for index in range(len(task.env))}
    for wrong in examine(scripts, task.env):
        said = wrong.objection
        yield Finding(
            loc=places[wrong.where],
            message=said.message,
            hint=said.hint,
            warning=said.warning,
            within=(wrong.line, wrong.column),
        )
    texts: list[tuple[str | int, str]] = [*scripts.items(), *enumerate(task.env)]
    for where, text in texts:
        for need, line, column in needed(text):
            if need not in task.needs:
                hint = nearest(need, task.needs) if task.needs else f"add it: `needs: [{need}]`"
                words = f"`{need}` is not among the task's `needs`"
                yield Finding(loc=places[where], message=words, hint=hint, within=(line, column))


def _cycle(tasks: dict[str, Task]) -> Iterator[Finding]:
    try:
        TopologicalSorter({name: task.needs for name, task in tasks.items()}).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        path = " → ".join(f"`{name}`" for name in circle)
        yield Finding(loc=("tasks", circle[0], "needs"), message=f"these tasks wait for each other: {path}", key=True)


def check_shown(content: Content, body: Body) -> Iterator[Finding]:
    """A task that is never shown cannot be found by its learner. A lesson's may be shown in its units (`units.py`)."""
    if isinstance(content, Played) and not isinstance(content, Lesson):
        yield from never_shown(content, shown_in(body))


def shown_in(body: Body) -> set[str]:
    """The names of the tasks that a body shows."""
    return {value(component, "name") or "" for component, _ in body.blocks() if component.name in TASKS}


def never_shown(content: Played, shown: Collection[str]) -> Iterator[Finding]:
    for name, task in content.tasks.items():
        if not task.init and not task.helper and name not in shown:
            hint = "show it with `::simple-task`, or make it a `helper`"
            yield Finding(loc=("tasks", name), message=f"no component shows the task `{name}`", hint=hint, key=True)


@dataclass(frozen=True, slots=True)
class BodyCheck:
    """Looks at a body beside its front matter. `written`: tasks that the author named, also those that cannot be read."""

    file: str
    content: Content | None
    written: Collection[str]
    exists: Exists

    def problems(self, body: Body) -> Iterator[Problem]:
        for component, around in body.blocks():
            yield from self.component(component, around)
        for component in body.inline:
            yield from self.component(component, ())

    def component(self, component: Component, around: tuple[Component, ...]) -> Iterator[Problem]:
        """What is wrong with one; `around`: those it stands in, the outermost first."""
        kind = KINDS.get(component.name)
        sign = ":" if component.inline else "::"
        if kind is None:
            hint = nearest(component.name, KINDS)
            yield self._say(component.place, f"there is no component `{sign}{component.name}`", hint)
            return
        if kind.inline is not component.inline:
            how = "in a line of text, as `:%s{...}`" if kind.inline else "on a line of its own, as `::%s`"
            yield self._say(component.place, f"`{component.name}` stands {how % component.name}")
            return
        if kind.alone and any(each.name == component.name for each in around):
            yield self._say(component.place, f"`::{component.name}` cannot stand inside another one")
        yield from self._props(component, kind)
        yield from self._slots(component, kind)
        yield from self._meaning(component)

    def _props(self, component: Component, kind: Kind) -> Iterator[Problem]:
        given = {spelled(name): prop for name, prop in component.props.items()}
        for name, prop in given.items():
            if name not in kind.props:
                yield self._say(prop.place, f"`{component.name}` has no prop `{name}`", nearest(name, kind.props))
            elif name in kind.choices and not prop.bound and text(prop) not in kind.choices[name]:
                hint = nearest(text(prop) or "", kind.choices[name])
                yield self._say(prop.place, f"`{name}` cannot be `{text(prop)}`", hint)
        for name in kind.required:
            if name not in given:
                yield self._say(component.place, f"`::{component.name}` needs the prop `{name}`")

    def _slots(self, component: Component, kind: Kind) -> Iterator[Problem]:
        known = kind.slots
        if known is None and (tabs := component.props.get("tabs")) is not None:
            known = tuple(_names(tabs))
        for name, place in component.slot_places.items():
            if known is not None and name not in known:
                yield self._say(place, f"`::{component.name}` has no slot `#{name}`", nearest(name, known))

    def _meaning(self, component: Component) -> Iterator[Problem]:
        if component.name in TASKS:
            yield from self._task(component)
        elif component.name == "card":
            yield from self._card(component)
        elif component.name == "grid":
            yield from self._grid(component)

    def _task(self, component: Component) -> Iterator[Problem]:
        name = value(component, "name")
        if isinstance(self.content, Unit):
            return  # it shows those of its lesson: `units.py`
        if name is None or not isinstance(self.content, Played):
            if name is not None and self.content is not None:
                yield self._say(component.place, f"a {self.content.kind} has no tasks to show")
            return
        tasks = self.content.tasks
        place = component.props["name"].place
        if name not in self.written:
            hint = nearest(name, self.written) or "the front matter has no `tasks`"
            yield self._say(place, f"there is no task `{name}`", hint)
        elif name in tasks and tasks[name].helper:
            yield self._say(place, f"`{name}` is a helper: it is never shown")

    def _card(self, component: Component) -> Iterator[Problem]:
        if not component.props:
            yield self._say(component.place, "a card shows something: give it `challenge`, `tutorial` or the like")
        for prop, field in _SHOWN.items():
            written = value(component, prop)
            if written is None or self.content is None:
                continue
            group, _, name = written.partition(".")
            known: dict[str, object] = getattr(self.content, field)
            if group.replace("-", "_") != field or not {name, name.replace("_", "-")} & set(known):
                hint = nearest(name, known) or f"the front matter has no `{field.replace('_', '-')}`"
                yield self._say(component.props[prop].place, f"`{written}` is not in the front matter", hint)

    def _grid(self, component: Component) -> Iterator[Problem]:
        """Its items are cards whose reference alone says what they show."""
        items = component.props.get("items")
        if items is None or self.content is None or not isinstance(items.value, Sequence):
            return
        known = {f"{field}.{name}" for field in _SHOWN.values() for name in getattr(self.content, field)}
        for item in items.value.items:
            for each in item.entries.values() if isinstance(item, Mapping) else ():
                written = str(each.value) if isinstance(each, Scalar) else ""
                if written.replace("-", "_") not in {name.replace("-", "_") for name in known}:
                    yield self._say(each.place, f"`{written}` is not in the front matter", nearest(written, known))

    def _say(self, place: Place, message: str, hint: str | None = None) -> Problem:
        return Problem(file=self.file, line=place.line, column=place.column, message=message, hint=hint)


def _names(prop: Prop) -> Iterator[str]:
    for item in prop.value.items if isinstance(prop.value, Sequence) else ():
        if isinstance(item, Mapping) and isinstance(name := item.entries.get("name"), Scalar):
            yield str(name.value)
