"""A browser, and something to look at: the fake server, or a real one through `LABYARD_E2E_SIGNIN` (a sign-in link)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.e2e.fake_server import FakeServer
from tests.e2e.pictures import take

ROOT = Path(__file__).parents[2]
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str:
    """Without its windows it needs half the time; the engine is the same. `LABYARD_CHROMIUM`: another one."""
    given = os.environ.get("LABYARD_CHROMIUM")
    return given or shutil.which("chromium-headless-shell") or shutil.which("chromium") or "/usr/bin/chromium"


def pages_folder() -> Path:
    """The built pages: those of `npm run build`, else those the build hook made."""
    for folder in (ROOT / "web/dist", ROOT / "src/labyard/_built/pages"):
        if (folder / "index.html").is_file():
            return folder
    raise pytest.UsageError("The pages are not built: run `npm ci && npm run build` in web/, or `pip install -e .`")


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium(), args=ARGS)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def fake() -> Iterator[FakeServer]:
    with FakeServer(pages_folder()) as server:
        yield server


@pytest.fixture(scope="package")
def signin_link(request: pytest.FixtureRequest) -> str:
    """A link that signs in. One-time links of a real server: give the name of a command with `LABYARD_E2E_SIGNIN`."""
    given = os.environ.get("LABYARD_E2E_SIGNIN")
    if given:
        return given
    fake: FakeServer = request.getfixturevalue("fake")
    return f"{fake.base_url}/signin?token=once"


@pytest.fixture(scope="package")
def cookies(browser: Browser, signin_link: str) -> Iterator[tuple[str, BrowserContext]]:
    """One sign-in for all tests, as a link works once: the base URL, and the context that holds the cookie."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(signin_link)
    page.wait_for_url("**/")
    yield page.url.rstrip("/"), context
    context.close()


@pytest.fixture
def base_url(cookies: tuple[str, BrowserContext]) -> str:
    return cookies[0]


class Visit:
    """One test's page, and everything that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.trouble: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda message: self.trouble.append(message.text) if message.type == "error" else None)


def open_context(browser: Browser, cookies: tuple[str, BrowserContext], **options: object) -> BrowserContext:
    context = browser.new_context(base_url=cookies[0], **options)  # type: ignore[arg-type]
    context.add_cookies(cookies[1].cookies())  # type: ignore[arg-type]
    return context


@pytest.fixture
def visit(browser: Browser, cookies: tuple[str, BrowserContext]) -> Iterator[Visit]:
    """A signed-in page; script errors and refusals of the content security policy fail the test."""
    context = open_context(
        browser, cookies, viewport={"width": 1280, "height": 800}, permissions=["clipboard-read", "clipboard-write"]
    )
    visit = Visit(context.new_page())
    yield visit
    context.close()
    assert visit.trouble == []


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


@pytest.fixture
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Page, str], None]:
    """Takes a picture for the documentation: into `LABYARD_DOC_PICTURES`, else to where nobody looks."""
    assert request.node.get_closest_marker("pictures"), "`make pictures` runs what is marked so"
    folder = Path(os.environ.get("LABYARD_DOC_PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return lambda page, name: take(page, folder / f"{name}.webp")
