"""The admin's pages against the real server over a fake host: plays of several people, people, images, disk, diaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.conftest import ROOT, Visit, pages_folder
from tests.e2e.real_server import real_server
from tests.e2e.test_look import SCHEMES, SIZES, pictures, violations

__all__ = ["pictures"]  # a fixture

pytestmark = pytest.mark.e2e

SECTIONS = ("", "/plays", "/people", "/images", "/disk")


@dataclass
class Site:
    """`admin` and `ada` are ways in, for a browser each."""

    origin: str
    api: httpx.Client
    ada_api: httpx.Client
    admin: str
    ada: str

    def start(self, http: httpx.Client, playground: str, title: str) -> str:
        answer = http.post("/api/plays", json={"playground": playground, "title": title})
        assert answer.status_code == 200, answer.text
        play: str = answer.json()["id"]
        for _ in range(500):
            if self.state(play) in ("RUNNING", "FAILED"):
                return play
        raise AssertionError(f"{play} is {self.state(play)}")

    def state(self, play: str) -> str:
        plays = self.api.get("/api/admin/plays", params={"ended": True}).json()["plays"]
        return next(str(each["state"]) for each in plays if each["id"] == play)


def _api(origin: str, token: str) -> httpx.Client:
    port = origin.rpartition(":")[2]
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=30)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("admin")
    with real_server(folder, ROOT / "catalog/playgrounds", pages_folder()) as link:
        origin = link.partition("/signin")[0]
        with _api(origin, "owner-token") as api:
            for handle in ("ada", "grace"):
                api.post("/api/users", json={"handle": handle, "name": handle.title()}).raise_for_status()
            link_of_ada = str(api.post("/api/users/ada/signin-links").json()["url"])
            secret = str(api.post("/api/users/ada/signin-links").json()["url"]).removeprefix(origin)
            with httpx.Client(base_url=api.base_url, headers={"Host": origin.removeprefix("http://")}) as browser:
                cookie = browser.get(secret).headers["set-cookie"].partition(";")[0]
                hers = {"Cookie": cookie, "Origin": origin}  # a token of hers is made by her own session
                token = browser.post("/api/oauth/tokens", json={"name": "t"}, headers=hers)
            with _api(origin, token.json()["accessToken"]) as ada_api:
                yield Site(origin=origin, api=api, ada_api=ada_api, admin=link, ada=link_of_ada)


@pytest.fixture(scope="module")
def signed_in(browser: Browser, site: Site) -> dict[str, list[dict[str, str]]]:
    """Cookies of each; their links work once."""
    found = {}
    for name, link in (("admin", site.admin), ("ada", site.ada)):
        context = browser.new_context()
        context.new_page().goto(link)
        found[name] = context.cookies()
        context.close()
    return found  # type: ignore[return-value]


Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, site: Site, signed_in: dict[str, list[dict[str, str]]]) -> Iterator[Opener]:
    """Opens a page as somebody; whatever goes wrong in it fails the test."""
    visits: list[tuple[Visit, Callable[[], None]]] = []

    def open_page(path: str, who: str = "admin", size: str = "wide") -> Page:
        viewport = ViewportSize(width=SIZES[size]["width"], height=SIZES[size]["height"])
        context = browser.new_context(
            base_url=site.origin, viewport=viewport, reduced_motion="reduce", locale="en-GB", timezone_id="UTC"
        )
        context.add_cookies(signed_in[who])  # type: ignore[arg-type]
        visit = Visit(context.new_page())
        visits.append((visit, context.close))
        visit.page.goto(path)
        return visit.page

    yield open_page
    for visit, close in visits:
        close()
        refused = ("status of 400", "status of 409")  # which tests ask for
        assert [line for line in visit.trouble if not any(each in line for each in refused)] == []


def row(page: Page, play: str):  # type: ignore[no-untyped-def]
    return page.locator(f"[data-play='{play}']")


def test_a_learner_finds_a_page_that_says_no_and_loads_none_of_it(site: Site, opened: Opener) -> None:
    page = opened("/", who="ada")
    expect(page.get_by_role("heading", name="Playgrounds")).to_be_visible()
    expect(page.get_by_role("link", name="Admin")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/admin/plays")
    expect(page.get_by_role("main")).to_contain_text("This is not for you")
    expect(page.get_by_role("main")).to_contain_text("forbidden")
    assert violations(page) == []
    assert not [url for url in asked if "admin" in url.rpartition("/assets/")[2] and "/assets/" in url]
    assert not [url for url in asked if "/api/admin" in url or "/api/host" in url]


def test_plays_of_everybody_are_found_and_ended(site: Site, opened: Opener) -> None:
    hers = [site.start(site.ada_api, "tiny", f"Ada {number}") for number in (1, 2)]
    mine = site.start(site.api, "tiny", "Of the owner")
    page = opened("/")
    page.get_by_role("link", name="Admin").click()
    expect(page.get_by_role("heading", name="This box")).to_be_visible()
    page.get_by_role("link", name="Running").click()
    for play in (*hers, mine):
        expect(row(page, play)).to_be_visible()
    page.get_by_label("Person, play or id").fill("ada")
    expect(row(page, mine)).to_have_count(0)
    assert "find=ada" in page.url
    page.get_by_label("Choose all that are shown").check()
    page.get_by_role("button", name="Stop").click()
    dialog = page.get_by_role("dialog")
    for number in (1, 2):
        expect(dialog).to_contain_text(f"Ada {number} (ada)")
    dialog.get_by_role("button", name="Stop them").click()
    expect(page.get_by_text("2 plays are stopped.")).to_be_visible()
    page.get_by_label("State").select_option("")
    for play in hers:
        expect(row(page, play)).to_contain_text("Stopped")
    assert site.state(mine) == "RUNNING"

    row(page, hers[0]).get_by_role("link").click()
    expect(page.get_by_role("heading", name="Ada 1")).to_be_visible()
    diary = page.get_by_role("list", name="What happened, oldest first")
    expect(diary.get_by_role("listitem").first).to_contain_text("ada started this play")
    expect(diary).to_contain_text("owner stopped it")
    page.get_by_role("button", name="Destroy").click()
    page.get_by_role("dialog").get_by_role("button", name="Destroy it").click()
    expect(page.locator("[data-state=DESTROYED]")).to_be_visible()
    expect(diary).to_contain_text("owner destroyed it")


def test_the_safe_answer_changes_nothing(site: Site, opened: Opener) -> None:
    play = site.start(site.ada_api, "tiny", "To be kept")
    page = opened(f"/admin/plays?find={play}")
    page.get_by_label("Choose To be kept of ada").check()
    page.get_by_role("button", name="Destroy").click()
    page.keyboard.press("Enter")  # it has the focus
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row(page, play)).to_contain_text("Running")
    assert site.state(play) == "RUNNING"


def test_sorting_is_by_the_keyboard_too_and_stays_in_the_address(site: Site, opened: Opener) -> None:
    site.start(site.ada_api, "tiny", "One more")
    page = opened("/admin/plays")
    memory = page.get_by_role("columnheader", name="Memory")
    memory.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(memory).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Enter")
    expect(memory).to_have_attribute("aria-sort", "ascending")
    page.reload()
    expect(page.get_by_role("columnheader", name="Memory")).to_have_attribute("aria-sort", "ascending")


def test_people_are_made_let_in_shut_out_and_removed(site: Site, opened: Opener) -> None:
    page = opened("/admin/people")
    page.get_by_label("Handle", exact=True).fill("linus")
    page.get_by_label("Name", exact=True).fill("Linus")
    page.get_by_role("button", name="Make an account").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("/signin?token=")
    dialog.get_by_role("button", name="Close").click()
    person = page.locator("[data-person=linus]")
    person.get_by_label("Role of linus").select_option("author")
    expect(page.get_by_text("linus is an author now.")).to_be_visible()
    person.get_by_role("button", name="Shut out: linus").click()
    page.get_by_role("dialog").get_by_role("button", name="Shut them out").click()
    expect(person).to_contain_text("shut out")
    assert {user["handle"]: (user["role"], user["disabled"]) for user in site.api.get("/api/users").json()}[
        "linus"
    ] == (
        "author",
        True,
    )
    page.get_by_label("Handle", exact=True).fill("ada")
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("alert")).to_contain_text("conflict")
    page.get_by_role("button", name="Dismiss").click()
    person.get_by_role("button", name="Remove linus").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove them").click()
    expect(person).to_have_count(0)


def test_images_kernels_and_disk(site: Site, opened: Opener) -> None:
    for image in ("debian-12", "busybox"):
        site.api.post("/api/images/pull", json={"source": image})
    site.api.post("/api/kernels/pull", json={"version": "6.12"})
    page = opened("/admin/images")
    page.locator("[data-image=busybox]").get_by_role("button", name="Remove busybox").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove it").click()
    expect(page.locator("[data-image=busybox]")).to_have_count(0)
    expect(page.locator("[data-image=debian-12]")).to_be_visible()
    page.locator("[data-kernel='6.12']").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove it").click()
    expect(page.locator("[data-kernel='6.12']")).to_have_count(0)

    play = site.start(site.ada_api, "tiny", "On the disk")
    page.get_by_role("navigation", name="Administration").get_by_role("link", name="Disk").click()
    plays = page.locator("details[data-kind=play]")
    plays.locator("summary").click()
    expect(plays.get_by_role("link", name="On the disk")).to_have_attribute("href", f"/admin/plays/{play}")
    page.get_by_role("button", name="Check every snapshot").click()
    expect(page.get_by_text("Every snapshot is whole.")).to_be_visible()


def test_the_owner_of_a_play_reads_its_diary(site: Site, opened: Opener) -> None:
    play = site.start(site.ada_api, "tiny", "With a diary")
    site.api.post("/api/admin/plays/end", json={"action": "stop", "plays": [play]})
    page = opened(f"/plays/{play}", who="ada")
    page.get_by_label("More", exact=True).first.click()
    page.get_by_role("button", name="What happened so far").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("ada started this play")
    expect(dialog).to_contain_text("owner stopped it")
    expect(dialog).to_contain_text("Stopped")
    assert violations(page) == []


def test_five_hundred_plays_stay_usable(site: Site, opened: Opener) -> None:
    page = opened("/admin")
    many = [
        {
            **site.api.get("/api/admin/plays").json()["plays"][0],
            "id": f"{number:024x}",
            "title": f"Play {number}",
            "handle": f"team-{number % 10}",
        }
        for number in range(500)
    ]
    answer = {"at": "2026-01-02T03:04:05+00:00", "plays": many, "cut": False}
    page.route("**/api/admin/plays?*", lambda route: route.fulfill(json=answer))
    ended: list[int] = []

    def end(route) -> None:  # type: ignore[no-untyped-def]
        ids = route.request.post_data_json["plays"]
        ended.append(len(ids))
        route.fulfill(json=[{"id": play, "error": None} for play in ids])

    page.route("**/api/admin/plays/end", end)
    page.get_by_role("link", name="Plays", exact=True).click()
    expect(page.get_by_text("500 plays", exact=True)).to_be_visible()
    expect(page.locator("tr[data-play]")).to_have_count(100)
    page.get_by_role("button", name="Show 100 more of 400").click()
    expect(page.locator("tr[data-play]")).to_have_count(200)
    page.get_by_label("Person, play or id").fill("team-7")
    expect(page.locator("tr[data-play]")).to_have_count(50)
    page.get_by_label("Choose all that are shown").check()
    page.get_by_role("button", name="Destroy").click()
    expect(page.get_by_role("dialog")).to_contain_text("and 38 more")
    page.get_by_role("dialog").get_by_role("button", name="Destroy them").click()
    expect(page.get_by_text("50 plays are being destroyed.")).to_be_visible()
    assert ended == [20, 20, 10]


@pytest.mark.parametrize("size", SIZES)
def test_how_they_look(site: Site, opened: Opener, tmp_path: Path, size: str, pictures: Path) -> None:
    """Light and dark, wide and phone: nothing wider than the screen, nothing axe finds fault with."""
    play = site.start(site.ada_api, "tiny", "To be looked at")
    page = opened("/admin", size=size)

    for section in (*SECTIONS, f"/plays/{play}"):
        page.goto(f"/admin{section}")
        expect(page.get_by_role("navigation", name="Administration")).to_be_visible()
        expect(page.get_by_text("Asking the server")).to_have_count(0)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            name = section.split("/")[1] if section.count("/") == 1 else "one-play" if section else "overview"
            _look_at(page, pictures / f"admin-{name}-{scheme}-{size}.png", size)


def _look_at(page: Page, picture: Path, size: str) -> None:
    page.screenshot(path=picture)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"], picture.name
    assert violations(page) == [], picture.name


NOTICES = [
    {
        "code": "disk-low",
        "text": "3.1 GiB of the disk are free.",
        "hint": "Plays are halted when it runs out.",
        "about": "disk",
    },
    {"code": "plays-failed", "text": "2 plays are failed.", "hint": "Each has its reason.", "about": "plays"},
    {"code": "emulated", "text": "KVM does not work here.", "hint": "`labyard doctor` says why.", "about": ""},
]


@pytest.mark.parametrize("size", SIZES)
def test_what_needs_somebody_leads_to_it(site: Site, opened: Opener, size: str, pictures: Path) -> None:
    box = site.api.get("/api/host").json()
    box["notices"] = [{**notice, "grave": notice["code"] != "emulated"} for notice in NOTICES]
    box["plays"] = {"RUNNING": 480, "FAILED": 2, "CREATED": 20}
    box["capacity"] |= {"memory_used": box["capacity"]["memory"], "disk_free": 3 << 30, "accelerator": "tcg"}
    page = opened("/challenges", size=size)
    page.route("**/api/host", lambda route: route.fulfill(json=box))
    page.get_by_role("link", name="Admin").click()
    expect(page.locator("[data-code=emulated]")).to_contain_text("labyard doctor says why")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        _look_at(page, pictures / f"admin-trouble-{scheme}-{size}.png", size)
    page.locator("[data-code=plays-failed]").get_by_role("link").click()
    expect(page.get_by_label("State")).to_have_value("FAILED")
