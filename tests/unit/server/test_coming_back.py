"""Who is asked to sign in comes to the page they wanted; and the badge that leads there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from tests.unit.server.conftest import House
from tests.unit.server.test_access import ORIGIN, PAGE

from labyard.control.access import OWNER
from labyard.server.app import create_app


@pytest.fixture
async def stranger(house: House, tmp_path: Path) -> httpx.AsyncClient:
    app = create_app(house.services, pages=tmp_path)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN, headers=PAGE)


async def came_to(house: House, stranger: httpx.AsyncClient, query: str = "") -> str:
    token = await house.services.access.new_link(OWNER)
    answer = await stranger.get(f"/signin?token={token}{query}")
    assert answer.status_code == 303
    return str(answer.headers["location"])


@pytest.mark.parametrize(
    "page",
    ["/start/demo?Word=one+two&x=%C3%A4%26", "/challenges/two-nodes", "/progress", "/lessons?q=a%2Fb", "/status"],
)
async def test_they_come_to_what_they_wanted(house: House, stranger: httpx.AsyncClient, page: str) -> None:
    assert (await stranger.get(page)).status_code == 401
    assert await came_to(house, stranger) == page
    assert await came_to(house, stranger) == "/", "once"


async def test_a_link_that_says_where_is_believed(house: House, stranger: httpx.AsyncClient) -> None:
    await stranger.get("/progress")
    assert await came_to(house, stranger, "&next=/plays/1") == "/plays/1"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:1", "/" + "a" * 3000],
)
async def test_nobody_is_led_elsewhere(house: House, stranger: httpx.AsyncClient, wanted: str) -> None:
    stranger.cookies.set("labyard_wanted", quote(wanted, safe=""))
    assert await came_to(house, stranger) == "/"


async def test_the_api_remembers_nothing(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/progress")
    assert answer.status_code == 401 and "set-cookie" not in answer.headers


async def test_a_badge_for_everybody(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/badge.svg")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "sandbox" in answer.headers["content-security-policy"] and "script" not in answer.text
