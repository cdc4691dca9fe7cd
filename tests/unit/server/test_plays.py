from __future__ import annotations

import asyncio
from typing import Any

from tests.unit.server.conftest import House


async def until(house: House, play_id: str, state: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        with house.services.plays.changes.follow(play_id) as changed:
            while True:
                changed.clear()
                play: dict[str, Any] = (await house.http.get(f"/api/plays/{play_id}")).json()
                if play["status"]["stateEvents"][-1]["state"] == state:
                    return play
                await changed.wait()


async def test_a_play_lives_and_ends(house: House) -> None:
    answer = await house.http.post("/api/plays", json={"playground": "demo"})
    assert answer.status_code == 200, answer.text
    play = await until(house, answer.json()["id"], "RUNNING")
    assert [machine["state"] for machine in play["status"]["machines"]] == ["RUNNING", "RUNNING"]
    answer = await house.http.post(f"/api/plays/{play['id']}/actions", json={"action": "destroy"})
    assert answer.json()["id"] == play["id"]
    play = await until(house, play["id"], "DESTROYED")
    assert play["status"]["reason"] == "destroyed"
    assert not house.host.journal.plays
