"""HTML that authors write in their Markdown: the few harmless tags stay, well nested; all else is text. Pure.

What is let through is written anew from what was understood, never copied. A tag never reaches out of the paragraph, list or
quotation it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Final

INLINE: Final = frozenset(
    ("abbr", "b", "br", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "small", "strong", "sub", "sup", "u")
)
BLOCK: Final = frozenset(("details", "div", "hr", "p", "summary"))
VOID: Final = frozenset(("br", "hr", "img"))
ATTRIBUTES: Final = {
    "a": ("href", "title"),
    "abbr": ("title",),
    "details": ("open",),
    "img": ("src", "alt", "title", "width", "height"),
}
TAGS: Final = INLINE | BLOCK | ATTRIBUTES.keys()
DEEPEST: Final = 16
"""Tags of an author that may be open at once."""
STAYING: Final = frozenset(("details", "div"))
"""Those that hold more than one block of Markdown; any other ends with its own."""

_TAG: Final = re.compile(
    r"""<(/?)([A-Za-z][A-Za-z0-9-]{0,31})((?:\s+[A-Za-z_:][\w:.-]{0,63}(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?){0,16})\s*/?>""",
    re.ASCII,
)
_ATTRIBUTE: Final = re.compile(r"""([A-Za-z_:][\w:.-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""", re.ASCII)
_SIZE: Final = re.compile(r"[0-9]{1,4}")

Attribute = Callable[[str, str, str], dict[str, str] | None]
"""Tag, attribute (`href` or `src`) and address → the attributes that stand for it; None: the tag is refused."""


@dataclass(slots=True)
class RawHtml:
    """The author's tags that are open, within what Markdown opened (an empty text each)."""

    addresses: Attribute
    opened: list[str] = field(default_factory=list)

    def enter(self) -> None:
        """Markdown opens something."""
        self.opened.append("")

    def leave(self) -> str:
        """It closes what it opened last: tags inside end there."""
        return self._close(self._bottom(), drop=1)

    def write(self, text: str, *, block: bool) -> str:
        """Some HTML of an author's. Those tags of a `block` end with it that cannot hold other blocks."""
        out: list[str] = []
        at, ends = 0, True
        while (found := text.find("<", at)) >= 0:
            out.append(escape(unescape(text[at:found]), quote=False))
            end = text.find("-->", found + 4) if ends and text.startswith("<!--", found) else None
            tag = None if end is not None else _TAG.match(text, found)
            if end is not None and end >= 0:
                at = end + 3
            elif tag is not None and (written := self._tag(tag)) is not None:
                out.append(written)
                at = tag.end()
            else:
                ends = ends and end != -1
                out.append("&lt;")
                at = found + 1
        out.append(escape(unescape(text[at:]), quote=False))
        return "".join(out) + (self._end_block() if block else "")

    def _tag(self, found: re.Match[str]) -> str | None:
        name = found[2].lower()
        if name not in TAGS:
            return None
        if found[1]:
            return self._end(name)
        attributes = self._attributes(name, found[3])
        if attributes is None or (name not in VOID and (len(self._open()) >= DEEPEST or self._clashes(name))):
            return None
        if name not in VOID:
            self.opened.append(name)
        return "<" + name + "".join(f' {key}="{escape(value)}"' for key, value in attributes.items()) + ">"

    def _clashes(self, name: str) -> bool:
        """Browsers end these when another begins inside."""
        return name in ("a", "p") and name in self._open()

    def _end(self, name: str) -> str:
        """A closing tag; one that closes nothing says nothing."""
        mine = self._open()
        if name not in mine:
            return ""
        return self._close(len(self.opened) - 1 - mine[::-1].index(name))

    def _end_block(self) -> str:
        first = next((each for each in self._positions() if self.opened[each] not in STAYING), None)
        return "" if first is None else self._close(first)

    def _attributes(self, name: str, text: str) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for key, *values in _ATTRIBUTE.findall(text):
            value = unescape("".join(values))
            if key.lower() not in ATTRIBUTES.get(name, ()):
                continue
            if key.lower() in ("href", "src"):
                address = self.addresses(name, key.lower(), value)
                if address is None:
                    return None
                found |= address
            elif key.lower() not in ("width", "height") or _SIZE.fullmatch(value):
                found[key.lower()] = value[:300]
        return found if name != "img" or "src" in found else None

    def _bottom(self) -> int:
        """Where the author's own tags begin."""
        return next((at + 1 for at in range(len(self.opened) - 1, -1, -1) if not self.opened[at]), 0)

    def _positions(self) -> range:
        return range(self._bottom(), len(self.opened))

    def _open(self) -> list[str]:
        return self.opened[self._bottom() :]

    def _close(self, first: int, drop: int = 0) -> str:
        closed = "".join(f"</{name}>" for name in reversed(self.opened[first:]))
        del self.opened[max(0, first - drop) :]
        return closed
