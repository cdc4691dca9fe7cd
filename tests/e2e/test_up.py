"""`labyard up` on a box of its own, real machines, a real browser: from the printed link to nothing left.

The box is a network namespace; the browser lives in it too. Pictures go to `LABYARD_PICTURES`, else to a folder of the run.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.e2e.inside import page_inside
from tests.e2e.test_play_page import shown, type_line, wait_for_text
from tests.support.lab import Lab, prepare_images, serving
from tests.support.outer import outer_namespace

pytestmark = [pytest.mark.e2e, pytest.mark.vm]

IMAGES = ("busybox", "debian-12", "debian-12-docker", "kernel:6.1", "kernel:6.12")  # all that `up` makes
PATIENCE_MS = 300_000  # emulation on a busy box is slow
ATTEMPTS = 60

QUIET = {"LABYARD_PREPARE": "0", "LABYARD_WAITING_EACH": "0"}
"""Nothing starts by itself: what is left behind is somebody's."""


@pytest.fixture
def lab() -> Iterator[Lab]:
    folder = Path(tempfile.mkdtemp(prefix="labyard-up-", dir="/var/tmp"))
    folder.chmod(0o711)
    with outer_namespace() as box:
        prepare_images(box, IMAGES)
        with serving(folder / "data", QUIET, verb="up") as lab:
            yield lab
        assert not lab.left(), lab.left()
    shutil.rmtree(folder)


@pytest.fixture
def page(lab: Lab, playwright: Playwright, tmp_path: Path) -> Iterator[Page]:
    with page_inside(playwright, tmp_path, PATIENCE_MS) as page:
        yield page


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("LABYARD_PICTURES") or tmp_path / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_from_the_printed_link_to_nothing_left(lab: Lab, page: Page, pictures: Path) -> None:
    page.goto(lab.link)
    page.wait_for_url(f"http://labyard.localhost:{lab.port}/")
    page.locator("[data-playground=tiny]").get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
    wait_for_text(page, "#")
    page.screenshot(path=pictures / "real-tiny.png")

    start_debian(page, pictures)
    type_line(page, "echo by-hand-$((40+2)); uname -sr")
    wait_for_text(page, "by-hand-42")
    wait_for_text(page, "Linux 6.")
    page.screenshot(path=pictures / "real-debian.png")
    page.reload()
    wait_for_text(page, "by-hand-42")
    assert shown(page).count("by-hand-42") == 1, "the scrollback is there, once"

    lose_the_server(lab, page, signal.SIGKILL, pictures)
    lose_the_server(lab, page, signal.SIGINT, pictures)
    assert "plays live on" in (lab.data / "server.log").read_text()
    page.goto("/".join(page.url.split("/")[:3]))
    expect(page.locator(".plays li")).to_have_count(2)
    page.screenshot(path=pictures / "real-home.png")

    for number in (1, 0):
        page.locator(".plays li a").nth(number).click()
        destroy(page)
        page.get_by_role("link", name="Labyard").first.click()
    expect(page.locator(".plays li")).to_have_count(0)
    assert not lab.left(), lab.left()


def start_debian(page: Page, pictures: Path) -> None:
    """Chosen on its own page; what its machine does meanwhile is told by the machine."""
    page.get_by_role("link", name="Labyard").first.click()
    page.locator("[data-playground=debian]").get_by_role("link").last.click()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    machines = page.get_by_role("list", name="Machines").first
    expect(machines).to_contain_text("debian-01")
    expect(machines).to_contain_text(re.compile("starting|booting", re.IGNORECASE))
    page.screenshot(path=pictures / "real-starting.png")
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
    wait_for_text(page, "laborant@debian-01")


def lose_the_server(lab: Lab, page: Page, how: signal.Signals, pictures: Path) -> None:
    """Another `up` finds the plays again, and the terminal comes back by itself with everything on it."""
    lab.end_server(how)
    notice = page.locator(".panel:not([hidden]) .term-notice")
    expect(notice).to_contain_text("Connection lost")
    page.screenshot(path=pictures / "real-lost.png")
    assert lab.left().processes, "machines live on"
    lab.start_server()
    expect(notice).to_have_count(0)
    type_until_echoed(page, f"after-{how.name}")
    assert shown(page).count("by-hand-42") == 1


def type_until_echoed(page: Page, word: str) -> None:
    """Again and again: what is typed before a terminal is attached anew is dropped, not kept for a surprise."""
    for _ in range(ATTEMPTS):
        type_line(page, f"echo {word}-$((40+2))")
        with contextlib.suppress(PlaywrightTimeoutError):
            page.wait_for_function(
                "text => document.querySelector('.panel:not([hidden]) labyard-terminal')?.text?.().includes(text)",
                arg=f"{word}-42",
                timeout=PATIENCE_MS / ATTEMPTS,
            )
            return
    raise AssertionError(f"the terminal did not come back:\n{shown(page)}")


def destroy(page: Page) -> None:
    page.get_by_role("button", name="Destroy").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Destroy it").click()
    expect(page.get_by_role("link", name="Start a fresh one")).to_be_visible()


def test_down_ends_the_server_and_every_play(lab: Lab) -> None:
    lab.start("tiny")
    assert lab.left().processes
    said = lab.cli("down", "--data", str(lab.data)).stderr
    assert "Ended 1 play and" in said
    assert lab.process is not None
    server, lab.process = lab.process, None
    assert server.wait(30) == 0, "it ended in order"
    assert (lab.data / "server.log").read_text().count("plays live on.") == 2, "announced, and so it was"
    assert not lab.left(), lab.left()
