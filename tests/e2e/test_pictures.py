"""Pictures for the documentation that need no machine: the editor, a port, the admin's first page.

`test_newcomer.py` takes the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.e2e.conftest import ROOT, pages_folder
from tests.e2e.ide import SomebodyElse, row, text
from tests.e2e.real_server import real_server

pytestmark = [pytest.mark.e2e, pytest.mark.pictures]

Picture = Callable[[Page, str], None]
MANIFEST = """kind: playground
name: first-app
title: A first application
description: A shop of one file. Change it, and look at what others see.
playground:
  networks: [{name: local, subnet: 172.16.0.0/24}]
  machines:
    - name: web-01
      users: [{name: laborant, default: true}, {name: root}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
  tabs:
    - {kind: ide, machine: web-01}
    - {kind: http-port, name: Shop, machine: web-01, number: 8080}
    - {machine: web-01}
"""
SHOP = """<!doctype html><title>Shop</title>
<style>body { max-width: 36rem; margin: 3rem auto; font: 18px/1.6 system-ui } li { padding: .25rem } b { float: right }</style>
<h1>Cables and more</h1>
<p>Served by <code>web-01</code>, port 8080.</p>
<ul><li>A patch cable, 2 m <b>3.50</b></li><li>A switch of five ports <b>19.00</b></li><li>A label for it <b>0.20</b></li></ul>
<form method=post><button>Order</button></form>
"""
SERVER = '''"""A shop of one file."""

from http.server import BaseHTTPRequestHandler, HTTPServer

PAGE = open("shop.html").read()


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())


HTTPServer(("", 8080), Shop).serve_forever()
'''


async def shop(_: Request) -> HTMLResponse:
    return HTMLResponse(SHOP)


@contextmanager
def opened(browser: Browser, folder: Path, catalog: Path) -> Iterator[Page]:
    """The owner's first page, on a laptop."""
    program = Starlette(routes=[Route("/", shop, methods=["GET", "POST"])])
    with real_server(folder, catalog, pages_folder(), program=program) as link:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="UTC")
        page = context.new_page()
        page.goto(link)
        yield page
        context.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """At a play of the application."""
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "first-app.yaml").write_text(MANIFEST)
    with opened(browser, tmp_path, catalog) as page:
        page.get_by_role("button", name="Start").click()
        page.wait_for_url("**/plays/*")
        expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
        yield page


def test_an_editor(page: Page, picture: Picture) -> None:
    expect(page.get_by_label("Folder", exact=True)).to_have_value("/home/laborant")
    other = SomebodyElse(page, "web-01", "owner-token")
    other.folder("/home/laborant/shop")
    for name, content in (("server.py", SERVER), ("shop.html", SHOP)):
        other.create(f"/home/laborant/shop/{name}", content.encode())
    page.get_by_role("button", name="Refresh").click()
    row(page, "shop").click()
    row(page, "shop.html").click()
    expect(text(page)).to_contain_text("Cables and more")
    row(page, "server.py").click()
    expect(text(page).locator("span").filter(has_text="class").first).to_be_visible()
    picture(page, "ide")


def test_an_application(page: Page, picture: Picture) -> None:
    page.get_by_role("tab", name="Shop").click()
    expect(page.frame_locator("iframe").get_by_role("heading", name="Cables and more")).to_be_visible()
    picture(page, "port")


def test_a_box_at_work(browser: Browser, tmp_path: Path, picture: Picture) -> None:
    with opened(browser, tmp_path, ROOT / "catalog/playgrounds") as page:
        port = page.url.split(":")[-1].rstrip("/")
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer owner-token"}, timeout=30
        ) as api:
            for playground in ("routing-lab", "docker", "debian", "mini-lan", "debian", "storage-lab"):
                api.post("/api/plays", json={"playground": playground}).raise_for_status()
        page.get_by_role("link", name="Admin").click()
        expect(page.get_by_role("link", name="Running 6")).to_be_visible()
        picture(page, "admin")
