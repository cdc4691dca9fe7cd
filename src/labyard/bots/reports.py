"""A round's reports in a folder, and the rounds before it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from labyard.bots.report_html import COLUMNS, page
from labyard.bots.report_json import as_json, read
from labyard.bots.report_junit import as_junit
from labyard.bots.results import FORMAT, Round

HISTORY = "history"


def write(folder: Path, played: Round, earlier: Sequence[Round]) -> None:
    """`junit.xml`, `report.json` and `index.html`, which shows earlier rounds too. `earlier`: newest first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "junit.xml").write_bytes(as_junit(played))
    (folder / "report.json").write_text(_text(played), encoding="utf-8")
    (folder / "index.html").write_text(page([played, *earlier], links=True), encoding="utf-8")


def write_with_history(folder: Path, played: Round) -> None:
    """The same, and the round is kept in `history/` for the next page; the oldest ones go."""
    history = folder / HISTORY
    history.mkdir(parents=True, exist_ok=True)
    earlier = rounds(sorted(history.glob("*.json"), reverse=True))
    (history / f"{played.started:{FORMAT}}.json").write_text(_text(played), encoding="utf-8")
    for old in sorted(history.glob("*.json"), reverse=True)[COLUMNS:]:
        old.unlink(missing_ok=True)
    write(folder, played, earlier)


def rounds(files: Iterable[Path]) -> list[Round]:
    """What can be read of them, newest first."""
    found = [played for file in files if (played := read(file)) is not None]
    return sorted(found, key=lambda played: played.started, reverse=True)


def _text(played: Round) -> str:
    return json.dumps(as_json(played), indent=1, ensure_ascii=False) + "\n"
