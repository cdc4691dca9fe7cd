"""What is read of a lesson, as HTML."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from labyard.content.addresses import Files
from labyard.content.document import Document
from labyard.content.library import STATIC, Entry
from labyard.content.render import render
from labyard.server.shapes import Json


def page_of(entry: Entry, document: Document, folder: str, *, exists: Callable[[str], bool]) -> Json:
    """One file of a piece: `html`, its `teaser`, and `contents` to jump to.

    `folder`: where in the piece it lies. `exists`: whether the piece has a static file.
    """
    rendered = render(document, files=_files(entry, folder, exists))
    contents = [{"id": each.id, "level": each.level, "text": each.text} for each in rendered.headings]
    return {"title": document.title, "html": rendered.html, "teaser": rendered.teaser, "contents": contents}


def _files(entry: Entry, folder: str, exists: Callable[[str], bool]) -> Files:
    """Those of `__static__` beside the file, or beside what it is a part of: lessons share their course's."""
    parts = folder.split("/") if folder else []

    def address(target: str) -> str | None:
        if not target.startswith(f"{STATIC}/"):
            return None
        for count in range(len(parts), -1, -1):
            path = "/".join((*parts[:count], target))
            if exists(path):
                return f"/content/files/{entry.plural}/{entry.name}/{quote(path)}"
        return None

    return address
