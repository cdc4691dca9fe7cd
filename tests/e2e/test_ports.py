"""Applications of machines in a real browser: shown in a tab and in their own window, and hostile ones that get nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.e2e.conftest import pages_folder
from tests.e2e.real_server import real_server

pytestmark = pytest.mark.e2e

MANIFEST = """kind: playground
name: shop
title: A shop with a door
playground:
  networks: [{name: local, subnet: 172.16.0.0/24}]
  machines:
    - name: web-01
      users: [{name: laborant, default: true}, {name: root}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
  tabs:
    - {machine: web-01}
    - {kind: http-port, name: Shop, machine: web-01, number: 8080}
    - {kind: http-port, name: Closed, machine: web-01, number: 8081}
"""
SHOP = """<!doctype html><title>Shop</title><h1>Open</h1><p id=said></p><p id=heard></p>
<form method=post><button>Buy</button></form>
<script>
fetch('/data').then(answer => answer.json()).then(data => said.textContent = 'data ' + data.number);
const socket = new WebSocket(`ws://${location.host}/socket`);
socket.onopen = () => socket.send('hello');
socket.onmessage = event => heard.textContent = 'socket ' + event.data;
</script>"""
HOSTILE = """<!doctype html><title>Evil</title><pre id=found>trying</pre><script>
const pages = location.host.replace(/^[^.]*[.]/, '');
const found = {};
const tried = async (name, work) => { try { found[name] = String(await work()); } catch (error) { found[name] = 'refused'; } };
(async () => {
  for (const name of ['labyard_session', '__Host-labyard_session', 'labyard_port'])
    for (const domain of ['', '; domain=labyard.localhost', '; domain=localhost'])
      document.cookie = `${name}=evil; path=/${domain}`;
  await tried('cookies', () => /[0-9A-Za-z_-]{40}/.test(document.cookie) ? 'seen' : 'none');
  await tried('parent', () => parent === window ? 'refused' : parent.document.title);
  await tried('storage', () => parent === window ? 'refused' : parent.localStorage.length);
  await tried('read', () => fetch(`http://${pages}/api/plays`, { credentials: 'include' }).then(answer => answer.text()));
  const post = { method: 'POST', mode: 'no-cors', credentials: 'include' };
  const wish = JSON.stringify({ playground: 'shop' });
  await tried('act', () => fetch(`http://${pages}/api/plays`, { ...post, body: wish }).then(() => 'sent'));
  await tried('leave', () => fetch(`http://${pages}/api/auth/logout`, post).then(() => 'sent'));
  await tried('socket', () => new Promise((resolve, reject) => {
    const play = location.host.slice(12, 36);
    const socket = new WebSocket(`ws://${pages}/api/plays/${play}/machines/web-01/terminals/term-1`);
    socket.onmessage = event => String(event.data).includes('forbidden') ? reject() : resolve('opened');
    socket.onerror = socket.onclose = reject;
  }));
  await tried('worker', () => navigator.serviceWorker.register(`http://${pages}/worker.js`).then(() => 'registered'));
  found.done = 'yes';
  document.getElementById('found').textContent = JSON.stringify(found);
})();
</script>"""


async def shop(request: Request) -> Response:
    if request.method == "POST":
        return HTMLResponse("<h1>Bought</h1>")
    return HTMLResponse(SHOP, headers={"Set-Cookie": "basket=full; Domain=labyard.localhost"})


async def hostile(_: Request) -> Response:
    return HTMLResponse(
        HOSTILE, headers={"Clear-Site-Data": '"*"', "Set-Cookie": "labyard_session=x; Domain=labyard.localhost"}
    )


async def data(_: Request) -> Response:
    return JSONResponse({"number": 42})


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.receive()


PROGRAM = Starlette(
    routes=[
        Route("/", shop, methods=["GET", "POST"]),
        Route("/evil", hostile),
        Route("/data", data),
        WebSocketRoute("/socket", socket),
    ]
)


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "shop.yaml").write_text(MANIFEST)
    with real_server(tmp_path, catalog, pages_folder(), program=PROGRAM) as link:
        yield link


@pytest.fixture
def context(browser: Browser, link: str) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, link: str) -> Page:
    """At a play of the shop."""
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
    return page


def test_an_application_is_shown_in_its_tab_and_in_a_window(page: Page, context: BrowserContext) -> None:
    page.get_by_role("tab", name="Shop").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Open")).to_be_visible()
    expect(frame.locator("#said")).to_have_text("data 42")
    expect(frame.locator("#heard")).to_have_text("socket hello")
    frame.get_by_role("button", name="Buy").click()
    expect(frame.get_by_role("heading", name="Bought")).to_be_visible()
    page.get_by_role("tab", name="web-01").click()
    page.get_by_role("tab", name="Shop").click()
    expect(frame.get_by_role("heading", name="Bought")).to_be_visible()
    page.get_by_role("button", name="Reload").click()
    expect(frame.get_by_role("heading", name="Open")).to_be_visible()
    with context.expect_page() as opened:
        page.get_by_role("link", name="Open in a new window").first.click()
    expect(opened.value.get_by_role("heading", name="Open")).to_be_visible()
    assert re.match(r"http://8080-web-01-[0-9a-f]{24}\.labyard\.localhost:", opened.value.url)


def test_a_port_where_nobody_listens_says_so(page: Page) -> None:
    page.get_by_role("tab", name="Closed").click()
    expect(page.frame_locator("iframe").get_by_text("Nothing answers on port 8081 of web-01")).to_be_visible()


def test_somebody_who_is_not_signed_in_is_told(page: Page, browser: Browser) -> None:
    page.get_by_role("tab", name="Shop").click()
    address = str(page.locator("iframe").get_attribute("src"))
    stranger = browser.new_context().new_page()
    stranger.goto(address)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Sign in to Labyard")
    stranger.context.close()


@pytest.mark.parametrize("framed", [True, False], ids=["in its frame", "in its own window"])
def test_a_hostile_page_gets_nothing(page: Page, context: BrowserContext, framed: bool) -> None:
    """Of the same site, but of another origin: it neither reads nor sets nor acts as who looks at it."""
    page.get_by_role("tab", name="Shop").click()
    expect(page.frame_locator("iframe").locator("#said")).to_have_text("data 42")
    address = str(page.locator("iframe").get_attribute("src"))
    if framed:
        page.evaluate("address => document.querySelector('iframe').src = address", f"{address}evil")
        found = page.frame_locator("iframe").locator("#found")
    else:
        evil = context.new_page()
        evil.goto(f"{address}evil")
        found = evil.locator("#found")
    expect(found).to_contain_text("done")
    text = found.text_content() or ""
    for name in ("parent", "storage", "read", "socket", "worker"):
        assert f'"{name}":"refused"' in text, text
    assert '"cookies":"none"' in text, text
    page.goto("/".join(page.url.split("/")[:3]))
    expect(page.get_by_role("banner")).to_contain_text("owner")
    expect(page.locator(".plays li")).to_have_count(1)


BARE = MANIFEST[: MANIFEST.index("  tabs:")]
LESSON = """---
kind: challenge
title: Look at the shop
description: It has a door.
difficulty: easy
categories: [linux]
createdAt: 2026-01-02
playground: {name: shop}
tasks:
  check_it: {machine: web-01, run: "false"}
---
See :http-port{text="the shop" port=8080 machine="web-01"}.
"""


def test_a_port_is_exposed_from_the_page_and_from_a_lesson(browser: Browser, tmp_path: Path) -> None:
    catalog, content = tmp_path / "catalog", tmp_path / "content"
    catalog.mkdir()
    (catalog / "shop.yaml").write_text(BARE)
    (content / "challenges/look").mkdir(parents=True)
    (content / "challenges/look/index.md").write_text(LESSON)
    with real_server(tmp_path, catalog, pages_folder(), program=PROGRAM, content=content) as link:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(link)
        page.goto(link.partition("/signin")[0] + "/challenges/look")
        page.get_by_role("button", name="Start").first.click()
        page.wait_for_url("**/plays/*")
        expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
        with context.expect_page() as opened:
            page.get_by_role("button", name="the shop").click()
        expect(opened.value.get_by_role("heading", name="Open")).to_be_visible()
        assert opened.value.evaluate("() => window.opener") is None
        page.get_by_role("button", name="About this play").click()
        page.reload()
        page.get_by_role("button", name="About this play").click()
        exposed = page.get_by_role("list", name="Exposed ports")
        expect(exposed).to_contain_text("8080 of web-01")
        page.get_by_role("button", name="Expose port 8080 of web-01 no more").click()
        expect(exposed).to_have_count(0)
        page.get_by_label("Port").fill("8080")
        page.get_by_role("button", name="Expose", exact=True).click()
        with context.expect_page() as again:
            exposed.get_by_role("link", name="8080 of web-01").click()
        expect(again.value.get_by_role("heading", name="Open")).to_be_visible()
        context.close()
