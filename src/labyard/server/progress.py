"""/api/progress: where the learner who asks stands."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from labyard.control.journey import Journey, Recent
from labyard.control.learning import Course
from labyard.server.asker import Asker, Given
from labyard.server.shapes import Json, moment

router = APIRouter(prefix="/api", tags=["lessons"])
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")


@router.get("/progress")
async def progress(person: Asker, services: Given, zone: str = "UTC") -> Any:
    """Days and streak as they are in the time zone (`Europe/Berlin`) where the learner is; UTC for one that is not known.

    Then what is solved of what there is, courses on the way, and what was last.
    """
    name, known = _zone(zone)
    return {"zone": name, **_journey(await services.journeys.of(person, known))}


def _zone(name: str) -> tuple[str, tzinfo]:
    """Programs send what their box is set to: one that this box does not know is no reason to say nothing."""
    if _ZONE.fullmatch(name):
        try:
            return name, ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # not there; not readable as one
            pass
    return "UTC", ZoneInfo("UTC")


def _journey(known: Journey) -> Json:
    return {
        "today": str(known.today),
        "streak": known.streak.current,
        "longestStreak": known.streak.longest,
        "activeDays": [str(day) for day in known.streak.days],
        "days": [{"day": str(each.day), "began": each.began, "solved": each.solved} for each in known.days],
        "solved": [
            {"kind": each.kind, "difficulty": each.difficulty, "solved": each.solved, "total": each.total}
            for each in known.tallies
        ],
        "courses": [_course(course) for course in known.courses],
        "recent": [_recent(each) for each in known.recent],
    }


def _course(known: Course) -> Json:
    return {
        "kinds": known.entry.plural,
        "name": known.entry.name,
        "title": known.entry.document.title or known.entry.name,
        "done": sum(known.parts),
        "total": len(known.parts),
    }


def _recent(known: Recent) -> Json:
    """`path` empty: the lesson is not there any more."""
    key = known.key
    query = f"?{urlencode({'lesson': key.path})}" if key.path else ""
    return {
        "kind": key.kind,
        "name": key.name,
        "title": known.title or str(key),
        "did": known.did.value,
        "at": moment(known.at),
        "path": f"/{key.plural}/{quote(key.name, safe='')}{query}" if known.title else "",
    }
