"""A round as JSON, and back. Read leniently: it may have been written by another version, or be damaged."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from labyard.bots.results import Outcome, Result, Round, Tried

VERSION = 1
_LIMIT = 8 << 20  # bytes of a file


def as_json(played: Round) -> dict[str, Any]:
    return {
        "version": VERSION,
        "started": played.started.isoformat(timespec="seconds"),
        "finished": played.finished.isoformat(timespec="seconds"),
        "complete": played.complete,
        "counts": {result.value: count for result, count in played.counts().items()},
        "results": [_outcome(outcome) for outcome in played.outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "kind": outcome.kind,
        "name": outcome.name,
        "case": outcome.case,
        "title": outcome.title,
        "result": outcome.result.value,
        "passed": outcome.passed,
        "reason": outcome.words,
        "attempts": [
            {
                "number": tried.number,
                "result": tried.result.value,
                "reason": tried.reason,
                "seconds": tried.seconds,
                "folder": tried.folder,
            }
            for tried in outcome.tried
        ],
    }


def read(file: Path) -> Round | None:
    """None for what is no round, or cannot be read."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LIMIT + 1)
        return from_json(json.loads(content)) if len(content) <= _LIMIT else None
    except (OSError, ValueError, RecursionError):
        return None


def from_json(told: object) -> Round | None:
    try:
        return _round(told) if isinstance(told, dict) else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _round(told: dict[str, Any]) -> Round:
    return Round(
        started=_moment(told["started"]),
        finished=_moment(told["finished"]),
        complete=bool(told.get("complete", True)),
        outcomes=tuple(_read_outcome(item) for item in told.get("results") or ()),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()


def _read_outcome(item: dict[str, Any]) -> Outcome:
    tried = tuple(
        Tried(
            number=int(attempt["number"]),
            result=Result(attempt["result"]),
            reason=str(attempt.get("reason") or ""),
            seconds=float(attempt.get("seconds") or 0),
            folder=str(attempt.get("folder") or ""),
        )
        for attempt in item.get("attempts") or ()
    )
    return Outcome(
        kind=str(item["kind"]),
        name=str(item["name"]),
        case=str(item["case"]),
        title=str(item.get("title") or ""),
        tried=tried,
        reason="" if tried else str(item.get("reason") or ""),
    )
