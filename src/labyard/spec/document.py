"""YAML text → a bounded tree in which every value knows its place.

Read from the parser's events, so that nothing is built before it was counted. Every scalar stays the text that was
written: a field decides how its text is read, so `kernel: 6.10` is not the number 6.1 and `options: [no]` no boolean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from labyard.errors import Problem, SpecError
from labyard.spec.limits import Limits

Loc = tuple[str | int, ...]
"""The way to a value: keys and list positions, from the root."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`count` and `weight`: values and characters in it, aliases expanded. `whole` false: something was cut out."""

    place: Place
    count: int = 1
    weight: int = 0
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar(Node):
    """`inner`: where the first character of its text is written, None where its lines are not those of the file."""

    value: str | bool | int | float | None
    inner: Place | None = None

    def within(self, line: int, column: int) -> Place:
        """Where what is at this place of its text, counted from 0, is written; else where the value is."""
        if self.inner is None:
            return self.place
        return Place(self.inner.line + line, self.inner.column + column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping(Node):
    """`keys` are the places of the keys."""

    entries: dict[str, Node]
    keys: dict[str, Place]


class _RefusedError(Exception):
    """Reading cannot go on."""

    def __init__(self, place: Place, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.place, self.message, self.hint = place, message, hint


@dataclass(slots=True)
class _Reader:
    events: Iterator[Any]
    limits: Limits
    file: str
    above: int
    lines: list[str]
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    count: int = 0
    weight: int = 0

    def read(self) -> Node | None:
        """The only document, None when the text is empty."""
        next(self.events)  # the stream's start
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        root = self.node(next(self.events), 0)
        next(self.events)  # the document's end
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _RefusedError(self.place(event), "a second document starts here", "one file holds one manifest")
        return root

    def node(self, event: Any, depth: int) -> Node:
        place = self.place(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(str(event.anchor), place)
        if event.tag is not None and event.tag != "!":
            self.say(place, f"YAML tags like `{_short(event.tag)}` have no meaning here", "leave the tag out")
        if depth > self.limits.depth:
            raise _RefusedError(place, f"this nests deeper than {self.limits.depth} levels")
        if isinstance(event, yaml.ScalarEvent):
            self.spend(place, 1, len(event.value))
            node: Node = self.scalar(event, place)
        else:
            self.spend(place, 1, 0)
            node = (
                self.sequence(place, depth)
                if isinstance(event, yaml.SequenceStartEvent)
                else self.mapping(place, depth)
            )
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def alias(self, name: str, place: Place) -> Node:
        node = self.anchors.get(name)
        if node is None:
            raise _RefusedError(place, f"`*{_short(name)}` refers to nothing above it", "a value cannot hold itself")
        self.spend(place, node.count, node.weight)
        return node

    def spend(self, place: Place, count: int, weight: int) -> None:
        self.count += count
        self.weight += weight
        if self.count > self.limits.nodes or self.weight > self.limits.characters:
            raise _RefusedError(place, "there is too much in this file, aliases counted as often as they are used")

    def scalar(self, event: Any, place: Place) -> Scalar:
        if "\0" in event.value:
            self.say(place, "a NUL character cannot be used anywhere")
        empty = event.implicit[0] and event.value in _NULLS  # implicit[0]: written without quotes
        value = None if empty else event.value
        return Scalar(place=place, weight=len(event.value), value=value, inner=self.inner(event, place))

    def inner(self, event: Any, place: Place) -> Place | None:
        """Of a literal block or what is written in one line without escapes."""
        if event.style == "|":
            text = next((line for line in event.value.split("\n") if line.strip(" ")), "")
            above = event.value.split("\n").index(text) + event.start_mark.line + 1
            written = self.lines[above] if text and above < len(self.lines) else ""
            return Place(place.line + 1, written.find(text) + 1) if written.endswith(text) and text else None
        quotes = 0 if event.style in (None, "") else 1
        width = event.end_mark.column - event.start_mark.column - 2 * quotes
        same = event.start_mark.line == event.end_mark.line and width == len(event.value) and event.style != ">"
        return Place(place.line, place.column + quotes) if same else None

    def sequence(self, place: Place, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1))
        return Sequence(place=place, items=tuple(items), count=1 + _count(items), weight=_weight(items))

    def mapping(self, place: Place, depth: int) -> Mapping:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            at = self.place(event)
            key = self.key(self.node(event, depth + 1), at)
            value = self.node(next(self.events), depth + 1)
            if key is None:
                continue
            if key in entries:
                self.say(at, f"`{_short(key)}` is given twice", f"first in line {keys[key].line}")
                continue
            entries[key], keys[key] = value, at
        nodes = list(entries.values())
        weight = _weight(nodes) + sum(map(len, entries))
        return Mapping(place=place, entries=entries, keys=keys, count=1 + len(nodes) + _count(nodes), weight=weight)

    def key(self, node: Node, place: Place) -> str | None:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self.say(place, "a key must be a plain word")
            return None
        if node.value == "<<":
            self.say(place, "merge keys (`<<`) are not supported", "write the keys out, or alias a whole value")
            return None
        return node.value

    def place(self, event: Any) -> Place:
        return _place(event, self.above)

    def say(self, place: Place, message: str, hint: str | None = None) -> None:
        self.problems.append(_problem(self.file, place, message, hint))


def read_yaml(
    text: str, *, file: str, limits: Limits, loader: Any = _LOADER, above: int = 0
) -> tuple[Mapping, tuple[Problem, ...]]:
    """The tree of a manifest and what is wrong with it as YAML. Raises SpecError when there is no tree to speak of.

    `above`: lines of the file before the first of `text`.
    """
    start = Place(above + 1, 1)
    size = _encoded_size(text)
    if size is None or size > limits.document:
        message = "this is not text" if size is None else f"this file is larger than {limits.document} bytes"
        raise SpecError((_problem(file, start, message),))
    reader = _Reader(
        events=yaml.parse(text, Loader=loader), limits=limits, file=file, above=above, lines=text.split("\n")
    )
    try:
        root = reader.read()
    except _RefusedError as error:
        raise SpecError((*reader.problems, _problem(file, error.place, error.message, error.hint))) from None
    except yaml.YAMLError as error:
        raise SpecError((*reader.problems, _syntax_problem(error, file, text, above))) from None
    if not isinstance(root, Mapping):
        message = "this file is empty" if root is None else "a manifest is a mapping of keys to values"
        raise SpecError((*reader.problems, _problem(file, root.place if root else start, message)))
    return root, tuple(reader.problems)


def tree_of(value: object, *, limits: Limits) -> Node:
    """The tree of a decoded JSON value, all in line 1. Raises ValueError when it is too deep, too large, or no JSON."""
    place = Place(1, 1)
    budget = [limits.nodes, limits.characters]

    def spend(characters: int) -> None:
        budget[0] -= 1
        budget[1] -= characters
        if min(budget) < 0:
            raise ValueError("there is too much in this request")

    def build(item: object, depth: int) -> Node:
        if depth > limits.depth:
            raise ValueError(f"this nests deeper than {limits.depth} levels")
        spend(len(item) if isinstance(item, str) else 0)
        if item is None or isinstance(item, str | bool | int | float):
            return Scalar(place=place, value=item)
        if isinstance(item, list | tuple):
            return Sequence(place=place, items=tuple(build(part, depth + 1) for part in item))
        if isinstance(item, dict) and all(isinstance(key, str) for key in item):
            entries = {key: build(part, depth + 1) for key, part in item.items()}
            return Mapping(place=place, entries=entries, keys=dict.fromkeys(entries, place))
        raise ValueError("this is no JSON")

    return build(value, 0)


def plain(node: Node) -> Any:
    """Lists, dicts and scalars."""
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.entries.items()}
    return node.value if isinstance(node, Scalar) else None


def find(node: Node, loc: Loc) -> Node | None:
    """The value at `loc`."""
    for step in loc:
        if isinstance(node, Mapping) and step in node.entries:
            node = node.entries[str(step)]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            return None
    return node


def place_of(root: Node, loc: Loc, *, key: bool = False) -> Place:
    """Where `loc` is written (its key if `key`), or the nearest thing around it."""
    while loc:
        parent = find(root, loc[:-1])
        if key and isinstance(parent, Mapping) and loc[-1] in parent.keys:
            return parent.keys[str(loc[-1])]
        if (node := find(root, loc)) is not None:
            return node.place
        loc, key = loc[:-1], True
    return root.place


def show_path(loc: Loc) -> str:
    """`playground.machines[0].name`."""
    return re.sub(r"\.(\[\d+\])", r"\1", ".".join(f"[{step}]" if isinstance(step, int) else str(step) for step in loc))


def _count(nodes: list[Node]) -> int:
    return sum(node.count for node in nodes)


def _weight(nodes: list[Node]) -> int:
    return sum(node.weight for node in nodes)


def _encoded_size(text: str) -> int | None:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None


def _place(event: Any, above: int) -> Place:
    return Place(above + event.start_mark.line + 1, event.start_mark.column + 1)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _problem(file: str, place: Place, message: str, hint: str | None = None) -> Problem:
    return Problem(file=file, line=place.line, column=place.column, message=message, hint=hint)


def _syntax_problem(error: yaml.YAMLError, file: str, text: str, above: int) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark) is not None:
        place, words = (
            Place(above + mark.line + 1, mark.column + 1),
            ", ".join(filter(None, (error.context, error.problem))),
        )
        if "nesting depth" in words:  # libyaml's own limit (since 0.2.6), met while it looks ahead of our count
            return _problem(file, place, "this nests deeper than YAML is read")
        return _problem(file, place, f"this is not YAML: {words}")
    bad = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    before = text[: bad.start()] if bad else ""
    place = Place(above + before.count("\n") + 1, len(before) - before.rfind("\n"))
    return _problem(file, place, "this is not YAML: a character here cannot be printed")
