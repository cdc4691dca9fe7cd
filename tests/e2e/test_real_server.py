"""The pages against the real server and the shipped catalog: from the link to destroy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import ROOT, Visit, pages_folder
from tests.e2e.real_server import real_server
from tests.e2e.test_play_page import shown, type_line, wait_for_text

pytestmark = pytest.mark.e2e

CATALOG = ("debian", "mini-lan", "routing-lab", "nat-gateway", "storage-lab", "docker", "kernels", "tiny")


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    with real_server(tmp_path, ROOT / "catalog/playgrounds", pages_folder()) as link:
        yield link


def test_from_the_sign_in_link_to_the_end(browser: Browser, link: str) -> None:
    context = browser.new_context()
    visit = Visit(context.new_page())
    page = visit.page
    page.goto(link)
    for name in CATALOG:
        expect(page.locator(f"[data-playground={name}]").get_by_role("link").last).to_be_visible()
    page.locator("[data-playground=routing-lab]").get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
    wait_for_text(page, "$")
    type_line(page, "echo said-by-hand")
    wait_for_text(page, "said-by-hand")
    page.reload()
    wait_for_text(page, "said-by-hand")
    assert shown(page).count("echo said-by-hand") == 1
    page.get_by_role("tab", name="Map").click()
    expect(page.get_by_role("tabpanel", name="Map")).to_contain_text("backend")
    page.get_by_role("button", name="Destroy").click()
    page.get_by_role("dialog").get_by_role("button", name="Destroy it").click()
    expect(page.get_by_role("link", name="Start a fresh one")).to_be_visible()
    page.get_by_role("link", name="Start a fresh one").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    context.close()
    assert visit.trouble == []


def test_moments_of_a_play(browser: Browser, link: str) -> None:
    """Typed before and after a snapshot, in the play, its fork, after stop and after rewind."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    visit = Visit(context.new_page())
    page = visit.page
    page.goto(link)
    page.locator("[data-playground=routing-lab]").get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    running = page.locator(".state[data-state=RUNNING]")
    expect(running).to_be_visible()
    wait_for_text(page, "$")
    type_line(page, "echo before-it")
    wait_for_text(page, "before-it")
    side = page.get_by_label("About this play")
    side.get_by_role("button", name="Take a snapshot").click()
    expect(side.get_by_role("list", name="Snapshots")).to_contain_text("snapshot-1")
    type_line(page, "echo after-it")
    wait_for_text(page, "after-it")
    first = page.url

    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Continue").click()
    expect(running).to_be_visible()
    wait_for_text(page, "after-it")

    page.get_by_role("button", name="Fork", exact=True).click()
    expect(side.get_by_role("link", name="another play")).to_be_visible()
    assert page.url != first
    expect(running).to_be_visible()
    wait_for_text(page, "after-it")
    expect(side).to_contain_text("None yet.")

    side.get_by_role("link", name="another play").click()
    side.get_by_role("button", name="Rewind to snapshot-1").click()
    page.get_by_role("dialog").get_by_role("button", name="Rewind it").click()
    page.wait_for_function(
        "() => { const text = document.querySelector('.panel:not([hidden]) labyard-terminal')?.text?.() ?? '';"
        " return text.includes('before-it') && !text.includes('after-it'); }"
    )
    expect(running).to_be_visible()
    type_line(page, "echo again")
    wait_for_text(page, "again")
    context.close()
    assert visit.trouble == []
