"""Reads HTML as strictly as it can and says what must not be in a lesson. Knows nothing of how it was made."""

from __future__ import annotations

import re
from html.parser import HTMLParser

TAGS = frozenset((
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "em", "figcaption"),
    *("figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "input", "ins", "kbd", "li", "mark", "ol", "p", "pre"),
    *("q", "s", "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr"),
    *("u", "ul", "lab-card", "lab-code", "lab-grid", "lab-highlight", "lab-image", "lab-input-task", "lab-mermaid"),
    *("lab-open-port", "lab-open-tab", "lab-problem", "lab-remark", "lab-slides", "lab-tabs", "lab-task"),
))  # fmt: skip
VOID = frozenset(("br", "hr", "img", "input"))
FREE = frozenset(("title", "alt", "aria-label", "label", "name", "machine", "group", "destination", "validate-regex"))
"""Attributes that may say anything: no browser acts on them."""
ADDRESS = re.compile(r"https?://[^/]|mailto:|/(?!/)|#lesson-", re.IGNORECASE)
OTHERS = {
    "src": re.compile(r"/content/files/[^\\]*"),
    "rel": re.compile(r"noopener noreferrer"),
    "target": re.compile(r"_blank"),
    "class": re.compile(r"[a-z][a-z0-9]{0,3}( [a-z]{1,2}(-[A-Za-z]+)+)*|hint|image( left| right)?"),
    "style": re.compile(r"text-align:(left|center|right)|((max-width|margin|padding|border(-radius)?):[-\w.% ]+;)*"),
    "id": re.compile(r"lesson-[\w-]+"),
    "slot": re.compile(r"[\w-]+", re.ASCII),
    "loading": re.compile(r"lazy"),
    "language": re.compile(r"[a-z][\w+#.-]*"),
    "kind": re.compile(r"[a-z-]+"),
    "type": re.compile(r"checkbox"),
    **{name: re.compile(r"\d{1,9}") for name in ("line", "port", "start", "tabindex", "width", "height")},
    **{name: re.compile(r"true|") for name in ("new", "public", "https", "open", "checked", "disabled")},
}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.found.append(f"<{tag}>")
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if not allowed(name, value or ""):
                self.found.append(f"<{tag} {name}={value!r}>")
        given = dict(attrs)
        if re.match("https?:", given.get("href") or "", re.IGNORECASE) and "noopener" not in (given.get("rel") or ""):
            self.found.append(f"{given} has no rel")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.found.append(f"</{tag}> closes something else")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"<![{data}]>")


def allowed(name: str, value: str) -> bool:
    if name == "href":
        return ADDRESS.match(value) is not None and "\\" not in value
    return name in FREE or (name in OTHERS and OTHERS[name].fullmatch(value) is not None)


def refused(html: str) -> list[str]:
    """Every tag, attribute and address in it that must not be there, and tags that are not closed in their order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found + [f"<{tag}> is never closed" for tag in reader.open]
