"""A play from its start to a second terminal: only through the page, so that it also runs against a real server."""

from __future__ import annotations

import os
import uuid

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e

START_MS = int(os.environ.get("LABYARD_E2E_START_MS", "15000"))


def shown(page: Page) -> str:
    """All text of the terminal that is looked at."""
    return str(page.locator(".panel:not([hidden]) labyard-terminal").evaluate("element => element.text()"))


def type_line(page: Page, line: str) -> None:
    page.locator(".panel:not([hidden]) .xterm-helper-textarea").focus()
    page.keyboard.type(line)
    page.keyboard.press("Enter")


def wait_for_text(page: Page, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('.panel:not([hidden]) labyard-terminal')?.text?.().includes(text)", arg=text
    )


def wait_for_prompt(page: Page, machine: str) -> None:
    wait_for_text(page, f"laborant@{machine}:")


def test_from_first_visit_to_a_second_terminal(page: Page) -> None:
    page.goto("/")
    page.locator("[data-playground=mini-lan]").get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    expect(page.get_by_role("list", name="Machines").first).to_contain_text("node-02")
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible(timeout=START_MS)
    wait_for_prompt(page, "node-01")

    word = uuid.uuid4().hex
    type_line(page, f"echo said-{word[:8]}-$((40+2))")
    wait_for_text(page, f"said-{word[:8]}-42")

    page.reload()
    wait_for_text(page, f"said-{word[:8]}-42")
    assert shown(page).count(f"said-{word[:8]}-42") == 1

    page.get_by_label("New terminal").first.click()
    page.get_by_role("group", name="New terminal on").get_by_role("button", name="node-01").click()
    expect(page.get_by_role("tab", name="node-01 2")).to_have_attribute("aria-selected", "true")
    wait_for_prompt(page, "node-01")
    assert f"said-{word[:8]}-42" not in shown(page)
    type_line(page, "tty; echo second-$((1+1))")
    wait_for_text(page, "second-2")

    page.reload()
    expect(page.get_by_role("tab", name="node-01 2")).to_be_visible()
