"""What both tests of the editor tab do with a page: one against machines made of nothing, one against a real one."""

from __future__ import annotations

import json
import urllib.request
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

IDE = "labyard-ide"


def tree(page: Page) -> Locator:
    return page.get_by_role("tree")


def row(page: Page, name: str) -> Locator:
    return tree(page).locator(".tree-row").filter(has=page.locator(".tree-name", has_text=name)).first


def reach(page: Page, name: str) -> Locator:
    """Down the tree, from its top, until a row is there: those out of sight are not."""
    tree(page).focus()
    page.keyboard.press("Home")
    for _ in range(100):
        page.wait_for_timeout(150)  # rows come and go a moment after the key
        if row(page, name).count():
            return row(page, name)
        page.keyboard.press("PageDown")
    raise AssertionError(f"there is no {name}")


def text(page: Page) -> Locator:
    return page.locator("labyard-text-pane .cm-content")


def go_to(page: Page, folder: str) -> None:
    page.get_by_label("Folder", exact=True).fill(folder)
    page.get_by_label("Folder", exact=True).press("Enter")
    page.wait_for_function("folder => document.querySelector('labyard-file-tree').root === folder", arg=folder)


def make_file(page: Page, name: str) -> None:
    page.get_by_role("button", name="+ File").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Make it").click()
    expect(page.locator(".ide-file.selected")).to_contain_text(name)


def save(page: Page) -> None:
    page.keyboard.press("Control+s")
    expect(page.locator(".ide-saved")).to_have_text("Saved")


class SomebodyElse:
    """Asks the server for files of the same machine, past the page."""

    def __init__(self, page: Page, machine: str, token: str) -> None:
        origin, _, play = page.url.partition("/plays/")
        server = f"http://127.0.0.1:{origin.rpartition(':')[2]}"
        self._files = f"{server}/api/plays/{play.partition('?')[0]}/machines/{machine}/files"
        self._headers = {"Authorization": f"Bearer {token}"}

    def write(self, path: str, content: bytes) -> None:
        self._ask("PUT", path, {"If-Match": "*"}, content)

    def create(self, path: str, content: bytes) -> None:
        self._ask("PUT", path, {"If-None-Match": "*"}, content)

    def folder(self, path: str) -> None:
        body = json.dumps({"path": path}).encode()
        request = urllib.request.Request(f"{self._files}/folders", method="POST", data=body, headers=self._headers)
        urllib.request.urlopen(request, timeout=60).close()

    def read(self, path: str) -> bytes:
        return self._ask("GET", path, {})

    def _ask(self, method: str, path: str, headers: dict[str, str], content: bytes | None = None) -> bytes:
        address = f"{self._files}/content?path={quote(path)}"
        request = urllib.request.Request(address, method=method, data=content, headers={**self._headers, **headers})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return bytes(answer.read())
