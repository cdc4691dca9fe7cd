"""Pages of other sites in tabs, in a real browser: shown where they let themselves be, and no way out of the frame."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Visit, pages_folder
from tests.e2e.fake_plays import PLAYGROUNDS, running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.real_server import real_server

pytestmark = pytest.mark.e2e

MANIFEST = """kind: playground
name: sites
title: Sites of others
playground:
  machines:
    - name: web-01
      users: [{{name: laborant, default: true}}]
      drives: [{{source: debian-12, mount: /}}]
      network: {{interfaces: [{{network: local}}]}}
  tabs:
    - {{machine: web-01}}
    - {{kind: web-page, name: Docs, url: "{site}/docs?a=1&b=2"}}
    - {{kind: web-page, name: Shut, url: "{site}/shut"}}
    - {{kind: web-page, name: Elsewhere, url: "{site}/elsewhere"}}
    - {{kind: web-page, name: Ours, url: "http://labyard.localhost:1/"}}
    - {{kind: kexp, name: Cluster}}
"""
DOCS = """<!doctype html><title>Docs</title><h1>How it works</h1><p id=found>trying</p>
<form><button>Search</button></form><script>
const tried = work => { try { return String(work()); } catch { return 'refused'; } };
const found = [
  location.search,
  document.referrer || 'nobody',
  tried(() => top.document.title),
  tried(() => parent.document.title),
  tried(() => { if (top !== window) top.location = location.href; return 'left'; }),
  tried(() => localStorage.length),
];
document.getElementById('found').textContent = found.join(' ');
</script>"""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.send_response(302 if path == "/elsewhere" else 200)
        self.send_header("Content-Type", "text/html")
        if path == "/shut":
            self.send_header("X-Frame-Options", "DENY")
        if path == "/elsewhere":  # the same program, but another origin
            self.send_header("Location", f"http://localhost:{self.server.server_port}/docs")  # type: ignore[attr-defined]
        self.end_headers()
        self.wfile.write(DOCS.encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    """Where it is, and which paths it was asked for."""
    asked: list[str] = []

    class Noted(Site):
        def do_GET(self) -> None:
            asked.append(self.path.partition("?")[0])
            super().do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), Noted) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture
def context(browser: Browser, tmp_path: Path, site: tuple[str, list[str]]) -> Iterator[BrowserContext]:
    """Signed in at the real server."""
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "sites.yaml").write_text(MANIFEST.format(site=site[0]))
    with real_server(tmp_path, catalog, pages_folder()) as link:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.new_page().goto(link)
        yield context
        context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """At a play of it."""
    page = context.pages[0]
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
    return page


def test_a_page_of_another_site_is_shown_and_stays_in_its_frame(
    page: Page, context: BrowserContext, site: tuple[str, list[str]]
) -> None:
    address, asked = site
    visit = Visit(page)
    assert asked == [], "nobody looked at it yet"
    page.get_by_role("tab", name="Docs").click()
    inner = page.frame_locator("iframe").frame_locator("iframe")
    expect(inner.get_by_role("heading", name="How it works")).to_be_visible()
    expect(inner.locator("#found")).to_have_text("?a=1&b=2 nobody refused refused refused 0")
    panel = page.get_by_role("tabpanel", name="Docs")
    expect(panel).to_contain_text(f"{address.removeprefix('http://')}/docs")
    expect(panel).to_contain_text("Some sites do not let themselves be shown here")
    inner.get_by_role("button", name="Search").click()
    expect(inner.locator("#found")).to_contain_text(f"{address}/docs?a=1&b=2 refused")
    page.get_by_role("tab", name="web-01").click()
    page.get_by_role("tab", name="Docs").click()
    assert asked.count("/docs") == 2, "what goes on in a frame is not lost when another tab is looked at"
    panel.get_by_role("button", name="Reload").click()
    expect(inner.locator("#found")).to_contain_text("?a=1&b=2 nobody")
    with context.expect_page() as opened:
        panel.get_by_role("link", name="Open in a new window").click()
    expect(opened.value.get_by_role("heading", name="How it works")).to_be_visible()
    assert opened.value.evaluate("() => window.opener") is None
    # What it tried on `top` is told there; nothing else went wrong.
    assert [text for text in visit.trouble if "Unsafe attempt to initiate navigation" not in text] == []


@pytest.mark.parametrize("name", ["Shut", "Elsewhere"])
def test_what_does_not_let_itself_be_shown_leaves_the_link(
    page: Page, context: BrowserContext, site: tuple[str, list[str]], name: str
) -> None:
    """One that says so, and one that leads to another site."""
    page.get_by_role("tab", name=name).click()
    inner = page.frame_locator("iframe").frame_locator("iframe")
    expect(page.frame_locator("iframe").locator("iframe")).to_be_visible()
    panel = page.get_by_role("tabpanel", name=name)
    with context.expect_page() as opened:
        panel.get_by_role("link", name="Open in a new window").click()
    expect(opened.value.get_by_role("heading", name="How it works")).to_be_visible()
    expect(inner.get_by_role("heading", name="How it works")).to_have_count(0)


def test_what_is_not_framed_says_why(page: Page) -> None:
    visit = Visit(page)
    page.get_by_role("tab", name="Ours").click()
    expect(page.frame_locator("iframe").get_by_text("address of this Labyard")).to_be_visible()
    page.get_by_role("tab", name="Cluster").click()
    expect(page.get_by_role("tabpanel", name="Cluster")).to_contain_text("a Kubernetes explorer")
    assert visit.trouble == []


def test_on_a_phone_the_bar_stays_inside(browser: Browser, fake: FakeServer, site: tuple[str, list[str]]) -> None:
    play = running_play("debian")
    tab = {"kind": "web-page", "id": "web-page", "name": "Docs", "url": f"{site[0]}/docs/{'long' * 40}"}
    play.playground = {**PLAYGROUNDS["debian"], "tabs": [tab]}
    context = browser.new_context(base_url=fake.base_url, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto("/signin?token=once")
    page.goto(f"/plays/{fake.add(play).id}")
    inner = page.frame_locator("iframe").frame_locator("iframe")
    expect(inner.get_by_role("heading", name="How it works")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    for part in ("Reload", "Open in a new window"):
        box = page.locator(".port-bar").get_by_text(part).bounding_box()
        assert box is not None and box["x"] + box["width"] <= 390
    context.close()
