"""Signing in with a password, changing it, choosing another one by a link: pages without script, and /api/account."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from tests.unit.server.conftest import House
from tests.unit.server.test_access import ORIGIN, by_cookie
from tests.unit.server.test_people import cookie_of, token_of

from labyard.control.tries import ACCOUNT_FREE, PLACE_FREE

PAGE = {"Host": "labyard.localhost:8800", "Accept": "text/html"}
SENT = {**PAGE, "Origin": ORIGIN}
GOOD = "several words together"
OTHER = "other words together"


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody yet; it keeps no cookies, so that tests say which they send."""
    transport = house.http._transport
    async with httpx.AsyncClient(transport=transport, base_url=house.http.base_url, headers=SENT) as http:
        yield http


@pytest.fixture
async def ada(house: House) -> str:
    """Her id. She has a password."""
    made = await house.http.post("/api/users", json={"handle": "ada", "email": "ada@example.org"})
    await house.http.post("/api/users/ada/password", json={"password": GOOD})
    return str(made.json()["id"])


async def sign_in(browser: httpx.AsyncClient, name: str, password: str, **more: str) -> httpx.Response:
    answer = await browser.post("/signin", data={"username": name, "password": password, **more})
    browser.cookies.clear()
    return answer


def session(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Domain" not in cookie
    return str(cookie.partition(";")[0])


async def who(browser: httpx.AsyncClient, cookie: str) -> str | None:
    answer = await browser.get("/api/auth/me", headers=by_cookie(cookie))
    return str(answer.json()["handle"]) if answer.status_code == 200 else None


async def test_by_name_or_address_and_on_to_the_page_that_was_asked_for(browser: httpx.AsyncClient, ada: str) -> None:
    page = await browser.get("/plays/abc?tab=2")
    assert page.status_code == 401 and 'name="next" value="/plays/abc?tab=2"' in page.text
    for name in ("ada", "ADA", " ada ", "ada@example.org", "Ada@Example.org"):
        answer = await sign_in(browser, name, GOOD, next="/plays/abc?tab=2")
        assert answer.headers["location"] == "/plays/abc?tab=2"
        assert await who(browser, session(answer)) == "ada"


async def test_the_page_is_for_password_managers_and_phones(browser: httpx.AsyncClient, house: House) -> None:
    page = await browser.get("/signin")
    assert page.status_code == 200 and "labyard signin-link" in page.text and "<script" not in page.text
    assert 'autocomplete="username"' in page.text and 'autocomplete="current-password"' in page.text
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "form-action 'self'" in policy and "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "same-origin", "else forms are sent with `Origin: null`"
    assert page.headers["cache-control"] == "no-store"


async def test_errors_tell_nothing_but_that_it_is_wrong(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    await token_of(house, "no-password")
    await token_of(house, "shut-out")
    await house.http.post("/api/users/shut-out/password", json={"password": GOOD})
    await house.http.patch("/api/users/shut-out", json={"disabled": True})
    pages = set()
    for name, password in (
        *(("ada", "wrong"), ("ada", ""), ("nobody", GOOD), ("no-password", GOOD), ("shut-out", GOOD)),
        *(("", ""), ("owner", "the-owner"), ("x" * 5000, "y" * 5000), ("a@b@c", "x"), ("nobody@example.org", "x")),
    ):
        answer = await sign_in(browser, name, password)
        assert answer.status_code == 403 and "set-cookie" not in answer.headers, name
        pages.add(re.sub(r' (value="[^"]*"|autofocus)', "", answer.text))
    assert len(pages) == 1 and "The name or the password is wrong." in pages.pop()


async def test_what_is_typed_is_shown_again_but_the_password_and_never_as_markup(browser: httpx.AsyncClient) -> None:
    answer = await sign_in(browser, '"><script>alert(1)</script>', "secret-word", next='/"><b>')
    assert "<script>" not in answer.text and "&quot;&gt;&lt;script&gt;" in answer.text
    assert "secret-word" not in answer.text and "<b>" not in answer.text


async def test_it_leads_on_to_pages_of_ours_alone(browser: httpx.AsyncClient, ada: str) -> None:
    for onward in ("//evil.example", "/\\evil.example", "https://evil.example/", "", "/\t/evil.example"):
        assert (await sign_in(browser, "ada", GOOD, next=onward)).headers["location"] == "/", onward
        assert 'name="next" value="/"' in (await sign_in(browser, "ada", "wrong", next=onward)).text
        assert 'name="next" value="/"' in (await browser.get("/signin", params={"next": onward})).text


async def test_no_other_page_signs_anybody_in(browser: httpx.AsyncClient, ada: str) -> None:
    del browser.headers["Origin"]
    for origin in (None, "null", "http://evil.test", "http://8080-a-b.labyard.localhost:8800"):
        headers = {**PAGE, **({"Origin": origin} if origin else {})}
        answer = await browser.post("/signin", data={"username": "ada", "password": GOOD}, headers=headers)
        assert answer.status_code == 403 and "set-cookie" not in answer.headers, origin


NO_FORMS = [
    (b"username=ada&username=eve&password=x", "application/x-www-form-urlencoded", 400),
    (b"username=%ff&password=x", "application/x-www-form-urlencoded", 400),
    (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
    (b"&".join(b"a%d=1" % n for n in range(100)), "application/x-www-form-urlencoded", 400),
    (b"username=" + b"a" * 20_000, "application/x-www-form-urlencoded; charset=utf-8", 413),
    (b'{"username": "ada"}', "application/json", 400),
    (b"", "multipart/form-data; boundary=x", 400),
]


async def test_what_is_no_form(browser: httpx.AsyncClient) -> None:
    for body, kind, status in NO_FORMS:
        answer = await browser.post("/signin", content=body, headers={"Content-Type": kind})
        assert answer.status_code == status and "Sign in to Labyard" in answer.text, body[:40]


async def test_tries_of_one_account_are_bounded_whoever_tries(
    browser: httpx.AsyncClient, house: House, ada: str
) -> None:
    for name in ("ada", "nobody"):
        for _ in range(ACCOUNT_FREE):
            assert (await sign_in(browser, name, "wrong")).status_code == 403
        answer = await sign_in(browser, name, GOOD)
        assert answer.status_code == 409 and "too-many-tries" in answer.text and "try again in 1 second" in answer.text
    link = by_cookie(await cookie_of(house, "ada"))
    assert (await browser.get("/api/auth/me", headers=link)).status_code == 200, "another way in is open"


async def test_waits_do_not_tell_which_address_is_whose(browser: httpx.AsyncClient, ada: str) -> None:
    for _ in range(ACCOUNT_FREE):
        await sign_in(browser, "ada", "wrong")
    assert (await sign_in(browser, "ada", "wrong")).status_code == 409
    for name in ("ada@example.org", "somebody@example.org"):
        assert (await sign_in(browser, name, "wrong")).status_code == 403


async def test_tries_from_one_place_are_bounded_but_good_ones_are_not_counted(
    browser: httpx.AsyncClient, ada: str
) -> None:
    for _ in range(PLACE_FREE + 5):
        session(await sign_in(browser, "ada", GOOD))
    for number in range(PLACE_FREE):
        assert (await sign_in(browser, f"nobody-{number}", "x")).status_code == 403
    assert (await sign_in(browser, "somebody-else", "x")).status_code == 409


async def test_a_session_is_new_and_the_one_before_ends(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    await token_of(house, "eve")
    before = await cookie_of(house, "eve")
    answer = await browser.post("/signin", data={"username": "ada", "password": GOOD}, headers={"Cookie": before})
    after = session(answer)
    assert after != before and await who(browser, after) == "ada" and await who(browser, before) is None


async def test_changing_it_ends_all_other_sessions(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    mine, other = [session(await sign_in(browser, "ada", GOOD)) for _ in range(2)]
    link = (await house.http.post("/api/users/ada/signin-links", headers=PAGE)).json()["url"]
    token = (await browser.post("/api/oauth/tokens", json={"name": "x"}, headers=by_cookie(mine))).json()
    answer = await browser.get("/api/account", headers=by_cookie(mine))
    told = answer.json()
    assert (told["handle"], told["email"], told["hasPassword"], told["sessions"]) == ("ada", "ada@example.org", True, 2)
    body = {"current": GOOD, "password": OTHER}
    assert (await browser.post("/api/account/password", json=body, headers=by_cookie(mine))).status_code == 200
    assert await who(browser, mine) == "ada" and await who(browser, other) is None
    dead = await browser.get(link.removeprefix(ORIGIN))
    assert (dead.status_code, '<a href="/signin">' in dead.text) == (403, True), "and there is a way on"
    by_token = {"Authorization": f"Bearer {token['accessToken']}"}
    assert (await browser.get("/api/auth/me", headers=by_token)).status_code == 200, "tokens stay"
    assert (await sign_in(browser, "ada", GOOD)).status_code == 403
    session(await sign_in(browser, "ada", OTHER))


async def test_changing_it_takes_the_current_one_a_good_one_and_our_page(
    browser: httpx.AsyncClient, house: House, ada: str
) -> None:
    mine = by_cookie(session(await sign_in(browser, "ada", GOOD)))

    async def change(current: object, new: object, **more: str) -> int:
        body = {"current": current, "password": new}
        return (await browser.post("/api/account/password", json=body, headers={**mine, **more})).status_code

    assert await change(GOOD, "short") == 400
    assert await change(GOOD, 7) == 400
    assert await change(GOOD, OTHER, Origin="http://evil.test") == 403
    assert (await house.http.post("/api/account/password", json={"password": OTHER})).status_code == 409, "the owner"
    for _ in range(ACCOUNT_FREE):
        assert await change("wrong", OTHER) == 403
    assert await change(GOOD, OTHER) == 409, "tried too often"
    assert (await browser.get("/api/auth/me", headers=mine)).status_code == 200


async def test_who_came_by_a_link_chooses_a_first_one(browser: httpx.AsyncClient, house: House) -> None:
    await token_of(house, "eve")
    mine = by_cookie(await cookie_of(house, "eve"))
    assert (await browser.get("/api/account", headers=mine)).json()["hasPassword"] is False
    assert (await browser.post("/api/account/password", json={"password": GOOD}, headers=mine)).status_code == 200
    session(await sign_in(browser, "eve", GOOD))


async def test_signing_out_everywhere(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    cookies = [session(await sign_in(browser, "ada", GOOD)) for _ in range(3)]
    owner = by_cookie(await cookie_of_owner(house))
    assert (await browser.post("/api/account/sign-out", headers=by_cookie(cookies[0]))).status_code == 200
    assert [await who(browser, cookie) for cookie in cookies] == [None] * 3
    assert (await browser.get("/api/auth/me", headers=owner)).status_code == 200, "nobody else"


async def cookie_of_owner(house: House) -> str:
    url = (await house.http.post("/api/signin-links", headers=PAGE)).json()["url"]
    answer = await house.http.get(url.removeprefix(ORIGIN), headers=PAGE)
    house.http.cookies.clear()
    return str(answer.headers["set-cookie"].partition(";")[0])


async def password_link(house: House, handle: str = "ada") -> str:
    answer = await house.http.post(f"/api/users/{handle}/password-links", headers=PAGE)
    assert answer.status_code == 200, answer.text
    url = str(answer.json()["url"])
    assert url.startswith(f"{ORIGIN}/password?token=")
    return url.removeprefix(ORIGIN)


async def choose(browser: httpx.AsyncClient, path: str, password: str, again: str | None = None) -> httpx.Response:
    body = {"token": path.partition("token=")[2], "password": password, "again": password if again is None else again}
    answer = await browser.post("/password", data=body)
    browser.cookies.clear()
    return answer


async def test_a_link_chooses_a_password_once(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    before = session(await sign_in(browser, "ada", GOOD))
    link = await password_link(house)
    for _ in range(3):
        page = await browser.get(link)
        assert page.status_code == 200 and 'value="ada"' in page.text and 'autocomplete="new-password"' in page.text
    assert "typed" not in page.text and (await choose(browser, link, OTHER, "something else")).status_code == 400
    assert (await choose(browser, link, "short")).status_code == 400, "and the link is still good"
    after = session(await choose(browser, link, OTHER))
    assert await who(browser, after) == "ada" and await who(browser, before) is None
    again = await choose(browser, link, "a third one of words")
    assert again.status_code == 404 and "does not work any more" in again.text
    assert (await browser.get(link)).status_code == 404
    session(await sign_in(browser, "ada", OTHER))


async def test_links_that_are_none(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    first, second = await password_link(house), await password_link(house)
    assert (await browser.get(first)).status_code == 404, "the newest counts"
    await house.http.patch("/api/users/ada", json={"disabled": True})
    for link in (second, "/password?token=x", "/password"):
        assert (await browser.get(link)).status_code == 404
        assert (await choose(browser, link, OTHER)).status_code == 404
    assert (await house.http.post("/api/users/ada/password-links")).status_code == 409
    await house.http.patch("/api/users/ada", json={"disabled": False})
    assert (await browser.get(second)).status_code == 404, "being shut out ended it"


async def test_an_old_link_chooses_nothing(
    browser: httpx.AsyncClient, house: House, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labyard.control.accounts.PASSWORD_LINK_LIFE", timedelta(0))
    link = await password_link(house)
    assert (await browser.get(link)).status_code == 404
    assert (await choose(browser, link, OTHER)).status_code == 404


async def test_two_who_use_one_link_at_once(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    secret = (await password_link(house)).partition("token=")[2]
    accounts = house.services.doors.accounts
    answers = await asyncio.gather(
        *(accounts.reset(secret, f"words of number {n}") for n in range(4)), return_exceptions=True
    )
    assert sum(isinstance(answer, str) for answer in answers) == 1


async def test_an_admin_sets_it(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    mine = session(await sign_in(browser, "ada", GOOD))
    assert (await house.http.post("/api/users/ada/password", json={"password": "short"})).status_code == 400
    assert await who(browser, mine) == "ada"
    assert (await house.http.post("/api/users/ada/password", json={"password": OTHER})).status_code == 200
    assert await who(browser, mine) is None
    session(await sign_in(browser, "ada", OTHER))


async def test_who_is_removed_leaves_no_password(browser: httpx.AsyncClient, house: House, ada: str) -> None:
    await house.http.delete("/api/users/ada")
    await house.http.post("/api/users", json={"handle": "ada", "email": "ada@example.org"})
    assert (await sign_in(browser, "ada", GOOD)).status_code == 403


async def test_an_address_is_one_persons(house: House, ada: str) -> None:
    taken = await house.http.post("/api/users", json={"handle": "eve", "email": "ADA@example.org"})
    assert taken.status_code == 409
    assert [each["handle"] for each in (await house.http.get("/api/users")).json()] == ["ada"], "all or nothing"
    assert (await house.http.post("/api/users", json={"handle": "eve", "email": "no address"})).status_code == 400
    await house.http.post("/api/users", json={"handle": "eve"})
    assert (await house.http.patch("/api/users/eve", json={"email": "ada@example.org"})).status_code == 409
    assert (await house.http.patch("/api/users/ada", json={"email": ""})).json()["email"] == ""
    assert (await house.http.patch("/api/users/eve", json={"email": "ada@example.org"})).status_code == 200


async def test_without_mail_nobody_is_promised_any(browser: httpx.AsyncClient) -> None:
    for answer in (await browser.get("/forgot"), await browser.post("/forgot", data={"email": "ada@example.org"})):
        assert answer.status_code == 404 and "labyard user password NAME --link" in answer.text
    assert "/forgot" not in (await browser.get("/signin")).text
