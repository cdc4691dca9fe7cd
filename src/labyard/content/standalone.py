"""A rendered lesson → a page of its own, without scripts: for its author, who has no server. Pure."""

from __future__ import annotations

from html import escape
from typing import Final

from labyard.content.document import Document
from labyard.content.render import Rendered

_POLICY: Final = "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'"
_LISTED: Final = 3
"""Headings a lesson needs before a list of them helps."""


def standalone(lesson: Document, page: Rendered, *, styles: str) -> str:
    """`styles` is CSS that ships with Labyard; it is written as it is."""
    content = lesson.content
    title = content.title if content is not None else lesson.file
    about = content.description if content is not None else None
    head = f"<header><h1>{escape(title)}</h1>{f'<p>{escape(about)}</p>' if about else ''}</header>\n"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{styles}</style>\n</head>\n"
        f'<body class="lesson-page">\n{head}{_contents(page)}<main class="lesson">\n{page.html}</main>\n</body>\n</html>\n'
    )


def _contents(page: Rendered) -> str:
    if len(page.headings) < _LISTED:
        return ""
    items = "".join(f'<li><a href="#{escape(each.id)}">{escape(each.text)}</a></li>\n' for each in page.headings)
    return f'<nav aria-label="Contents"><details><summary>Contents</summary><ul>\n{items}</ul></details></nav>\n'
