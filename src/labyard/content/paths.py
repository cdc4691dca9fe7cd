"""What pieces and their files may be called when they come from elsewhere. Pure.

The same names are listed, taken and handed out: what cannot be pushed is not told of, so nobody asks for it in vain.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""Of a piece."""
LONGEST: Final = 1_024
"""Bytes of a path."""
DEEPEST: Final = 12
"""Parts of a path."""
_LONGEST_PART: Final = 255  # bytes; what file systems bear
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_ENCODED: Final = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_STATIC: Final = "__static__"


def why_no_name(name: str) -> str | None:
    """What is wrong with the name of a piece; None: nothing."""
    if NAME.fullmatch(name):
        return None
    return f"{name[:64]!r} is no name: at most 63 small letters, digits and hyphens, like a host name"


def why_no_path(path: str) -> str | None:
    """What is wrong with the path of a file in its piece, as the end of a sentence about it; None: nothing."""
    parts = path.split("/")
    if not path.isprintable():
        return "it holds characters that cannot be shown"
    if len(path.encode()) > LONGEST or len(parts) > DEEPEST:
        return f"it is longer than {LONGEST} bytes or deeper than {DEEPEST} folders"
    if unicodedata.normalize("NFC", path) != path:
        return "its letters are not in their composed form (NFC)"
    if (wrong := next(filter(None, map(_why_no_part, parts)), None)) is not None:
        return wrong
    if _STATIC in parts[:-1] and is_markdown(path):
        return "Markdown cannot lie in `__static__`: files there are public as they are"
    return None


def is_markdown(path: str) -> bool:
    return path.lower().endswith(".md")


def is_passed_over(name: str) -> bool:
    """What authors have beside their content: Git's own, editors' copies, rules about what to leave out."""
    return name.startswith(".git") or name.endswith("~") or name == ".labctlignore"


def _why_no_part(part: str) -> str | None:
    if part in ("", ".", ".."):
        return "it is no plain path below the piece's folder"
    if "\\" in part or _ENCODED.search(part):
        return "`\\` and `%` with two digits mean another path elsewhere"
    if len(part.encode()) > _LONGEST_PART:
        return f"a part of it is longer than {_LONGEST_PART} bytes"
    if part != part.strip() or _DEVICE.fullmatch(part):
        return "there are systems, such as Windows, that cannot have a file of this name"
    if is_passed_over(part):
        return "such files are no content"
    return None
