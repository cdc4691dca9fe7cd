"""Signing in by another provider: a real one on loopback (npm's oidc-provider), and what bad ones do."""

from __future__ import annotations

import html
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from tests.support.oidc import CLIENT, SECRET, oidc_provider
from tests.unit.server.conftest import House
from tests.unit.server.test_access import ORIGIN
from tests.unit.server.test_invitations import invited
from tests.unit.server.test_signin import GOOD, ada, browser, session, sign_in, who

from labyard.server.oidc.provider import Provider, ProviderSettings

__all__ = ["ada", "browser"]  # fixtures

BACK = f"{ORIGIN}/signin/oidc/callback"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "1001": {
        "preferred_username": "Grace.Hopper",
        "name": "Grace Hopper",
        "email": "grace@example.org",
        "email_verified": True,
    },
    "1002": {"preferred_username": "owner", "name": "Not the owner"},
    "1003": {"preferred_username": "eve", "email": "ada@example.org", "email_verified": False},
    "1004": {"preferred_username": "ada", "email": "Ada@example.org", "email_verified": True},
    "1005": {
        "preferred_username": "\u65e5\u672c",
        "name": "x\ny",
        "email": "ada@example.org",
        "email_verified": "true",
    },
    "1006": {"preferred_username": "grace-hopper"},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider(BACK, ACCOUNTS) as issuer:
        yield issuer


@pytest.fixture
async def signing(house: House, issuer: str) -> AsyncIterator[House]:
    """A house that knows the provider, and lets strangers make accounts."""
    provider = Provider(ProviderSettings(issuer=issuer, client_id=CLIENT, client_secret=SECRET, name="Example"))
    object.__setattr__(house.services, "provider", provider)
    allow(house, True)
    yield house
    await provider.close()


def allow(house: House, signup: bool) -> None:
    object.__setattr__(house.services.doors, "signup", signup)
    house.services.doors.identities._signup = signup


async def at_the_provider(address: str, login: str) -> str:
    """What a person does there, as a browser would; the address it sends them back to."""
    async with httpx.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        answer = await http.get(address)
        for _ in range(20):
            if answer.is_redirect:
                onward = urljoin(str(answer.url), answer.headers["location"])
                if onward.startswith(ORIGIN):
                    return onward
                answer = await http.get(onward)
                continue
            assert answer.status_code == 200, answer.text
            form = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert form and prompt, answer.text
            told = {"prompt": prompt[1], "login": login, "password": "any"}
            answer = await http.post(urljoin(str(answer.url), html.unescape(form[1])), data=told)
    raise AssertionError("it goes round in circles")


async def begun(browser: httpx.AsyncClient, path: str = "/signin/oidc") -> tuple[str, str]:
    """Where the browser is sent, and the cookie it keeps."""
    answer = await browser.get(path)
    assert answer.status_code == 303, answer.text
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "__Host-labyard_oidc=" in cookie
    browser.cookies.clear()
    return str(answer.headers["location"]), str(cookie.partition(";")[0])


async def through(browser: httpx.AsyncClient, login: str, path: str = "/signin/oidc") -> httpx.Response:
    """There and back; the answer to the browser that returns."""
    address, cookie = await begun(browser, path)
    back = await at_the_provider(address, login)
    answer = await browser.get(back.removeprefix(ORIGIN), headers={"Cookie": cookie})
    browser.cookies.clear()
    return answer


def cookie_of(answer: httpx.Response) -> str:
    return next(
        cookie for each in answer.headers.get_list("set-cookie") if "session=" in (cookie := each.split(";")[0])
    )


async def test_a_first_and_a_second_time(browser: httpx.AsyncClient, signing: House) -> None:
    assert "Sign in with Example" in (await browser.get("/plays/abc")).text
    first = await through(browser, "1001", "/signin/oidc?next=/plays/abc%3Ftab=2")
    assert (first.status_code, first.headers["location"]) == (303, "/plays/abc?tab=2")
    assert 'labyard_oidc="";' in str(first.headers) or "Max-Age=0" in str(first.headers), "the way is over"
    assert await who(browser, cookie_of(first)) == "grace-hopper"
    (user,) = (await signing.http.get("/api/users")).json()
    assert (user["name"], user["role"], user["email"]) == ("Grace Hopper", "learner", "grace@example.org")
    assert await who(browser, cookie_of(await through(browser, "1001"))) == "grace-hopper"
    assert len((await signing.http.get("/api/users")).json()) == 1


async def test_names_that_are_taken_or_none(browser: httpx.AsyncClient, signing: House) -> None:
    for login, handle in (("1001", "grace-hopper"), ("1006", "grace-hopper-2"), ("1002", "owner-2"), ("1005", "x-y")):
        assert await who(browser, cookie_of(await through(browser, login))) == handle
    users = {each["handle"]: each for each in (await signing.http.get("/api/users")).json()}
    assert users["owner-2"]["role"] == "learner"
    assert (users["x-y"]["email"], users["x-y"]["name"]) == ("", "x-y"), (
        "`email_verified` of the wrong type counts for nothing"
    )


