"""Invitations, addresses, and who may do what, on the pages: against the real server over a fake host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from labyard.control.letters import Letter
from tests.e2e.conftest import pages_folder
from tests.e2e.real_server import real_server
from tests.e2e.test_admin import Opener, Site, opened, signed_in, site
from tests.e2e.test_look import violations
from tests.e2e.test_signin import FIRST, MANIFEST

__all__ = ["opened", "signed_in", "site"]  # fixtures

pytestmark = pytest.mark.e2e


def test_an_invitation_is_made_shown_once_and_withdrawn(site: Site, opened: Opener, browser: Browser) -> None:
    page = opened("/admin/people")
    form = page.get_by_role("form", name="A new invitation")
    expect(form.get_by_text("Write it to them")).to_have_count(0)  # no mail leaves here
    form.get_by_label("For (e-mail)").fill("new@example.org")
    expect(form.get_by_label("Accounts")).to_be_disabled()
    form.get_by_label("Role").select_option("author")
    form.get_by_label("Days").fill("3")
    form.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog", name="An invitation")
    expect(dialog).to_contain_text("for new@example.org, as author")
    url = dialog.locator("code").inner_text()
    assert violations(page) == []
    dialog.get_by_role("button", name="Close").click()
    (made,) = site.api.get("/api/invitations").json()
    row = page.locator(f"[data-invitation='{made['id']}']")
    expect(row).to_contain_text("new@example.org")
    expect(row).to_contain_text("author")
    stranger = browser.new_context()
    joining = stranger.new_page()
    joining.goto(url)
    expect(joining.get_by_role("heading", level=1)).to_have_text("Make your account")
    row.get_by_role("button", name="Withdraw the invitation for new@example.org").click()
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_text("No invitation is open.")).to_be_visible()
    joining.reload()
    expect(joining.get_by_role("heading", level=1)).not_to_have_text("Make your account")
    stranger.close()


def test_an_admin_changes_an_address(site: Site, opened: Opener) -> None:
    page = opened("/admin/people")
    grace = page.locator("[data-person=grace]")
    grace.get_by_role("button", name="E-mail address of grace").click()
    dialog = page.get_by_role("dialog", name="The e-mail address of grace")
    expect(dialog.get_by_label("E-mail address")).to_be_focused()
    dialog.get_by_label("E-mail address").fill("grace@example.org")
    dialog.get_by_label("E-mail address").press("Enter")
    expect(page.get_by_role("status").filter(has_text="Letters to grace go to grace@example.org.")).to_be_visible()
    expect(grace).to_contain_text("grace@example.org")
    page.locator("[data-person=ada]").get_by_role("button", name="E-mail address of ada").click()
    page.get_by_role("dialog").get_by_label("E-mail address").fill("grace@example.org")
    page.get_by_role("dialog").get_by_role("button", name="Change it").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has this e-mail address", ignore_case=True)


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_who_may_is_shown_and_changed_by_whose_it_is(site: Site, opened: Opener, size: str) -> None:
    site.api.delete("/api/access/playgrounds/tiny")
    hers = opened("/playgrounds/tiny", who="ada", size=size)
    expect(hers.get_by_role("button", name="Start")).to_be_visible()
    expect(hers.get_by_role("button", name="Who may…")).to_have_count(0)
    page = opened("/playgrounds/tiny", size=size)
    opener = page.get_by_role("button", name="Who may…")
    expect(opener).to_be_visible()
    loaded = "performance.getEntriesByType('resource').filter(({name}) => name.includes('/assets/who-may')).length"
    assert page.evaluate(loaded) == 0
    opener.click()
    dialog = page.get_by_role("dialog", name="Who may do what with tiny")
    dialog.get_by_role("button", name="Save").wait_for()
    assert page.evaluate(loaded) == 1
    start = dialog.get_by_label("Who may start it", exact=True)
    expect(start).to_have_value("anyone")
    expect(dialog.get_by_label("Who may read its solutions")).to_have_count(0)
    expect(dialog.get_by_role("button", name="As at first")).to_have_count(0)
    start.select_option("some")
    dialog.get_by_label("Who may start it: names").fill("grace, instructor")
    assert violations(page) == []
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("status")).to_have_text("Saved.")
    told = site.api.get("/api/access/playgrounds/tiny").json()
    assert told["canStart"] == ["user:grace", "instructor"] and told["canList"] == ["anyone"] and told["own"]
    expect(dialog.get_by_label("Who may start it: names")).to_have_value("grace, instructor")
    assert site.ada_api.post("/api/plays", json={"playground": "tiny"}).status_code == 403
    hers.reload()
    expect(hers.get_by_text("You may look at this, and not start it")).to_be_visible()
    dialog.get_by_role("button", name="As at first").click()
    expect(dialog.get_by_role("status")).to_have_text("As it was at first.")
    expect(start).to_have_value("anyone")


def test_who_may_says_what_is_no_word(site: Site, opened: Opener) -> None:
    assert site.api.post("/api/challenges", json={"name": "mine"}).status_code == 200
    page = opened("/challenges/mine")
    page.get_by_role("button", name="Who may…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Who may read its solutions")).to_have_value("owner")
    dialog.get_by_label("Who may find it").select_option("some")
    dialog.get_by_label("Who may find it in the catalog: names").fill("king:arthur")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("'king:arthur' is nobody known")
    expect(dialog.get_by_role("alert")).to_contain_text("bad-request")


class Letters:
    """Takes them, and keeps them."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Letter]] = []

    async def send(self, to: str, letter: Letter) -> None:
        self.taken.append((to, letter))


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def link(tmp_path: Path, letters: Letters) -> Iterator[str]:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/shop.yaml").write_text(MANIFEST)
    with real_server(tmp_path, tmp_path / "catalog", pages_folder(), mailer=letters) as link:
        yield link


