"""All content there is, in folders `challenges/NAME/`, `tutorials/NAME/` and so on below some roots.

Looked at anew at every question, so that an author sees an edit at once; read only when it changed. What is broken is
listed with its problems. What was pushed is called as its folder, whatever it says of itself: it cannot take another's name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from errno import ENOENT
from functools import partial
from pathlib import Path
from typing import Final

from labyard.content.document import Document
from labyard.content.folder import Folder
from labyard.content.ground import Ground, Grounds, check_ground
from labyard.content.lint import LARGEST, read_file
from labyard.content.model import Content
from labyard.content.stamps import STATIC, Stamp, stamp
from labyard.content.tree import INDEX, LessonPage, Tree, tree_of
from labyard.errors import NotFoundError, Problem
from labyard.spec.limits import DEFAULT, Limits

PLURALS: Final = {
    "challenges": "challenge",
    "tutorials": "tutorial",
    "courses": "course",
    "skill-paths": "skill-path",
    "roadmaps": "roadmap",
    "trainings": "training",
}
"""The word in addresses and folders → the kind."""
MOST_PIECES: Final = 2_000
"""Of one kind, below one root."""
_KEPT: Final = 10_000  # documents
_SOLUTION: Final = re.compile(r"solution(-[0-9]+)?\.md")
_SCRIPT: Final = re.compile(r"\.(solution(?:-[0-9]+)?)\.sh")

_ABSENT: Final = object()


class Origin(Enum):
    SHIPPED = "shipped"  # nobody changes it
    OWN = "own"  # its author may push to it
    PREVIEW = "preview"  # an author looks at it: in no list, nobody's progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One piece. `file`: its index as people call it. `ground`: how it fits the playground it is played in."""

    origin: Origin
    plural: str
    name: str
    folder: Path
    file: str
    document: Document
    ground: Ground

    @property
    def content(self) -> Content | None:
        return self.document.content

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.document.problems, *self.ground.problems)


@dataclass(frozen=True, kw_only=True, slots=True)
class Solution:
    """`document` None: there is only a script; `script` None: there is none for a bot."""

    name: str
    document: Document | None = None
    script: str | None = None


