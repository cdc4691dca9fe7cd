"""What solves a lesson, for whoever may read it: documents are for readers, scripts for those who write."""

from __future__ import annotations

from labyard.content.library import Entry, Library, Solution
from labyard.content.tree import Page
from labyard.control.access import Person
from labyard.control.learning import Course
from labyard.control.roles import Right, may
from labyard.server.lesson_page import read
from labyard.server.shapes import Json


def names(library: Library, entry: Entry, person: Person, folder: str = "") -> list[str]:
    """Those that hold something for them. Blocking."""
    return [each.name for each in _shown(library, entry, person, folder)]


def names_in(library: Library, course: Course, person: Person) -> dict[str, list[str]]:
    """By the paths of its lessons. Blocking."""
    pages = [lesson.page for module in course.modules for lesson in module.lessons]
    return {page.path: names(library, course.entry, person, page.folder) for page in pages}


def told(library: Library, plural: str, name: str, person: Person, path: str) -> list[Json]:
    """`path`: of a lesson of a course. Blocking. NotFoundError."""
    entry = library.entry(plural, name)
    folder = library.lesson(entry, path).folder if path else ""
    return [_told(library, entry, each, person, folder) for each in _shown(library, entry, person, folder)]


def _shown(library: Library, entry: Entry, person: Person, folder: str) -> list[Solution]:
    found = library.solutions(entry, folder)
    return found if may(person.role, Right.WRITE) else [each for each in found if each.document is not None]


def _told(library: Library, entry: Entry, solution: Solution, person: Person, folder: str) -> Json:
    written: Json = {"title": "", "html": "", "contents": []}
    if solution.document is not None:
        written = read(library, entry, Page(name=solution.name, folder=folder, document=solution.document))
        written["title"] = solution.document.title or ""
    script = solution.script if may(person.role, Right.WRITE) else None
    return {**written, "name": solution.name, "script": script}
