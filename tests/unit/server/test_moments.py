"""Forks, snapshots, saved playgrounds, preparing and disk, over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.server.conftest import DEMO, House
from tests.unit.server.test_plays import PLAY, act, check_types, started, until


async def names(house: House, play: dict[str, Any]) -> list[str]:
    return [each["name"] for each in (await house.http.get(f"/api/plays/{play['id']}/snapshots")).json()]


async def test_a_fork_answers_the_new_play(house: House) -> None:
    play = await started(house)
    fork = (await act(house, play, "fork")).json()
    check_types(fork, PLAY)
    assert (fork["forkOf"], fork["title"]) == (play["id"], "Fork of Demo of two machines")
    assert fork["id"] != play["id"] and play["forkOf"] == ""
    again = await until(house, fork["id"], "RUNNING")
    assert [task["status"] for task in again["tasks"].values()] == [40, 40]
    assert await until(house, play["id"], "RUNNING")


async def test_snapshots_come_and_go(house: House) -> None:
    play = await started(house)
    for name in ("one", "two"):
        assert (await act(house, play, "snapshot", name=name)).json()["id"] == play["id"]
    listed = (await house.http.get(f"/api/plays/{play['id']}/snapshots")).json()
    check_types(listed, [{"name": str, "createdAt": str, "size": int}])
    assert await names(house, play) == ["one", "two"]
    assert (await act(house, play, "rewind", name="one")).status_code == 200
    await until(house, play["id"], "RUNNING")
    assert (await act(house, play, "remove_snapshot", name="one")).status_code == 200
    assert await names(house, play) == ["two"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "snapshot"}, 400),
        ({"action": "snapshot", "name": "A b"}, 400),
        ({"action": "snapshot", "name": 7}, 400),
        ({"action": "snapshot", "name": "taken"}, 409),
        ({"action": "rewind"}, 400),
        ({"action": "rewind", "name": "nope"}, 404),
        ({"action": "rewind", "name": "../../x"}, 404),
        ({"action": "remove_snapshot", "name": "nope"}, 404),
        ({"action": "save"}, 400),
        ({"action": "save", "name": "Not a name"}, 400),
        ({"action": "save", "name": "../x"}, 400),
        ({"action": "save", "name": "demo"}, 409),
        ({"action": "save", "name": "broken"}, 409),
    ],
)
async def test_wrong_moments(house: House, body: dict[str, object], status: int) -> None:
    play = await started(house)
    await act(house, play, "snapshot", name="taken")
    answer = await house.http.post(f"/api/plays/{play['id']}/actions", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert await names(house, play) == ["taken"]
    assert not house.host.journal.saved


async def test_a_saved_playground_is_there_at_once_and_goes_on_from_where_it_was(house: House) -> None:
    play = await started(house)
    await act(house, play, "set_title", title="My own lab")
    house.host.guest(play["id"], "node-01").files["/root/notes"] = b"mine"
    assert (await act(house, play, "save", name="mine")).json()["id"] == play["id"]
    await act(house, play, "destroy")
    await until(house, play["id"], "DESTROYED")
    listed = {each["name"]: each for each in (await house.http.get("/api/playgrounds")).json()}
    assert listed["mine"]["title"] == "My own lab" and listed["mine"]["base"] == "demo"
    assert listed["mine"]["snapshot"] in house.host.journal.saved
    again = await started(house, "mine")
    assert house.host.guest(again["id"], "node-01").files == {"/root/notes": b"mine"}
    assert (await act(house, again, "save", name="mine")).status_code == 409
    assert (await house.http.delete("/api/playgrounds/mine")).json() == {"status": "ok"}
    assert not house.host.journal.saved
    assert "mine" not in {each["name"] for each in (await house.http.get("/api/playgrounds")).json()}
    assert (await house.http.delete("/api/playgrounds/mine")).status_code == 404
    await until(house, again["id"], "RUNNING")


async def test_what_ships_cannot_be_removed(house: House) -> None:
    for name in ("demo", "broken"):
        answer = await house.http.delete(f"/api/playgrounds/{name}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert (await house.http.delete("/api/playgrounds/nope")).status_code == 404
    assert len((await house.http.get("/api/playgrounds")).json()) == 2


async def test_an_authors_own_file_is_not_removed_either(house: House) -> None:
    own = house.services.catalog.own
    assert own is not None
    own.mkdir()
    (own / "hand.yaml").write_text(DEMO.replace("name: demo", "name: hand"))
    assert (await house.http.delete("/api/playgrounds/hand")).status_code == 409
    assert (own / "hand.yaml").exists()


async def test_a_save_that_cannot_be_written_leaves_nothing(house: House) -> None:
    play = await started(house)
    own = house.services.catalog.own
    assert own is not None
    own.write_text("in the way")
    answer = await act(house, play, "save", name="mine")
    assert answer.status_code == 500 and "could not be written" in answer.json()["error"]["message"]
    assert not house.host.journal.saved


async def test_a_saved_playground_is_started_as_it_is(house: House) -> None:
    play = await started(house)
    await act(house, play, "save", name="mine")
    for more in ({"cold": True}, {"machines": [{"name": "node-01", "resources": {"cpuCount": 1}}]}):
        answer = await house.http.post("/api/plays", json={"playground": "mine", **more})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-request"), answer.text
    assert house.services.catalog.own is not None
    text = (house.services.catalog.own / "mine" / "manifest.yaml").read_text()
    assert (await house.http.post("/api/plays", json={"manifest": text})).status_code == 400


async def test_a_saved_playground_whose_snapshot_is_gone_says_so(house: House) -> None:
    play = await started(house)
    await act(house, play, "save", name="mine")
    house.host.journal.saved.clear()
    failed = await started(house, "mine")
    assert failed["status"]["reason"] == "origin-gone"
    assert "is gone" in failed["status"]["message"]
    assert (await house.http.delete("/api/playgrounds/mine")).status_code == 200


async def test_prepare_tells_how_it_goes(house: House) -> None:
    lines = (await house.http.post("/api/playgrounds/demo/prepare")).text.splitlines()
    assert len(lines) == 4 and json.loads(lines[-1])["finished"]
    assert len(house.host.journal.warm) == 1
    lines = (await house.http.post("/api/playgrounds/demo/prepare", json={})).text.splitlines()
    assert len(lines) == 1 and json.loads(lines[-1])["finished"]
    assert (await house.http.post("/api/playgrounds/nope/prepare")).status_code == 404
    assert (await house.http.post("/api/playgrounds/broken/prepare")).status_code == 422
    answer = await house.http.post("/api/playgrounds/demo/prepare", json={"initConditions": {"a": "b"}})
    assert answer.status_code == 422


async def test_a_cold_start(house: House) -> None:
    answer = await house.http.post("/api/plays", json={"playground": "demo", "cold": True})
    play = await until(house, answer.json()["id"], "RUNNING")
    assert house.host.journal.plays[play["id"]].cold
    assert (await house.http.post("/api/plays", json={"playground": "demo", "cold": "yes"})).status_code == 400


async def test_disk_and_scrub(house: House) -> None:
    play = await started(house)
    await act(house, play, "snapshot", name="one")
    used = (await house.http.get("/api/disk")).json()
    check_types(used, [{"kind": str, "name": str, "own": int, "shared": int, "note": str}])
    assert {each["kind"] for each in used} >= {"play", "snapshot"}
    await act(house, play, "save", name="mine")
    notes = {each["kind"]: each["note"] for each in (await house.http.get("/api/disk")).json()}
    assert (notes["play"], notes["saved"]) == ("Demo of two machines", "playground mine")
    assert (await house.http.post("/api/disk/scrub")).json() == {"damaged": []}
    house.host.journal.damaged.add("one")
    (line,) = (await house.http.post("/api/disk/scrub")).json()["damaged"]
    assert "one" in line
    assert await names(house, play) == []


async def test_snapshots_of_nobody(house: House) -> None:
    assert (await house.http.get(f"/api/plays/{'0' * 24}/snapshots")).status_code == 404
