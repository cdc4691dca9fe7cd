"""The components a lesson may use: the one table of their props and slots. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from labyard.content.blocks import Component, Prop
from labyard.spec.document import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`choices`: what a prop may be, where that is fixed. `slots` None: the author names them.

    `alone`: it cannot stand inside one of its own kind. `inline`: it stands in a line of text.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    slots: tuple[str, ...] | None = ()
    alone: bool = False
    inline: bool = False

    @property
    def props(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


KINDS: Final[dict[str, Kind]] = {
    "simple-task": Kind(required=("tasks", "name"), slots=("active", "completed")),
    "user-input-task": Kind(
        required=("tasks", "name"),
        optional=("validate-regex", "validate", "destination"),
        slots=("active", "completed"),
    ),
    "remark-box": Kind(optional=("kind",), choices={"kind": ("info", "tip", "warning", "error")}),
    "image-box": Kind(
        required=("src",), optional=("alt", "max-width", "margin", "padding", "float", "border", "radius")
    ),
    "details-box": Kind(optional=("summary",), alone=True),
    "hint-box": Kind(optional=("summary",)),
    "card": Kind(
        optional=("challenge", "content", "playground", "lesson", "tutorial", "course", "skill-path", "roadmap")
    ),
    "highlight": Kind(),
    "slide-show": Kind(required=("slides",)),
    "tabbed": Kind(required=("tabs",), optional=("group",), slots=None),
    "grid": Kind(optional=("items",)),
    "tab": Kind(optional=("text", "machine", "name", "new"), inline=True),
    "http-port": Kind(required=("port",), optional=("text", "machine", "public", "https"), inline=True),
}
"""Formats follow iximiuz Labs, old spellings of props too (`validate`). `maxWidth` is the same as `max-width`."""

TASKS: Final = ("simple-task", "user-input-task")
"""Those that show a task by its `name`."""


def spelled(prop: str) -> str:
    """A prop's name as it is in the table."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda letter: f"-{letter[0]}", prop).lower()


def value(component: Component, prop: str) -> str | None:
    """The text of a prop, however it is spelled."""
    found = next((value for name, value in component.props.items() if spelled(name) == prop), None)
    return None if found is None else text(found)


def text(prop: Prop) -> str | None:
    """Of a bound one without the quotes that make it a text of JavaScript's."""
    if not isinstance(prop.value, Scalar) or prop.value.value is None:
        return None
    written = str(prop.value.value)
    quoted = prop.bound and len(written) > 1 and written[0] == written[-1] and written[0] in "'\""
    return written[1:-1] if quoted else written
