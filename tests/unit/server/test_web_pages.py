"""Tabs that show a page of another site: a page of ours that may frame that site, and nothing else."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.unit.server.conftest import House
from tests.unit.server.test_people import others, token_of

from labyard.server.guard import policy
from labyard.server.web_pages import Framed, framed, page_for

__all__ = ["others"]

ROOT = "http://labs.example.org:8800"
NAMES = ("labyard.localhost", "Labs.Example.org", "192.168.7.2")
MANIFEST = """
kind: playground
name: sites
title: Sites of others
playground:
  machines:
    - name: node-01
      users: [{name: laborant, default: true}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
  tabs:
    - {machine: node-01}
    - {kind: web-page, id: docs, name: "Docs & <b>more", url: "https://example.com/docs?a=1&b=2#top"}
    - {kind: web-page, name: Ours, url: "http://lab.test:9000/"}
"""


@pytest.fixture
async def play(house: House) -> str:
    answer = await house.http.post("/api/plays", json={"manifest": MANIFEST})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def test_a_page_that_frames_one_site(house: House, play: str) -> None:
    answer = await house.http.get(f"/plays/{play}/web-pages/docs")
    assert answer.status_code == 200
    style = re.search(r"'sha256-[A-Za-z0-9+/]{43}='", answer.headers["content-security-policy"])
    assert style is not None
    told = {name: answer.headers[name] for name in answer.headers if name not in ("content-length", "date")}
    assert told == {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": f"default-src 'none'; style-src {style[0]}; frame-src https://example.com;"
        " frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
        "x-frame-options": "SAMEORIGIN",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    assert re.findall("<iframe[^>]*>", answer.text) == [
        '<iframe src="https://example.com/docs?a=1&amp;b=2#top" title="Docs &amp; &lt;b&gt;more"'
        ' referrerpolicy="no-referrer" sandbox="allow-scripts allow-same-origin allow-forms allow-popups">'
    ]
    assert "<title>Docs &amp; &lt;b&gt;more</title>" in answer.text and "<script" not in answer.text


async def test_our_own_pages_are_not_framed(house: House, play: str) -> None:
    answer = await house.http.get(f"/plays/{play}/web-pages/web-page")
    assert answer.status_code == 200 and "<iframe" not in answer.text
    assert "address of this Labyard" in answer.text
    assert "frame-src" not in answer.headers["content-security-policy"]


async def test_the_policy_of_our_pages_is_what_it_was(house: House, play: str) -> None:
    headers = (await house.http.get(f"/plays/{play}", headers={"Accept": "text/html"})).headers
    assert headers["content-security-policy"] == policy("lab.test")
    assert headers["x-frame-options"] == "DENY"
    assert "frame-src 'self' http://*.lab.test https://*.lab.test;" in headers["content-security-policy"]


@pytest.mark.parametrize("tab", ["terminal-node-01", "nothing", "1", "%2e%2e", "x" * 300])
async def test_what_is_no_such_tab(house: House, play: str, tab: str) -> None:
    answer = await house.http.get(f"/plays/{play}/web-pages/{tab}")
    assert answer.status_code == 404
    assert answer.headers["x-frame-options"] == "DENY"


async def test_only_who_may_see_the_play(house: House, others: httpx.AsyncClient, play: str) -> None:
    address = f"/plays/{play}/web-pages/docs"
    assert (await others.get(address)).status_code == 401
    assert (await others.get(address, headers=await token_of(house, "ada"))).status_code == 404


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://example.com", "https://example.com"),
        ("http://Example.com:8080/a", "http://example.com:8080"),
        ("http://10.0.0.7/", "http://10.0.0.7"),
        ("http://127.0.0.1:8801/", "http://127.0.0.1:8801"),
        ("https://example.org/", "https://example.org"),
        ("https://not-labs.example.org/", "https://not-labs.example.org"),
    ],
)
def test_what_is_framed(url: str, origin: str) -> None:
    found = framed(url, ROOT, NAMES)
    assert isinstance(found, Framed)
    assert found.origin == origin and found.address.startswith(f"{origin}/")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        # ours, in all its names and at all ports, and those of machines
        ("http://labs.example.org:8800/plays/x/web-pages/y", "this Labyard"),
        ("https://LABS.example.org/", "this Labyard"),
        ("http://labs.example.org:9090/", "this Labyard"),
        ("http://8080-web-01-0123456789abcdef01234567.labs.example.org:8800/", "this Labyard"),
        ("http://labyard.localhost:8800/", "this Labyard"),
        ("http://8080-web-01-0123456789abcdef01234567.labyard.localhost:8800/", "this Labyard"),
        ("http://192.168.7.2/", "this Labyard"),
        ("http://127.0.0.1:8800/", "this Labyard"),
        ("http://127.0.0.2:8800/", "this Labyard"),
        ("http://localhost:8800/", "this Labyard"),
        # read by browsers as another host than it says
        ("http://2130706433:8800/", "plain host name"),
        ("http://0x7f000001:8800/", "plain host name"),
        ("http://127.1:8800/", "plain host name"),
        ("http://0177.0.0.1:8800/", "plain host name"),
        ("http://a.0x7f/", "plain host name"),
        ("http://labs.example.org.:8800/", "plain host name"),
        ("http://labs%2eexample.org:8800/", "plain host name"),
        ("http://labs。example.org/", "plain host name"),
        ("http:///labs.example.org/", "plain host name"),
        ("http://[::1]:8800/", "plain host name"),
        # more than one source in a policy
        ("https://*", "plain host name"),
        ("https://*.com/", "plain host name"),
        ("https://example.com;script-src", "plain host name"),
        ("https://example.com,example.net/", "plain host name"),
        ("https://example.com 'unsafe-inline'/", "plain host name"),
        ("https://", "plain host name"),
        # no addresses of pages
        ("javascript:alert(1)", "plain host name"),
        ("data:text/html,x", "plain host name"),
        ("ftp://example.com/", "plain host name"),
        ("//example.com/", "plain host name"),
        ("https://example.com:99999/", "plain host name"),
        ("https://example.com:x/", "plain host name"),
        ("https://[/", "plain host name"),
        ("https://example.com/" + "x" * 2048, "plain host name"),
        (f"https://{'a.' * 127}example.com/", "plain host name"),
        ("", "plain host name"),
        # whom it is for is not where it goes
        ("https://labs.example.org@evil.example/", "a password"),
        ("https://ada:secret@example.com/", "a password"),
    ],
)
def test_what_is_not_framed(url: str, why: str) -> None:
    found = framed(url, ROOT, NAMES)
    assert isinstance(found, str) and why in found


def test_what_is_not_encrypted_is_not_shown_inside_what_is() -> None:
    secure = ROOT.replace("http:", "https:")
    found = framed("http://example.com/", secure, NAMES)
    assert isinstance(found, str) and "browsers show no such page" in found
    for shown in ("https://example.com/", "http://127.0.0.1:9000/", "http://localhost:9000/"):
        assert isinstance(framed(shown, secure, NAMES), Framed)


def test_nothing_of_an_address_gets_out_of_its_attribute() -> None:
    answer = page_for('https://example.com/"><script>alert(1)</script>', '"><img src=x>', ROOT, NAMES)
    text = bytes(answer.body).decode()
    assert "<script" not in text and "<img" not in text
    assert 'src="https://example.com/&quot;&gt;&lt;script&gt;' in text