async def test_only_an_address_that_is_verified_leads_to_an_account_that_is_there(
    browser: httpx.AsyncClient, signing: House, ada: str
) -> None:
    assert await who(browser, cookie_of(await through(browser, "1003"))) == "eve", "a new one: never hers"
    assert await who(browser, cookie_of(await through(browser, "1004"))) == "ada"
    handles = [each["handle"] for each in (await signing.http.get("/api/users")).json()]
    assert handles == ["ada", "eve"]
    session(await sign_in(browser, "ada", GOOD))


async def test_who_is_shut_out_stays_out(browser: httpx.AsyncClient, signing: House, ada: str) -> None:
    assert await who(browser, cookie_of(await through(browser, "1004"))) == "ada"
    await signing.http.patch("/api/users/ada", json={"disabled": True})
    answer = await through(browser, "1004")
    assert answer.status_code == 403 and "shut out" in answer.text
    await signing.http.delete("/api/users/ada")
    assert await who(browser, cookie_of(await through(browser, "1004"))) == "ada", "somebody new"


async def test_where_nobody_signs_up_it_takes_an_invitation(browser: httpx.AsyncClient, signing: House) -> None:
    allow(signing, False)
    answer = await through(browser, "1001")
    assert answer.status_code == 403 and "no account for you" in answer.text
    assert (await signing.http.get("/api/users")).json() == []
    made = await invited(signing, role="author")
    link = re.search(
        r'href="(/signin/oidc\?invitation=[^"]+)"', (await browser.get(made["url"].removeprefix(ORIGIN))).text
    )
    assert link
    assert await who(browser, cookie_of(await through(browser, "1001", link[1]))) == "grace-hopper"
    (user,) = (await signing.http.get("/api/users")).json()
    assert user["role"] == "author" and (await signing.http.get("/api/invitations")).json() == []
    assert (await through(browser, "1002", link[1])).status_code == 404, "it is used up"
    assert await who(browser, cookie_of(await through(browser, "1001"))) == "grace-hopper"


async def test_what_another_browser_began_lets_nobody_in(browser: httpx.AsyncClient, signing: House) -> None:
    """Else somebody is signed in as the one who sent them the address."""
    address, mine = await begun(browser)
    _, other = await begun(browser)
    back = (await at_the_provider(address, "1001")).removeprefix(ORIGIN)
    ticket = signing.services.access.ticket("port:x:owner", signing.services.clock() - signing.services.clock())
    for cookie in ("", other, "__Host-labyard_oidc=x", f"__Host-labyard_oidc={ticket}", f"{mine}0"):
        answer = await browser.get(back, headers={"Cookie": cookie})
        assert answer.status_code == 403 and "another browser" in answer.text, cookie
        assert "session=" not in answer.headers["set-cookie"]
    answer = await browser.get(re.sub(r"state=[^&]+", "state=x", back), headers={"Cookie": mine})
    assert answer.status_code == 403
    assert (await browser.get(back, headers={"Cookie": mine})).status_code == 303
    again = await browser.get(back, headers={"Cookie": mine})
    assert again.status_code == 403 and "provider-refused" in again.text, "a code works once"


async def test_keys_are_changed_now_and_then(browser: httpx.AsyncClient, signing: House, issuer: str) -> None:
    assert (await through(browser, "1001")).status_code == 303
    provider = signing.services.provider
    assert provider is not None
    async with httpx.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        await http.post(f"{issuer}/rotate")
    answer = await through(browser, "1001")
    assert answer.status_code == 502 and "not signed with its keys" in answer.text, (
        "keys are not looked at all the time"
    )
    provider._keys._at -= 10
    assert (await through(browser, "1001")).status_code == 303


async def test_the_provider_says_no(browser: httpx.AsyncClient, signing: House) -> None:
    for error, shown in (("access_denied", "access_denied"), ("<script>", "it does not say why")):
        address, cookie = await begun(browser)
        state = re.search(r"state=([^&]+)", address)
        assert state
        params = {"state": state[1], "error": error, "error_description": "<b>words of others</b>"}
        answer = await browser.get("/signin/oidc/callback", params=params, headers={"Cookie": cookie})
        assert answer.status_code == 403 and shown in answer.text and "provider-refused" in answer.text
        assert "<script" not in answer.text and "words of others" not in answer.text


async def test_another_provider_answers(browser: httpx.AsyncClient, signing: House) -> None:
    address, cookie = await begun(browser)
    back = (await at_the_provider(address, "1001")).removeprefix(ORIGIN)
    assert "iss=" in back
    answer = await browser.get(re.sub(r"iss=[^&]+", "iss=http://evil.test", back), headers={"Cookie": cookie})
    assert answer.status_code == 502 and "Another provider answered" in answer.text


async def test_without_a_provider_there_is_no_such_door(browser: httpx.AsyncClient) -> None:
    assert "/signin/oidc" not in (await browser.get("/signin")).text
    for path in ("/signin/oidc", "/signin/oidc/callback?code=x&state=y"):
        assert (await browser.get(path)).status_code == 404
