"""The last gate: what may be in the HTML of a lesson, whatever made it. Pure.

Everything before already writes only what is listed here; this holds when it was wrong. nh3 reads HTML as browsers do.
"""

from __future__ import annotations

import re
from typing import Final

import nh3

_PLAIN: Final = (
    *(
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "code",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
    ),
    *("figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s"),
    *("section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "u"),
    *("ul", "lab-grid", "lab-highlight", "lab-image", "lab-mermaid", "lab-slides"),
)
_WITH: Final = {
    "a": {"href", "title", "rel", "target"},
    "abbr": {"title"},
    "details": {"open", "class"},
    "div": {"slot"},
    "figure": {"style", "class"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
    "img": {"src", "alt", "title", "width", "height", "loading"},
    "input": {"type", "checked", "disabled"},
    "lab-card": {"kind", "name"},
    "lab-code": {"language", "label"},
    "lab-input-task": {"name", "validate-regex", "destination"},
    "lab-open-port": {"port", "machine", "public", "https"},
    "lab-open-tab": {"machine", "name", "new"},
    "lab-problem": {"line"},
    "lab-remark": {"kind"},
    "lab-tabs": {"group"},
    "lab-task": {"name"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "section": {"slot", "aria-label"},
    "span": {"class"},
    "td": {"style"},
    "th": {"style"},
}
_SIZE: Final = r"-?[0-9]{1,5}(?:\.[0-9]{1,3})?(?:px|%|em|rem|ch|vw)?|auto"
_SHAPES: Final = {
    ("details", "class"): r"hint",
    ("figure", "class"): r"image left|image right|image",
    (
        "figure",
        "style",
    ): rf"(?:(?:max-width|margin|padding|border-radius):(?:{_SIZE})(?: (?:{_SIZE})){{0,3}};)*(?:border:1px solid;)?",
    ("td", "style"): r"text-align:(?:left|right|center)",
    ("th", "style"): r"text-align:(?:left|right|center)",
    ("span", "class"): r"[a-z][a-z0-9]{0,3}(?: [a-z]{1,2}(?:-[A-Za-z]{1,20})+){0,3}",
    ("input", "type"): r"checkbox",
    ("pre", "tabindex"): r"0",
    ("a", "target"): r"_blank",
    ("a", "rel"): r"noopener noreferrer",
    ("div", "slot"): r"active|completed",
    ("section", "slot"): r"[A-Za-z0-9_-]{1,64}",
    **{(f"h{level}", "id"): r"lesson-.{1,100}" for level in range(1, 7)},
    ("img", "src"): r"(?!//)(?![A-Za-z][A-Za-z0-9+.-]*:).+",
    ("a", "href"): r"(?:https?://.+|mailto:.+|/(?!/).*|#lesson-.*|(?!//)(?![A-Za-z][A-Za-z0-9+.-]*:)[^/].*)",
}
"""What the values of some attributes must be, as a whole."""
_COMPILED: Final = {key: re.compile(shape, re.IGNORECASE | re.DOTALL) for key, shape in _SHAPES.items()}

ELEMENTS: Final = {**{name: set[str]() for name in _PLAIN}, **_WITH}
"""Every tag that may be in a lesson, with its attributes."""


def sanitize(html: str) -> str:
    """What of `html` may be in a page, whole and well nested."""
    return nh3.clean(
        html,
        tags=set(ELEMENTS),
        clean_content_tags={"script", "style"},
        attributes=ELEMENTS,
        attribute_filter=_filter,
        set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
        link_rel=None,
        url_schemes={"http", "https", "mailto"},
    )


def _filter(tag: str, attribute: str, value: str) -> str | None:
    shape = _COMPILED.get((tag, attribute))
    return value if shape is None or shape.fullmatch(value) else None
