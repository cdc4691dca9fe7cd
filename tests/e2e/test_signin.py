"""Invited, with a password of one's own, out and in again on a phone: in a real browser, against the real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from labyard.server.oidc.provider import Provider, ProviderSettings
from tests.e2e.conftest import pages_folder
from tests.e2e.real_server import real_server
from tests.support.oidc import CLIENT, SECRET, oidc_provider

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
MANIFEST = """
kind: playground
name: shop
title: A shop
playground:
  accessControl: {canList: [anyone], canRead: [anyone], canStart: [anyone]}
  machines:
    - name: web-01
      users: [{name: laborant, default: true}, {name: root}]
      drives: [{source: debian-12, mount: /, size: 8GiB}]
      network: {interfaces: [{network: local}]}
      resources: {cpuCount: 1, ramSize: 512MiB}
"""
FIRST, SECOND = "several words together", "other words together"


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/shop.yaml").write_text(MANIFEST)
    with real_server(tmp_path, tmp_path / "catalog", pages_folder()) as link:
        yield link


@pytest.fixture
def laptop(browser: Browser, link: str) -> Iterator[Page]:
    """Of the box's owner, signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(link)
    yield page
    context.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    yield context
    context.close()


def invitation(laptop: Page) -> str:
    """As an admin's own page would make one."""
    return str(
        laptop.evaluate(
            "async () => (await (await fetch('/api/invitations', {method: 'POST', body: '{\"role\": \"author\"}'})).json()).url"
        )
    )


def test_from_an_invitation_to_another_password_on_a_phone(laptop: Page, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(invitation(laptop))
    expect(page.get_by_role("heading", level=1)).to_have_text("Make your account")
    fits(page)
    page.get_by_label("Name to sign in with").fill("ada")
    page.get_by_label("Password", exact=True).fill(FIRST)
    page.get_by_label("The same once more").fill("other")
    page.get_by_role("button", name="Make my account").click()
    assert page.get_by_label("The same once more").evaluate("field => field.validity.tooShort"), "the browser says so"
    page.get_by_label("The same once more").fill("something else")
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("alert")).to_contain_text("The two passwords differ.")
    expect(page.get_by_label("Name to sign in with")).to_have_value("ada")
    page.get_by_label("Password", exact=True).fill(FIRST)
    page.get_by_label("The same once more").fill(FIRST)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("heading", name="A shop")).to_be_visible()

    page.get_by_role("link", name="ada").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    page.goto("/".join(page.url.split("/")[:3]) + "/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Labyard")
    fits(page)
    expect(page.get_by_label("Name or e-mail address")).to_be_focused()
    page.get_by_label("Name or e-mail address").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill(FIRST)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")

    expect(page.get_by_text("You are ada: author.")).to_be_visible()
    page.get_by_label("Current password").fill(FIRST)
    page.get_by_label("New password").fill(SECOND)
    page.get_by_label("The same once more").fill(SECOND)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status").filter(has_text="changed")).to_be_visible()
    fits(page)

    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name or e-mail address").fill("ada")
    page.get_by_label("Password").fill(SECOND)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("You are ada: author.")).to_be_visible()


def test_tokens_of_ones_own(laptop: Page) -> None:
    laptop.goto("/".join(laptop.url.split("/")[:3]) + "/account")
    expect(laptop.get_by_text("You have no tokens.")).to_be_visible()
    laptop.get_by_label("What the new one is for").fill("laptop")
    laptop.get_by_label("plays and playgrounds").check()
    laptop.get_by_role("button", name="Make a token").click()
    secret = laptop.locator("#fresh-token").inner_text()
    headers = {"Authorization": f"Bearer {secret}"}
    root = "/".join(laptop.url.split("/")[:3])
    asking = "async ([path, headers]) => (await fetch(path, {headers})).status"
    assert laptop.evaluate(asking, [f"{root}/api/plays", headers]) == 200
    assert laptop.evaluate(asking, [f"{root}/api/images", headers]) == 403
    expect(laptop.locator(".tokens li")).to_contain_text("laptop playground:write until 20")
    laptop.reload()
    expect(laptop.locator(".tokens li")).to_contain_text("laptop")
    expect(laptop.get_by_text(secret)).to_have_count(0)
    laptop.get_by_role("button", name="End laptop").click()
    laptop.get_by_role("dialog").get_by_role("button", name="End it").click()
    expect(laptop.get_by_text("You have no tokens.")).to_be_visible()
    assert laptop.evaluate(asking, [f"{root}/api/plays", headers]) == 401


def test_by_another_provider(browser: Browser, tmp_path: Path) -> None:
    """npm's oidc-provider; its pages are its own."""
    grace = {"preferred_username": "grace", "name": "Grace H.", "email": "grace@example.org", "email_verified": True}
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/shop.yaml").write_text(MANIFEST)
    with oidc_provider("http://labyard.localhost:*", {"1001": grace}) as issuer:
        provider = Provider(ProviderSettings(issuer=issuer, client_id=CLIENT, client_secret=SECRET, name="Example"))
        with real_server(tmp_path, tmp_path / "catalog", pages_folder(), provider=provider) as link:
            context = browser.new_context()
            page = context.new_page()
            root = "/".join(link.split("/")[:3])
            page.goto(f"{root}/account")
            page.get_by_role("link", name="Sign in with Example").click()
            page.get_by_placeholder("Enter any login").fill("1001")
            page.get_by_placeholder("and password").fill("any")
            page.get_by_role("button", name="Sign-in").click()
            page.get_by_role("button", name="Continue").click()
            page.wait_for_url(f"{root}/account")
            expect(page.get_by_text("You are grace, grace@example.org: learner.")).to_be_visible()
            names = {each["name"] for each in context.cookies()}
            assert "__Host-labyard_session" in names and "__Host-labyard_oidc" not in names
            context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_for_everybody(laptop: Page, scheme: str) -> None:
    """Rules of WCAG that a program can check."""
    root = "/".join(laptop.url.split("/")[:3])
    context = laptop.context
    laptop.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    pages = [f"{root}/account", invitation(laptop)]
    for address in pages:
        laptop.goto(address)
        laptop.get_by_role("heading", level=1).wait_for()
        laptop.wait_for_load_state("networkidle")
        assert accessible(laptop) == [], address
    context.clear_cookies()
    laptop.goto(f"{root}/signin")
    assert accessible(laptop) == []


def fits(page: Page) -> None:
    """Nothing is wider than the screen, and what is touched is large enough."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    touched = "form button, form input:not([type=hidden], [type=checkbox], .unseen)"
    heights = page.evaluate("all => [...document.querySelectorAll(all)].map(each => each.offsetHeight)", touched)
    assert heights and min(heights) >= 24, heights


def accessible(page: Page) -> list[str]:
    """By axe. It is put in by the debugger, past the policy that lets no other script in."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text()})
    asked = {"expression": "axe.run().then(told => told.violations.map(each => each.id + ': ' + each.nodes[0].html))"}
    told = session.send("Runtime.evaluate", {**asked, "awaitPromise": True, "returnByValue": True})
    return list(told["result"]["value"])
