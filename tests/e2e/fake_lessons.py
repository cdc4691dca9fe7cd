"""Lessons, courses and paths as JSON, in the words of docs/develop/lessons.md, with a learner who is on the way."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from labyard.content.document import read_document
from labyard.content.render import render
from labyard.spec.limits import DEFAULT
from tests.e2e.fake_plays import FakePlay, running_play
from tests.e2e.lesson_text import LESSON, SOLUTION

Json = dict[str, Any]
PLURALS = {
    "challenges": "challenge",
    "tutorials": "tutorial",
    "courses": "course",
    "skill-paths": "skill-path",
    "roadmaps": "roadmap",
    "trainings": "training",
}


PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="400"><rect width="1600" height="400" fill="#8bb8f5"/>'
    '<text x="800" y="220" text-anchor="middle" font-size="80">1600 wide</text></svg>'
)


def part(name: str, text: str, *, title: str = "") -> Json:
    """One file, made by what the server makes it with. `text`: with front matter where it has any."""
    document = read_document(text, file="index.md", exists=lambda path: True, limits=DEFAULT, solution=True)
    page = render(document, files=lambda path: f"/content/files/challenges/{name}/{path}")
    contents = [{"id": each.id, "level": each.level, "text": each.text} for each in page.headings]
    return {"name": name, "title": title or document.title, "html": page.html, "contents": contents}


def solution(name: str, text: str, script: str | None = None) -> Json:
    return {**part(name, text), "script": script}


class FakeLesson:
    """One piece of content, and how far its learner is with it. Change `text` to be its author."""

    def __init__(self, plural: str, name: str, title: str, text: str = "", **told: Any) -> None:
        self.plural, self.name, self.title, self.text = plural, name, title, text
        self.told = told
        self.units: list[Json] = []
        self.modules: dict[str, tuple[str, list[Json]]] = {}
        self.states: dict[str, Json] = {}
        self.preview = False
        self.digest: str | None = None
        self.play: FakePlay | None = None
        self.solutions: list[Json] = []
        self.asked = 0
        self.looked = 0

    def json(self) -> Json:
        told: Json = {
            "kind": PLURALS[self.plural],
            "name": self.name,
            "title": self.title,
            "description": "",
            "categories": ["networking"],
            "tags": [],
            "difficulty": "",
            "needs": "",
            "initConditions": None,
            "canStart": self.plural in ("challenges", "tutorials"),
            "tasks": {},
            "solutions": [each["name"] for each in self.solutions],
            "problems": [],
            **self.told,
        }
        if self.plural in ("challenges", "tutorials"):
            return {"status": "todo", **told, "play": self.play.json() if self.play else None}
        return {**told, "modules": self._modules(), "units": self._units(), "learning": {"modules": self._learning()}}

    def look(self) -> list[Json]:
        """At its solutions."""
        self.looked += 1
        return self.solutions

    def _modules(self) -> list[Json]:
        return [
            {
                "name": name,
                "title": title,
                "lessons": [
                    {"path": f"{name}/{each['name']}", "canStart": True, "problems": [], "tasks": {}, **each}
                    for each in lessons
                ],
            }
            for name, (title, lessons) in self.modules.items()
        ]

    def _learning(self) -> Json:
        fresh: Json = {"started": False, "play": "", "completed": False, "gates": []}
        return {
            name: {"lessons": {each["name"]: fresh | self.states.get(each["name"], {}) for each in lessons}}
            for name, (_, lessons) in self.modules.items()
        }

    def _units(self) -> list[Json]:
        return [{key: unit[key] for key in ("name", "title", "completed", "gates")} for unit in self.units]

    def page(self, path: str) -> Json:
        text = self.text
        for lessons in (lessons for _, lessons in self.modules.values()):
            text = next((each["text"] for each in lessons if path.endswith(f"/{each['name']}")), text)
        shown = {} if self.digest is None else {"playDigest": self.digest}
        return {
            **part(self.name, text, title=self.title),
            "kind": PLURALS[self.plural],
            "path": path,
            "tasks": {},
            "units": [] if path else [part(unit["name"], unit["text"], title=unit["title"]) for unit in self.units],
            "problems": [],
            "preview": self.preview,
            **shown,
        }


def tag_of(page: Json) -> str:
    """Weak, as the server's: of what is said."""
    return f'W/"{hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()[:16]}"'


RUNTIME = {"key": "Runtime", "default": "docker", "options": ["docker", "podman"], "nullable": False}
NICKNAME = {"key": "Nickname", "placeholder": "ada", "nullable": True, "validationRegex": "^[a-z]{2,8}$"}


def gate(kind: str, name: str, *, passed: bool = False) -> Json:
    return {"kind": kind, "name": name, "passed": passed}


