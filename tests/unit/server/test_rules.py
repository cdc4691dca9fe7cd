"""Who may find, read, start and look behind what is somebody's: every way to it asks the same rules."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.unit.server.conftest import DEMO, House
from tests.unit.server.test_people import others, token_of
from tests.unit.server.test_plays import until

from labyard.control.rules import Permission

__all__ = ["others"]

LESSON = """---
kind: challenge
title: A secret of ours
description: For few.
difficulty: easy
categories: [linux]
createdAt: 2026-01-02
playground: {name: demo}
tasks:
  check_it: {machine: node-01, run: "false"}
---
Text.
"""
SOLUTION = "---\ntitle: The way\n---\nDo it.\n"
ACCESS = "/api/access/challenges/secret"


async def made(http: httpx.AsyncClient, headers: dict[str, str], name: str = "secret") -> None:
    """A challenge of the one who asks, with a solution and a picture."""
    assert (await http.post("/api/challenges", json={"name": name}, headers=headers)).status_code == 200
    for file, text in (("index.md", LESSON), ("solution.md", SOLUTION)):
        body = {"kind": "challenge", "name": name, "file": file, "content": text}
        answer = await http.put("/api/content/markdown", json=body, headers=headers)
        assert answer.status_code == 200, answer.text


async def seen(http: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, int | bool]:
    """What a challenge called `secret` is for who asks, by every way to it."""
    listed = [each["name"] for each in (await http.get("/api/challenges", headers=headers)).json()]
    found: dict[str, int | bool] = {"listed": "secret" in listed}
    for word, path in (("about", ""), ("page", "/page"), ("solutions", "/solutions")):
        found[word] = (await http.get(f"/api/challenges/secret{path}", headers=headers)).status_code
    started = await http.patch("/api/challenges/secret", json={"started": True}, headers=headers)
    found["start"] = started.status_code
    found["play"] = (await http.post("/api/plays", json={"lesson": "challenge/secret"}, headers=headers)).status_code
    return found


ALL = {"listed": True, "about": 200, "page": 200, "solutions": 200, "start": 200, "play": 200}
NONE = {"listed": False, "about": 404, "page": 404, "solutions": 404, "start": 404, "play": 404}


async def test_what_is_pushed_is_its_authors_until_they_say_otherwise(house: House, others: httpx.AsyncClient) -> None:
    max_, ada = await token_of(house, "max", "author"), await token_of(house, "ada")
    art = await token_of(house, "art", "author")
    await made(others, max_)
    assert await seen(others, max_) == ALL
    assert await seen(others, ada) == await seen(others, art) == NONE
    told = (await others.get(ACCESS, headers=max_)).json()
    assert all(told[permission] == ["owner"] for permission in Permission) and told["own"] is False
    for words, expected in (
        ({"canRead": ["user:ada"]}, {**NONE, "about": 200, "page": 200, "solutions": 403, "start": 403, "play": 403}),
        ({"canStart": ["anyone"]}, {**ALL, "listed": False, "solutions": 403}),
        ({"canReadSolution": ["user:ada"], "canList": ["anyone"]}, ALL),
    ):
        changed = await others.patch(ACCESS, json=words, headers=max_)
        assert changed.status_code == 200 and changed.json()["own"] is True
        assert await seen(others, ada) == expected, words
    about = await others.get("/api/challenges/secret", headers=art)
    assert about.status_code == 404, "who may find it and not read it gets no page"
    assert (await others.patch(ACCESS, json={"canRead": ["nobody"]}, headers=max_)).status_code == 200
    assert (await others.get("/api/challenges/secret", headers=max_)).status_code == 404
    assert (await others.delete(ACCESS, headers=max_)).json()["own"] is False
    assert await seen(others, ada) == NONE


async def test_what_is_somebodys_is_changed_by_them_and_admins_alone(house: House, others: httpx.AsyncClient) -> None:
    max_, art = await token_of(house, "max", "author"), await token_of(house, "art", "author")
    tess, ada = await token_of(house, "tess", "instructor"), await token_of(house, "ada")
    await made(others, max_)
    file = {"kind": "challenge", "name": "secret", "file": "index.md"}
    for headers in (art, tess):
        for method, path, query, body in (
            ("GET", ACCESS, {}, None),
            ("PATCH", ACCESS, {}, {"canRead": ["anyone"]}),
            ("DELETE", ACCESS, {}, None),
            ("GET", "/api/content/files", file, None),
            ("GET", "/api/content/v2/files", file, None),
            ("PUT", "/api/content/markdown", {}, {**file, "content": "mine"}),
            ("PUT", "/api/content/files", {}, {**file, "file": "a.png"}),
            ("DELETE", "/api/content/files", file, None),
            ("GET", "/content/files/challenges/secret/index.md", {}, None),
            ("DELETE", "/api/challenges/secret", {}, None),
        ):
            answer = await others.request(method, path, params=query, json=body, headers=headers)
            assert answer.status_code == 404, (method, path, answer.text)
        assert (await others.get("/api/author/challenges", headers=headers)).json() == []
    assert (await others.patch(ACCESS, json={"canRead": ["anyone"]}, headers=ada)).status_code == 403
    assert [each["name"] for each in (await others.get("/api/author/challenges", headers=max_)).json()] == ["secret"]
    assert (await house.http.patch(ACCESS, json={"canRead": ["anyone"]})).status_code == 200
    assert (await house.http.delete("/api/challenges/secret")).status_code == 200
    await made(others, art)
    assert (await others.get(ACCESS, headers=max_)).status_code == 404, "nothing stays for who had the name before"
    assert (await others.get("/api/challenges/secret", headers=ada)).status_code == 404


async def test_a_lesson_and_its_playground_must_both_allow_a_start(house: House, others: httpx.AsyncClient) -> None:
    ada = await token_of(house, "ada")
    assert (await house.http.patch("/api/access/playgrounds/demo", json={"canStart": ["owner"]})).status_code == 200
    for method, path, body in (
        ("POST", "/api/plays", {"playground": "demo"}),
        ("POST", "/api/plays", {"lesson": "challenge/two-nodes"}),
        ("PATCH", "/api/challenges/two-nodes", {"started": True}),
        ("PATCH", "/api/courses/nodes/learning", {"modules": {"first": {"lessons": {"one": {"started": True}}}}}),
    ):
        answer = await others.request(method, path, json=body, headers=ada)
        assert answer.status_code == 403, (path, answer.text)
        assert (await house.http.request(method, path, json=body)).status_code == 200
    told = (await others.get("/api/playgrounds/demo", headers=ada)).json()
    assert told["userAccess"] == {"canList": True, "canRead": True, "canStart": False, "canChange": False}
    assert (await others.get("/api/plays", headers=ada)).json() == []


async def test_playgrounds_say_themselves_who_may(house: House, others: httpx.AsyncClient) -> None:
    ada, max_ = await token_of(house, "ada"), await token_of(house, "max", "author")
    catalog = house.services.catalog._folders[-1]
    silent = DEMO.replace("name: demo", "name: silent").replace(
        "  accessControl: {canList: [anyone], canRead: [anyone], canStart: [anyone]}\n", ""
    )
    (catalog / "silent.yaml").write_text(silent)
    names = [each["name"] for each in (await others.get("/api/playgrounds", headers=ada)).json()]
    assert names == ["demo"], "what says nothing is its owner's, and a broken one is for those who can mend it"
    names = [each["name"] for each in (await others.get("/api/playgrounds", headers=max_)).json()]
    assert names == ["broken", "demo"]
    for path in ("/api/playgrounds/silent", "/api/playgrounds/none"):
        assert (await others.get(path, headers=ada)).status_code == 404
    answer = await others.post("/api/plays", json={"playground": "silent"}, headers=ada)
    assert answer.status_code == 404
    assert "silent" in [each["name"] for each in (await house.http.get("/api/playgrounds")).json()]


async def test_a_saved_playground_is_for_who_saved_it(house: House, others: httpx.AsyncClient) -> None:
    max_, ada = await token_of(house, "max", "author"), await token_of(house, "ada")
    art = await token_of(house, "art", "author")
    play = (await others.post("/api/plays", json={"playground": "demo"}, headers=max_)).json()["id"]
    await until(house, play, "RUNNING", headers=max_)
    body = {"action": "save", "name": "mine"}
    assert (await others.post(f"/api/plays/{play}/actions", json=body, headers=max_)).status_code == 200
    mine = {"filter": "my-custom"}
    assert [each["name"] for each in (await others.get("/api/playgrounds", params=mine, headers=max_)).json()] == [
        "mine"
    ]
    assert (await others.get("/api/playgrounds", params=mine, headers=art)).json() == []
    assert (await others.get("/api/playgrounds/mine", headers=ada)).status_code == 404
    assert (await others.delete("/api/playgrounds/mine", headers=art)).status_code == 404
    everybody = {permission: ["anyone"] for permission in ("canList", "canRead", "canStart")}
    assert (await others.patch("/api/access/playgrounds/mine", json=everybody, headers=max_)).status_code == 200
    assert (await others.post("/api/plays", json={"playground": "mine"}, headers=ada)).status_code == 200
    assert (await others.delete("/api/playgrounds/mine", headers=max_)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (ACCESS, {"canRead": ["everyone"]}, 400),
        (ACCESS, {"canRead": ["user:"]}, 400),
        (ACCESS, {"canRead": ["anyone"] * 65}, 400),
        (ACCESS, {"canRead": "anyone"}, 400),
        ("/api/access/challenges/none", {"canRead": ["anyone"]}, 404),
        ("/api/access/vendors/none", {"canRead": ["anyone"]}, 404),
        ("/api/access/playgrounds/none", {"canRead": ["anyone"]}, 404),
    ],
)
async def test_what_cannot_be_a_rule(house: House, path: str, body: dict[str, Any], code: int) -> None:
    await made(house.http, {})
    before = (await house.http.get(ACCESS)).json()
    answer = await house.http.patch(path, json=body)
    assert answer.status_code == code and answer.json()["error"]["message"]
    assert (await house.http.get(ACCESS)).json() == before


async def test_who_says_who_may_is_told(house: House, others: httpx.AsyncClient) -> None:
    max_, eve, ada = [
        await token_of(house, name, role) for name, role in (("max", "author"), ("eve", "author"), ("ada", "learner"))
    ]
    await made(others, max_)
    await others.patch(ACCESS, headers=max_, json={word: ["anyone"] for word in ("canList", "canRead")})
    for headers, may in (
        (max_, True),
        (eve, False),
        (ada, False),
        ({"Authorization": house.http.headers["Authorization"]}, True),
    ):
        about = (await others.get("/api/challenges/secret", headers=headers)).json()
        assert about["userAccess"]["canChange"] is may
        assert ((await others.get(ACCESS, headers=headers)).status_code == 200) is may
        ground = (await others.get("/api/playgrounds/demo", headers=headers)).json()
        ships = headers not in (max_, eve, ada)
        assert ground["userAccess"]["canChange"] is ships, "what ships is the box's owner's"
