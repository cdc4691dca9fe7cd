"""What those who run the box see and do: everybody's plays, diaries, figures for Prometheus."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.server.conftest import House
from tests.unit.server.test_people import others, routes, token_of

from labyard.control.operating import AT_ONCE
from labyard.play.status import PlayState, Reason

__all__ = ["others"]  # a fixture


async def start(http: httpx.AsyncClient, headers: dict[str, str] | None = None) -> str:
    answer = await http.post("/api/plays", json={"playground": "demo"}, headers=headers)
    return str(answer.json()["id"])


async def until(truth: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not await truth():  # noqa: ASYNC110 - a server is asked, it does not call
            await asyncio.sleep(0.02)


async def running(house: House, play: str) -> None:
    async def so() -> bool:
        return (await house.services.plays.get(None, play)).row.state is PlayState.RUNNING

    await until(so)


async def figures(http: httpx.AsyncClient, headers: dict[str, str] | None = None) -> dict[tuple[str, ...], float]:
    """By name and labels' values."""
    answer = await http.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    samples = (sample for family in text_string_to_metric_families(answer.text) for sample in family.samples)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


async def test_everybodys_plays_with_what_they_take(house: House, others: httpx.AsyncClient) -> None:
    ada = await token_of(house, "ada")
    hers, mine = await start(others, ada), await start(house.http)
    await running(house, hers)
    await running(house, mine)
    told = (await house.http.get("/api/admin/plays")).json()
    found = {play["id"]: play for play in told["plays"]}
    assert set(found) == {hers, mine} and told["cut"] is False and told["at"]
    assert (found[hers]["handle"], found[mine]["handle"]) == ("ada", "owner")
    assert found[hers]["machines"] == 2 and found[hers]["promised"] == 1 << 30 and found[hers]["memory"] == 1 << 28
    assert found[hers]["disk"] == 1 << 20 and found[hers]["state"] == "RUNNING"


async def test_gone_plays_are_listed_when_asked_for(house: House) -> None:
    play = await start(house.http)
    await house.http.post(f"/api/plays/{play}/actions", json={"action": "destroy"})

    async def gone() -> bool:
        return (await house.services.plays.get(None, play)).row.state is PlayState.DESTROYED

    await until(gone)
    assert (await house.http.get("/api/admin/plays")).json()["plays"] == []
    (found,) = (await house.http.get("/api/admin/plays", params={"ended": True})).json()["plays"]
    assert (found["id"], found["state"], found["machines"], found["memory"]) == (play, "DESTROYED", 0, None)


async def test_several_are_ended_and_ones_trouble_is_not_the_others(house: House, others: httpx.AsyncClient) -> None:
    ada = await token_of(house, "ada")
    hers, mine = await start(others, ada), await start(house.http)
    await running(house, hers)
    answer = await house.http.post("/api/admin/plays/end", json={"action": "stop", "plays": [hers, "f" * 24]})
    well, wrong = answer.json()
    assert well == {"id": hers, "error": None} and wrong["error"]["code"] == "not-found"
    diary = (await others.get(f"/api/plays/{hers}/diary", headers=ada)).json()
    (stop,) = [entry for entry in diary if (entry["kind"], entry["what"]) == ("asked", "stop")]
    assert stop["who"] == "owner", "she sees who did it"
    assert (await others.get(f"/api/plays/{mine}/diary", headers=ada)).status_code == 404
    seen = (await house.http.get(f"/api/plays/{hers}/diary")).json()
    assert seen[: len(diary)] == diary, "who runs the box sees everybody's"


