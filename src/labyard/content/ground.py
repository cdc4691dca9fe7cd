"""A lesson and the playground it is played in: whether they fit together. Pure, but for what `files` reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from labyard.content.checks import unknown_needs
from labyard.content.document import Document
from labyard.content.model import Played, PlaygroundUse
from labyard.errors import Problem
from labyard.spec.document import find
from labyard.spec.findings import Finding, nearest
from labyard.spec.limits import Limits
from labyard.spec.manifest import Known, Manifest
from labyard.spec.overrides import apply_use
from labyard.spec.tasks import check_tasks

Grounds = Mapping[str, Manifest | None]
"""The playgrounds there are, by name; None for one that is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """`manifest`: the playground with what the lesson changes, None when there is none to play it in."""

    manifest: Manifest | None
    problems: tuple[Problem, ...]


def check_ground(
    document: Document,
    grounds: Grounds | None,
    limits: Limits,
    *,
    known: Known | None = None,
    files: Callable[[str], bytes] | None = None,
    elsewhere: Collection[str] = (),
) -> Ground:
    """`grounds` None: nobody knows them. `files` reads what startup files name beside the lesson.

    `elsewhere`: more playgrounds that there are, but that nobody can look into here.

    What is merely doubtful in the playground is not told of every lesson in it.
    """
    content = document.content
    if not isinstance(content, Played):
        return Ground(manifest=None, problems=())
    if content.playground is not None and content.playground.name in {*elsewhere} - {*(grounds or ())}:
        return Ground(manifest=None, problems=())
    manifest, findings = _ground(content, grounds, limits, known, files)
    beside = () if manifest is None else manifest.playground.init_tasks
    root = document.root
    theirs = (each for each in findings if not each.warning or find(root, each.loc) is not None)
    findings = (*theirs, *unknown_needs(content.tasks, beside))
    return Ground(manifest=manifest, problems=tuple(each.placed(root, document.file) for each in findings))


def play_digest(manifest: Manifest, content: Played) -> str:
    """Another one when a play that is started now would be another: of its playground as the lesson has it, and its tasks."""
    tasks = {name: task.model_dump(mode="json") for name, task in content.tasks.items()}
    made_of = [manifest.name, manifest.playground.model_dump(mode="json"), tasks]
    return sha256(json.dumps(made_of).encode()).hexdigest()[:32]


def _ground(
    content: Played,
    grounds: Grounds | None,
    limits: Limits,
    known: Known | None,
    files: Callable[[str], bytes] | None,
) -> tuple[Manifest | None, tuple[Finding, ...]]:
    use = content.playground
    if use is None or grounds is None:
        return None, ()
    manifest = grounds.get(use.name)
    if manifest is None:
        return None, tuple(_missing(use.name, grounds))
    changed, findings = apply_use(manifest, _written(use), limits=limits, known=known, files=files)
    if changed is not None:
        findings = (*findings, *check_tasks(content.tasks, changed))
    return changed, findings


def _missing(name: str, grounds: Grounds) -> Iterator[Finding]:
    loc = ("playground", "name")
    if name in grounds:
        yield Finding(loc=loc, message=f"the playground `{name}` has problems of its own", hint="`labyard lint` tells")
    else:
        yield Finding(loc=loc, message=f"there is no playground `{name}`", hint=nearest(name, grounds))


def _written(use: PlaygroundUse) -> dict[str, object]:
    return use.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True, exclude={"name"})
