"""Somebody's progress, and what is in a repository, as JSON."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.e2e.fake_plays import PLAYGROUNDS, now

Json = dict[str, Any]
TODAY = date(2026, 11, 26)


def progress() -> Json:
    """Of a learner who comes most days, and more in the last weeks."""
    ago = [each for each in range(360) if each % 7 not in (2, 3) and (each < 40 or each % 5 == 0)]
    days = [
        {"day": str(TODAY - timedelta(days=each)), "began": 1 + each % 3, "solved": (each % 4) * (each % 2)}
        for each in reversed(ago)
    ]
    recent = [
        ("challenge", "nat-gateway", "Let the inside out", "began", "/challenges/nat-gateway"),
        ("course", "networks", "Talking to a neighbour", "solved", "/courses/networks?lesson=010.cable/010.neighbour"),
        ("tutorial", "gone", "tutorial/gone", "completed", ""),
    ]
    return {
        "today": str(TODAY),
        "streak": 2,
        "longestStreak": 5,
        "activeDays": [each["day"] for each in days],
        "days": days,
        "solved": [
            {"kind": "challenge", "difficulty": "easy", "solved": 3, "total": 8},
            {"kind": "challenge", "difficulty": "hard", "solved": 0, "total": 2},
            {"kind": "tutorial", "difficulty": "", "solved": 4, "total": 4},
        ],
        "courses": [
            {"kinds": "courses", "name": "networks", "title": "Networks from the cable up", "done": 2, "total": 5}
        ],
        "recent": [
            {"kind": kind, "name": name, "title": title, "did": did, "at": now(), "path": path}
            for kind, name, title, did, path in recent
        ],
    }


def found_in_git(url: str) -> Json:
    """At the top a choice, below it a playground."""
    told: Json = {
        "id": "f" * 24,
        "url": url,
        "commit": "0123456789abcdef" * 2 + "01234567",
        "kind": "",
        "title": "",
        "description": "",
        "initConditions": None,
        "canStart": False,
        "path": "",
        "problems": [],
        "leftOut": 0,
        "choices": [{"folder": each, "url": f"{url}:{each}"} for each in ("labs/lan", "labs/nat")],
    }
    if not url.endswith("labs/lan"):
        return told
    shown = {key: PLAYGROUNDS["mini-lan"][key] for key in ("name", "title", "description", "networks", "machines")}
    return {**told, **shown, "kind": "playground", "canStart": True, "choices": []}
