"""Another e-mail address of one's own: a link in a letter to it, once, and the old one is told."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from tests.support.mail import Mailbox
from tests.unit.server.conftest import House
from tests.unit.server.test_access import ORIGIN, by_cookie
from tests.unit.server.test_mail import box, writing
from tests.unit.server.test_people import token_of
from tests.unit.server.test_signin import GOOD, OTHER, ada, browser, session, sign_in

__all__ = ["ada", "box", "browser", "writing"]  # fixtures
NEW = "ada@new.example.org"


async def asked(browser: httpx.AsyncClient, cookie: str, address: str = NEW, current: str = GOOD) -> httpx.Response:
    headers = {**by_cookie(cookie), "Origin": ORIGIN}
    return await browser.post("/api/account/email", json={"email": address, "current": current}, headers=headers)


async def link(browser: httpx.AsyncClient, house: House, box: Mailbox, address: str = NEW) -> str:
    """The path of the link in the letter to it, asked for by ada."""
    cookie = session(await sign_in(browser, "ada", GOOD))
    box.letters.clear()
    assert (await asked(browser, cookie, address)).status_code == 200
    await house.services.doors.outbox.settled()
    assert [letter["To"] for letter in box.letters] == [address]
    return box.link().removeprefix(ORIGIN)


async def confirmed(browser: httpx.AsyncClient, path: str) -> httpx.Response:
    return await browser.post("/address", data={"token": path.partition("token=")[2]})


async def address_of_ada(house: House) -> str:
    users = (await house.http.get("/api/users")).json()
    return str(next(each["email"] for each in users if each["handle"] == "ada"))


async def test_the_new_one_counts_once_it_is_confirmed(
    browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str
) -> None:
    path = await link(browser, writing, box)
    for _ in range(2):
        page = await browser.get(path)
        assert page.status_code == 200 and f"Shall {NEW} be the address of ada instead of ada@example.org?" in page.text
    assert await address_of_ada(writing) == "ada@example.org", "looking changes nothing"
    done = await confirmed(browser, path)
    assert done.status_code == 200 and NEW in done.text
    await writing.services.doors.outbox.settled()
    assert box.letters[-1]["To"] == "ada@example.org" and NEW not in box.text(-1)
    session(await sign_in(browser, NEW, GOOD))
    assert (await sign_in(browser, "ada@example.org", GOOD)).status_code == 403
    for again in (await browser.get(path), await confirmed(browser, path)):
        assert again.status_code == 404 and "This link does not work any more" in again.text, "once"


async def test_links_that_are_none(browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str) -> None:
    good = await link(browser, writing, box)
    access = writing.services.access
    old = access.ticket(f"address:{ada}:x:{NEW}", timedelta(minutes=-1))
    forged = access.ticket(f"address:{ada}:{'0' * 32}:{NEW}", timedelta(minutes=1))
    other = access.ticket(f"port:{ada}:x:{NEW}", timedelta(minutes=1))
    nobody = access.ticket(f"address:{'f' * 24}:x:{NEW}", timedelta(minutes=1))
    for token in ("", "x", "a.b.c", f"{good[:-1]}", old, forged, other, nobody, "ü" * 500):
        page = await browser.get("/address", params={"token": token})
        assert page.status_code == 404 and "not-found" in page.text, token
    away = await browser.post("/address", data={"token": good}, headers={"Origin": "http://evil.test"})
    assert away.status_code in (403, 404)
    assert await address_of_ada(writing) == "ada@example.org"


@pytest.mark.parametrize("what", ["password", "shut-out", "other-address"])
async def test_what_changes_meanwhile_ends_the_link(
    browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str, what: str
) -> None:
    path = await link(browser, writing, box)
    if what == "password":
        await writing.http.post("/api/users/ada/password", json={"password": OTHER})
    else:
        change = {"disabled": True} if what == "shut-out" else {"email": "third@example.org"}
        await writing.http.patch("/api/users/ada", json=change)
    assert (await confirmed(browser, path)).status_code == 404


async def test_nobody_learns_whose_an_address_is(
    browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str
) -> None:
    cookie = session(await sign_in(browser, "ada", GOOD))
    await token_of(writing, "bob")
    await writing.http.patch("/api/users/bob", json={"email": "bob@example.org"})
    answers = [await asked(browser, cookie, address) for address in ("bob@example.org", NEW)]
    assert answers[0].json() == answers[1].json() == {"status": "ok"}
    await writing.services.doors.outbox.settled()
    assert [letter["To"] for letter in box.letters] == [NEW]
    await writing.http.patch("/api/users/bob", json={"email": NEW})
    late = await confirmed(browser, box.link())
    assert late.status_code == 409 and "somebody else has this e-mail address" in late.text.lower()


async def test_who_may_not(browser: httpx.AsyncClient, writing: House, box: Mailbox, ada: str) -> None:
    cookie = session(await sign_in(browser, "ada", GOOD))
    assert (await asked(browser, cookie, current="wrong")).status_code == 403
    assert (await asked(browser, cookie, "no address")).status_code == 400
    assert (await asked(browser, cookie, "ADA@example.org")).status_code == 400, "it is hers already"
    elsewhere = await browser.post("/api/account/email", json={"email": NEW}, headers=by_cookie("x=y"))
    assert elsewhere.status_code == 401
    owner = await writing.http.post("/api/account/email", json={"email": NEW})
    assert (owner.status_code, owner.json()["error"]["code"]) == (409, "conflict")
    await writing.services.doors.outbox.settled()
    assert box.letters == []


async def test_without_mail_an_admin_does_it(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    cookie = session(await sign_in(browser, "ada", GOOD))
    account = (await browser.get("/api/account", headers=by_cookie(cookie))).json()
    answer = await asked(browser, cookie)
    assert account["mail"] is False and answer.status_code == 409
    assert "sends no mail" in answer.json()["error"]["message"]
