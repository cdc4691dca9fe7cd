"""Components → HTML: custom elements that read well without any script, their data in attributes. Pure.

One function per component, in the table at the end; what it gets was rendered before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from labyard.content.blocks import Component
from labyard.content.components import spelled, value
from labyard.content.markdown import Writing, picture
from labyard.content.model import Content
from labyard.spec import document
from labyard.spec.document import Scalar, Sequence

_SIZE: Final = re.compile(r"-?[0-9]{1,5}(\.[0-9]{1,3})?(px|%|em|rem|ch|vw)?|auto")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CARDS: Final = {
    "challenges": "challenge",
    "tutorials": "tutorial",
    "courses": "course",
    "skill-paths": "skill-path",
    "roadmaps": "roadmap",
    "playgrounds": "playground",
}
"""A field of front matter → the kind of what its cards show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A component with its slots rendered, in the order they were written."""

    component: Component
    slots: Mapping[str, str]
    writing: Writing
    content: Content | None

    def text(self, prop: str, default: str = "") -> str:
        return value(self.component, prop) or default

    def body(self, *slots: str) -> str:
        """What is in these slots; without any in all of them."""
        return "".join(text for name, text in self.slots.items() if not slots or name in slots)

    def items(self, prop: str) -> Iterator[dict[str, str]]:
        """A prop that is a list of mappings of texts."""
        found = next((each for name, each in self.component.props.items() if spelled(name) == prop), None)
        if found is None or not isinstance(found.value, Sequence):
            return
        for item in found.value.items[:100]:
            if isinstance(item, document.Mapping):
                texts = {key: str(each.value) for key, each in item.entries.items() if isinstance(each, Scalar)}
                yield texts

    def picture(self, address: str, words: str) -> str:
        return picture(address, words, self.component.place.line, self.writing)


Show = Callable[[Shown], str]


def element(tag: str, inside: str, **attributes: str) -> str:
    """An element; attributes without a value are left out, `_` stands for `-`."""
    written = "".join(f' {key.replace("_", "-")}="{escape(text)}"' for key, text in attributes.items() if text)
    return f"<{tag}{written}>{inside}</{tag}>"


def _task(shown: Shown) -> str:
    if not shown.text("name"):
        return shown.body()
    if shown.component.name == "simple-task":
        return element("lab-task", _task_slots(shown), name=shown.text("name"))
    return element(
        "lab-input-task",
        _task_slots(shown),
        name=shown.text("name"),
        validate_regex=shown.text("validate-regex", shown.text("validate"))[:500],
        destination=shown.text("destination"),
    )


def _task_slots(shown: Shown) -> str:
    """What no slot was named for is read before the task is completed."""
    active = shown.body("default", "active")
    others = "".join(text for name, text in shown.slots.items() if name not in ("default", "active", "completed"))
    completed = shown.body("completed")
    return "".join(
        f'\n<div slot="{slot}">{text}</div>' for slot, text in (("active", active + others), ("completed", completed))
    )


def _remark(shown: Shown) -> str:
    kind = shown.text("kind", "info")
    return element("lab-remark", shown.body(), kind=kind if kind in ("info", "tip", "warning", "error") else "info")


def _image(shown: Shown) -> str:
    picture = shown.picture(shown.text("src"), shown.text("alt"))
    caption = shown.body()
    written = {
        "max-width": "max-width",
        "margin": "margin",
        "padding": "padding",
        "radius": "border-radius",
    }
    style = "".join(
        f"{name}:{sizes};" for prop, name in written.items() if (sizes := _sizes(shown.text(prop))) is not None
    )
    style += "border:1px solid;" if shown.text("border") not in ("", "false", "none", "0") else ""
    side = shown.text("float")
    named = f"image {side}" if side in ("left", "right") else "image"
    figure = element("figure", picture + (f"<figcaption>{caption}</figcaption>" if caption else ""), style=style)
    return element("lab-image", figure.replace("<figure", f'<figure class="{named}"', 1))


def _sizes(text: str) -> str | None:
    """`20px`, `10px 0`, a bare number of px; None when it is anything else."""
    sizes = text.split()
    if not 1 <= len(sizes) <= 4 or not all(_SIZE.fullmatch(each) for each in sizes):
        return None
    return " ".join(f"{each}px" if each.lstrip("-").isdecimal() and each.strip("-0") else each for each in sizes)


def _details(shown: Shown) -> str:
    hint = shown.component.name == "hint-box"
    summary = element("summary", escape(shown.text("summary", "Hint" if hint else "Details")))
    return element("details", f"{summary}<div>{shown.body()}</div>", **({"class": "hint"} if hint else {}))


def _card(shown: Shown) -> str:
    references = (text for name in shown.component.props if (text := value(shown.component, spelled(name))))
    return _card_of(shown, next(references, ""))


def _grid(shown: Shown) -> str:
    """`items` are cards, each as `kind: reference`."""
    cards = (_card_of(shown, reference) for item in shown.items("items") for reference in item.values())
    return element("lab-grid", "".join(cards) + shown.body())


def _card_of(shown: Shown, reference: str) -> str:
    group, _, rest = reference.partition(".")
    field = group.replace("_", "-")
    name, _, lesson = rest.partition(".")
    known = getattr(shown.content, field.replace("-", "_"), None) if field in _CARDS else None
    if isinstance(known, Mapping):
        name = next((each for each in (name, name.replace("_", "-")) if each in known), name)
    if field not in _CARDS or not _NAME.fullmatch(name):
        return ""
    kind = "lesson" if lesson else _CARDS[field]
    title = f"{name}: {lesson.rpartition('.')[2]}" if lesson else name
    anchor = f'<a href="/{field}/{escape(name)}">{escape(title)}</a>'
    return element("lab-card", anchor, kind=kind, name=name)


def _slides(shown: Shown) -> str:
    figures = (
        f"<figure>{shown.picture(item.get('image', ''), item.get('alt', ''))}"
        f"<figcaption>{escape(item.get('alt', ''))}</figcaption></figure>"
        for item in shown.items("slides")
    )
    return element("lab-slides", "".join(figures)) + shown.body()


def _tabs(shown: Shown) -> str:
    titles = {item["name"]: item.get("title") or item["name"] for item in shown.items("tabs") if "name" in item}
    named = {name: text for name, text in shown.slots.items() if name != "default"}
    order = [*(name for name in titles if _NAME.fullmatch(name)), *(name for name in named if name not in titles)]
    sections = "".join(
        f'\n<section slot="{escape(name)}" aria-label="{escape(titles.get(name, name))}">{named.get(name, "")}</section>'
        for name in order
    )
    return shown.body("default") + element("lab-tabs", sections, group=shown.text("group")[:64])


def _open_tab(shown: Shown) -> str:
    machine, name = shown.text("machine"), shown.text("name")
    words = shown.text("text") or name or (f"Terminal of {machine}" if machine else "Terminal")
    new = "true" if shown.text("new") in ("true", "yes", "") and "new" in shown.component.props else ""
    return element("lab-open-tab", escape(words), machine=machine[:64], name=name[:64], new=new)


def _open_port(shown: Shown) -> str:
    port = shown.text("port")
    number = port if port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536 and len(port) < 6 else ""
    words = shown.text("text") or f"Port {port[:20]}"
    flags = {key: "true" for key in ("public", "https") if shown.text(key) == "true"}
    return element("lab-open-port", escape(words), port=number, machine=shown.text("machine")[:64], **flags)


SHOWS: Final[dict[str, Show]] = {
    "simple-task": _task,
    "user-input-task": _task,
    "remark-box": _remark,
    "image-box": _image,
    "details-box": _details,
    "hint-box": _details,
    "card": _card,
    "highlight": lambda shown: element("lab-highlight", shown.body()),
    "slide-show": _slides,
    "tabbed": _tabs,
    "grid": _grid,
    "tab": _open_tab,
    "http-port": _open_port,
}
"""Every component of `components.KINDS`."""
