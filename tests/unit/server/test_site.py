"""The pages' files, and what a browser gets where there is nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.unit.server.conftest import TOKEN, House

from labyard.server.app import create_app
from labyard.server.guard import ids_in

BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
async def http(house: House, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "pages/assets").mkdir(parents=True)
    (tmp_path / "pages/index.html").write_text("<title>the pages</title>")
    (tmp_path / "pages/assets/a.js").write_text("1")
    transport = httpx.ASGITransport(app=create_app(house.services, pages=tmp_path / "pages"))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://lab.test", headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/", 200), ("/plays", 200), ("/plays/abc", 200), ("/challenges", 200), ("/skill-paths/up", 200)),
        *(("/nothing", 404), ("/plays/a/b/c", 404), ("/challenges/a/b", 404)),
    ],
)
async def test_a_browser_gets_the_pages(http: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await http.get(path, headers=BROWSER)
    assert (answer.status_code, answer.text) == (status, "<title>the pages</title>")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("method", "path", "accept"),
    [
        ("GET", "/api/nothing", BROWSER["Accept"]),
        ("GET", "/assets/nothing.js", BROWSER["Accept"]),
        ("GET", "/nothing", "*/*"),
        ("POST", "/nothing", BROWSER["Accept"]),
    ],
)
async def test_all_others_get_json(http: httpx.AsyncClient, method: str, path: str, accept: str) -> None:
    answer = await http.request(method, path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not-found"


async def test_a_method_that_is_none_stays_so(http: httpx.AsyncClient) -> None:
    answer = await http.delete("/plays/abc", headers=BROWSER)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method-not-allowed")


async def test_a_stranger_is_asked_to_sign_in_wherever_it_is(http: httpx.AsyncClient) -> None:
    del http.headers["Authorization"]
    assert (await http.get("/nothing", headers=BROWSER)).status_code == 401


async def test_assets_stay_for_ever(http: httpx.AsyncClient) -> None:
    answer = await http.get("/assets/a.js", headers=BROWSER)
    assert (answer.text, "immutable" in answer.headers["cache-control"]) == ("1", True)


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("/api/plays", {}),
        (f"/api/plays/{'a' * 24}", {"play": "a" * 24}),
        (f"/api/plays/{'a' * 24}/actions", {"play": "a" * 24}),
        (f"/api/plays/{'a' * 24}/machines/node-01/exec", {"play": "a" * 24, "machine": "node-01"}),
        (f"/api/plays/{'a' * 24}/machines/{'x' * 99}/exec", {"play": "a" * 24}),
        ("/api/plays/no%0Aid", {}),
    ],
)
def test_what_a_request_is_about_goes_into_the_log(path: str, ids: dict[str, str]) -> None:
    assert ids_in(path) == ids


async def test_what_has_a_nul_in_its_name_is_not_there(house: House) -> None:
    answer = await house.http.get("/api/plays/%00")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")
