"""Lessons as JSON, with the names and types of the labctl contract. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from labyard.content.document import Document
from labyard.content.ground import Ground
from labyard.content.library import Entry, Origin
from labyard.content.model import Challenge, Content, Listed, Played, SkillPath
from labyard.content.tree import Page
from labyard.control.learning import Course, Gate, LessonState, ModuleState, UnitState
from labyard.control.lessons import LessonView
from labyard.play.status import TaskStatus
from labyard.server import shapes
from labyard.server.shapes import Json, moment

_MOST_PROBLEMS = 100
# Of the box's owner: labctl asks nobody whether to trust them.
AUTHOR = {"userId": "owner", "name": "owner", "displayName": "", "official": True}


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What whoever asks may do with a piece. `change`: say who may."""

    read: bool = True
    start: bool = True
    solution: bool = True
    change: bool = False


def lesson(view: LessonView, access: Access, *, page: str) -> Json:
    """Challenge or Tutorial. Ours: what `piece` adds."""
    entry, row = view.entry, view.progress
    done = None if row is None else row.solved_at if view.kind == "challenge" else row.completed_at
    return {
        **piece(entry, access, page=page),
        "status": view.status.value if view.status is not None else "",
        "attemptCount": view.attempts,
        "completionCount": view.completions,
        "startedAt": "" if row is None else moment(row.started_at),
        "completedAt": "" if done is None else moment(done),
        "attempts": 0 if row is None else row.attempts,
        "play": None if view.play is None else shapes.play(view.play, page=page),
        "tasks": tasks(entry.document),
    }


def piece(entry: Entry, access: Access, *, page: str) -> Json:
    """What all kinds have. Ours: `difficulty`, `needs`, `playground`, `initConditions`, `problems`, `canStart`,
    `userAccess`, and `origin`: `shipped`, `own`, `preview`."""
    content = entry.content
    listed = content if isinstance(content, Listed) else None
    play_in = content.playground if isinstance(content, Played) else None
    tags = [] if listed is None else list(listed.tagz)
    return {
        "kind": "" if content is None else content.kind,
        "name": entry.name,
        "title": entry.document.title or entry.name,
        "description": (content.description if content is not None else None) or "",
        "cover": (content.cover if content is not None else None) or "",
        "categories": [] if listed is None else list(listed.categories),
        "tags": tags,
        "tagz": tags,
        "authors": [AUTHOR],
        "pageUrl": f"{page}/{entry.plural}/{entry.name}",
        "createdAt": _written(content.created_at if content is not None else None),
        "updatedAt": _written(_updated(content)),
        "difficulty": content.difficulty.value if isinstance(content, Challenge) else "",
        "difficulties": [each.value for each in content.difficulties] if isinstance(content, SkillPath) else [],
        "needs": listed.needs.value if listed is not None and listed.needs is not None else "",
        "playground": "" if play_in is None else play_in.name,
        "initConditions": _parameters(entry.ground),
        "canStart": play_in is not None and access.start and is_sound(entry.document, entry.ground),
        "userAccess": {
            "canRead": access.read,
            "canStart": access.start,
            "canReadSolution": access.solution,
            "canChange": access.change and entry.origin is not Origin.PREVIEW,
        },
        "origin": entry.origin.value,
        "problems": [str(problem) for problem in entry.problems[:_MOST_PROBLEMS]],
    }


def _parameters(ground: Ground) -> Json | None:
    """What is asked when it starts: the playground's, with what the lesson changes."""
    if ground.manifest is None:
        return None
    return ground.manifest.playground.init_conditions.model_dump(mode="json", by_alias=True)


def is_sound(document: Document, ground: Ground) -> bool:
    """Whether a play of it can be started."""
    return document.sound and not any(not problem.warning for problem in ground.problems)


def tasks(document: Document) -> Json:
    """The tasks of a lesson by name, before anything is played."""
    content = document.content
    written = content.tasks if isinstance(content, Played) else {}
    return {
        name: {
            "name": name,
            "init": task.init,
            "helper": task.helper,
            "status": int(TaskStatus.NONE),
            "version": 0,
            "machine": task.machine or "",
        }
        for name, task in written.items()
    }


def listed_course(known: Course, access: Access, *, page: str) -> Json:
    """As a catalog shows it. Ours: `status`, as of what is tried; `progress`, how many of its parts are done."""
    return {
        **piece(known.entry, access, page=page),
        "status": known.status.value if known.status is not None else "",
        "completed": known.completed,
        "progress": {"done": sum(known.parts), "total": len(known.parts)},
    }


def course(known: Course, access: Access, *, solutions: Mapping[str, Sequence[str]], page: str) -> Json:
    """Course, and whatever else has parts. Ours: `units`, `completed`, and of lessons `completed`, `gates` and `solutions`.

    `solutions`: their names by the paths of lessons.
    """
    return {
        **listed_course(known, access, page=page),
        "modules": [_module(module, access, solutions) for module in known.modules],
        "units": [_unit(unit) for unit in known.units],
        "learning": {"modules": {module.page.name: _learning(module) for module in known.modules}},
    }


def _module(module: ModuleState, access: Access, solutions: Mapping[str, Sequence[str]]) -> Json:
    content = module.page.page.document.content if module.page.page is not None else None
    return {
        "name": module.page.name,
        "title": module.page.page.title if module.page.page is not None else "",
        "slug": _slug(content, module.page.name),
        "path": module.page.name,
        "lessons": [_lesson(each, access, solutions.get(each.page.path, ())) for each in module.lessons],
    }


def _lesson(state: LessonState, access: Access, solutions: Sequence[str]) -> Json:
    content = state.page.document.content
    use = content.playground if isinstance(content, Played) else None
    return {
        "name": state.page.name,
        "title": state.page.title,
        "slug": _slug(content, state.page.name),
        "path": state.page.path,
        "playground": None if use is None else {"name": use.name},
        "initConditions": _parameters(state.page.ground),
        "tasks": tasks(state.page.document),
        "units": [{"name": unit.name, "title": unit.title} for unit in state.page.units],
        "canStart": use is not None and access.start and is_sound(state.page.document, state.page.ground),
        "solutions": list(solutions),
        "problems": [str(problem) for problem in state.page.problems[:_MOST_PROBLEMS]],
    }


def _learning(module: ModuleState) -> Json:
    lessons = {
        each.page.name: {
            "started": each.progress is not None,
            "play": "" if each.play is None else each.play.row.id,
            "completed": each.completed,
            "gates": [gate(one) for one in each.gates],
        }
        for each in module.lessons
    }
    return {"started": any(each.progress is not None for each in module.lessons), "lessons": lessons}


def _unit(state: UnitState) -> Json:
    return {
        "name": state.page.name,
        "title": state.page.title,
        "completed": state.completed,
        "gates": [gate(each) for each in state.gates],
    }


def gate(known: Gate) -> Json:
    return {"kind": known.kind, "name": known.name, "passed": known.passed}


def shown_tasks(document: Document) -> Json:
    """What a page needs to draw its boxes."""
    return {name: {"init": task["init"], "helper": task["helper"]} for name, task in tasks(document).items()}


def page_head(page: Page) -> Json:
    return {"name": page.name, "title": page.title}


def _slug(content: Content | None, name: str) -> str:
    return (content.slug if content is not None else None) or name


def _updated(content: Content | None) -> datetime | None:
    return None if content is None else content.updated_at or content.created_at


def _written(at: datetime | None) -> str:
    """An author's time without zone is UTC."""
    if at is None:
        return ""
    return moment(at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC))
