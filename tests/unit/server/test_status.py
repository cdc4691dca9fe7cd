"""/status: the bots' matrix."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import httpx
import pytest
from tests.unit.server.conftest import TOKEN, House
from tests.unit.server.test_people import token_of
from tests.unit.server.test_rules import made

from labyard.bots.reports import write
from labyard.bots.results import Outcome, Result, Round, Tried
from labyard.server.app import create_app
from labyard.server.services import Nights


@pytest.fixture
async def http(house: House, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    services = replace(house.services, nights=Nights(folder=tmp_path / "bots", at=time(3, 0)))
    transport = httpx.ASGITransport(app=create_app(services))
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/html"}
    async with httpx.AsyncClient(transport=transport, base_url="http://lab.test", headers=headers) as client:
        yield client


async def test_nights_are_shown_to_who_is_signed_in(http: httpx.AsyncClient, tmp_path: Path) -> None:
    empty = await http.get("/status")
    assert (empty.status_code, "No round was played yet." in empty.text) == (200, True)
    tried = Tried(number=1, result=Result.FAILED, reason="<b>not</b> completed", folder="challenge/nat/x-1")
    moment = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    outcomes = (Outcome(kind="challenge", name="nat", case="x", tried=(tried,)),)
    write(tmp_path / "bots" / "2026-03-01", Round(started=moment, finished=moment, outcomes=outcomes), [])
    told = await http.get("/status")
    assert "&lt;b&gt;not&lt;/b&gt; completed" in told.text
    assert "A round is played every night at 03:00." in told.text
    assert [part.split(">")[0] for part in told.text.split("<a ")[1:]] == ['class="home" href="/"']  # no artifacts
    assert "script-src" not in told.headers["content-security-policy"]
    assert "default-src 'none'" in told.headers["content-security-policy"]


async def test_nobody_reads_names_there_that_the_catalog_keeps_from_them(
    http: httpx.AsyncClient, house: House, tmp_path: Path
) -> None:
    """`demo` is for everybody; what is saved and pushed is its owner's, until they say otherwise."""
    shown = next(iter((await house.http.get("/api/challenges")).json()))["name"]
    await made(house.http, {}, "veiled")
    tried = Tried(number=1, result=Result.FAILED, reason="why it failed")
    named = (
        ("playground", "demo"),
        ("playground", "gone"),
        ("challenge", shown),
        ("challenge", "veiled"),
        ("course", "veiled/one/two"),
    )
    outcomes = tuple(Outcome(kind=kind, name=name, case="x", tried=(tried,)) for kind, name in named)
    moment = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    write(tmp_path / "bots" / "2026-03-01", Round(started=moment, finished=moment, outcomes=outcomes), [])
    everything = (await http.get("/status")).text
    assert all(word in everything for word in ("5 failed", "demo", "gone", shown, "veiled/one/two"))
    ada = await token_of(house, "ada")
    theirs = (await http.get("/status", headers=ada)).text
    assert "2 failed" in theirs and "demo" in theirs and shown in theirs
    assert "veiled" not in theirs and "gone" not in theirs
    await house.http.patch("/api/access/challenges/veiled", json={"canList": ["user:ada"]})
    theirs = (await http.get("/status", headers=ada)).text
    assert "3 failed" in theirs and "veiled" in theirs and "veiled/one" not in theirs


async def test_strangers_are_asked_to_sign_in(http: httpx.AsyncClient) -> None:
    del http.headers["Authorization"]
    told = await http.get("/status")
    assert (told.status_code, "Sign in to Labyard" in told.text) == (401, True)


async def test_a_house_without_nights_says_so(house: House) -> None:
    told = await house.http.get("/status")
    assert (told.status_code, "Nightly rounds are turned off." in told.text) == (200, True)