@pytest.mark.parametrize(
    "body",
    [
        {"action": "restart", "plays": ["0" * 24]},
        {"action": "stop", "plays": []},
        {"action": "stop", "plays": ["0" * 24] * (AT_ONCE + 1)},
        {"action": "stop", "plays": "all"},
        {"action": "stop", "plays": [7]},
        {"plays": ["0" * 24]},
    ],
)
async def test_what_cannot_be_asked_of_others_plays(house: House, body: dict[str, Any]) -> None:
    answer = await house.http.post("/api/admin/plays/end", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-request")


async def test_who_asked_is_known_by_name_until_they_are_gone(house: House, others: httpx.AsyncClient) -> None:
    play = await start(others, await token_of(house, "ada"))
    first = (await house.http.get(f"/api/plays/{play}/diary")).json()[0]
    assert (first["kind"], first["what"], first["who"]) == ("asked", "start", "ada")
    await house.http.delete("/api/users/ada")
    first = (await house.http.get(f"/api/plays/{play}/diary")).json()[0]
    assert (first["kind"], first["who"]) == ("asked", "")


async def test_the_box_at_a_glance(house: House) -> None:
    await running(house, await start(house.http))
    box = (await house.http.get("/api/host")).json()
    assert box["plays"] == {"RUNNING": 1} and box["queued"] == 0 and box["load"]["machines"] == 2
    assert box["capacity"]["memory_used"] == 1 << 30 and box["notices"] == []


async def test_metrics_tell_what_is_and_what_happened(house: House) -> None:
    await running(house, await start(house.http))  # boots, as nothing is kept of it yet
    await running(house, await start(house.http))  # goes on from what the first one left
    told = await figures(house.http)
    assert told["labyard_plays", "RUNNING"] == 2 and told["labyard_plays", "FAILED"] == 0
    assert told["labyard_play_start_seconds_count", "start", "cold"] == 1
    assert told["labyard_play_start_seconds_count", "start", "warm"] == 1
    assert told["labyard_machines",] == 4 and told["labyard_memory_promised_bytes",] == 2 << 30
    assert told["labyard_disk_used_bytes", "play"] == 2 << 20 and told["labyard_snapshots", "warm"] == 1
    assert {reason.value for reason in Reason} <= {key[1] for key in told if key[0] == "labyard_play_failures_total"}
    assert told["labyard_http_requests_total", "POST", "/api/plays", "200"] == 2
    assert any(name == "process_resident_memory_bytes" for name, *_ in told)


async def test_a_failure_is_counted_once_by_its_reason(house: House) -> None:
    play = await start(house.http)
    await running(house, play)
    house.host.lose(play)

    async def failed() -> bool:
        return (await house.services.plays.get(None, play)).row.state is PlayState.FAILED

    await until(failed)
    assert (await figures(house.http))["labyard_play_failures_total", "host-restarted"] == 1


async def test_requests_are_counted_by_our_own_words(house: House) -> None:
    """Nobody can make up a label: neither by a path, nor by a method, nor by a name."""
    for path in (
        "/api/plays/" + "a" * 24,
        "/api/nothing/x",
        "/who/knows",
        "/playgrounds/x",
        "/assets/../../etc/passwd",
    ):
        await house.http.get(path)
    await house.http.request("BREW", "/api/plays")
    told = await figures(house.http)
    requests = {key[1:] for key in told if key[0] == "labyard_http_requests_total"}
    ours = {route.partition(" ")[2] for route in routes()} | {"/playgrounds/{name}", "other"}
    assert {route for _, route, _ in requests} <= ours
    assert ("GET", "/api/plays/{play_id}", "404") in requests and ("GET", "other", "404") in requests
    assert {method for method, *_ in requests} <= {"GET", "POST", "other"}
    assert all(re.fullmatch(r"[1-5]\d\d", status) for *_, status in requests)


async def test_prometheus_comes_with_a_token_for_metrics_alone(house: House, others: httpx.AsyncClient) -> None:
    made = await house.http.post("/api/oauth/tokens", json={"name": "prometheus", "scope": ["metrics:read"]})
    headers = {"Authorization": f"Bearer {made.json()['accessToken']}"}
    assert ("labyard_plays", "RUNNING") in await figures(others, headers)
    assert (await others.get("/api/plays", headers=headers)).status_code == 403
    learner = await house.services.people.add("ada", "", "learner")
    _, secret = await house.services.access.new_token(learner.id, "test", scopes=["metrics:read"])
    answer = await others.get("/metrics", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), "a scope gives nobody more"
    assert (await others.get("/metrics")).status_code == 401, (
        "from this very box, too: whoever proxies is there as well"
    )


async def test_openmetrics_for_who_asks_for_it(house: House) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    answer = await house.http.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n") and answer.headers["cache-control"] == "no-store"


async def test_a_kernel_is_removed(house: House) -> None:
    await house.http.post("/api/kernels/pull", json={"version": "6.12"})
    assert (await house.http.delete("/api/kernels/6.12")).status_code == 200
    assert (await house.http.delete("/api/kernels/6.12")).status_code == 404