def course() -> FakeLesson:
    """Three modules: behind the first, in the middle of the second."""
    known = FakeLesson(
        "courses",
        "networks",
        "Networks from the cable up",
        "Each lesson is a few minutes of reading beside a terminal.\n\n> [!TIP]\n> The order matters, the pace does not.",
        description="A neighbour, a name for it, and a way to where neither is.",
    )
    known.modules = {
        "010.cable": (
            "The cable",
            [
                {"name": "010.neighbour", "title": "Talking to a neighbour", "text": "# One\n\n# Two\n\n# Three\n"},
                {"name": "020.frames", "title": "What is on the wire", "text": "Frames.", "canStart": False},
            ],
        ),
        "020.names": (
            "Names",
            [
                {
                    "name": "010.a-name",
                    "title": "A name for it",
                    "text": "Names.",
                    "tasks": {"verify": {"init": False}},
                    "solutions": ["solution"],
                },
                {
                    "name": "020.nobody-knows",
                    "title": "What to do when nobody answers, and how to tell silence from a door that is shut",
                    "text": "Silence.",
                    "initConditions": {"values": [RUNTIME, NICKNAME]},
                },
            ],
        ),
        "030.far": ("Far away", [{"name": "010.routes", "title": "A way there, and one back", "text": "Routes."}]),
    }
    known.solutions = [solution("solution", SOLUTION)]
    known.states = {
        "010.neighbour": {"started": True, "completed": True},
        "020.frames": {"completed": True},
        "010.a-name": {
            "started": True,
            "gates": [gate("challenge", "nat-gateway"), gate("challenge", "static_routes", passed=True)],
        },
    }
    return known


UNIT = """---
kind: unit
title: {title}
challenges: {{nat-gateway: {{}}, static_routes: {{}}}}
tutorials: {{a-tour-of-nat: {{}}, nobody-wrote-this: {{}}}}
---
A packet that comes from inside has an address that nobody outside knows.

::card{{:tutorial="tutorials.a-tour-of-nat"}}
::

Then make one yourself:

::card{{:challenge="challenges.nat-gateway"}}
::

::card{{:tutorial="tutorials.nobody-wrote-this"}}
::
"""


def path() -> FakeLesson:
    """Three stations: the first behind, the second begun, the third only to be read."""
    known = FakeLesson(
        "skill-paths",
        "out-of-here",
        "Out of here: from one machine to the world",
        "Most people learn this from the top. This path starts at the bottom.",
        description="From a cable to an address that is not yours.",
        difficulties=["easy"],
    )
    inside = gate("tutorial", "a-tour-of-nat", passed=True)
    known.units = [
        {"name": "kernel", "title": "What the kernel does", "completed": True, "gates": [inside]},
        {
            "name": "nat",
            "title": "An address that is not yours",
            "completed": False,
            "gates": [inside, gate("challenge", "nat-gateway")],
        },
        {"name": "more", "title": "Where to read on", "completed": False, "gates": []},
    ]
    for unit in known.units:
        unit["text"] = (
            UNIT.format(title=unit["title"]) if unit["gates"] else "---\nkind: unit\ntitle: More\n---\nBooks.\n"
        )
    return known


def gateway() -> FakeLesson:
    known = FakeLesson(
        "challenges",
        "nat-gateway",
        "Let the inside out",
        LESSON,
        description="A private network, one machine with two legs, and nobody inside who can `ping` the outside.",
        difficulty="easy",
        status="attempted",
        playground="routing-lab",
        tasks={"prepare": {"init": True}, "verify_forwarding": {}, "verify_name": {}},
    )
    known.solutions = [solution("solution", SOLUTION)]
    return known


def lessons() -> list[FakeLesson]:
    return [
        gateway(),
        FakeLesson(
            "challenges",
            "static-routes",
            "Routes by hand",
            LESSON,
            difficulty="medium",
            status="solved",
            initConditions={"values": [RUNTIME, NICKNAME]},
        ),
        FakeLesson(
            "tutorials",
            "a-tour-of-nat",
            "A tour of NAT",
            "Read on.",
            description="What happens to an address on its way out.",
            status="completed",
        ),
        FakeLesson(
            "tutorials",
            "only-to-read",
            "Addresses, and why there are not enough",
            "Read this.\n\n# A\n\n# B\n\n# C\n",
            canStart=False,
        ),
        course(),
        path(),
    ]


def attempt(lesson: str) -> FakePlay:
    """What `POST /api/plays {lesson}` makes."""
    kind, _, rest = lesson.partition("/")
    play = running_play("routing-lab")
    if kind == "course":
        play.course, _, play.path = rest.partition("/")
    else:
        play.challenge = rest
    return play
