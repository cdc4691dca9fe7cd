from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import httpx
from tests.unit.server.conftest import TOKEN, House

from labyard.bots.reports import write
from labyard.bots.results import Outcome, Result, Round, Tried
from labyard.server.app import create_app
from labyard.server.night_notices import LATE, notices
from labyard.server.services import Nights

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)


def outcome(name: str, *results: Result) -> Outcome:
    tried = tuple(Tried(number=number, result=result) for number, result in enumerate(results, 1))
    return Outcome(kind="challenge", name=name, case="x", tried=tried)


NIGHT = Round(started=NOW - timedelta(hours=6), finished=NOW - timedelta(hours=5))


def codes(newest: Round | None, *, nightly: bool = True) -> list[str]:
    return [notice.code for notice in notices(newest, NOW, nightly=nightly)]


def test_only_what_is_red_needs_somebody() -> None:
    assert codes(None) == codes(NIGHT) == []
    assert codes(replace(NIGHT, outcomes=(outcome("good", Result.PASSED), outcome("skipped")))) == []
    red = (outcome("a", Result.FAILED), outcome("b", Result.PASSED, Result.FAILED), outcome("c", Result.BROKEN))
    (notice,) = notices(replace(NIGHT, outcomes=(*red, red[0])), NOW, nightly=True)
    assert notice.grave and "3 of what they tried last: challenge a, challenge b, challenge c." in notice.text


def test_many_names_are_not_all_told() -> None:
    outcomes = tuple(outcome(f"n{number}", Result.FAILED) for number in range(40))
    (notice,) = notices(replace(NIGHT, outcomes=outcomes), NOW, nightly=True)
    assert notice.text.endswith("challenge n4 and 35 more.")


def test_a_round_that_was_cut_or_is_missing_is_told() -> None:
    assert codes(replace(NIGHT, complete=False)) == ["bots-cut"]
    old = replace(NIGHT, finished=NOW - LATE - timedelta(seconds=1))
    assert codes(old) == ["bots-late"]
    assert codes(old, nightly=False) == []


async def test_the_overview_has_them(house: House, tmp_path: Path) -> None:
    services = replace(house.services, nights=Nights(folder=tmp_path / "bots", at=time(3, 0)))
    now = services.clock()
    played = Round(started=now, finished=now, outcomes=(outcome("nat", Result.FAILED),))
    write(tmp_path / "bots" / "2026-03-01", played, [])
    (tmp_path / "bots" / "2026-03-02").mkdir()  # being played
    transport = httpx.ASGITransport(app=create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://lab.test") as http:
        told = (await http.get("/api/host", headers={"Authorization": f"Bearer {TOKEN}"})).json()["notices"]
    (notice,) = [each for each in told if each["about"] == "status"]
    assert notice["code"] == "bots-red" and "challenge nat" in notice["text"]
