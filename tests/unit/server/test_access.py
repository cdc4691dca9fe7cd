from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.support.database import open_copy
from tests.unit.server.conftest import TOKEN, House

from labyard.control.access import LINK_LIFE, Access, owner_token
from labyard.errors import ForbiddenError
from labyard.store.keys import KeyStore
from labyard.store.users import UserStore

PAGE = {"Host": "labyard.localhost:8800", "Accept": "text/html"}
ORIGIN = "http://labyard.localhost:8800"


def basic(token_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{token_id}:{secret}".encode()).decode()}


async def signed_in(house: House) -> str:
    """A browser's cookie."""
    url = (await house.http.post("/api/signin-links", headers={"Host": "127.0.0.1:8800"})).json()["url"]
    assert url.startswith(f"{ORIGIN}/signin?token=")
    answer = await house.http.get(url.removeprefix(ORIGIN), headers={**PAGE, "Authorization": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Domain" not in cookie
    house.http.cookies.clear()
    return cookie.partition(";")[0]


def by_cookie(cookie: str, **more: str) -> dict[str, str]:
    return {"Host": "labyard.localhost:8800", "Cookie": cookie, **more}


@pytest.fixture
async def stranger(house: House) -> httpx.AsyncClient:
    del house.http.headers["Authorization"]
    return house.http


async def test_ways_to_show_who_one_is(house: House) -> None:
    token, secret = await house.services.access.new_token("owner", "ci")
    for headers in (basic("owner", TOKEN), basic(token.id, secret), {"Authorization": f"Bearer {secret}"}):
        answer = await house.http.get("/api/auth/me", headers=headers)
        assert (answer.status_code, answer.json()["id"]) == (200, "owner"), headers


@pytest.mark.parametrize(
    "header",
    ["Bearer wrong", "Bearer", "Basic !!!", "Basic " + base64.b64encode(b"no-colon").decode(), "Digest x", ""],
)
async def test_wrong_credentials(house: House, header: str) -> None:
    answer = await house.http.get("/api/plays", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"


async def test_a_token_needs_its_own_id(house: House) -> None:
    _, secret = await house.services.access.new_token("owner", "ci")
    assert (await house.http.get("/api/plays", headers=basic("0" * 24, secret))).status_code == 401


async def test_nobody_gets_nothing(house: House, stranger: httpx.AsyncClient) -> None:
    for path in ("/api/plays", "/api/playgrounds", "/api/capacity", "/api/images", "/api/search", "/api/auth/me"):
        assert (await stranger.get(path)).status_code == 401, path
    assert (await stranger.get("/healthz")).json() == {"status": "ok"}


async def test_a_link_works_once(house: House) -> None:
    url = (await house.http.post("/api/signin-links", headers={"Host": "127.0.0.1:8800"})).json()["url"]
    path = url.removeprefix(ORIGIN)
    assert (await house.http.get(path, headers=PAGE)).status_code == 303
    again = await house.http.get(path, headers=PAGE)
    assert again.status_code == 403 and "labyard signin-link" in again.text


async def test_an_old_link_does_not_work(tmp_path: Path) -> None:
    database = await open_copy(tmp_path / "x.db")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    access = Access(KeyStore(database), UserStore(database), TOKEN, clock=lambda: now)
    link = await access.new_link()
    now += LINK_LIFE
    with pytest.raises(ForbiddenError):
        await access.sign_in(link)
    await database.close()


async def test_a_cookie_reads_and_changes_from_its_own_page_only(house: House) -> None:
    cookie = await signed_in(house)
    del house.http.headers["Authorization"]
    assert (await house.http.get("/api/auth/me", headers=by_cookie(cookie))).json()["proof"] == "cookie"
    body = {"playground": "demo"}
    answer = await house.http.post("/api/plays", json=body, headers=by_cookie(cookie, Origin=ORIGIN))
    assert answer.status_code == 200
    for origin in (
        "http://evil.test",
        "http://8080-node-01-x.labyard.localhost:8800",
        "http://labyard.localhost",
        "null",
    ):
        answer = await house.http.post("/api/plays", json=body, headers=by_cookie(cookie, Origin=origin))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), origin
    assert (await house.http.post("/api/plays", json=body, headers=by_cookie(cookie))).status_code == 403


async def test_signing_out_ends_the_session(house: House) -> None:
    cookie = await signed_in(house)
    del house.http.headers["Authorization"]
    answer = await house.http.post("/api/auth/logout", headers=by_cookie(cookie, Origin=ORIGIN))
    assert answer.status_code == 200
    assert (await house.http.get("/api/auth/me", headers=by_cookie(cookie))).status_code == 401


async def test_a_browser_is_sent_to_the_pages_own_name(house: House) -> None:
    answer = await house.http.get("/plays/x?a=1", headers={"Host": "127.0.0.1:8800", "Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (307, f"{ORIGIN}/plays/x?a=1")
    api = await house.http.get("/api/plays", headers={"Host": "127.0.0.1:8800", "Accept": "text/html"})
    assert api.status_code == 200


async def test_unknown_names_are_refused(house: House) -> None:
    for host in ("evil.test", "labyard.localhost.evil.test", "x.labyard.localhost:8800", ""):
        answer = await house.http.get("/healthz", headers={"Host": host})
        assert answer.status_code == 400, host


async def test_pages_for_strangers_say_how_to_sign_in(house: House, stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/plays/abc", headers=PAGE)
    assert answer.status_code == 401 and "labyard signin-link" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_tickets(house: House) -> None:
    access = house.services.access
    ticket = access.ticket("play", timedelta(minutes=1))
    assert access.check_ticket(ticket, "play")
    old = access.ticket("play", timedelta(minutes=-1))
    for wrong in (old, "", "play", ticket + "0", ticket.replace("play", "other"), "a.b.c"):
        assert not access.check_ticket(wrong, "play"), wrong
    assert not access.check_ticket(ticket, "other")


def test_the_owners_token_is_private_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "12346")
    path = tmp_path / "owner.token"
    secret = owner_token(path)
    state = path.stat()
    assert len(secret) >= 40 and owner_token(path) == secret
    assert state.st_mode & 0o777 == 0o600
    if os.geteuid() == 0:
        assert (state.st_uid, state.st_gid) == (12345, 12346)
    assert [each.name for each in tmp_path.iterdir()] == ["owner.token"]


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/plays/abc", "/plays/abc"),
        ("/plays/abc?tab=2#x", "/plays/abc?tab=2#x"),
        ("/", "/"),
        ("", "/"),
        ("plays", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        (" //evil.example", "/"),
    ],
)
async def test_a_link_leads_on_to_pages_of_ours_alone(house: House, wanted: str, given: str) -> None:
    url = (await house.http.post("/api/signin-links")).json()["url"]
    token = url.partition("token=")[2]
    answer = await house.http.get("/signin", params={"token": token, "next": wanted}, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, given)
    again = await house.http.get("/signin", params={"token": token, "next": "/plays/abc"}, headers=PAGE)
    assert again.status_code == 403
