"""The front matter of each kind of content: the one table of fields. Types, defaults and descriptions make the parser.

Formats follow iximiuz Labs; a field marked *Extension* is Labyard's own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from labyard.spec import kinds
from labyard.spec.model import Condition, InitConditions, Network, SharedStartupFile, Spec, Tab


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Embed(Spec):
    """Something that is shown as a card; its key says which."""


class Task(Spec):
    """A check or an action in a machine: init (once, before the lesson is shown), helper (for ever), else again and again
    until it passes."""

    name: kinds.TaskName | None = None
    """The key in `tasks`; only repeated here."""
    init: kinds.Boolean = False
    """Once, before the lesson is shown."""
    helper: kinds.Boolean = False
    """For ever, seen by nobody, of no effect on completion."""
    machine: kinds.HostName | None = None
    """Where it runs. Needed where a playground has several machines."""
    user: kinds.UserName = "root"
    """Who runs it."""
    run: kinds.Text
    """A bash script; it passes with exit code 0."""
    needs: tuple[kinds.TaskName, ...] = ()
    """Tasks that must be completed before. All init tasks of its own machine are, in any case."""
    env: tuple[kinds.Text, ...] = ()
    """`KEY=VALUE`; a value may hold `x(.needs.TASK.stdout)`."""
    timeout_seconds: kinds.Count = Field(default=60, alias="timeout_seconds")
    """Seconds of one run."""
    hintcheck: kinds.Text | None = None
    """A script that runs when `run` has not passed; what it prints is the learner's hint."""
    failcheck: kinds.Text | None = None
    """A script that runs when `run` has not passed; when it fails, so do the task and the attempt."""
    conditions: tuple[Condition, ...] = ()
    """When one does not hold, the lesson goes without this task."""


class PlaygroundUse(Spec):
    """Which playground a lesson is played in, and what is different there."""

    name: kinds.Slug
    """A playground of the catalog."""
    machines: tuple[Any, ...] = ()
    """Machines instead of the playground's; one of the same name takes from it what it does not say itself."""
    networks: tuple[Network, ...] = ()
    """Networks instead of the playground's."""
    tabs: tuple[Tab, ...] = ()
    """Tabs instead of the playground's."""
    startup_files: tuple[SharedStartupFile, ...] = ()
    """Files beside the playground's."""
    registry_auth: kinds.RegistryAuth | None = None
    """`user:password` of the play's own image registry. Kept, not used yet."""
    init_conditions: InitConditions = InitConditions()
    """Start parameters."""


class Content(Spec):
    """What all kinds have."""

    kind: str
    """What it is."""
    title: kinds.Line
    """10 to 120 characters."""
    name: kinds.Slug | None = None
    """Its address. Default: the name of its folder."""
    slug: kinds.Slug | None = None
    """Its address within its course or path."""
    description: kinds.Text | None = None
    """At most 500 characters."""
    cover: kinds.Line | None = None
    """An image in `__static__`."""
    created_at: kinds.Moment | None = None
    """`2026-11-26` or `2026-11-26T12:00:00`."""
    updated_at: kinds.Moment | None = None
    """Likewise."""
    playgrounds: dict[str, Embed | None] = Field(default_factory=dict)
    """Playgrounds that its cards show."""
    challenges: dict[str, Embed | None] = Field(default_factory=dict)
    """Challenges that its cards show."""
    tutorials: dict[str, Embed | None] = Field(default_factory=dict)
    """Tutorials that its cards show."""
    courses: dict[str, Any] = Field(default_factory=dict)
    """Courses that its cards show; `lessons` names those of a course."""
    skill_paths: dict[str, Embed | None] = Field(default_factory=dict, alias="skill-paths")
    """Skill paths that its cards show."""
    roadmaps: dict[str, Embed | None] = Field(default_factory=dict)
    """Roadmaps that its cards show."""


class Listed(Content):
    """What stands in the catalog by itself."""

    created_at: kinds.Moment
    """`2026-11-26` or `2026-11-26T12:00:00`."""
    categories: tuple[kinds.Line, ...] = ()
    """Where it stands: at most two."""
    tagz: tuple[kinds.Line, ...] = ()
    """At most five; none may contain the word of a category."""
    needs: kinds.Need | None = None
    """*Extension.* `internet`: it does not work on a box without."""


class Played(Content):
    """What is read beside a play."""

    playground: PlaygroundUse | None = None
    """Where it is played."""
    tasks: dict[kinds.TaskName, Task] = Field(default_factory=dict)
    """What is done and checked in its machines, by name."""


class Challenge(Listed, Played):
    kind: Literal["challenge"]
    """Always `challenge`."""
    difficulty: Difficulty
    """`easy`, `medium` or `hard`."""
    playground: PlaygroundUse
    """Where it is played."""


class Tutorial(Listed, Played):
    kind: Literal["tutorial"]
    """Always `tutorial`."""


class Course(Listed):
    kind: Literal["course"]
    """Always `course`."""


class Module(Content):
    kind: Literal["module"]
    """Always `module`."""


class Lesson(Played):
    kind: Literal["lesson"]
    """Always `lesson`."""
    source: kinds.Url | None = None
    """Where its text is kept."""


class SkillPath(Listed):
    kind: Literal["skill-path"]
    """Always `skill-path`."""
    difficulties: tuple[Difficulty, ...] = ()
    """How hard it is."""


class Unit(Content):
    kind: Literal["unit"]
    """Always `unit`."""


class Roadmap(Listed):
    kind: Literal["roadmap"]
    """Always `roadmap`."""


class Training(Listed):
    kind: Literal["training"]
    """Always `training`."""


class Solution(Spec):
    """The head of `solution.md`; it may be left out."""

    kind: Literal["solution"] | None = None
    """Always `solution`."""
    title: kinds.Line | None = None
    """Shown above it."""


KINDS: dict[str, type[Content]] = {
    "challenge": Challenge,
    "tutorial": Tutorial,
    "course": Course,
    "module": Module,
    "lesson": Lesson,
    "skill-path": SkillPath,
    "unit": Unit,
    "roadmap": Roadmap,
    "training": Training,
}
