"""What is read of a lesson, as HTML."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from labyard.content.addresses import Files
from labyard.content.document import Document
from labyard.content.ground import Ground, play_digest
from labyard.content.library import PLURALS, Entry, Library, Origin
from labyard.content.model import Played
from labyard.content.render import Rendered, render
from labyard.content.stamps import STATIC
from labyard.content.tree import Page
from labyard.errors import NotFoundError, Problem
from labyard.server import lesson_shapes as shapes
from labyard.server.shapes import Json

_KEPT: Final = 64  # pages
_MOST_PROBLEMS: Final = 100

Find = Callable[[str], Path | None]
"""A static file of a piece, by its path there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPage:
    """`body`: JSON. `tag`: its ETag."""

    body: bytes
    tag: str


class Pages:
    """As they were last asked for: a page of a preview is asked for every second, and seldom another one."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Path, str], tuple[tuple[object, ...], ReadPage]] = {}

    def read(self, library: Library, plural: str, name: str, path: str) -> ReadPage:
        """`path`: a lesson of a course. Blocking. NotFoundError."""
        entry = library.entry(plural, name)
        if path:
            lesson = library.lesson(entry, path)
            page: Page = lesson
            units, ground, kind = lesson.units, lesson.ground, "lesson"
        else:
            page = Page(name=entry.name, folder="", document=entry.document)
            units, ground, kind = library.tree(entry).units, entry.ground, PLURALS[plural]
        made_of = (ground, page.document, *(unit.document for unit in units))
        key = (entry.folder, path)
        known = self._kept.get(key)
        # The library gives out the same documents until they, or the static files that they may show, change.
        if known is not None and len(known[0]) == len(made_of) and all(map(_same, known[0], made_of)):
            return known[1]
        told = {
            "kind": kind,
            "name": page.name,
            "path": path,
            **_written(library, entry, page, units, ground),
            "preview": entry.origin is Origin.PREVIEW,
            "playDigest": _play_digest(page.document, ground),
        }
        body = json.dumps(told, ensure_ascii=False).encode()
        answer = ReadPage(body=body, tag=f'"{sha256(body).hexdigest()[:32]}"')
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[key] = (made_of, answer)
        return answer


def _written(library: Library, entry: Entry, page: Page, units: tuple[Page, ...], ground: Ground) -> Json:
    """The file and its units, with everything that is wrong with them."""
    first, *others = (_rendered(library, entry, each) for each in (page, *units))
    found = [problem for rendered in (first, *others) for problem in rendered.problems]
    problems = [*_problems(page, ground, units), *found]
    return {
        **_shape(page, first),
        "tasks": shapes.shown_tasks(page.document),
        "units": [{"name": unit.name, **_shape(unit, rendered)} for unit, rendered in zip(units, others, strict=True)],
        "problems": [str(problem) for problem in problems[:_MOST_PROBLEMS]],
    }


def read(library: Library, entry: Entry, page: Page) -> Json:
    """One file of a piece: `title`, `html`, its `teaser`, and `contents` to jump to."""
    return _shape(page, _rendered(library, entry, page))


def _rendered(library: Library, entry: Entry, page: Page) -> Rendered:
    def find(path: str) -> Path | None:
        try:
            return library.static(entry, path)
        except NotFoundError:
            return None

    return render(page.document, files=_files(entry, page.folder, find))


def _shape(page: Page, rendered: Rendered) -> Json:
    contents = [{"id": each.id, "level": each.level, "text": each.text} for each in rendered.headings]
    return {"title": page.title, "html": rendered.html, "teaser": rendered.teaser, "contents": contents}


def _files(entry: Entry, folder: str, find: Find) -> Files:
    """Those of `__static__` beside the file, or beside what it is a part of: lessons share their course's."""
    parts = folder.split("/") if folder else []

    def address(target: str) -> str | None:
        if not target.startswith(f"{STATIC}/"):
            return None
        for count in range(len(parts), -1, -1):
            path = "/".join((*parts[:count], target))
            if (file := find(path)) is not None:
                return f"/content/files/{entry.plural}/{entry.name}/{quote(path)}{_version(entry, file)}"
        return None

    return address


def _version(entry: Entry, file: Path) -> str:
    """A page that is open draws a picture again when its address changes, and not before."""
    if entry.origin is not Origin.PREVIEW:
        return ""
    try:
        return f"?v={file.stat().st_mtime_ns:x}"
    except OSError:
        return ""


def _problems(page: Page, ground: Ground, units: tuple[Page, ...]) -> list[Problem]:
    found = [*page.document.problems, *ground.problems]
    return found + [problem for unit in units for problem in unit.document.problems]


def _play_digest(document: Document, ground: Ground) -> str:
    """Empty where nothing can be played, or not as it is now."""
    content = document.content
    playable = shapes.is_sound(document, ground) and isinstance(content, Played) and content.playground is not None
    if not playable or ground.manifest is None or not isinstance(content, Played):
        return ""
    return play_digest(ground.manifest, content)


def _same(one: object, other: object) -> bool:
    return one is other
