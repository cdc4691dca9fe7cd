"""What a page adds: from the press of Start to a prompt on the screen, beside a client that waits for the same prompt."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright

from labyard.cli.client import Api
from labyard.cli.plays import parse_play
from tests.bench.client import PATIENCE, client, destroy
from tests.bench.event import once, prompt
from tests.bench.figure import Figure, alone, beside
from tests.bench.servers import prepared, until_waiting
from tests.bench.warm import DEBIAN
from tests.e2e.conftest import ARGS, chromium
from tests.support.lab import Lab

MACHINES = ("debian-01",)
_SHOWN = "() => document.querySelector('.panel:not([hidden]) labyard-terminal')?.text?.().includes('$')"


async def page_prompt(lab: Lab, rounds: int) -> list[Figure]:
    """Warm starts of `debian` with a play that waits, by turns."""
    by_client, on_page = [], []
    async with client(lab) as api, _browser(lab) as page:
        await prepared(api, DEBIAN)
        for _ in range(rounds):
            await until_waiting(lab, MACHINES)
            by_client.append(await once(api, DEBIAN, prompt) * 1000)
            await page.goto(lab.url)
            await until_waiting(lab, MACHINES)
            on_page.append(await _pressed(page, api) * 1000)
    added = [mine - theirs for mine, theirs in zip(on_page, by_client, strict=True)]
    floor = sorted(by_client)[len(by_client) // 2]
    return [
        beside(
            "Start pressed until a prompt is on the page", "ms", on_page, floor, "request to the prompt, by a client"
        ),
        alone("... what the page adds", "ms", added, "of rounds by turns", limit=300),
    ]


@asynccontextmanager
async def _browser(lab: Lab) -> AsyncIterator[Page]:
    """Signed in, at the catalog."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGS)
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        await page.goto(lab.cli("signin-link").stdout.strip().splitlines()[-1])
        yield page
        await browser.close()


async def _pressed(page: Page, api: Api) -> float:
    """Seconds from the press to the prompt; the play is gone when this returns."""
    start = page.locator("[data-playground=debian]").get_by_role("button", name="Start")
    await start.wait_for()
    began = time.perf_counter()
    await start.click()
    await page.wait_for_function(_SHOWN)
    taken = time.perf_counter() - began
    await destroy(api, parse_play(await api.get(f"/api/plays/{page.url.rpartition('/')[2]}")))
    return taken
