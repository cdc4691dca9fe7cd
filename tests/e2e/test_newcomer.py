"""Somebody new, with nothing but the README: finds a challenge, starts it, solves it on real machines, comes back to it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, ViewportSize, expect

from tests.e2e.inside import page_inside
from tests.e2e.test_play_page import type_line, wait_for_prompt, wait_for_text
from tests.support.lab import Lab, prepare_images, serving
from tests.support.outer import outer_namespace

pytestmark = [pytest.mark.e2e, pytest.mark.vm, pytest.mark.pictures]

SLOW_MS = 400_000  # emulation on a busy box
LAPTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
GATEWAY = (
    "echo 'net.ipv4.ip_forward = 1' | sudo tee /etc/sysctl.d/90-gateway.conf"
    " && sudo sysctl -p /etc/sysctl.d/90-gateway.conf"
)
RULES = (
    "sudo nft 'table ip nat { chain out { type nat hook postrouting priority srcnat; oifname eth0 masquerade; }; }'"
    " && sudo nft list ruleset | sudo tee /etc/nftables.conf && sudo systemctl enable nftables"
)
"""One line each: what is typed while `sudo` runs is its own."""


@pytest.fixture
def lab() -> Iterator[Lab]:
    folder = Path(tempfile.mkdtemp(prefix="labyard-new-", dir="/var/tmp"))
    folder.chmod(0o711)
    with outer_namespace() as box:
        prepare_images(box, ("debian-12", "kernel:6.1"))
        with serving(folder / "data", {"LABYARD_PREPARE": "0", "LABYARD_WAITING_EACH": "0"}) as lab:
            yield lab
        assert not lab.left(), lab.left()
    shutil.rmtree(folder)


@pytest.fixture
def page(lab: Lab, playwright: Playwright, tmp_path: Path) -> Iterator[Page]:
    with page_inside(playwright, tmp_path, SLOW_MS) as page:
        page.goto(lab.link)
        page.wait_for_url("**/")
        yield page


def test_from_the_printed_link_to_a_solved_challenge(page: Page, picture: Callable[[Page, str], None]) -> None:
    find(page, picture)
    page.get_by_role("button", name="Start").first.click()
    page.wait_for_url("**/plays/*")
    machines = page.locator(".progress").get_by_role("list", name="Machines")
    expect(machines).to_contain_text(re.compile("starting|booting", re.IGNORECASE))
    picture(page, "starting")
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()

    begin(page)
    picture(page, "play")
    page.emulate_media(color_scheme="dark")
    picture(page, "play-dark")
    page.emulate_media(color_scheme="light")
    on_a_phone(page, picture)
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".machine-rows")).to_contain_text(re.compile(r"CPU \d+ %.*CPU \d+ %", re.DOTALL))
    picture(page, "map")

    come_back_to_it(page, picture)
    finish(page)
    page.get_by_role("link", name="Labyard").click()
    page.get_by_role("link", name="Lessons").click()
    page.get_by_role("searchbox").fill("NAT")
    expect(page.locator(".card").filter(has_text="Share one way out")).to_contain_text("Solved")


def find(page: Page, picture: Callable[[Page, str], None]) -> None:
    page.get_by_role("link", name="Lessons").click()
    expect(page.locator(".card").first).to_be_visible()
    picture(page, "lessons")
    page.get_by_role("searchbox").fill("NAT")
    page.get_by_role("link", name="Share one way out with NAT").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Share one way out with NAT")


def begin(page: Page) -> None:
    """Two of four: the rest is for who reads on."""
    wait_for_prompt(page, "web-01")
    type_line(page, GATEWAY)
    wait_for_text(page, "net.ipv4.ip_forward = 1\nnet.ipv4.ip_forward = 1\n")
    page.get_by_role("tab", name="db-01").click()
    wait_for_prompt(page, "db-01")
    type_line(page, "sudo ip route add default via 10.0.2.2 && ip route")
    wait_for_text(page, "default via 10.0.2.2 dev")
    type_line(page, "ping -c 1 -W 1 10.0.1.2")
    wait_for_text(page, "1 received")
    type_line(page, "ping -c 1 -W 1 10.0.1.1")
    wait_for_text(page, "100% packet loss")
    expect(page.get_by_role("button", name="tasks 2/4")).to_be_visible()
    expect(page.get_by_role("group", name="Task verify_out")).to_contain_text("Who out there knows the way back")


def on_a_phone(page: Page, picture: Callable[[Page, str], None]) -> None:
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Terminal", exact=True).click()
    picture(page, "phone-terminal")
    page.get_by_role("button", name="Lesson", exact=True).click()
    picture(page, "phone-lesson")
    page.set_viewport_size(LAPTOP)


def come_back_to_it(page: Page, picture: Callable[[Page, str], None]) -> None:
    """A moment is kept, something goes wrong, and it never happened."""
    page.get_by_role("tab", name="web-01").click()
    page.get_by_role("button", name="About this play").click()
    page.get_by_label("Name of the snapshot").fill("before-nat")
    page.get_by_role("button", name="Take a snapshot").click()
    expect(page.get_by_role("list", name="Snapshots")).to_contain_text("before-nat")
    type_line(page, "sudo rm -rf /etc/sysctl.d; ls /etc/sysctl.d")
    wait_for_text(page, "No such file or directory")
    page.get_by_role("button", name="Rewind to before-nat").click()
    picture(page, "rewind")
    page.get_by_role("dialog").get_by_role("button", name="Rewind it").click()
    page.wait_for_function(
        "() => { const text = document.querySelector('.panel:not([hidden]) labyard-terminal')?.text?.() ?? '';"
        " return text.includes('ip_forward') && !text.includes('No such file'); }"
    )
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
    page.get_by_role("button", name="Lesson", exact=True).click()


def finish(page: Page) -> None:
    type_line(page, RULES)
    expect(page.get_by_role("button", name="tasks 4/4")).to_be_visible()
    page.get_by_role("tab", name="db-01").click()
    type_line(page, "ping -c 1 10.0.1.1")
    wait_for_text(page, "bytes from 10.0.1.1")
