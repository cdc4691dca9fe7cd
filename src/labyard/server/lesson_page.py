"""What is read of a lesson, as HTML. The one place that asks for rendering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from labyard.content.blocks import Markdown, Part
from labyard.content.document import Document
from labyard.content.library import STATIC, Entry
from labyard.server.shapes import Json

Link = Callable[[str], str | None]
"""Where a file beside the lesson is served; None: nowhere."""


def html_of(document: Document, *, link: Link) -> Json:
    """`html`, and `contents` to jump to."""
    del link
    return {"html": f"<pre>{escape(''.join(_texts(document.body.parts)))}</pre>", "contents": []}


def _texts(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Markdown):
            yield part.text
        else:
            yield from _texts(tuple(part.parts()))


def page_of(entry: Entry, document: Document, folder: str, *, exists: Callable[[str], bool]) -> Json:
    """One file of a piece. `folder`: where in the piece it lies. `exists`: whether the piece has a static file."""
    told: dict[str, Any] = {"title": document.title, **html_of(document, link=_links(entry, folder, exists))}
    return told


def _links(entry: Entry, folder: str, exists: Callable[[str], bool]) -> Link:
    """Files of `__static__` beside the file, or beside what it is a part of: lessons share their course's."""
    parts = folder.split("/") if folder else []

    def link(target: str) -> str | None:
        if not target.startswith(f"{STATIC}/"):
            return None
        for count in range(len(parts), -1, -1):
            path = "/".join((*parts[:count], target))
            if exists(path):
                return f"/content/files/{entry.plural}/{entry.name}/{path}"
        return None

    return link
