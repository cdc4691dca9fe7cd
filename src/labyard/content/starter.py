"""A working first version of each kind of content: what an author begins with."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

_HOME: Final = Path(__file__).parent / "starters"
_SHORTEST: Final = 10  # characters of a title


def starter(kind: str, name: str, today: date) -> dict[str, bytes]:
    """The files of a new piece by their paths. `kind` in the singular; `name` as `paths.NAME`."""
    told = {"{{name}}": name, "{{title}}": _title(kind, name), "{{today}}": today.isoformat()}
    home = _HOME / kind
    return {
        path.relative_to(home).as_posix(): _filled(path.read_text(encoding="utf-8"), told).encode()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def _filled(text: str, told: dict[str, str]) -> str:
    for mark, words in told.items():
        text = text.replace(mark, words)
    return text


def _title(kind: str, name: str) -> str:
    words = name.replace("-", " ").capitalize()
    return words if len(words) >= _SHORTEST else f"{words}: a {kind.replace('-', ' ')}"
