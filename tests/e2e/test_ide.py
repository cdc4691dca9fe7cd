"""The editor tab on a real machine: what is saved is there, and what is there can be looked at, however much it is."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.ide import go_to, make_file, reach, row, save, text, tree
from tests.e2e.inside import page_inside
from tests.e2e.test_play_page import type_line
from tests.support.lab import Lab, prepare_images, serving
from tests.support.outer import outer_namespace

pytestmark = [pytest.mark.e2e, pytest.mark.vm]

SLOW_MS = 180_000  # emulation on a busy box
MANIFEST = """kind: playground
name: desk
title: A desk
playground:
  networks: [{name: local, subnet: 172.16.0.0/24}]
  machines:
    - name: node-01
      users: [{name: laborant, default: true}, {name: root}]
      drives: [{source: busybox, mount: /, size: 1GiB}]
      network: {interfaces: [{network: local}]}
  tabs:
    - {kind: ide}
    - {machine: node-01}
  initTasks:
    init_files:
      machine: node-01
      init: true
      user: root
      timeout_seconds: 300
      run: |
        echo hidden > /etc/secret && chmod 600 /etc/secret && echo shown > /etc/shown
        cd /home/laborant && mkdir many src
        for n in $(seq -w 0 9999); do : > "many/file-$n"; done
        printf 'def area(width, height):\\n    return width * height\\n' > src/area.py
        echo the first line > large.log
        yes 192.0.2.7 GET /index.html 200 some words of a log line | head -n 470000 >> large.log
        echo the line in the middle >> large.log
        yes 192.0.2.7 GET /about.html 404 some words of a log line | head -n 470000 >> large.log
        echo the last line >> large.log
        chown -R laborant .
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    folder = Path(tempfile.mkdtemp(prefix="labyard-ide-", dir="/var/tmp"))
    folder.chmod(0o711)
    with outer_namespace() as box:
        prepare_images(box, ("busybox", "kernel:6.12"))
        with serving(folder / "data", {"LABYARD_PREPARE": "0", "LABYARD_WAITING_EACH": "0"}) as lab:
            yield lab
        assert not lab.left(), lab.left()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def play(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    manifest = tmp_path_factory.mktemp("desk") / "desk.yaml"
    manifest.write_text(MANIFEST)
    return lab.start("-f", str(manifest))


@pytest.fixture
def page(lab: Lab, play: str, playwright: Playwright, tmp_path: Path) -> Iterator[Page]:
    """A browser in the lab's namespace, at the play's editor."""
    with page_inside(playwright, tmp_path, SLOW_MS) as page:
        page.goto(lab.cli("signin-link").stdout.strip())
        page.wait_for_url("**/")
        page.goto(f"{page.url.rstrip('/')}/plays/{play}")
        expect(page.get_by_label("Folder", exact=True)).to_have_value("/home/laborant")
        yield page


def test_saved_here_read_there_and_the_other_way_round(lab: Lab, play: str, page: Page) -> None:
    make_file(page, "hello.sh")
    page.keyboard.type("echo hello from the editor")
    save(page)
    assert lab.run(play, "cat ~/hello.sh", user="laborant") == "echo hello from the editor"
    assert lab.run(play, "stat -c '%U %a' ~/hello.sh", user="laborant").split() == ["laborant", "644"]

    type_line(page, "sh ~/hello.sh")  # in the terminal below
    page.wait_for_function(
        "() => document.querySelector('labyard-ide labyard-terminal').text().includes('\\nhello from the editor')"
    )

    lab.run(play, "chmod 750 ~/hello.sh; ln ~/hello.sh ~/hard", user="laborant")
    text(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" again")
    save(page)
    assert lab.run(play, "cat ~/hard; stat -c %a ~/hard", user="laborant") == "echo hello from the editor again750\n"

    lab.run(play, "echo 'echo changed behind its back' > ~/hello.sh", user="laborant")
    text(page).focus()
    page.keyboard.type("!")
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("was changed by somebody else")
    assert "behind its back" in lab.run(play, "cat ~/hello.sh", user="laborant")
    dialog.get_by_role("button", name="Keep mine").click()
    expect(page.locator(".ide-saved")).to_have_text("Saved")
    assert lab.run(play, "cat ~/hello.sh", user="laborant") == "echo hello from the editor again!"


def test_with_the_rights_of_the_user(page: Page) -> None:
    """No more than a terminal of that user has."""
    go_to(page, "/etc")
    reach(page, "secret").click()
    expect(page.get_by_role("alert")).to_contain_text("permission denied")
    assert page.locator(".ide-file").filter(has_text="secret").count() == 0
    reach(page, "shown").click()
    expect(page.locator(".ide-status")).to_contain_text("read only: you may not write it")


def test_ten_thousand_files(page: Page) -> None:
    go_to(page, "/home/laborant/many")
    tree(page).focus()
    page.keyboard.press("End")
    expect(row(page, "file-9999")).to_have_attribute("aria-posinset", "10000")
    assert tree(page).locator(".tree-row").count() < 100
    page.keyboard.press("Enter")
    expect(page.locator(".ide-file.selected")).to_contain_text("file-9999")


def test_a_log_of_fifty_megabytes_and_a_search(lab: Lab, play: str, page: Page) -> None:
    go_to(page, "/home/laborant")
    row(page, "large.log").click()
    content = page.locator("labyard-large-pane .cm-content")
    expect(content).to_contain_text("the first line")
    assert int(lab.run(play, "stat -c %s ~/large.log", user="laborant")) > 50_000_000
    expect(page.locator(".large-bar")).to_contain_text(re.compile("[45][0-9] MiB, shown in parts"))
    page.get_by_role("button", name="End", exact=True).click()
    expect(content).to_contain_text("the last line")
    page.get_by_role("button", name="Follow").click()
    lab.run(play, "echo and one more line >> ~/large.log", user="laborant")
    expect(content).to_contain_text("and one more line")
    page.get_by_role("button", name="Follow").click()

    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_label("Text to look for").fill("line in the MIDDLE")
    page.keyboard.press("Enter")
    expect(page.locator(".search-line")).to_have_count(1)
    page.locator(".search-line").click()
    expect(content).to_contain_text("the line in the middle")

    page.get_by_label("Text to look for").fill("def area")
    page.get_by_label("Text to look for").press("Enter")
    page.locator(".search-line").click()
    expect(text(page)).to_contain_text("return width * height")
