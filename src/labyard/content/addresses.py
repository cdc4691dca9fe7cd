"""Where links and images of a lesson may lead. Pure.

Nothing but what is listed here becomes an address in a page: everything else is refused, and told to the author.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

LONGEST: Final = 2_048
"""Characters of an address. Longer ones would make a page out of proportion to its lesson: a reference repeats them."""
ANCHOR: Final = "lesson-"
"""Before every id of a heading, so that no heading can take the place of something of the page's own."""
STATIC: Final = "__static__/"

_UNSEEN: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\ufeff\\]")
_LOCAL: Final = re.compile(r"/(?!/)")
_MAIL: Final = re.compile(r"mailto:[^@:/?#]+@[^@:/?#]+", re.IGNORECASE)
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)

Files = Callable[[str], str | None]
"""`__static__/x` → its address in the page; None when there is no such file. Paths given to it never leave `__static__`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`outside`: it leads to another place."""

    address: str
    outside: bool = False


def link(address: str, files: Files) -> Link | None:
    """Where a link leads; None when it may not."""
    address = address.strip()
    if len(address) > LONGEST or _UNSEEN.search(address):
        return None
    if address.startswith("#"):
        return Link(address="#" + ANCHOR + quote(slug(unquote(address[1:])), safe=""))
    if (path := static(address)) is not None:
        found = files(path)
        return Link(address=found) if found is not None else None
    if _LOCAL.match(address):
        return Link(address=address)
    if _MAIL.fullmatch(address):
        return Link(address=address, outside=True)
    return Link(address=address, outside=True) if _has_host(address) else None


def image(address: str, files: Files) -> str | None:
    """The address of an image; None when it may not be shown. Images of other places are not loaded."""
    found = link(address, files)
    return None if found is None or found.outside or found.address.startswith("#") else found.address


def slug(text: str) -> str:
    """As in an address: letters, digits and `-`."""
    return re.sub(r"[^\w]+", "-", text.strip().lower()).strip("-")[:80] or "section"


def static(address: str) -> str | None:
    """The path in `address`, when it is one below `__static__` and stays there."""
    path = re.split(r"[?#]", address.removeprefix("./"), maxsplit=1)[0]
    if not path.startswith(STATIC):
        return None
    names = unquote(path).split("/")
    if any(name in ("", ".", "..") or _UNSEEN.search(name.replace(" ", "")) or "%" in name for name in names):
        return None
    return "/".join(names)


def _has_host(address: str) -> bool:
    if not _WEB.match(address):
        return False
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False