@dataclass
class Library:
    """`roots`: of what ships. `grounds`: asked for the playgrounds there are. `own`, `previews`: roots that are pushed to."""

    roots: Sequence[Path]
    grounds: Callable[[], Grounds]
    limits: Limits = DEFAULT
    own: Path | None = None
    previews: Path | None = None
    _read: dict[Path, tuple[Stamp, Document]] = field(default_factory=dict)
    _fits: dict[str, tuple[Document, object, Ground]] = field(default_factory=dict)

    def entries(self, plural: str) -> list[Entry]:
        """The catalog, by name: one's own, then what ships. Where two have the same name, the earlier root's counts."""
        own = () if self.own is None else ((self.own, Origin.OWN),)
        return self._listed(plural, (*own, *((root, Origin.SHIPPED) for root in self.roots)))

    def previews_of(self, plural: str) -> list[Entry]:
        return self._listed(plural, () if self.previews is None else ((self.previews, Origin.PREVIEW),))

    def shipped(self, plural: str) -> list[Entry]:
        """Also those that one's own stand in front of."""
        return self._listed(plural, tuple((root, Origin.SHIPPED) for root in self.roots))

    def entry(self, plural: str, name: str) -> Entry:
        """A preview, or one of the catalog. NotFoundError when there is none of that name."""
        found = (each for entries in (self.previews_of, self.entries) for each in entries(plural))
        entry = next((each for each in found if each.name == name), None)
        if entry is None:
            raise no_piece(plural, name)
        return entry

    def tree(self, entry: Entry) -> Tree:
        """Its modules, lessons and units."""
        folder = Folder(entry.folder)
        try:
            names = folder.names()
        except ValueError:
            names = ()
        grounds = self.grounds()

        def read(name: str) -> Document:
            return self._document(folder, name, f"{_shown(entry)}/{name}")

        def fit(place: str, document: Document) -> Ground:
            return self._fit(str(entry.folder / place), document, (entry.folder / place, entry.folder), grounds)

        return tree_of(names, read, fit)

    def lesson(self, entry: Entry, path: str) -> LessonPage:
        """A lesson of a course by `module/lesson`. NotFoundError."""
        lesson = next((each for each in self.tree(entry).lessons() if each.path == path), None)
        if lesson is None:
            raise NotFoundError(f"{entry.name} has no lesson {path[:128]!r}")
        return lesson

    def solutions(self, entry: Entry, folder: str = "") -> list[Solution]:
        """Those that lie in `folder` of the piece, by name."""
        here = Folder(entry.folder)
        place = entry.folder / folder
        found: dict[str, Solution] = {}
        for path in sorted(place.iterdir() if place.is_dir() else ()):
            within = f"{folder}/{path.name}" if folder else path.name
            if not here.exists(within):
                continue
            if _SOLUTION.fullmatch(path.name):
                name = path.name.removesuffix(".md")
                text = self._document(here, within, f"{_shown(entry)}/{within}")
                found[name] = replace(found.get(name, Solution(name=name)), document=text)
            elif match := _SCRIPT.fullmatch(path.name):
                found[match[1]] = replace(found.get(match[1], Solution(name=match[1])), script=_script(here, within))
        return [found[name] for name in sorted(found)]

    def static(self, entry: Entry, path: str) -> Path:
        """A file of a `__static__` of the piece. NotFoundError, also for what lies elsewhere, however it is spelled."""
        parts = path.split("/")
        if STATIC in parts[:-1] and not any(part in ("", ".", "..") or part[0] == "." for part in parts):
            home = entry.folder.joinpath(*parts[: parts.index(STATIC) + 1]).resolve()
            file = entry.folder.joinpath(*parts).resolve()
            if home.is_relative_to(entry.folder.resolve()) and file.is_relative_to(home) and file.is_file():
                return file
        raise NotFoundError(f"{entry.name} has no file {path[:128]!r}")

    # -- inside --------------------------------------------------------------------------------------------------------

    def _listed(self, plural: str, roots: Sequence[tuple[Path, Origin]]) -> list[Entry]:
        if plural not in PLURALS:
            raise NotFoundError(f"there is no content of the kind {plural[:64]!r}")
        grounds = self.grounds()
        found: dict[str, Entry] = {}
        for root, origin in roots:
            for folder in _folders(root / plural)[:MOST_PIECES]:
                entry = self._entry(folder, plural, grounds, origin)
                if entry is not None:
                    found.setdefault(entry.name, entry)
        return [found[name] for name in sorted(found)]

    def _entry(self, folder: Path, plural: str, grounds: Grounds, origin: Origin) -> Entry | None:
        index = next((each for each in _names(folder) if INDEX.fullmatch(each)), None)
        if index is None:
            return None
        file = f"{plural}/{folder.name}/{index}"
        document = self._document(Folder(folder), index, file)
        content = document.content
        if content is not None and content.kind != PLURALS[plural]:
            words = f"a {content.kind} cannot lie in `{plural}/`"
            problem = Problem(file=file, line=1, column=1, message=words)
            document = Document.unread(file, problem)
            content = None
        named = content.name if content is not None and origin is Origin.SHIPPED else None
        ground = self._fit(str(folder), document, (folder,), grounds)
        return Entry(
            origin=origin,
            plural=plural,
            name=named or folder.name,
            folder=folder,
            file=file,
            document=document,
            ground=ground,
        )

    def _fit(self, key: str, document: Document, folders: Sequence[Path], grounds: Grounds) -> Ground:
        """How a lesson fits its playground; `key` names it. `folders`: where files that it names may lie."""
        use = getattr(document.content, "playground", None)
        manifest = None if use is None else grounds.get(use.name, _ABSENT)
        known = self._fits.get(key)
        if known is None or known[0] is not document or known[1] is not manifest:
            ground = check_ground(document, grounds, self.limits, files=partial(beside, folders))
            known = self._fits[key] = (document, manifest, ground)
        return known[2]

    def _document(self, folder: Folder, name: str, shown: str) -> Document:
        path = folder.root / name
        now = stamp(folder.root, path)
        known = self._read.get(path)
        if known is None or known[0] != now:
            if len(self._read) >= _KEPT:
                self._read.clear()
                self._fits.clear()
            known = self._read[path] = (now, self._parse(folder, name, shown))
        return known[1]

    def _parse(self, folder: Folder, name: str, shown: str) -> Document:
        if not folder.exists(name):
            problem = Problem(file=shown, line=1, column=1, message="cannot be read: it leads out of its folder")
            return Document.unread(shown, problem)
        return read_file(folder, name, self.limits, shown=shown)


def no_piece(plural: str, name: str) -> NotFoundError:
    kind = PLURALS[plural]
    return NotFoundError(f"no {kind} {name[:64]!r}", hint=f"`labyard content list --kind {kind}` shows them")


def _folders(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as found:
            names = [each.name for each in found if each.name[0] != "." and each.is_dir()]
    except OSError:
        return []
    return [place / name for name in sorted(names)]


def _names(place: Path) -> list[str]:
    try:
        return sorted(os.listdir(place))  # noqa: PTH208 - names are enough
    except OSError:
        return []


def beside(folders: Sequence[Path], name: str) -> bytes:
    """A file beside a lesson, or beside its course. Raises OSError, and ValueError for one outside."""
    for folder in folders:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ValueError("it lies outside the lesson's folder")
        if path.is_file() or folder is folders[-1]:
            with path.open("rb") as file:
                return file.read(LARGEST + 1)
    raise FileNotFoundError(ENOENT, "there is no such file", name)


def _script(folder: Folder, name: str) -> str | None:
    """None for one that cannot be read."""
    try:
        return folder.text(name)
    except (OSError, ValueError):
        return None


def _shown(entry: Entry) -> str:
    return entry.file.rpartition("/")[0]
