"""The body of a lesson → Markdown and components, each with its line. Pure.

The syntax is MDC, that of Nuxt Content: `::name` opens a component and `::` closes it, one inside another has more colons,
`---` ... `---` right below the opening holds its props as YAML, `#slot` begins a slot; in a line of text `:name{key="value"}`.
Nothing in code fences and comments counts. What cannot be read is told, and the rest read all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from labyard.errors import Problem, SpecError
from labyard.spec.document import Mapping, Node, Place, Scalar, read_yaml
from labyard.spec.limits import Limits

DEPTH: Final = 16
"""How deep components may nest."""
COMPONENTS: Final = 2_000
"""Components in one file."""

_FENCE: Final = re.compile(r"[ \t>]*(`{3,}|~{3,})([^`]*)$")
_OPEN: Final = re.compile(r"[ \t]*(:{2,})([A-Za-z][A-Za-z0-9-]*)(?:\[[^\]]*\])?(\{.*\})?[ \t]*$")
_CLOSE: Final = re.compile(r"[ \t]*(:{2,})[ \t]*$")
_SLOT: Final = re.compile(r"[ \t]*#([A-Za-z][A-Za-z0-9_-]*)(?:\{.*\})?[ \t]*$")
INLINE: Final = re.compile(r"(?<![\w:`]):([A-Za-z][A-Za-z0-9-]{0,63})(?:\[([^\]]{0,200})\])?\{([^{}]{0,2000})\}")
"""`:name[label]{props}`. Bounded, as it is tried wherever there is a colon."""
_TICKS: Final = re.compile(r"`+")
_ATTRIBUTE: Final = re.compile(
    r"""(?:(:?[A-Za-z_@][\w:.-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'{}]+)))?|[.#][\w-]+)"""
)
_DASHES: Final = re.compile(r"[ \t]*---[ \t]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prop:
    """`value` as written: a bound one (`:key`) names something else, or is JSON."""

    value: Node
    place: Place
    bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Markdown:
    """Lines of text without a component of their own."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """`slots`: its content by name, `default` what comes before the first. `inline`: in a line of text; it has no slots."""

    name: str
    place: Place
    props: dict[str, Prop]
    slots: dict[str, tuple[Part, ...]]
    slot_places: dict[str, Place]
    inline: bool = False

    def parts(self) -> Iterator[Part]:
        for parts in self.slots.values():
            yield from parts


Part = Markdown | Component


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """`inline`: components in lines of text; they are in the text of `parts`, too."""

    parts: tuple[Part, ...]
    inline: tuple[Component, ...]

    def blocks(self) -> Iterator[tuple[Component, tuple[Component, ...]]]:
        """Every component that is no inline one, with those around it, the outermost first."""
        return _blocks(self.parts, ())


@dataclass(slots=True)
class _Open:
    """A component that is being read."""

    name: str
    place: Place
    colons: int
    props: dict[str, Prop]
    slots: dict[str, list[Part]] = field(default_factory=lambda: {"default": []})
    slot_places: dict[str, Place] = field(default_factory=dict)
    current: str = "default"

    def closed(self) -> Component:
        slots = {name: tuple(parts) for name, parts in self.slots.items()}
        return Component(name=self.name, place=self.place, props=self.props, slots=slots, slot_places=self.slot_places)


@dataclass(slots=True)
class _Reader:
    lines: list[str]
    first: int
    file: str
    limits: Limits
    at: int = 0
    opened: list[_Open] = field(default_factory=list)
    root: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    text_line: int = 0
    inline: list[Component] = field(default_factory=list)
    count: int = 0

    @property
    def line(self) -> int:
        return self.first + self.at

    def read(self) -> tuple[Part, ...]:
        while self.at < len(self.lines):
            self.step(self.lines[self.at])
            self.at += 1
        self.flush()
        for left in reversed(self.opened):
            self.say(left.place, f"`::{left.name}` is never closed", f"close it with a line `{':' * left.colons}`")
            self.close()
        return tuple(self.root)

    def step(self, line: str) -> None:
        if fence := _FENCE.match(line):
            self.keep_until(lambda each: _ends(each, fence[1]))
        elif line.lstrip().startswith("<!--") and "-->" not in line:
            self.keep_until(lambda each: "-->" in each)
        elif opening := _OPEN.match(line):
            self.open(opening)
        elif closing := _CLOSE.match(line):
            self.end(len(closing[1]), line)
        elif self.opened and (slot := _SLOT.match(line)):
            self.begin_slot(slot[1], line)
        else:
            self.keep(line)
            self.inline += _inline(line, self.line)

    def keep(self, line: str) -> None:
        if not self.text:
            self.text_line = self.line
        self.text.append(line)

    def keep_until(self, ends: Callable[[str], bool]) -> None:
        """This line and all until one that ends it: text, whatever it looks like."""
        self.keep(self.lines[self.at])
        while self.at + 1 < len(self.lines):
            self.at += 1
            self.keep(self.lines[self.at])
            if ends(self.lines[self.at]):
                return

    def flush(self) -> None:
        if self.text:
            self.add(Markdown(text="\n".join(self.text), line=self.text_line))
            self.text = []

    def add(self, part: Part) -> None:
        if self.opened:
            top = self.opened[-1]
            top.slots[top.current].append(part)
        else:
            self.root.append(part)

    def open(self, opening: re.Match[str]) -> None:
        self.flush()
        place = Place(self.line, opening.start(2) + 1)
        self.count += 1
        if len(self.opened) >= DEPTH or self.count > COMPONENTS:
            words = (
                f"components nest deeper than {DEPTH}" if self.count <= COMPONENTS else "there are too many components"
            )
            raise SpecError((*self.problems, _problem(self.file, place, words)))
        props = attributes(opening[3] or "", place) if opening[3] else {}
        self.opened.append(_Open(opening[2], place, len(opening[1]), props))
        for name, prop in self.yaml_props().items():
            if name in props:
                self.say(prop.place, f"`{name}` is given twice")
            props[name] = prop

    def yaml_props(self) -> dict[str, Prop]:
        """Of the lines between two `---` right below an opening; none when there are none."""
        start = self.at + 1
        while start < len(self.lines) and not self.lines[start].strip():
            start += 1
        if start >= len(self.lines) or not _DASHES.match(self.lines[start]):
            return {}
        end = next((each for each in range(start + 1, len(self.lines)) if _DASHES.match(self.lines[each])), None)
        if end is None:
            self.say(Place(self.first + start, 1), "the component's props never end", "close them with a line `---`")
            return {}
        self.at = end
        text = "\n".join(self.lines[start + 1 : end])
        return self.read_props(text, self.first + start) if text.strip() else {}

    def read_props(self, text: str, above: int) -> dict[str, Prop]:
        try:
            root, problems = read_yaml(text, file=self.file, limits=self.limits, above=above)
        except SpecError as error:
            self.problems += error.problems
            return {}
        self.problems += problems
        return dict(_props(root))

    def begin_slot(self, name: str, line: str) -> None:
        self.flush()
        top = self.opened[-1]
        place = Place(self.line, line.index("#") + 1)
        if name in top.slot_places:
            self.say(place, f"the slot `#{name}` is given twice", f"first in line {top.slot_places[name].line}")
        top.slot_places.setdefault(name, place)
        top.slots.setdefault(name, [])
        top.current = name

    def end(self, colons: int, line: str) -> None:
        """The innermost component with as many colons; those inside it were never closed."""
        self.flush()
        if not any(each.colons == colons for each in self.opened):
            self.say(Place(self.line, line.index(":") + 1), f"`{':' * colons}` closes nothing")
            return
        while self.opened[-1].colons != colons:
            left = self.opened[-1]
            self.say(left.place, f"`::{left.name}` is never closed", f"close it with a line `{':' * left.colons}`")
            self.close()
        self.close()

    def close(self) -> None:
        component = self.opened.pop().closed()
        self.add(component)

    def say(self, place: Place, message: str, hint: str | None = None) -> None:
        self.problems.append(_problem(self.file, place, message, hint))


def read_body(text: str, *, line: int, file: str, limits: Limits) -> tuple[Body, tuple[Problem, ...]]:
    """What a body consists of; `line` is that of its first line in the file. Raises SpecError when it is beyond bounds."""
    reader = _Reader(lines=text.split("\n"), first=line, file=file, limits=limits)
    parts = reader.read()
    return Body(parts=parts, inline=tuple(reader.inline)), tuple(reader.problems)


def _blocks(parts: Iterable[Part], around: tuple[Component, ...]) -> Iterator[tuple[Component, tuple[Component, ...]]]:
    for part in parts:
        if isinstance(part, Component):
            yield part, around
            yield from _blocks(part.parts(), (*around, part))


def _inline(line: str, number: int) -> Iterator[Component]:
    """Components in a line of text; not those in code."""
    for found in INLINE.finditer(_without_code(line)):
        place = Place(number, found.start() + 2)
        props = attributes("{" + line[found.start(3) : found.end(3)] + "}", place)
        yield Component(name=found[1], place=place, props=props, slots={}, slot_places={}, inline=True)


def _without_code(line: str) -> str:
    """Blanks where code is: from a run of backticks to the next of the same length."""
    runs = [found.span() for found in _TICKS.finditer(line)]
    after: dict[int, int] = {}
    ends: dict[int, int] = {}
    for start, end in reversed(runs):
        ends[start] = after.get(end - start, 0)
        after[end - start] = end
    out, at = [], 0
    for start, _ in runs:
        if start >= at and ends[start]:
            out += [line[at:start], " " * (ends[start] - start)]
            at = ends[start]
    return "".join((*out, line[at:]))


def attributes(text: str, place: Place) -> dict[str, Prop]:
    """`{key="value" :bound="value" flag}`; classes and ids are passed over."""
    found: dict[str, Prop] = {}
    for attribute in _ATTRIBUTE.finditer(text[1:-1]):
        if (key := attribute[1]) is None:
            continue
        value = next((each for each in attribute.groups()[1:] if each is not None), "true")
        name, bound = _name(key)
        found[name] = Prop(value=Scalar(place=place, value=value), place=place, bound=bound)
    return found


def _props(root: Mapping) -> Iterator[tuple[str, Prop]]:
    for key, value in root.entries.items():
        name, bound = _name(key)
        yield name, Prop(value=value, place=root.keys[key], bound=bound)


def _name(key: str) -> tuple[str, bool]:
    """`:tasks:` is written for `tasks`, too: YAML takes the last colon for its own."""
    return key.strip(":"), key.startswith(":")


def _ends(line: str, fence: str) -> bool:
    """A closing fence has the same character, at least as often, and nothing else."""
    bare = line.strip(" \t>")
    return bare.startswith(fence) and set(bare) == {fence[0]}


def _problem(file: str, place: Place, message: str, hint: str | None = None) -> Problem:
    return Problem(file=file, line=place.line, column=place.column, message=message, hint=hint)