@pytest.fixture
def theirs(browser: Browser, link: str) -> Iterator[Page]:
    """Of ada, who has an address and a password, at her account."""
    owners, hers = browser.new_context(), browser.new_context()
    admin, page = owners.new_page(), hers.new_page()
    admin.goto(link)
    said = f"{{handle: 'ada', email: 'ada@example.org'}}, {{password: '{FIRST}'}}"
    admin.evaluate(
        f"""async () => {{
            const [person, secret] = [{said}];
            const post = (path, body) => fetch(path, {{method: 'POST', body: JSON.stringify(body)}});
            await post('/api/users', person);
            await post('/api/users/ada/password', secret);
        }}"""
    )
    page.goto(f"{link.partition('/signin')[0]}/account")
    page.get_by_label("Name or e-mail address").fill("ada")
    page.get_by_label("Password", exact=True).fill(FIRST)
    page.get_by_role("button", name="Sign in").click()
    yield page
    owners.close()
    hers.close()


def test_another_address_of_ones_own(theirs: Page, letters: Letters) -> None:
    page = theirs
    part = page.get_by_role("region", name="E-mail address")
    expect(part).to_contain_text("ada@example.org")
    part.get_by_label("New address").fill("ada@new.example.org")
    part.get_by_label("Current password").fill("wrong words")
    part.get_by_role("button", name="Write me a letter").click()
    expect(part.get_by_role("alert")).to_contain_text("The current password is wrong", ignore_case=True)
    part.get_by_label("Current password").fill(FIRST)
    part.get_by_label("Current password").press("Enter")
    expect(part.get_by_role("status")).to_contain_text("A letter to ada@new.example.org is on its way")
    assert violations(page) == []
    ((to, letter),) = letters.taken
    found = re.search(r"http://\S+/address\?\S+", letter.text)
    assert to == "ada@new.example.org" and found is not None
    page.goto(found[0])
    assert violations(page) == []
    page.get_by_role("button", name="Use this address").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your address is changed")
    page.get_by_role("link", name="Your account").click()
    expect(part).to_contain_text("Letters to you go to ada@new.example.org.")
    assert [to for to, _ in letters.taken] == ["ada@new.example.org", "ada@example.org"]
