"""What one piece of content is made of: modules, lessons, units, by the names of its files. Pure.

```
index.md                                the piece itself
010.module/0.index.md                   a module of a course
010.module/020.lesson/index.md          a lesson of it; in a flat course lessons lie beside index.md
unit-1.md                               a unit: of a skill path, roadmap or training, or of the lesson beside it
```
Order is that of the names, number first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from labyard.content.document import Document
from labyard.content.ground import Ground
from labyard.content.model import Lesson, Module
from labyard.errors import Problem

INDEX: Final = re.compile(r"([0-9]+\.)?index\.md")
_UNIT: Final = re.compile(r"(unit-.*|program)\.md")
_NUMBER: Final = re.compile(r"^[0-9]+[._-]")
MOST: Final = 1_000
"""Files of one piece that are read."""

Read = Callable[[str], Document]
"""A file of the piece, by its path in it."""
Fit = Callable[[str, Document], Ground]
"""How a lesson that lies in a folder of the piece fits its playground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One file that is read. `folder`: where it lies in its piece, empty at the top."""

    name: str
    folder: str
    document: Document

    @property
    def title(self) -> str:
        return self.document.title or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonPage(Page):
    """`module`: the name of its module, empty in a flat course. `ground`: how it fits the playground it is played in."""

    module: str = ""
    units: tuple[Page, ...] = ()
    ground: Ground

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.document.problems, *self.ground.problems)

    @property
    def path(self) -> str:
        return f"{self.module}/{self.name}" if self.module else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePage:
    """`page` None: the one that holds the lessons of a flat course; it has no name."""

    name: str
    page: Page | None
    lessons: tuple[LessonPage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    modules: tuple[ModulePage, ...]
    units: tuple[Page, ...]

    def lessons(self) -> Iterator[LessonPage]:
        for module in self.modules:
            yield from module.lessons

    def pages(self) -> Iterator[Page]:
        for module in self.modules:
            if module.page is not None:
                yield module.page
            for lesson in module.lessons:
                yield lesson
                yield from lesson.units
        yield from self.units


def tree_of(names: Sequence[str], read: Read, fit: Fit) -> Tree:
    """`names`: paths of a piece's files, in order. Files beyond MOST are not looked at."""
    files: dict[str, list[str]] = {}
    for name in names[:MOST]:
        folder, _, file = name.rpartition("/")
        files.setdefault(folder, []).append(file)
    flat: list[LessonPage] = []
    modules: list[ModulePage] = []
    for folder in sorted(files):
        page = _index(folder, files, read) if folder and "/" not in folder else None
        if page is None:
            continue
        if isinstance(page.document.content, Module):
            modules.append(_module(page, files, read, fit))
        else:
            flat.append(_lesson(page, "", files, read, fit))
    if flat:
        modules.insert(0, ModulePage(name="", page=None, lessons=tuple(flat)))
    return Tree(modules=tuple(modules), units=_units("", files, read))


def _module(page: Page, files: dict[str, list[str]], read: Read, fit: Fit) -> ModulePage:
    inside = [folder for folder in sorted(files) if folder.rpartition("/")[0] == page.folder]
    lessons = (_index(folder, files, read) for folder in inside)
    return ModulePage(
        name=page.name,
        page=page,
        lessons=tuple(_lesson(each, page.name, files, read, fit) for each in lessons if each is not None),
    )


def _lesson(page: Page, module: str, files: dict[str, list[str]], read: Read, fit: Fit) -> LessonPage:
    return LessonPage(
        name=page.name,
        folder=page.folder,
        document=page.document,
        module=module,
        units=_units(page.folder, files, read),
        ground=fit(page.folder, page.document),
    )


def _index(folder: str, files: dict[str, list[str]], read: Read) -> Page | None:
    file = next((each for each in files[folder] if INDEX.fullmatch(each)), None)
    if file is None:
        return None
    document = read(f"{folder}/{file}")
    content = document.content
    named = content.name if isinstance(content, Lesson | Module) else None
    return Page(name=named or plain_name(folder.rpartition("/")[2]), folder=folder, document=document)


def _units(folder: str, files: dict[str, list[str]], read: Read) -> tuple[Page, ...]:
    found = sorted((each for each in files.get(folder, ()) if _UNIT.fullmatch(each)), key=_in_order)
    return tuple(_unit(folder, each, read) for each in found)


def _unit(folder: str, file: str, read: Read) -> Page:
    document = read(f"{folder}/{file}" if folder else file)
    named = document.content.name if document.content is not None else None
    return Page(name=named or file.removesuffix(".md"), folder=folder, document=document)


def _in_order(file: str) -> tuple[bool, list[tuple[int, str]]]:
    """The program first, then units with their numbers read as numbers."""
    return file != "program.md", [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", file)]


def plain_name(folder: str) -> str:
    """Of `010.first-steps`: `first-steps`."""
    return _NUMBER.sub("", folder) or folder
