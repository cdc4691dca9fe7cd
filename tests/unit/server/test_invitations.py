"""Invitations and sign-up: accounts that people make themselves, as far as they may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.unit.server.conftest import House
from tests.unit.server.test_access import ORIGIN
from tests.unit.server.test_people import token_of
from tests.unit.server.test_signin import GOOD, PAGE, browser, session, sign_in, who

from labyard.errors import ConflictError, NotFoundError

__all__ = ["browser"]  # a fixture


async def invited(house: House, headers: dict[str, str] | None = None, **wish: Any) -> dict[str, Any]:
    answer = await house.http.post("/api/invitations", json=wish, headers={**PAGE, **(headers or {})})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["url"].startswith(f"{ORIGIN}/join?token=")
    return told


async def join(browser: httpx.AsyncClient, url: str, handle: str = "ada", **more: str) -> httpx.Response:
    body = {"token": url.partition("token=")[2], "username": handle, "password": GOOD, "again": GOOD, **more}
    answer = await browser.post("/join", data=body)
    browser.cookies.clear()
    return answer


async def test_from_an_invitation_to_an_account(browser: httpx.AsyncClient, house: House) -> None:
    made = await invited(house, role="author", email="Ada@example.org")
    listed = (await house.http.get("/api/invitations")).json()
    assert [(each["id"], each["role"], each["email"], each["uses"]) for each in listed] == [
        (made["id"], "author", "ada@example.org", 1)
    ]
    assert made["url"].partition("token=")[2] not in str(listed)
    for _ in range(3):  # mail programs look at links too
        page = await browser.get(made["url"].removeprefix(ORIGIN))
        assert page.status_code == 200 and "ada@example.org" in page.text
        assert 'autocomplete="username"' in page.text and 'autocomplete="new-password"' in page.text
    assert await who(browser, session(await join(browser, made["url"], name="Ada L."))) == "ada"
    (user,) = (await house.http.get("/api/users")).json()
    assert (user["handle"], user["name"], user["role"], user["email"]) == ("ada", "Ada L.", "author", "ada@example.org")
    assert (await house.http.get("/api/invitations")).json() == []
    assert (await join(browser, made["url"], "eve")).status_code == 404
    session(await sign_in(browser, "ada@example.org", GOOD))


WRONG: list[tuple[dict[str, str], int]] = [
    ({"username": "Ada"}, 400),
    ({"username": ""}, 400),
    ({"username": "owner"}, 409),
    ({"username": "eve"}, 409),
    ({"password": "short", "again": "short"}, 400),
    ({"again": "something else"}, 400),
    ({"name": "x" * 201}, 400),
    ({"name": "a\nb"}, 400),
    ({"token": "x"}, 404),
    ({"token": ""}, 404),
]


async def test_what_is_wrong_uses_nothing_up(browser: httpx.AsyncClient, house: House) -> None:
    await house.http.post("/api/users", json={"handle": "eve"})
    url = (await invited(house))["url"]
    for wrong, status in WRONG:
        answer = await join(browser, url, **{"username": "ada", **wrong})
        assert answer.status_code == status and 'role="alert"' in answer.text, wrong
        assert GOOD not in answer.text
    assert await who(browser, session(await join(browser, url))) == "ada"


async def test_it_is_good_as_often_as_was_said_even_at_once(browser: httpx.AsyncClient, house: House) -> None:
    secret = (await invited(house, uses=3))["url"].partition("token=")[2]
    accept = house.services.doors.invitations.accept
    answers = await asyncio.gather(*(accept(secret, f"u{n}", "", GOOD) for n in range(6)), return_exceptions=True)
    assert sum(isinstance(answer, str) for answer in answers) == 3
    assert sum(isinstance(answer, NotFoundError) for answer in answers) == 3
    assert len((await house.http.get("/api/users")).json()) == 3, "nobody half made"


async def test_a_name_that_somebody_takes_meanwhile_costs_no_use(house: House) -> None:
    first, second = [(await invited(house))["url"].partition("token=")[2] for _ in range(2)]
    accept = house.services.doors.invitations.accept
    answers = await asyncio.gather(
        accept(first, "ada", "", GOOD), accept(second, "ada", "", GOOD), return_exceptions=True
    )
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert sum(isinstance(answer, ConflictError) for answer in answers) == 1
    assert [each["uses"] for each in (await house.http.get("/api/invitations")).json()] == [1]


async def test_those_that_are_over(browser: httpx.AsyncClient, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = await invited(house)
    assert (await house.http.delete(f"/api/invitations/{kept['id']}")).status_code == 200
    assert (await house.http.delete(f"/api/invitations/{kept['id']}")).status_code == 404
    old = await invited(house, days=1)
    services, now = house.services, house.services.clock()
    monkeypatch.setattr(services.doors.invitations, "_clock", lambda: now + timedelta(days=1, seconds=1))
    for made in (kept, old):
        page = await browser.get(made["url"].removeprefix(ORIGIN))
        assert page.status_code == 404 and "does not work any more" in page.text
        assert (await join(browser, made["url"])).status_code == 404
    assert (await house.http.get("/api/invitations")).json() == []


async def test_who_may_not_invite_any_more_has_invited_nobody(browser: httpx.AsyncClient, house: House) -> None:
    boss = await token_of(house, "boss", "admin")
    first, second = await invited(house, boss), await invited(house, boss)
    await house.http.patch("/api/users/boss", json={"role": "author"})
    assert (await join(browser, first["url"])).status_code == 404
    await house.http.patch("/api/users/boss", json={"role": "admin"})
    session(await join(browser, first["url"]))
    await house.http.delete("/api/users/boss")
    assert (await join(browser, second["url"], "eve")).status_code == 404


NO_INVITATIONS: list[tuple[dict[str, Any], int]] = [
    ({"role": "king"}, 400),
    ({"uses": 0}, 400),
    ({"uses": 1001}, 400),
    ({"days": 0}, 400),
    ({"days": 10**30}, 400),
    ({"email": "no address"}, 400),
    ({"email": "ada@example.org", "uses": 2}, 400),
    ({"email": "eve@example.org"}, 409),
    ({"email": "ada@example.org", "send": True}, 409),
    ({"uses": "many"}, 400),
]


async def test_what_cannot_be_an_invitation(house: House) -> None:
    await house.http.post("/api/users", json={"handle": "eve", "email": "eve@example.org"})
    for wish, status in NO_INVITATIONS:
        answer = await house.http.post("/api/invitations", json=wish)
        assert answer.status_code == status and answer.json()["error"]["message"], wish
    assert (await house.http.get("/api/invitations")).json() == []


async def test_invitations_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labyard.control.invitations.MOST", 3)
    for _ in range(3):
        await invited(house)
    answer = await house.http.post("/api/invitations", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too-many")


@pytest.fixture
async def open_house(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """One where strangers may make accounts."""
    object.__setattr__(house.services.doors, "signup", True)
    yield house


async def test_nobody_signs_up_unless_it_is_set(browser: httpx.AsyncClient, house: House) -> None:
    assert "/signup" not in (await browser.get("/signin")).text
    for answer in (await browser.get("/signup"), await browser.post("/signup", data={"username": "ada"})):
        assert answer.status_code == 404 and "by invitation" in answer.text
    assert (await house.http.get("/api/users")).json() == []


async def test_signing_up_where_it_is_set_makes_a_learner(browser: httpx.AsyncClient, open_house: House) -> None:
    assert 'href="/signup"' in (await browser.get("/signin")).text
    body = {
        "username": "ada",
        "name": "",
        "password": GOOD,
        "again": GOOD,
        "role": "admin",
        "email": "boss@example.org",
    }
    assert (await browser.post("/signup", data={**body, "password": "short"})).status_code == 400
    answer = await browser.post("/signup", data=body)
    browser.cookies.clear()
    assert await who(browser, session(answer)) == "ada"
    (user,) = (await open_house.http.get("/api/users")).json()
    assert (user["role"], user["email"]) == ("learner", ""), "an address nobody has seen is not kept"
    again = await browser.post("/signup", data=body)
    assert again.status_code == 409 and "&#x27;ada&#x27; already" in again.text


async def test_signing_up_from_one_place_is_bounded(
    browser: httpx.AsyncClient, open_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labyard.server.joining.PLACE_FREE", 2)
    codes = []
    for number in range(3):
        body = {"username": f"u{number}", "password": GOOD, "again": GOOD}
        codes.append((await browser.post("/signup", data=body)).status_code)
        browser.cookies.clear()
    assert codes == [303, 303, 409]
