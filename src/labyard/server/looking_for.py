"""What is looked for in a catalog, as addresses say it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from labyard.content.library import Entry
from labyard.content.model import Challenge, Content, Listed, SkillPath
from labyard.control.catalog import Entry as Playground
from labyard.control.finding import Findable, Wish
from labyard.control.lessons import Status
from labyard.control.refusals import BadRequestError

_MOST = 16

Words = Annotated[list[str] | None, Query()]


async def wish_of(
    q: str = "", category: Words = None, tag: Words = None, difficulty: Words = None, status: Words = None
) -> Wish:
    """BadRequestError for a status there is not, and for more than anybody chooses."""
    if unknown := set(status or ()) - {each.value for each in Status}:
        raise BadRequestError(
            f"no status {min(unknown)[:64]!r}", hint="todo, attempted, solved; of tutorials completed"
        )
    if any(len(each or ()) > _MOST for each in (category, tag, difficulty, status)):
        raise BadRequestError(f"at most {_MOST} values of one filter")
    return Wish(
        words=q,
        categories=frozenset(category or ()),
        tags=frozenset(tag or ()),
        difficulties=frozenset(difficulty or ()),
        statuses=frozenset(status or ()),
    )


def findable(entry: Entry, status: Status | None) -> Findable:
    content = entry.content
    listed = content if isinstance(content, Listed) else None
    return Findable(
        name=entry.name,
        title=entry.document.title or entry.name,
        description=(content.description if content is not None else None) or "",
        categories=listed.categories if listed is not None else (),
        tags=listed.tagz if listed is not None else (),
        difficulties=_difficulties(content),
        status=status.value if status is not None else "",
    )


def findable_playground(entry: Playground) -> Findable:
    manifest = entry.manifest
    if manifest is None:
        return Findable(name=entry.name)
    return Findable(
        name=entry.name,
        title=manifest.title or entry.name,
        description=manifest.description or "",
        categories=tuple(manifest.categories or ()),
    )


def _difficulties(content: Content | None) -> tuple[str, ...]:
    if isinstance(content, Challenge):
        return (content.difficulty.value,)
    return tuple(each.value for each in content.difficulties) if isinstance(content, SkillPath) else ()
